//! How long a channel waits before something that failed is tried again.

use std::time::Duration;

/// The longest wait: a platform that is back is noticed within it.
const LONGEST: Duration = Duration::from_mins(1);

/// The wait after so many failures in a row (from 1): 1 s, doubled each time up to a minute, of which up to a quarter is taken off by chance,
/// so that those who failed together do not come back together.
pub(crate) fn wait_after(failures: u32) -> Duration {
    let doubled = (Duration::from_secs(1) * 2_u32.pow(failures.saturating_sub(1).min(6))).min(LONGEST);
    // Without randomness the whole span is as good.
    let chance = getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX));
    doubled.mul_f64(1.0 - chance / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        for (failures, longest) in [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (6, 32), (7, 60), (20, 60)] {
            let (wait, longest) = (wait_after(failures), Duration::from_secs(longest));
            assert!((longest.mul_f64(0.75)..=longest).contains(&wait), "{wait:?} after {failures} failures");
        }
    }
}
