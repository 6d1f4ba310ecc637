//! Cross-validation: every text is read by a classifier that has not seen it.

use rayon::prelude::*;

use super::{
    calibration::{Source, Trial},
    encoder::{Counted, Encoder, Row},
    evidence::Evidence,
    regression::{Regression, Residuals, Sample, Target},
};

/// A classifier's training set and what training left, ready to be taken apart.
pub struct Whole<'a> {
    pub encoder: &'a Encoder,
    pub samples: &'a [Sample<'a>],
    /// The same texts before weighing.
    pub counted: &'a [&'a Counted],
    /// Which intent's example, or which everyday topic each sample is.
    pub origins: &'a [Origin],
    pub intents: usize,
    pub regression: &'a Regression,
    pub residuals: &'a Residuals,
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An example of this intent, the n-th of it.
    Example(usize, usize),
    /// A title of this intent.
    Title(usize),
    /// A `not` line of this intent.
    Not(usize),
    /// An everyday message of this topic.
    Everyday(usize),
}

/// Up to this many samples we can afford many folds, which come closer to the classifier that has seen all.
const SMALL: usize = 4_000;
const FOLDS: usize = 5;
const FOLDS_OF_MANY: usize = 3;
/// Settling after forgetting: the residuals start near their goal. More rounds change no figure that we measure.
const TOLERANCE: f32 = 1e-2;
const ROUNDS: usize = 3;

/// Few examples are tried several times in other company, up to about so many trials: which lines happen to be held back together would
/// decide otherwise.
const ENOUGH_TRIALS: usize = 600;
const MOST_ROUNDS: usize = 4;

#[derive(Clone, Copy)]
enum Kind {
    /// Each n-th example and topic is held back.
    Texts,
    /// Each n-th intent is left out.
    Intents,
}

/// What is held back at once: the `n`-th part of `of`, dealt anew in each `round`.
#[derive(Clone, Copy)]
struct Fold {
    kind: Kind,
    n: usize,
    of: usize,
    round: usize,
}

impl Fold {
    /// Deals the `i`-th of a row of things, so that each part gets as many and neighbours part from round to round.
    fn deals(&self, i: usize) -> bool {
        (i + i / self.of * self.round) % self.of == self.n
    }

    fn holds_back(&self, origin: Origin) -> bool {
        match (self.kind, origin) {
            (Kind::Texts, Origin::Example(intent, i)) => self.deals(i + intent * (1 + self.round)),
            (Kind::Texts, Origin::Everyday(topic)) => self.deals(topic),
            (Kind::Texts, Origin::Title(_) | Origin::Not(_)) | (Kind::Intents, Origin::Everyday(_)) => false,
            (Kind::Intents, Origin::Example(intent, _) | Origin::Title(intent) | Origin::Not(intent)) => {
                self.deals(intent)
            }
        }
    }
}

/// All trials, in an order that does not depend on the number of threads: as many rounds as there are, each with every text once.
pub fn trials(whole: &Whole<'_>) -> Vec<Vec<Trial>> {
    let folds = if whole.samples.len() <= SMALL { FOLDS } else { FOLDS_OF_MANY };
    let of_intents = if whole.intents > 1 { folds.min(whole.intents) } else { 0 };
    let examples = whole.origins.iter().filter(|origin| matches!(origin, Origin::Example(..))).count();
    let rounds = ENOUGH_TRIALS.div_ceil(examples.max(1)).clamp(1, MOST_ROUNDS);
    let parts = |kind, of: usize, round| (0..of).map(move |n| Fold { kind, n, of, round });
    (0..rounds)
        .map(|round| {
            let all: Vec<Fold> =
                parts(Kind::Texts, folds, round).chain(parts(Kind::Intents, of_intents, round)).collect();
            all.into_par_iter().flat_map_iter(|fold| try_fold(whole, fold)).collect()
        })
        .collect()
}

fn try_fold(whole: &Whole<'_>, fold: Fold) -> Vec<Trial> {
    let (held, kept): (Vec<usize>, Vec<usize>) =
        (0..whole.samples.len()).partition(|i| fold.holds_back(whole.origins[*i]));
    let mut open = vec![true; whole.intents + 1];
    if matches!(fold.kind, Kind::Intents) {
        for (intent, open) in open.iter_mut().enumerate().take(whole.intents) {
            *open = !fold.deals(intent);
        }
    }
    let mut regression = whole.regression.clone();
    let mut residuals = whole.residuals.clone();
    regression.forget(whole.samples, &mut residuals, held.iter().copied());
    regression.close(&mut residuals, &open);
    regression.learn(whole.samples, &mut residuals, &kept, &open, TOLERANCE, ROUNDS);

    let mut texts_with = vec![0_u32; whole.encoder.width()];
    let mut examples: Vec<Vec<&Row>> = vec![Vec::new(); whole.intents];
    for &i in &kept {
        for column in whole.counted[i].columns() {
            texts_with[column as usize] += 1;
        }
        if let (Origin::Example(intent, _), Target::Is(_)) = (whole.origins[i], whole.samples[i].target) {
            examples[intent].push(whole.samples[i].row);
        }
    }
    held.into_iter()
        .filter_map(|i| {
            let (truth, source) = match (fold.kind, whole.origins[i]) {
                (Kind::Texts, Origin::Example(intent, _)) => (Some(intent), Source::Example),
                (Kind::Intents, Origin::Example(..)) => (None, Source::LeftOut),
                (_, Origin::Everyday(_)) => (None, Source::Everyday),
                (_, Origin::Title(_) | Origin::Not(_)) => return None,
            };
            let row = whole.encoder.weigh(whole.counted[i], |column| texts_with[column as usize] > 0);
            let evidence = Evidence::of(&row, &regression, Some(&open), 5, |intent| examples[intent].iter().copied());
            Some(Trial { evidence, truth, source })
        })
        .collect()
}
