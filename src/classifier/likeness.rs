//! How alike two texts are, whether or not an intent covers them.

use std::sync::Arc;

use super::{Classifier, encoder};

/// What of a text is compared with other texts: what it means, where there is a sentence model, and its words.
#[derive(Debug, Clone)]
pub struct Likeness {
    /// Of length one; empty without a sentence model.
    meaning: Arc<[f32]>,
    /// N-grams by their hash, rising, with weights; of length one. About 1 KB for a question.
    words: Box<[(u32, f32)]>,
}

/// How near two texts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nearness {
    /// By what they mean.
    Meaning {
        /// The cosine of the embeddings, -1 to 1.
        plain: f32,
        /// The same once what all texts here have in common is taken away: in a crisis every question is about the crisis.
        own: f32,
    },
    /// By their words alone: the cosine of the n-grams, 0 to 1.
    Words(f32),
}

/// What texts have in common: the mean of their embeddings.
#[derive(Debug, Clone)]
pub struct Background {
    sum: Vec<f32>,
    count: f32,
    mean: Vec<f32>,
}

/// What the mean of the intents' examples counts in a background, in texts: enough that the first few questions do not make it.
const EXAMPLES_COUNT: f32 = 20.0;

impl Likeness {
    /// How near another text is in its words: the cosine of the n-grams, 0 to 1.
    fn in_words(&self, other: &Self) -> f32 {
        let (mut a, mut b) = (&*self.words, &*other.words);
        let mut dot = 0.0;
        while let ([(x, v), rest_a @ ..], [(y, w), rest_b @ ..]) = (a, b) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => a = rest_a,
                std::cmp::Ordering::Greater => b = rest_b,
                std::cmp::Ordering::Equal => {
                    dot += v * w;
                    (a, b) = (rest_a, rest_b);
                }
            }
        }
        dot
    }
}

impl Background {
    /// Takes a text in.
    pub fn add(&mut self, text: &Likeness) {
        if self.sum.len() != text.meaning.len() {
            return;
        }
        self.count += 1.0;
        for (sum, value) in self.sum.iter_mut().zip(&*text.meaning) {
            *sum += value;
        }
        for (mean, sum) in self.mean.iter_mut().zip(&self.sum) {
            *mean = sum / self.count;
        }
    }

    /// How near two texts are, in meaning where both have one.
    #[must_use]
    pub fn nearness(&self, a: &Likeness, b: &Likeness) -> Nearness {
        let (x, y, mean) = (&*a.meaning, &*b.meaning, &*self.mean);
        if mean.is_empty() || x.len() != mean.len() || y.len() != mean.len() {
            return Nearness::Words(a.in_words(b));
        }
        let plain = encoder::dot(x, y);
        let (of_x, of_y, of_mean) = (encoder::dot(x, mean), encoder::dot(y, mean), encoder::dot(mean, mean));
        let lengths = (1.0 - 2.0 * of_x + of_mean) * (1.0 - 2.0 * of_y + of_mean);
        let own = if lengths > 1e-6 { (plain - of_x - of_y + of_mean) / lengths.sqrt() } else { 0.0 };
        Nearness::Meaning { plain, own }
    }
}

impl Classifier {
    /// What of each text is compared with other texts; the texts go through the sentence model together. Takes milliseconds a text: not
    /// for an event loop.
    #[must_use]
    pub fn likeness(&self, texts: &[&str]) -> Vec<Likeness> {
        let views = self.encoder.foresee(texts);
        texts
            .iter()
            .zip(views)
            .map(|(text, views)| Likeness { meaning: views.meaning, words: self.encoder.all_words(text).into() })
            .collect()
    }

    /// What the intents' examples have in common.
    #[must_use]
    pub fn background(&self) -> Background {
        let [width, _] = self.encoder.views();
        let mut sum = vec![0.0; width];
        let mut count = 0.0;
        for row in self.examples.iter().flatten().filter(|row| row.views.meaning.len() == width) {
            count += 1.0;
            for (sum, value) in sum.iter_mut().zip(&*row.views.meaning) {
                *sum += value;
            }
        }
        for value in &mut sum {
            *value *= EXAMPLES_COUNT / f32::max(count, 1.0);
        }
        let mean = sum.iter().map(|value| value / EXAMPLES_COUNT).collect();
        Background { sum, count: EXAMPLES_COUNT, mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_no_intent_knows_make_questions_alike_or_not() {
        let classifier = Classifier::train(&[], None);
        let texts = ["is the zoo open today", "is the zoo open today?", "is the opera open today", "qq zz"];
        let alike = classifier.likeness(&texts);
        let background = classifier.background();
        let near = |a: usize, b: usize| match background.nearness(&alike[a], &alike[b]) {
            Nearness::Words(near) => near,
            Nearness::Meaning { .. } => unreachable!("there is no model"),
        };
        assert!(near(0, 1) > 0.999, "{}", near(0, 1));
        assert!(near(0, 2) < 0.9 && near(0, 2) > 0.3, "{}", near(0, 2));
        assert!(near(0, 3).abs() < 1e-6);
    }
}
