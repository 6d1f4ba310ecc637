//! Multinomial logistic regression with an L2 penalty, trained by dual coordinate ascent.
//!
//! Minimises `Σ weight · loss + strength/2 · ‖W‖²`. In the dual every example holds a residual `r` (target minus probabilities) and
//! `W = Σ weight · r ⊗ x / strength`. One step solves one example's residual exactly, others held, so there is no step
//! size to choose, and an example can be taken out again: its share is subtracted and a few rounds settle the rest. That makes
//! cross-validation cheap.

#![allow(clippy::inline_always, reason = "a loop that is not inlined is compiled without the processor's instructions")]

use std::fmt;

use pulp::Arch;
use serde::{Deserialize, Serialize};

use super::{columns::Columns, encoder::Row};

/// What an example teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// It is of this class.
    Is(u32),
    /// It is of any other class.
    Not(u32),
}

/// One text to learn from.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    pub row: &'a Row,
    pub target: Target,
    /// How much it counts.
    pub weight: f32,
}

/// Weights by column and class.
#[derive(Clone, Serialize, Deserialize)]
pub struct Regression {
    words: Columns,
    /// Those of the numbers of each view, then a bias.
    views: Vec<f32>,
    classes: usize,
    /// Classes rounded up to whole lanes.
    stride: usize,
    strength: f32,
    /// The loops over views are compiled once for each instruction set.
    #[serde(skip)]
    arch: Arch,
}

impl fmt::Debug for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Regression of {} classes", self.classes)
    }
}

/// The residuals of all samples: what training leaves so that it can be taken up again.
#[derive(Debug, Clone)]
pub struct Residuals(Vec<Vec<f32>>);

const LANES: usize = 8;
/// The bias is one more feature of this value: small, so that it is learnt but does not drown the words.
const BIAS: f32 = 0.3;

impl Regression {
    /// No knowledge yet, of rows with so many columns of n-grams and so many numbers in all their views. `strength` is that of the L2 penalty.
    pub fn new(words: usize, views: usize, classes: usize, strength: f32) -> Self {
        let stride = classes.next_multiple_of(LANES);
        let (words, views) = (Columns::new(words, stride), vec![0.0; (views + 1) * stride]);
        Self { words, views, classes, stride, strength, arch: Arch::new() }
    }

    /// The residuals to begin with, for so many samples.
    pub fn residuals(&self, samples: usize) -> Residuals {
        Residuals(vec![vec![0.0; self.stride]; samples])
    }

    /// Learns from the samples named by `order` until the mean change of a residual falls below `tolerance`, or for so many rounds.
    /// Classes not in `open` stay out. Gives the last mean change (which bounds the gradient's norm by the total weight times the
    /// length of a row).
    pub fn learn(
        &mut self,
        samples: &[Sample<'_>],
        residuals: &mut Residuals,
        order: &[usize],
        open: &[bool],
        tolerance: f32,
        rounds: usize,
    ) -> f32 {
        let mut order = order.to_vec();
        let mut seed = 0x5eed_u64;
        let mut scratch = vec![0.0; self.stride];
        let total: f32 = order.iter().map(|i| samples[*i].weight).sum();
        let mut change = 0.0;
        let mut moved = Vec::with_capacity(order.len());
        for round in 0..rounds {
            // Every second round looks only at those that moved in the one before: most have settled early.
            let full = round % 2 == 0;
            let now = if full { &mut order } else { &mut moved };
            shuffle(now, &mut seed);
            let mut still = Vec::new();
            change = 0.0;
            for &i in now.iter() {
                let step = self.step(&samples[i], &mut residuals.0[i], open, &mut scratch);
                change += samples[i].weight * step;
                if step > tolerance {
                    still.push(i);
                }
            }
            moved = still;
            change /= total.max(f32::MIN_POSITIVE);
            if full && change < tolerance {
                break;
            }
        }
        change
    }

    /// Takes samples out again, as if they had held a residual of zero.
    pub fn forget(&mut self, samples: &[Sample<'_>], residuals: &mut Residuals, which: impl Iterator<Item = usize>) {
        for i in which {
            let residual = &mut residuals.0[i];
            for value in residual.iter_mut() {
                *value = -*value;
            }
            self.add(samples[i].row, samples[i].weight / self.strength, residual);
            residual.fill(0.0);
        }
    }

    /// Closes classes: nothing is known of them any more.
    pub fn close(&mut self, residuals: &mut Residuals, open: &[bool]) {
        let weights = self.words.iter_mut().chain(self.views.chunks_exact_mut(self.stride));
        for row in weights.chain(residuals.0.iter_mut().map(Vec::as_mut_slice)) {
            for (value, open) in row.iter_mut().zip(open) {
                if !open {
                    *value = 0.0;
                }
            }
        }
    }

    /// The score of each class, of which [`softmax`] makes probabilities; minus infinity for those not in `open`.
    pub fn scores(&self, row: &Row, open: Option<&[bool]>) -> Vec<f32> {
        let mut scores = vec![0.0; self.stride];
        self.score(row, &mut scores);
        self.shut(&mut scores, open);
        scores.truncate(self.classes);
        scores
    }

    /// The probability of each class; zero for those not in `open`.
    #[cfg(test)]
    fn probabilities(&self, row: &Row, open: Option<&[bool]>) -> Vec<f32> {
        let mut scores = self.scores(row, open);
        softmax(&mut scores);
        scores
    }

    fn score(&self, row: &Row, scores: &mut [f32]) {
        let bias = &self.views[self.views.len() - self.stride..];
        for (score, weight) in scores.iter_mut().zip(bias) {
            *score = BIAS * weight;
        }
        for (column, value) in row.columns.iter().zip(&row.values) {
            for (score, weight) in scores.iter_mut().zip(self.words.column(*column as usize)) {
                *score += value * weight;
            }
        }
        let mut weights = &*self.views;
        for (view, length) in row.views() {
            self.score_view(view, length, weights, scores);
            weights = weights.get(view.len() * self.stride..).unwrap_or_default();
        }
    }

    fn score_view(&self, view: &[f32], length: f32, weights: &[f32], scores: &mut [f32]) {
        self.arch.dispatch(
            #[inline(always)]
            || {
                // Four columns at once: the scores are fetched and put back a quarter as often.
                let (fours, rest) = view.as_chunks::<4>();
                for (values, weights) in fours.iter().zip(weights.chunks_exact(4 * self.stride)) {
                    let [a, b, c, d] = values.map(|value| length * value);
                    let (first, second) = weights.split_at(2 * self.stride);
                    let (wa, wb) = first.split_at(self.stride);
                    let (wc, wd) = second.split_at(self.stride);
                    for ((((score, wa), wb), wc), wd) in scores.iter_mut().zip(wa).zip(wb).zip(wc).zip(wd) {
                        *score += a * wa + b * wb + c * wc + d * wd;
                    }
                }
                let done = fours.len() * 4 * self.stride;
                for (value, weights) in rest.iter().zip(weights[done..].chunks_exact(self.stride)) {
                    for (score, weight) in scores.iter_mut().zip(weights) {
                        *score += length * value * weight;
                    }
                }
            },
        );
    }

    fn shut(&self, scores: &mut [f32], open: Option<&[bool]>) {
        scores[self.classes..].fill(f32::NEG_INFINITY);
        if let Some(open) = open {
            for (score, open) in scores.iter_mut().zip(open) {
                if !open {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
    }

    fn add(&mut self, row: &Row, factor: f32, residual: &[f32]) {
        let few: Vec<usize> = (0..self.stride).filter(|k| residual[*k] != 0.0).collect();
        let bias = self.views.len() - self.stride;
        for (weight, residual) in self.views[bias..].iter_mut().zip(residual) {
            *weight += BIAS * factor * residual;
        }
        for (column, value) in row.columns.iter().zip(&row.values) {
            let weights = self.words.column_mut(*column as usize);
            let value = value * factor;
            if few.len() * 4 < self.stride {
                for &k in &few {
                    weights[k] += value * residual[k];
                }
            } else {
                for (weight, residual) in weights.iter_mut().zip(residual) {
                    *weight += value * residual;
                }
            }
        }
        let weights = &mut self.views;
        self.arch.dispatch(
            #[inline(always)]
            || {
                let values = row.views().into_iter().flat_map(|(view, length)| view.iter().map(move |x| length * x));
                for (value, weights) in values.zip(weights.chunks_exact_mut(self.stride)) {
                    let value = value * factor;
                    for (weight, residual) in weights.iter_mut().zip(residual) {
                        *weight += value * residual;
                    }
                }
            },
        );
    }

    /// Solves one sample; gives how much its residual changed (sum of absolute values).
    fn step(&mut self, sample: &Sample<'_>, residual: &mut [f32], open: &[bool], scores: &mut [f32]) -> f32 {
        // How far a residual of one moves the sample's own score.
        let pull = sample.weight * (sample.row.square() + BIAS * BIAS) / self.strength;
        self.score(sample.row, scores);
        self.shut(scores, Some(open));
        let (Target::Is(class) | Target::Not(class)) = sample.target;
        let class = class as usize;
        let target = match sample.target {
            Target::Is(_) => None,
            Target::Not(_) => {
                // The others share what the class must not have, in the proportion they have now.
                let mut target = scores.to_vec();
                target[class] = f32::NEG_INFINITY;
                softmax(&mut target);
                Some(target)
            }
        };
        let aim = |k: usize| match &target {
            None => f32::from(u8::from(k == class)),
            Some(target) => target[k],
        };
        // What the scores would be without this sample, plus the pull of its target.
        for (k, (score, residual)) in scores.iter_mut().zip(residual.iter()).enumerate() {
            *score += pull * (aim(k) - residual);
        }
        settle(scores, pull, |k| aim(k) - residual[k]);
        // From here on `scores` are probabilities, then the change of the residual.
        let mut changed = 0.0;
        for (k, score) in scores.iter_mut().enumerate() {
            let change = aim(k) - *score - residual[k];
            // Changes too small to matter are left for later rounds: most classes of most samples.
            *score = if change.abs() < NEGLIGIBLE { 0.0 } else { change };
            residual[k] += *score;
            changed += score.abs();
        }
        if changed > 0.0 {
            self.add(sample.row, sample.weight / self.strength, scores);
        }
        changed
    }
}

/// A residual's change below this moves no score that anyone could see.
const NEGLIGIBLE: f32 = 2e-5;

/// Scores to probabilities.
pub fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = if most.is_finite() { (*score - most).exp() } else { 0.0 };
        sum += *score;
    }
    if sum > 0.0 {
        for score in scores.iter_mut() {
            *score /= sum;
        }
    }
}

/// Turns `v` into the distribution `p` with `ln p + pull · p = v - constant`. `guess` is about what `p` will be. In logarithms throughout:
/// a lone example beside intents with hundreds has a pull at which the numbers themselves leave the range of `f32`.
fn settle(v: &mut [f32], pull: f32, guess: impl Fn(usize) -> f32) {
    let most = v.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !most.is_finite() {
        v.fill(0.0);
        return;
    }
    let guessed = |k: usize, value: f32| value - pull * guess(k).clamp(0.0, 1.0);
    let top = v.iter().enumerate().map(|(k, value)| guessed(k, *value)).fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = v.iter().enumerate().map(|(k, value)| (guessed(k, *value) - top).exp()).sum();
    // Newton on the logarithm of the total over the constant: nearly a straight line.
    let mut constant = top + sum.ln();
    let log_pull = pull.max(f32::MIN_POSITIVE).ln();
    for _ in 0..20 {
        let (mut total, mut slope) = (0.0, 0.0);
        for value in v.iter() {
            let p = weighted_root(value - constant, pull, log_pull);
            total += p;
            slope += p / (1.0 + pull * p);
        }
        if (total - 1.0).abs() < 1e-4 {
            break;
        }
        total = total.max(f32::MIN_POSITIVE);
        constant += total.ln() * total / slope.max(f32::MIN_POSITIVE);
    }
    let mut total = 0.0;
    for value in v.iter_mut() {
        *value = weighted_root(*value - constant, pull, log_pull);
        total += *value;
    }
    for p in v.iter_mut() {
        *p /= total.max(f32::MIN_POSITIVE);
    }
}

/// The `p` with `ln p + pull · p = z`; `log_pull` is the logarithm of `pull`.
fn weighted_root(z: f32, pull: f32, log_pull: f32) -> f32 {
    const LOG_SMALL: f32 = -4.6;
    let log = z + log_pull;
    if log < LOG_SMALL {
        let x = z.exp();
        return x * (1.0 - pull * x);
    }
    // Newton for y' + ln y' = ln y, the Lambert function.
    let mut root = if log > 1.0 {
        log - log.ln()
    } else {
        let y = log.exp();
        y / (1.0 + y)
    };
    for _ in 0..3 {
        root *= (1.0 + log - root.ln()) / (1.0 + root);
    }
    root / pull
}

/// Fisher-Yates over a linear congruential generator (Knuth's MMIX constants).
fn shuffle(order: &mut [usize], seed: &mut u64) {
    for i in (1..order.len()).rev() {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, (*seed >> 33) as usize % (i + 1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::encoder::{HALFWAY_LENGTH, MEANING_LENGTH},
        *,
    };
    use crate::embedding::Views;

    fn row(columns: &[(u32, f32)]) -> Row {
        Row {
            columns: columns.iter().map(|(c, _)| *c).collect(),
            values: columns.iter().map(|(_, v)| *v).collect(),
            length: columns.iter().map(|(_, v)| v * v).sum::<f32>().sqrt(),
            unknown: 0.0,
            views: Views::default(),
        }
    }

    fn rows() -> Vec<(Row, Target)> {
        vec![
            (row(&[(0, 1.0), (1, 0.5)]), Target::Is(0)),
            (row(&[(0, 0.9), (3, 0.5)]), Target::Is(0)),
            (row(&[(1, 1.0), (2, 0.5)]), Target::Is(1)),
            (row(&[(1, 0.7), (3, 0.7)]), Target::Is(1)),
            (row(&[(2, 1.0)]), Target::Is(2)),
            (row(&[(2, 0.8), (0, 0.4)]), Target::Is(2)),
            (row(&[(0, 0.6), (2, 0.6)]), Target::Not(0)),
        ]
    }

    fn samples(rows: &[(Row, Target)]) -> Vec<Sample<'_>> {
        rows.iter()
            .zip(1..)
            .map(|((row, target), n)| Sample { row, target: *target, weight: 0.5 + n as f32 * 0.1 })
            .collect()
    }

    fn trained(samples: &[Sample<'_>], order: &[usize]) -> (Regression, Residuals) {
        let mut model = Regression::new(4, 0, 3, 0.1);
        let mut residuals = model.residuals(samples.len());
        model.learn(samples, &mut residuals, order, &[true; 3], 1e-6, 500);
        (model, residuals)
    }

    /// The norm of the primal objective's gradient, from its definition.
    fn gradient(model: &Regression, samples: &[Sample<'_>], order: &[usize]) -> f32 {
        let words = (0..4).flat_map(|column| model.words.column(column));
        let mut gradient: Vec<f32> = words.chain(&model.views).map(|w| w * model.strength).collect();
        for &i in order {
            let p = model.probabilities(samples[i].row, None);
            let columns = samples[i].row.columns.iter().copied().zip(samples[i].row.values.iter().copied());
            for (column, value) in columns.chain([(4, BIAS)]) {
                for k in 0..3_u32 {
                    let aim = match samples[i].target {
                        Target::Is(class) => f32::from(u8::from(class == k)),
                        Target::Not(class) if class == k => 0.0,
                        Target::Not(class) => p[k as usize] / (1.0 - p[class as usize]),
                    };
                    gradient[column as usize * model.stride + k as usize] -=
                        samples[i].weight * value * (aim - p[k as usize]);
                }
            }
        }
        gradient.iter().map(|g| g * g).sum::<f32>().sqrt()
    }

    #[test]
    fn training_ends_where_the_gradient_vanishes() {
        let rows = rows();
        let samples = samples(&rows);
        let order: Vec<usize> = (0..samples.len()).collect();
        let (model, _) = trained(&samples, &order);
        assert!(gradient(&model, &samples, &order) < 1e-3, "{}", gradient(&model, &samples, &order));
        assert!(gradient(&Regression::new(4, 0, 3, 0.1), &samples, &order) > 0.5);
    }

    #[test]
    fn forgetting_a_sample_is_never_having_seen_it() {
        let rows = rows();
        let samples = samples(&rows);
        let (mut model, mut residuals) = trained(&samples, &[0, 1, 2, 3, 4, 5, 6]);
        model.forget(&samples, &mut residuals, [1, 6].into_iter());
        model.learn(&samples, &mut residuals, &[0, 2, 3, 4, 5], &[true; 3], 1e-6, 500);
        let (fresh, _) = trained(&samples, &[0, 2, 3, 4, 5]);
        for (row, _) in &rows {
            for (a, b) in model.probabilities(row, None).iter().zip(fresh.probabilities(row, None)) {
                assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
        }
    }

    #[test]
    fn views_are_learnt_like_columns_of_their_lengths() {
        let vectors = [
            [3.0, 0.0, 4.0, 0.0, 0.0],
            [0.0, 0.6, 0.0, 0.0, 0.8],
            [1.0, 1.0, 1.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 1.0_f32],
        ];
        let halfways = [[0.6, 0.0, 0.8], [0.0, 1.0, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0_f32]];
        let learnt = |as_columns: bool| {
            let rows = [0, 1, 2, 3].map(|n| {
                let (vector, halfway) = (vectors[n], halfways[n]);
                let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
                let unit = vector.map(|v| v / length);
                if as_columns {
                    let meaning = [0, 1, 2, 3, 4].map(|k| (k, MEANING_LENGTH * unit[k as usize]));
                    let halfway = [0, 1, 2].map(|k| (5 + k, HALFWAY_LENGTH * halfway[k as usize]));
                    row(&[&meaning[..], &halfway].concat())
                } else {
                    Row { views: Views { meaning: unit.into(), halfway: halfway.into() }, ..row(&[]) }
                }
            });
            let sample = |row, class| Sample { row, target: Target::Is(class), weight: 1.0 };
            let samples: Vec<_> = rows.iter().zip([0, 1, 0, 2]).map(|(row, class)| sample(row, class)).collect();
            let (words, views) = if as_columns { (8, 0) } else { (0, 8) };
            let mut model = Regression::new(words, views, 3, 0.1);
            let mut residuals = model.residuals(samples.len());
            model.learn(&samples, &mut residuals, &[0, 1, 2, 3], &[true; 3], 1e-6, 500);
            rows.map(|row| model.probabilities(&row, None))
        };
        for (a, b) in learnt(true).iter().flatten().zip(learnt(false).iter().flatten()) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
        assert!(learnt(false)[3][2] > 0.6);
    }

    #[test]
    fn a_closed_class_gets_nothing() {
        let rows = rows();
        let samples = samples(&rows);
        let (mut model, mut residuals) = trained(&samples, &[0, 1, 2, 3, 4, 5, 6]);
        let open = [true, false, true];
        model.forget(&samples, &mut residuals, [2, 3].into_iter());
        model.close(&mut residuals, &open);
        model.learn(&samples, &mut residuals, &[0, 1, 4, 5, 6], &open, 1e-6, 500);
        let p = model.probabilities(&rows[2].0, Some(&open));
        assert!(p[1].abs() < f32::EPSILON);
        assert!((p[0] + p[2] - 1.0).abs() < 1e-5);
    }

    #[test]
    fn one_example_among_very_many_is_learnt_in_numbers_that_exist() {
        let rows: Vec<(Row, Target)> =
            (0..9).map(|i| (row(&[(i % 3, 1.5), (3, 1.5)]), Target::Is(u32::from(i > 0)))).collect();
        let mut samples = samples(&rows);
        for pull in [1.0, 20.0, 400.0] {
            samples[0].weight = pull;
            let (model, _) = trained(&samples, &(0..9).collect::<Vec<_>>());
            let p = model.probabilities(samples[0].row, None);
            assert!(p.iter().all(|p| p.is_finite()), "{pull}: {p:?}");
            assert!(pull < 20.0 || p[0] > 0.6, "{pull}: {p:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_settled_is_a_distribution_that_solves_the_equation(
            v in prop::collection::vec(-300.0_f32..300.0, 2..20),
            pull in 0.001_f32..3_000.0,
            guess in 0.0_f32..1.0,
        ) {
            let mut p = v.clone();
            settle(&mut p, pull, |k| if k == 0 { guess } else { 0.0 });
            prop_assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-3, "{p:?}");
            let constants: Vec<f32> = v.iter().zip(&p).filter(|(_, p)| **p > 1e-6).map(|(v, p)| v - p.ln() - pull * p).collect();
            for constant in &constants {
                prop_assert!((constant - constants[0]).abs() < 0.01 * (1.0 + pull + constants[0].abs()), "{constants:?}");
            }
        }
    }

    #[test]
    fn a_not_line_lowers_its_class_only() {
        let rows = rows();
        let samples = samples(&rows);
        let (without, _) = trained(&samples, &[0, 1, 2, 3, 4, 5]);
        let (with, _) = trained(&samples, &[0, 1, 2, 3, 4, 5, 6]);
        assert!(with.probabilities(&rows[6].0, None)[0] < without.probabilities(&rows[6].0, None)[0] - 0.1);
        assert!(with.probabilities(&rows[0].0, None)[0] > 0.6);
    }
}
