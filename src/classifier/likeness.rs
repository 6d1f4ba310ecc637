//! How alike two texts are, whether or not an intent covers them.

use super::{
    Classifier,
    encoder::{self, Meaning},
};

/// What of a text is compared with other texts: what it means, where there is a sentence model, and its words.
#[derive(Debug, Clone)]
pub struct Likeness {
    /// Of length one; empty without a sentence model.
    meaning: Meaning,
    /// N-grams by their hash, rising, with weights; of length one. About 1 KB for a question.
    words: Box<[(u32, f32)]>,
}

impl Likeness {
    /// How near another text is in meaning: the cosine of the embeddings, -1 to 1. None where one of them has none.
    #[must_use]
    pub fn in_meaning(&self, other: &Self) -> Option<f32> {
        let both = !self.meaning.is_empty() && self.meaning.len() == other.meaning.len();
        both.then(|| encoder::dot(&self.meaning, &other.meaning))
    }

    /// How near another text is in its words: the cosine of the n-grams, 0 to 1.
    #[must_use]
    pub fn in_words(&self, other: &Self) -> f32 {
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

impl Classifier {
    /// What of each text is compared with other texts; the texts go through the sentence model together. Takes milliseconds a text: not
    /// for an event loop.
    #[must_use]
    pub fn likeness(&self, texts: &[&str]) -> Vec<Likeness> {
        let meanings = self.encoder.foresee(texts);
        texts
            .iter()
            .zip(meanings)
            .map(|(text, meaning)| Likeness { meaning, words: self.encoder.all_words(text).into() })
            .collect()
    }
}
