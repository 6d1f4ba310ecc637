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

#[derive(Clone, Copy)]
enum Fold {
    /// Each n-th example and topic is held back.
    Texts(usize),
    /// Each n-th intent is left out.
    Intents(usize),
}

/// All trials, in an order that does not depend on the number of threads.
pub fn trials(whole: &Whole<'_>) -> Vec<Trial> {
    let folds = if whole.samples.len() <= SMALL { FOLDS } else { FOLDS_OF_MANY };
    let of_intents = if whole.intents > 1 { folds.min(whole.intents) } else { 0 };
    let all: Vec<Fold> = (0..folds).map(Fold::Texts).chain((0..of_intents).map(Fold::Intents)).collect();
    all.into_par_iter()
        .flat_map_iter(|fold| {
            let count = if matches!(fold, Fold::Texts(_)) { folds } else { of_intents };
            try_fold(whole, fold, count)
        })
        .collect()
}

fn try_fold(whole: &Whole<'_>, fold: Fold, folds: usize) -> Vec<Trial> {
    let held_back = |origin: &Origin| match (fold, *origin) {
        (Fold::Texts(n), Origin::Example(intent, i)) => (intent + i) % folds == n,
        (Fold::Texts(n), Origin::Everyday(topic)) => topic % folds == n,
        (Fold::Texts(_), Origin::Title(_) | Origin::Not(_)) | (Fold::Intents(_), Origin::Everyday(_)) => false,
        (Fold::Intents(n), Origin::Example(intent, _) | Origin::Title(intent) | Origin::Not(intent)) => {
            intent % folds == n
        }
    };
    let (held, kept): (Vec<usize>, Vec<usize>) = (0..whole.samples.len()).partition(|i| held_back(&whole.origins[*i]));
    let mut open = vec![true; whole.intents + 1];
    if let Fold::Intents(n) = fold {
        for (intent, open) in open.iter_mut().enumerate().take(whole.intents) {
            *open = intent % folds != n;
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
            let (truth, source) = match (fold, whole.origins[i]) {
                (Fold::Texts(_), Origin::Example(intent, _)) => (Some(intent), Source::Example),
                (Fold::Intents(_), Origin::Example(..)) => (None, Source::LeftOut),
                (_, Origin::Everyday(_)) => (None, Source::Everyday),
                (_, Origin::Title(_) | Origin::Not(_)) => return None,
            };
            let row = whole.encoder.weigh(whole.counted[i], |column| texts_with[column as usize] > 0);
            let evidence = Evidence::of(&row, &regression, Some(&open), 5, |intent| examples[intent].iter().copied());
            Some(Trial { evidence, truth, source })
        })
        .collect()
}
