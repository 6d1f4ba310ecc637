//! Text to ranked intents with calibrated probabilities; language, mood and signs of danger.

use crate::reading::Reading;

/// What the classifier learns from.
#[derive(Debug, Clone, Default)]
pub struct Lesson {
    pub intent: String,
    /// How customers say it, in any language.
    pub examples: Vec<String>,
    /// Lines that look alike and mean something else.
    pub not: Vec<String>,
}

pub struct Classifier {}

impl Classifier {
    /// Learns from the admins' examples. Deterministic: the same lessons give the same classifier.
    pub fn train(lessons: &[Lesson]) -> Self {
        todo!()
    }
    /// Reads one piece of text.
    pub fn read(&self, text: &str) -> Reading {
        todo!()
    }
    /// The lowest probability of the best intent at which, by cross-validation, at most `max_wrong` of the answers are wrong.
    pub fn threshold(&self, max_wrong: f64) -> f64 {
        todo!()
    }
}
