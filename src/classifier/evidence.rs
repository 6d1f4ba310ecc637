//! What speaks for the best intent of one text, in the few numbers that calibration weighs.

use super::{
    encoder::{Probe, Row},
    regression::{Regression, softmax},
};

/// How many numbers [`Evidence::features`] gives.
pub const FEATURES: usize = 6;

/// What counts beside the log-odds of the regression where there is a sentence model. Cross-validation cannot weigh these: what each
/// says where examples are held back does not hold once all are known. So they are what told in-scope from out-of-scope messages best on the
/// validation files of clinc150, banking77, `banking77_oos` and COVID-Q with 2 to 120 examples an intent, in most a third of the intents left out (23 sets:
/// mean AUROC 89.0, against 88.1 for the nearest example alone and 86.8 for the log-odds alone); from half to twice each hardly differs.
const HEIGHT: f64 = 0.5;
const NEAREST: f64 = 4.0;
const AMONG: f64 = 12.0;
/// Where the sum of these usually turns from improbable to probable.
const MIDDLE: f64 = 12.0;

/// The intents as the regression ranks them and what supports the first.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Intents by falling raw probability, at most as many as asked for.
    pub ranked: Vec<(usize, f32)>,
    /// Raw probability that it is none of them.
    none: f32,
    /// Raw score of the best, before scores are turned into probabilities.
    height: f32,
    /// Cosine to the nearest example of the best intent.
    nearest: f32,
    /// Mean cosine to the nearest quarter of the best intent's examples, at least to one: an intent may say several things in several languages.
    among: f32,
    /// That is nearness in meaning; otherwise in words.
    in_meaning: bool,
    /// Share of unknown n-grams.
    unknown: f32,
}

impl Evidence {
    /// Looks at a row. The regression's last class is "none of them"; `examples` gives an intent's examples; `open` leaves intents out.
    pub fn of<'a, I: Iterator<Item = &'a Row>>(
        row: &Row,
        regression: &Regression,
        open: Option<&[bool]>,
        keep: usize,
        examples: impl Fn(usize) -> I,
    ) -> Self {
        let scores = regression.scores(row, open);
        let mut probabilities = scores.clone();
        softmax(&mut probabilities);
        let none = probabilities.pop().unwrap_or(0.0);
        let mut ranked: Vec<(usize, f32)> = probabilities.into_iter().enumerate().collect();
        // Equal probabilities stay in the order of the lessons.
        ranked.retain(|(intent, _)| open.is_none_or(|open| open[*intent]));
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(keep);
        let probe = Probe::new(row);
        let best = ranked.first().map(|(best, _)| *best);
        let mut cosines: Vec<f32> = best.into_iter().flat_map(examples).map(|example| probe.cosine(example)).collect();
        cosines.sort_unstable_by(|a, b| b.total_cmp(a));
        // The same share of however many there are: of ten the nearest two and half of the third.
        let quarter = (cosines.len() as f32 / 4.0).max(1.0);
        let nearer =
            cosines.iter().enumerate().map(|(place, cosine)| cosine * (quarter - place as f32).clamp(0.0, 1.0));
        Self {
            height: best.map_or(0.0, |best| scores[best]),
            nearest: cosines.first().copied().unwrap_or(0.0),
            among: nearer.sum::<f32>() / quarter,
            ranked,
            none,
            in_meaning: !row.views.meaning.is_empty(),
            unknown: row.unknown,
        }
    }

    /// The numbers that calibration weighs; the first is the constant.
    pub fn features(&self) -> [f64; FEATURES] {
        let best = f64::from(self.ranked.first().map_or(0.0, |r| r.1)).clamp(1e-6, 1.0 - 1e-6);
        let second = f64::from(self.ranked.get(1).map_or(0.0, |r| r.1)).max(1e-6);
        let none = f64::from(self.none).max(1e-6);
        let odds = (best / (1.0 - best)).ln();
        if self.in_meaning {
            let sum = odds
                + HEIGHT * f64::from(self.height)
                + NEAREST * f64::from(self.nearest)
                + AMONG * f64::from(self.among)
                - MIDDLE;
            return [1.0, sum, 0.0, 0.0, 0.0, 0.0];
        }
        [
            1.0,
            odds,
            (best / second).ln().clamp(0.0, 6.0),
            (best / none).ln().clamp(-6.0, 6.0),
            f64::from(self.nearest),
            f64::from(self.unknown),
        ]
    }

    /// The raw probabilities behind the best, as shares of all that is not the best.
    pub fn others(&self) -> impl Iterator<Item = (usize, f64)> {
        let best = f64::from(self.ranked.first().map_or(0.0, |r| r.1));
        let rest = (1.0 - best).max(1e-6);
        self.ranked.iter().skip(1).map(move |(intent, p)| (*intent, (f64::from(*p) / rest).min(1.0)))
    }

    /// Evidence made up for a test.
    #[cfg(test)]
    pub fn given(ranked: Vec<(usize, f32)>, nearest: f32) -> Self {
        Self { ranked, none: 0.1, height: 0.0, nearest, among: nearest, in_meaning: false, unknown: 0.2 }
    }
}
