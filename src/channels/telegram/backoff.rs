//! How long to wait before something that failed is tried again.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);

/// The longest: a platform that is back is noticed within this time.
const LONGEST: Duration = Duration::from_mins(1);

/// Waits that double from failure to failure.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// It failed once more: the wait before the next try, somewhere between half and all of the doubled time, so that those who failed
    /// together do not come back together.
    pub(super) fn fails(&mut self) -> Duration {
        let span = self.next;
        self.next = (span * 2).min(LONGEST);
        // Without randomness the whole span is as good.
        let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
        span.mul_f64(0.5 + share / 2.0)
    }

    /// It works.
    pub(super) fn works(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_when_it_works() {
        let mut backoff = Backoff::default();
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            let span = Duration::from_secs(expected);
            let wait = backoff.fails();
            assert!((span / 2..=span).contains(&wait), "{wait:?} instead of {span:?}");
        }
        backoff.works();
        assert!(backoff.fails() <= FIRST);
    }
}
