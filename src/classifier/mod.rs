//! Text to ranked intents with calibrated probabilities; language, mood and signs of danger.

pub mod bound;
mod calibration;
mod columns;
pub mod danger;
mod encoder;
mod everyday;
mod evidence;
mod folds;
pub mod language;
mod likeness;
pub mod mood;
pub mod protest;
mod regression;
mod repeats;
pub mod saved;
mod slang;
mod spelling;
pub mod text;
mod traffic;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use calibration::{CONFIDENCE, Promise};
use calibration::{Calibration, Source};
use danger::Signs;
use encoder::{Counted, Encoder, Row};
use evidence::Evidence;
use folds::{Origin, Whole};
pub use likeness::{Background, Likeness, Nearness};
use regression::{Regression, Sample, Target};
use repeats::Repeats;
pub use traffic::{Shares, Traffic};

use crate::{
    embedding::Embedder,
    reading::{Ranked, Reading},
};

/// What the classifier learns from.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Lesson {
    pub intent: String,
    /// What it is called, in any language: one more line to learn from, written with more thought than most.
    pub titles: Vec<String>,
    /// How customers say it, in any language.
    pub examples: Vec<String>,
    /// Lines that look alike and mean something else.
    pub not: Vec<String>,
}

/// Reads texts. Immutable; cheap to share between threads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Classifier {
    intents: Vec<String>,
    /// The examples of each intent.
    examples: Vec<Vec<Row>>,
    encoder: Encoder,
    /// One class for each intent, and a last one for "none of them".
    regression: Regression,
    calibration: Calibration,
    report: Report,
    #[serde(skip)]
    repeats: Repeats,
}

/// What cross-validation tells of a classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How many built-in everyday messages took part: those near an example are left out.
    pub everyday: usize,
    /// Each example, as a classifier read it that had not seen it.
    pub tried: Vec<Tried>,
}

/// An example that was held back, and what it was taken for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Its intent, as a place in [`Classifier::intents`].
    pub intent: usize,
    /// Intents by falling calibrated probability.
    pub ranked: Vec<(usize, f64)>,
}

/// Strength of the L2 penalty. Between 0.05 and 0.2 the validation files of banking77, clinc150 and COVID-Q show no difference.
const STRENGTH: f32 = 0.1;
/// What one everyday message counts beside an example: there are many, and they speak against everything.
const EVERYDAY_WEIGHT: f32 = 0.3;
/// An everyday message this near (cosine) to an admin's example may well be of that intent ("tell me a joke" where there
/// is an intent for jokes) and is left out.
const COLLIDES: f32 = 0.5;
/// The same where nearness is that of meaning.
const COLLIDES_IN_MEANING: f32 = 0.6;
/// Training ends when residuals move less than this on average, or after so many rounds; seven are usual.
const TOLERANCE: f32 = 5e-3;
const ROUNDS: usize = 40;

/// One text to learn from.
struct Text {
    origin: Origin,
    counted: Counted,
    row: Row,
}

impl Classifier {
    /// Learns from the admins' examples. Deterministic: the same lessons give the same classifier, whatever the number of threads.
    /// An intent without examples is never the best one. Without a sentence model n-grams alone decide.
    pub fn train(lessons: &[Lesson], embedder: Option<Arc<Embedder>>) -> Self {
        let with_examples = lessons.iter().filter(|lesson| !lesson.examples.is_empty());
        let named: HashSet<&str> = with_examples.map(|lesson| lesson.intent.as_str()).collect();
        let total: usize = lessons.iter().map(|lesson| lesson.examples.len()).sum();
        let mean = total as f32 / named.len().max(1) as f32;
        let encoder = Encoder::learn(
            lessons
                .iter()
                .flat_map(|lesson| lesson.examples.iter().chain(&lesson.not).map(String::as_str))
                .chain(everyday::messages().map(|message| message.text)),
            mean,
            embedder,
        );
        let (intents, mut texts) = texts_of(lessons, &encoder);
        leave_out_collisions(&mut texts, &encoder);

        let mut counts = vec![0_usize; intents.len()];
        for text in &texts {
            if let Origin::Example(intent, _) = text.origin {
                counts[intent] += 1;
            }
        }
        let samples: Vec<Sample<'_>> = texts
            .iter()
            .map(|text| {
                let (target, weight) = match text.origin {
                    // Halfway between "each example counts" and "each intent counts".
                    Origin::Example(intent, _) => (Target::Is(intent as u32), (mean / counts[intent] as f32).sqrt()),
                    Origin::Title(intent) => (Target::Is(intent as u32), 1.0),
                    Origin::Not(intent) => (Target::Not(intent as u32), 1.0),
                    Origin::Everyday(_) => (Target::Is(intents.len() as u32), EVERYDAY_WEIGHT),
                };
                Sample { row: &text.row, target, weight }
            })
            .collect();
        let mut regression =
            Regression::new(encoder.width(), encoder.views().iter().sum(), intents.len() + 1, STRENGTH);
        let mut residuals = regression.residuals(samples.len());
        let order: Vec<usize> = (0..samples.len()).collect();
        let open = vec![true; intents.len() + 1];
        regression.learn(&samples, &mut residuals, &order, &open, TOLERANCE, ROUNDS);
        let trials = folds::trials(&Whole {
            encoder: &encoder,
            samples: &samples,
            counted: &texts.iter().map(|text| &text.counted).collect::<Vec<_>>(),
            origins: &texts.iter().map(|text| text.origin).collect::<Vec<_>>(),
            intents: intents.len(),
            regression: &regression,
            residuals: &residuals,
        });
        let calibration = Calibration::fit(&trials.concat(), trials.len());
        let known = trials[0].iter().filter(|trial| trial.source == Source::Example);
        let tried =
            known.filter_map(|trial| Some(Tried { intent: trial.truth?, ranked: calibration.ranked(&trial.evidence) }));
        let report = Report {
            everyday: texts.iter().filter(|text| matches!(text.origin, Origin::Everyday(_))).count(),
            tried: tried.collect(),
        };
        let mut examples: Vec<Vec<Row>> = vec![Vec::new(); intents.len()];
        for text in texts {
            if let Origin::Example(intent, _) = text.origin {
                examples[intent].push(text.row.compared());
            }
        }
        Self { intents, examples, encoder, regression, calibration, report, repeats: Repeats::default() }
    }

    /// Reads one piece of text.
    pub fn read(&self, text: &str) -> Reading {
        let ranked = self.repeats.ranked(text, |canonical| self.rank(canonical));
        let Signs { danger, concern } = danger::signs(text);
        Reading { ranked, language: language::detect(text), mood: mood::mood(text), danger, concern }
    }

    fn rank(&self, text: &str) -> Vec<Ranked> {
        let row = self.encoder.encode(text);
        let evidence =
            Evidence::of(&row, &self.regression, None, Reading::RANKED, |intent| self.examples[intent].iter());
        self.calibration
            .ranked(&evidence)
            .into_iter()
            .map(|(intent, probability)| Ranked { intent: self.intents[intent].clone(), probability })
            .collect()
    }

    /// Takes texts through the sentence model together, several times quicker than one by one; [`read`](Self::read) finds them done.
    pub fn foresee(&self, texts: &[&str]) {
        drop(self.encoder.foresee(texts));
    }

    /// What cross-validation promises for `max_wrong` where messages come in these shares: the lowest probability of the best intent at
    /// which so few of the answers are wrong (1, which no probability reaches, when the examples do not suffice), and what it costs.
    pub fn promise(&self, max_wrong: f64, shares: &Shares) -> Promise {
        self.calibration.promise(max_wrong, shares)
    }

    /// Of which kinds messages are, by those that came.
    pub fn shares(&self, traffic: &Traffic) -> Shares {
        self.calibration.densities().shares(traffic)
    }

    /// Whether n-grams alone decide, without a sentence model.
    pub fn is_by_n_grams(&self) -> bool {
        self.encoder.embedder.is_none()
    }

    /// The intents that have examples.
    pub fn intents(&self) -> &[String] {
        &self.intents
    }

    /// What cross-validation told.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// The intents that have examples, and all texts to learn from.
fn texts_of(lessons: &[Lesson], encoder: &Encoder) -> (Vec<String>, Vec<Text>) {
    let mut intents: Vec<String> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<(Origin, Cow<'_, str>)> = Vec::new();
    for lesson in lessons.iter().filter(|lesson| !lesson.examples.is_empty()) {
        let intent = *numbers.entry(&lesson.intent).or_insert_with(|| {
            intents.push(lesson.intent.clone());
            intents.len() - 1
        });
        found.extend(lesson.examples.iter().enumerate().map(|(i, text)| (Origin::Example(intent, i), text.into())));
        found.extend(lesson.not.iter().map(|text| (Origin::Not(intent), text.into())));
        // A number or a sign is no name.
        let titles = lesson.titles.iter().filter(|title| title.chars().any(char::is_alphabetic));
        found.extend(titles.map(|title| (Origin::Title(intent), title.replace('_', " ").into())));
    }
    found.extend(everyday::messages().map(|message| (Origin::Everyday(message.topic), message.text.into())));
    let views = encoder.foresee(&found.iter().map(|(_, text)| &**text).collect::<Vec<_>>());
    let texts = found
        .into_par_iter()
        .zip(views)
        .map(|((origin, text), views)| {
            let counted = encoder.count(&text, views);
            let row = encoder.weigh(&counted, |_| true);
            Text { origin, counted, row }
        })
        .collect();
    (intents, texts)
}

/// Drops the everyday messages that are near an example.
fn leave_out_collisions(texts: &mut Vec<Text>, encoder: &Encoder) {
    if encoder.embedder.is_none() {
        leave_out_collisions_of_words(texts, encoder);
        return;
    }
    let examples: Vec<Arc<[f32]>> = texts
        .iter()
        .filter(|text| matches!(text.origin, Origin::Example(..)))
        .map(|text| Arc::clone(&text.row.views.meaning))
        .collect();
    let collides: Vec<bool> = texts
        .par_iter()
        .map(|text| {
            matches!(text.origin, Origin::Everyday(_))
                && examples.iter().any(|example| encoder::dot(&text.row.views.meaning, example) >= COLLIDES_IN_MEANING)
        })
        .collect();
    let mut collides = collides.into_iter();
    texts.retain(|_| !collides.next().unwrap_or(false));
}

fn leave_out_collisions_of_words(texts: &mut Vec<Text>, encoder: &Encoder) {
    let mut examples_with: Vec<Vec<(usize, f32)>> = vec![Vec::new(); encoder.width()];
    for (i, text) in texts.iter().enumerate() {
        if matches!(text.origin, Origin::Example(..)) && text.row.length > 0.0 {
            for (column, value) in text.row.columns.iter().zip(&text.row.values) {
                examples_with[*column as usize].push((i, value / text.row.length));
            }
        }
    }
    let collides: Vec<bool> = texts
        .par_iter()
        .map_init(
            || vec![0.0_f32; texts.len()],
            |dots, text| {
                if !matches!(text.origin, Origin::Everyday(_)) {
                    return false;
                }
                dots.fill(0.0);
                for (column, value) in text.row.columns.iter().zip(&text.row.values) {
                    for (i, other) in &examples_with[*column as usize] {
                        dots[*i] += value * other;
                    }
                }
                dots.iter().any(|dot| *dot >= COLLIDES * text.row.length.max(f32::MIN_POSITIVE))
            },
        )
        .collect();
    let mut collides = collides.into_iter();
    texts.retain(|_| !collides.next().unwrap_or(false));
}

#[cfg(test)]
mod tests;
