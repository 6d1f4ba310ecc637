//! What a receiver answered, and what that leads to.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use crate::channels::backoff::wait_after;

/// An event that the receiver has refused for so long is skipped: one that it cannot digest must not keep the others from it.
const REFUSED_FOR: Duration = Duration::from_hours(1);

/// The longest that a receiver may tell us to wait.
const LONGEST: Duration = Duration::from_mins(10);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver answered.
    Status {
        status: u16,
        /// Its `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// No answer came; why, without the address, which may hold secrets.
    NoAnswer(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status: status @ 300..=399, .. } => {
                write!(
                    f,
                    "the receiver answers {status}: redirects are not followed, write the right address into the settings"
                )
            }
            Self::Status { status: status @ (401 | 403), .. } => {
                write!(f, "the receiver answers {status}: does it have the same secret?")
            }
            Self::Status { status, .. } => write!(f, "the receiver answers {status}"),
            Self::NoAnswer(why) => f.write_str(why),
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It was accepted.
    Next,
    /// The same again after a wait.
    Again(Duration),
    /// Give this event up and go on.
    Skip,
    /// Nothing more is sent.
    Off,
}

/// How often the event at the head of the queue was tried.
#[derive(Debug, Default)]
pub(super) struct Tries {
    failures: u32,
    /// Since when it is refused for what it is.
    refused_since: Option<Instant>,
}

impl Tries {
    /// Notes an outcome and says what to do.
    pub fn step(&mut self, outcome: &Outcome, now: Instant) -> Step {
        match outcome {
            Outcome::Status { status: 200..=299, .. } => {
                *self = Self::default();
                return Step::Next;
            }
            Outcome::Status { status: 410, .. } => return Step::Off,
            outcome if is_about_the_event(outcome) => {
                let since = *self.refused_since.get_or_insert(now);
                if now.duration_since(since) >= REFUSED_FOR {
                    *self = Self::default();
                    return Step::Skip;
                }
            }
            _ => self.refused_since = None,
        }
        self.failures = self.failures.saturating_add(1);
        let asked = match outcome {
            Outcome::Status { retry_after, .. } => retry_after.unwrap_or_default().min(LONGEST),
            Outcome::NoAnswer(_) => Duration::ZERO,
        };
        Step::Again(wait_after(self.failures).max(asked))
    }
}

/// Whether the receiver may take other events though it refuses this one. Not where it does not believe us, or is busy.
fn is_about_the_event(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Status { status: 400..=499, .. })
        && !matches!(outcome, Outcome::Status { status: 401 | 403 | 407 | 408 | 425 | 429, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        Outcome::Status { status, retry_after: None }
    }

    #[test]
    fn an_event_that_is_refused_for_an_hour_is_skipped_and_the_next_one_has_an_hour_too() {
        let start = Instant::now();
        let mut tries = Tries::default();
        assert!(matches!(tries.step(&answered(422), start), Step::Again(_)));
        assert!(matches!(tries.step(&answered(422), start + Duration::from_mins(59)), Step::Again(_)));
        assert_eq!(tries.step(&answered(422), start + Duration::from_hours(1)), Step::Skip);
        assert!(matches!(tries.step(&answered(422), start + Duration::from_mins(61)), Step::Again(_)));
    }

    #[test]
    fn a_receiver_that_is_away_or_does_not_believe_us_loses_nothing_however_long_it_lasts() {
        let start = Instant::now();
        for outcome in [answered(401), answered(429), answered(500), answered(302), Outcome::NoAnswer("no answer")] {
            let mut tries = Tries::default();
            for hour in 0..100 {
                let step = tries.step(&outcome, start + Duration::from_hours(hour));
                assert!(matches!(step, Step::Again(wait) if wait <= LONGEST), "{outcome:?}: {step:?}");
            }
        }
        let mut tries = Tries::default();
        tries.step(&answered(422), start);
        tries.step(&answered(500), start + Duration::from_mins(30));
        assert!(matches!(tries.step(&answered(422), start + Duration::from_mins(70)), Step::Again(_)), "refused anew");
    }

    #[test]
    fn a_receiver_is_given_the_time_it_asks_for_within_reason() {
        let asks = |seconds| Outcome::Status { status: 429, retry_after: Some(Duration::from_secs(seconds)) };
        let now = Instant::now();
        assert_eq!(Tries::default().step(&asks(90), now), Step::Again(Duration::from_secs(90)));
        assert_eq!(Tries::default().step(&asks(9_000_000), now), Step::Again(LONGEST));
        assert!(matches!(Tries::default().step(&asks(0), now), Step::Again(wait) if !wait.is_zero()));
    }

    #[test]
    fn a_receiver_that_is_gone_is_left_alone_and_one_that_accepts_goes_on() {
        let mut tries = Tries::default();
        assert_eq!(tries.step(&answered(410), Instant::now()), Step::Off);
        assert_eq!(tries.step(&answered(204), Instant::now()), Step::Next);
    }
}
