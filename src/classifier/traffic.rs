//! Of which kinds the messages that come are, told from how sure the classifier is of them.
//!
//! How many messages no intent covers decides how sure an answer must be, and no example tells it: only the messages themselves do. Cross-validation
//! shows how the probabilities of covered messages, of near ones and of everyday ones are spread; what came is a mixture of the three,
//! and its shares are found by expectation-maximisation (Saerens, Latinne and Decaestecker 2002, on a histogram).

use serde::{Deserialize, Serialize};

use super::calibration::Source;

/// Of the messages that come, how many are of which kind. They sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shares {
    /// Some intent covers it.
    pub in_scope: f64,
    /// None covers it, but it is about this company and this crisis, as an intent that nobody has written yet would be.
    pub near: f64,
    /// None covers it and it is about something else.
    pub everyday: f64,
}

impl Shares {
    /// What is assumed before any message came. As many out of scope as in it is a cautious guess. Of these two in five near: with less, the
    /// promise does not hold where half the messages are of the same trade but not covered (`banking77_oos`).
    pub const ASSUMED: Self = Self { in_scope: 0.5, near: 0.2, everyday: 0.3 };
}

/// How many messages [`Shares::ASSUMED`] counts as much as.
const ASSUMED_WORTH: f64 = 200.0;

/// Probabilities are counted by log-odds in bins of this width, from minus to plus [`REACH`].
const BIN: f64 = 0.3;
const REACH: f64 = 5.4;
const BINS: usize = 36;

/// How many messages are remembered, about: beyond that the old ones fade.
const REMEMBERED: u32 = 4_000;

fn bin(probability: f64) -> usize {
    let odds = (probability / (1.0 - probability)).ln();
    // Saturates at both ends.
    (((odds + REACH) / BIN) as usize).min(BINS - 1)
}

/// How probable the best intents of the messages were that came lately: counts, no texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    counts: [u32; BINS],
}

impl Default for Traffic {
    fn default() -> Self {
        Self { counts: [0; BINS] }
    }
}

impl Traffic {
    /// Notes the probability of a message's best intent.
    pub fn note(&mut self, probability: f64) {
        self.counts[bin(probability)] += 1;
        if self.noted() >= REMEMBERED {
            for count in &mut self.counts {
                *count /= 2;
            }
        }
    }

    /// How many messages are remembered.
    pub fn noted(&self) -> u32 {
        self.counts.iter().sum()
    }
}

/// How the probabilities of each kind of trial are spread over the bins.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Densities {
    kinds: [Vec<f64>; 3],
}

impl Densities {
    /// Of the trials' kinds and probabilities.
    pub fn of(trials: impl Iterator<Item = (Source, f64)>) -> Self {
        // Half a trial in each bin, so that none is impossible.
        let mut kinds = [const { Vec::new() }; 3].map(|mut kind: Vec<f64>| {
            kind.resize(BINS, 0.5);
            kind
        });
        for (source, probability) in trials {
            kinds[source as usize][bin(probability)] += 1.0;
        }
        for kind in &mut kinds {
            let sum: f64 = kind.iter().sum();
            for density in kind {
                *density /= sum;
            }
        }
        Self { kinds }
    }

    /// The most probable shares after this traffic.
    pub fn shares(&self, traffic: &Traffic) -> Shares {
        let Shares { in_scope, near, everyday } = Shares::ASSUMED;
        let assumed = [in_scope, near, everyday];
        let mut shares = assumed;
        for _ in 0..ROUNDS {
            let mut of_kind = assumed.map(|share| share * ASSUMED_WORTH);
            for (bin, count) in traffic.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let mut parts = [0.0; 3];
                for (part, (share, kind)) in parts.iter_mut().zip(shares.iter().zip(&self.kinds)) {
                    *part = share * kind[bin];
                }
                let whole: f64 = parts.iter().sum();
                for (of_kind, part) in of_kind.iter_mut().zip(parts) {
                    *of_kind += f64::from(*count) * part / whole;
                }
            }
            let whole: f64 = of_kind.iter().sum();
            shares = of_kind.map(|of_kind| of_kind / whole);
        }
        let [in_scope, near, everyday] = shares;
        Shares { in_scope, near, everyday }
    }
}

/// Rounds of expectation-maximisation: the shares stand still to three digits long before.
const ROUNDS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn densities() -> Densities {
        let spread = |source, probabilities: [f64; 4]| (0..400).map(move |i| (source, probabilities[i % 4]));
        Densities::of(
            spread(Source::Example, [0.98, 0.9, 0.7, 0.2])
                .chain(spread(Source::LeftOut, [0.7, 0.4, 0.2, 0.05]))
                .chain(spread(Source::Everyday, [0.02, 0.02, 0.01, 0.05])),
        )
    }

    fn traffic(parts: &[(f64, usize)]) -> Traffic {
        let mut traffic = Traffic::default();
        for (probability, count) in parts {
            for _ in 0..*count {
                traffic.note(*probability);
            }
        }
        traffic
    }

    #[test]
    fn before_any_message_the_assumption_holds() {
        let shares = densities().shares(&Traffic::default());
        assert!((shares.in_scope - Shares::ASSUMED.in_scope).abs() < 1e-9, "{shares:?}");
        assert!((shares.near - Shares::ASSUMED.near).abs() < 1e-9, "{shares:?}");
    }

    #[test]
    fn many_messages_that_are_all_covered_are_believed() {
        let shares = densities().shares(&traffic(&[(0.98, 700), (0.9, 700), (0.7, 700), (0.2, 700)]));
        assert!(shares.in_scope > 0.9, "{shares:?}");
    }

    #[test]
    fn near_and_everyday_messages_are_told_apart() {
        let near = densities().shares(&traffic(&[(0.7, 500), (0.4, 500), (0.2, 500), (0.05, 500)]));
        assert!(near.near > 0.75 && near.in_scope < 0.2, "{near:?}");
        let everyday = densities().shares(&traffic(&[(0.02, 1_000), (0.01, 500), (0.05, 500)]));
        assert!(everyday.everyday > 0.75 && everyday.in_scope < 0.1, "{everyday:?}");
    }

    #[test]
    fn a_few_messages_change_little() {
        let shares = densities().shares(&traffic(&[(0.98, 10)]));
        assert!((shares.in_scope - 0.5).abs() < 0.05, "{shares:?}");
    }

    #[test]
    fn the_old_fades_and_any_number_has_a_bin() {
        let traffic = traffic(&[(0.0, 10_000), (1.0, 3), (f64::NAN, 1)]);
        assert!(traffic.noted() <= REMEMBERED);
    }
}
