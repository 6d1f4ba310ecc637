//! A platform that is out of order is left alone: after a few failures in a row nothing is sent but a probe now and then.

use std::time::{Duration, Instant};

/// So many failures in a row, without a success between, are no accident.
const FAILURES: u32 = 3;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: a platform that is back is noticed within it.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Whether a platform is written to.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    closed_until: Option<Instant>,
}

/// How many messages may be on their way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passage {
    Free,
    /// One, to try.
    Probe,
    /// None before this time has passed.
    Closed(Duration),
}

impl Circuit {
    pub fn passage(&self, now: Instant) -> Passage {
        match self.closed_until {
            Some(until) if now < until => Passage::Closed(until - now),
            _ if self.failures >= FAILURES => Passage::Probe,
            _ => Passage::Free,
        }
    }

    /// A message arrived, or the platform at least spoke about it.
    pub fn works(&mut self) {
        self.failures = 0;
        self.closed_until = None;
    }

    /// The platform failed; `true` when it is now taken for out of order.
    pub fn fails(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let Some(further) = self.failures.checked_sub(FAILURES) else { return false };
        // Failures of messages that were on their way together count once.
        if self.closed_until.is_none_or(|until| until <= now) {
            let pause = (FIRST_PAUSE * 2_u32.pow(further.min(6))).min(LONGEST_PAUSE);
            self.closed_until = Some(now + pause);
        } else {
            self.failures -= 1;
        }
        true
    }

    /// The platform asked for a pause.
    pub fn pause(&mut self, now: Instant, span: Duration) {
        self.closed_until = self.closed_until.max(Some(now + span));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn three_failures_in_a_row_close_it_and_one_success_opens_it() {
        let start = Instant::now();
        let mut circuit = Circuit::default();
        assert!(!circuit.fails(start));
        assert!(!circuit.fails(start));
        assert_eq!(circuit.passage(start), Passage::Free);
        assert!(circuit.fails(start));
        assert_eq!(circuit.passage(start), Passage::Closed(SECOND));
        assert_eq!(circuit.passage(start + SECOND), Passage::Probe);
        circuit.works();
        assert_eq!(circuit.passage(start + SECOND), Passage::Free);
    }

    #[test]
    fn pauses_grow_to_a_minute_and_those_on_their_way_count_once() {
        let mut now = Instant::now();
        let mut circuit = Circuit::default();
        circuit.fails(now);
        circuit.fails(now);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            for _ in 0..64 {
                circuit.fails(now);
            }
            let Passage::Closed(pause) = circuit.passage(now) else { panic!("it is closed") };
            pauses.push(pause.as_secs());
            now += pause;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_pause_that_the_platform_asks_for_is_kept() {
        let start = Instant::now();
        let mut circuit = Circuit::default();
        circuit.pause(start, SECOND * 5);
        circuit.pause(start, SECOND * 2);
        assert_eq!(circuit.passage(start), Passage::Closed(SECOND * 5));
        assert_eq!(circuit.passage(start + SECOND * 5), Passage::Free, "nothing failed");
    }
}
