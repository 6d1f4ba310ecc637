//! From evidence to a probability that holds: of guesses given 0.8, eight in ten are right.
//!
//! Learnt from trials, in which every text was read by a classifier that had not seen it (see `folds`). The kinds of trials weigh as
//! [`Shares`] says: customers ask what no intent covers, and examples do not show how often.

use serde::{Deserialize, Serialize};

use super::{
    bound,
    evidence::{Evidence, FEATURES},
    traffic::{Densities, Shares},
};

/// One text read by a classifier that had not seen it.
#[derive(Debug, Clone)]
pub struct Trial {
    pub evidence: Evidence,
    /// What it should have been; none where no intent covers it.
    pub truth: Option<usize>,
    /// Where the text comes from.
    pub source: Source,
}

/// Where a trial's text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// An example of an intent that the classifier knew.
    Example,
    /// An example of an intent that was left out altogether.
    LeftOut,
    /// A built-in everyday message.
    Everyday,
}

impl Trial {
    pub fn right(&self) -> bool {
        self.truth.is_some() && self.evidence.ranked.first().map(|r| r.0) == self.truth
    }
}

/// Weights of the evidence and the trials they were fitted on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Calibration {
    weights: [f64; FEATURES],
    /// Which part of the probability left by the best the other intents may share.
    others: f64,
    /// Trials by falling probability of the best.
    scored: Vec<Scored>,
    /// How often each text was tried: so many trials are worth one.
    rounds: usize,
    /// How the probabilities of each kind of trial are spread.
    densities: Densities,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Scored {
    probability: f64,
    right: bool,
    source: Source,
}

/// What a threshold promises, by the trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promise {
    /// The lowest probability that is answered; 1 when nothing can be.
    pub threshold: f64,
    /// Share of the in-scope messages that are answered.
    pub coverage: f64,
    /// Share of wrong ones among the answers, as seen and as foretold.
    pub wrong: f64,
}

/// How sure a promise is, as far as the trials are like what customers write.
pub const CONFIDENCE: f64 = 0.8;

/// What the probabilities foretell counts as much as so many trials. With 200 examples the share that is answered then moves by a fifth when a
/// line is left out, where it halved or doubled; more weight answers less in small sets and steadies nothing more.
const FORETOLD_WORTH: f64 = 15.0;

/// A probability is never surer than this.
const SUREST: f64 = 0.995;

/// What the weights are drawn to where trials are few: the fit on banking77's and clinc150's few-shot training files, rounded.
const USUAL: [f64; FEATURES] = [-1.0, 0.5, 0.3, 0.2, 2.0, -1.0];
/// How strongly, in trials.
const USUAL_STRENGTH: f64 = 2.0;

impl Calibration {
    /// Fits trials in which each text was tried in so many `rounds`.
    pub fn fit(trials: &[Trial], rounds: usize) -> Self {
        let sources: Vec<Source> = trials.iter().map(|trial| trial.source).collect();
        let mut weights = weights_of(&sources, &Shares::ASSUMED);
        for weight in &mut weights {
            *weight /= rounds as f64;
        }
        let features: Vec<_> = trials.iter().map(|t| t.evidence.features()).collect();
        let fitted = logistic(&features, &trials.iter().map(Trial::right).collect::<Vec<_>>(), &weights);
        let (mut expected, mut seen) = (1.0, 1.0);
        for (trial, weight) in trials.iter().zip(&weights).filter(|(t, _)| !t.right()) {
            for (intent, share) in trial.evidence.others() {
                expected += weight * share;
                if Some(intent) == trial.truth {
                    seen += weight;
                }
            }
        }
        let mut calibration = Self {
            weights: fitted,
            others: (seen / expected).clamp(0.0, 1.0),
            scored: Vec::new(),
            rounds,
            densities: Densities::default(),
        };
        calibration.scored = trials
            .iter()
            .map(|trial| Scored {
                probability: calibration.probability(&trial.evidence),
                right: trial.right(),
                source: trial.source,
            })
            .collect();
        calibration.densities = Densities::of(calibration.scored.iter().map(|s| (s.source, s.probability)));
        calibration.scored.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        calibration
    }

    /// The probability that the best intent is right.
    pub fn probability(&self, evidence: &Evidence) -> f64 {
        if evidence.ranked.is_empty() {
            return 0.0;
        }
        sigmoid(dot(&self.weights, &evidence.features())).clamp(0.0, SUREST)
    }

    /// The ranked intents with calibrated probabilities.
    pub fn ranked(&self, evidence: &Evidence) -> Vec<(usize, f64)> {
        let best = self.probability(evidence);
        let mut ranked: Vec<(usize, f64)> = evidence.ranked.first().map(|r| (r.0, best)).into_iter().collect();
        ranked
            .extend(evidence.others().map(|(intent, share)| (intent, (self.others * share * (1.0 - best)).min(best))));
        ranked
    }

    /// How the probabilities of each kind of trial are spread.
    pub fn densities(&self) -> &Densities {
        &self.densities
    }

    /// The lowest threshold at which, with [`CONFIDENCE`], at most `max_wrong` of the answers are wrong if messages come in these
    /// `shares`: with few trials the share that was seen may flatter. To what was seen comes what the probabilities foretell, so that one
    /// trial more or less decides nothing.
    pub fn promise(&self, max_wrong: f64, shares: &Shares) -> Promise {
        let weights = weights_of(&self.scored.iter().map(|scored| scored.source).collect::<Vec<_>>(), shares);
        let in_scope = |(scored, weight): (&Scored, &f64)| if scored.source == Source::Example { *weight } else { 0.0 };
        let all_in_scope: f64 = self.scored.iter().zip(&weights).map(in_scope).sum();
        let mut promise = Promise { threshold: 1.0, coverage: 0.0, wrong: 0.0 };
        let (mut answered, mut squares, mut wrong, mut foretold, mut covered) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (i, (scored, weight)) in self.scored.iter().zip(&weights).enumerate() {
            answered += weight;
            squares += weight * weight;
            wrong += if scored.right { 0.0 } else { *weight };
            foretold += (1.0 - scored.probability) * weight;
            covered += in_scope((scored, weight));
            let last_of_equals = self.scored.get(i + 1).is_none_or(|next| next.probability < scored.probability);
            // How many equal trials these uneven ones are worth.
            let worth: f64 = answered * answered / squares / self.rounds as f64;
            let trials = worth + FORETOLD_WORTH;
            let share = (worth * wrong + FORETOLD_WORTH * foretold) / (trials * answered);
            if last_of_equals && bound::confidence(share * trials, trials, max_wrong) >= CONFIDENCE {
                promise = Promise { threshold: scored.probability, coverage: covered / all_in_scope, wrong: share };
            }
        }
        promise
    }
}

/// What each trial counts, so that its kind has its share. They sum to the number of trials that so uneven a set is worth.
fn weights_of(sources: &[Source], shares: &Shares) -> Vec<f64> {
    let count = |source| sources.iter().filter(|s| **s == source).count() as f64;
    let (examples, left_out, everyday) = (count(Source::Example), count(Source::LeftOut), count(Source::Everyday));
    // Where one kind of out-of-scope has no trials the other stands for both.
    let outside = shares.near + shares.everyday;
    let (near, far) = match (left_out > 0.0, everyday > 0.0) {
        (true, true) => (shares.near, shares.everyday),
        (true, false) => (outside, 0.0),
        _ => (0.0, outside),
    };
    let mut weights: Vec<f64> = sources
        .iter()
        .map(|source| match source {
            Source::Example => shares.in_scope / examples,
            Source::LeftOut => near / left_out,
            Source::Everyday => far / everyday,
        })
        .collect();
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    let worth = if squares > 0.0 { sum * sum / squares } else { 0.0 };
    for weight in &mut weights {
        *weight *= worth / sum;
    }
    weights
}

fn dot(a: &[f64; FEATURES], b: &[f64; FEATURES]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Logistic regression by Newton's method, drawn to [`USUAL`].
fn logistic(features: &[[f64; FEATURES]], right: &[bool], weights: &[f64]) -> [f64; FEATURES] {
    let mut fitted = USUAL;
    for _ in 0..50 {
        let mut gradient = [0.0; FEATURES];
        let mut curvature = [[0.0; FEATURES]; FEATURES];
        for i in 0..FEATURES {
            gradient[i] = USUAL_STRENGTH * (USUAL[i] - fitted[i]);
            curvature[i][i] = USUAL_STRENGTH;
        }
        for ((x, right), weight) in features.iter().zip(right).zip(weights) {
            let p = sigmoid(dot(&fitted, x));
            let error = weight * (f64::from(u8::from(*right)) - p);
            let bend = weight * p * (1.0 - p);
            for i in 0..FEATURES {
                gradient[i] += error * x[i];
                for j in 0..FEATURES {
                    curvature[i][j] += bend * x[i] * x[j];
                }
            }
        }
        let step = solve(curvature, gradient);
        let length = dot(&step, &step).sqrt();
        // Far from the goal Newton overshoots: no step longer than two.
        let scale = if length > 2.0 { 2.0 / length } else { 1.0 };
        for i in 0..FEATURES {
            fitted[i] += scale * step[i];
        }
        if length < 1e-8 {
            break;
        }
    }
    fitted
}

/// Gaussian elimination; the matrix is positive definite, so no pivot vanishes.
fn solve(mut a: [[f64; FEATURES]; FEATURES], mut b: [f64; FEATURES]) -> [f64; FEATURES] {
    for i in 0..FEATURES {
        let pivot = a[i];
        for j in i + 1..FEATURES {
            let factor = a[j][i] / pivot[i];
            for (value, above) in a[j].iter_mut().zip(pivot).skip(i) {
                *value -= factor * above;
            }
            b[j] -= factor * b[i];
        }
    }
    for i in (0..FEATURES).rev() {
        for k in i + 1..FEATURES {
            b[i] -= a[i][k] * b[k];
        }
        b[i] /= a[i][i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trials whose best intent, of raw probability `raw`, is right in the given share.
    fn trials(raw: f32, right: usize, of: usize, source: Source) -> Vec<Trial> {
        let evidence = || Evidence::given(vec![(0, raw), (1, (1.0 - raw) / 4.0)], raw);
        let truth = |i| (source == Source::Example).then_some(usize::from(i >= right));
        (0..of).map(|i| Trial { evidence: evidence(), truth: truth(i), source }).collect()
    }

    fn mixed() -> Vec<Trial> {
        [
            trials(0.9, 95, 100, Source::Example),
            trials(0.3, 50, 100, Source::Example),
            trials(0.3, 0, 60, Source::LeftOut),
            trials(0.05, 0, 140, Source::LeftOut),
            trials(0.05, 0, 200, Source::Everyday),
        ]
        .concat()
    }

    #[test]
    fn probabilities_hold_on_the_trials() {
        let trials = mixed();
        let calibration = Calibration::fit(&trials, 1);
        let sure = calibration.probability(&trials[0].evidence);
        let unsure = calibration.probability(&trials[150].evidence);
        let none = calibration.probability(&trials[599].evidence);
        assert!((sure - 0.95).abs() < 0.05, "{sure}");
        // Fifty right of a hundred in scope and sixty out of it, which weigh half as much again as they are many.
        assert!(unsure > 0.2 && unsure < 0.4, "{unsure}");
        assert!(none < 0.05, "{none}");
    }

    #[test]
    fn a_promise_answers_as_much_as_it_may() {
        let calibration = Calibration::fit(&mixed(), 1);
        let strict = calibration.promise(0.1, &Shares::ASSUMED);
        assert!((strict.coverage - 0.5).abs() < 1e-9, "{strict:?}");
        assert!((strict.wrong - 0.05).abs() < 0.01, "{strict:?}");
        assert!((calibration.promise(0.9, &Shares::ASSUMED).coverage - 1.0).abs() < 1e-9);
        assert!(calibration.promise(0.01, &Shares::ASSUMED).threshold >= 1.0);
    }

    #[test]
    fn without_trials_there_is_a_probability_and_no_promise() {
        let calibration = Calibration::fit(&[], 1);
        let evidence = Evidence::given(vec![(0, 0.9)], 0.8);
        let probability = calibration.probability(&evidence);
        assert!(probability > 0.5 && probability < 1.0);
        assert!(calibration.promise(0.5, &Shares::ASSUMED).threshold >= 1.0);
    }

    #[test]
    fn elimination_solves() {
        let mut a = [[0.0; FEATURES]; FEATURES];
        for (i, row) in a.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = if i == j { 3.0 } else { 1.0 / (1 + i + j) as f64 };
            }
        }
        let x = [1.0, -2.0, 3.0, 0.5, 0.0, 4.0];
        let b = a.map(|row| dot(&row, &x));
        for (found, expected) in solve(a, b).iter().zip(x) {
            assert!((found - expected).abs() < 1e-9);
        }
    }
}
