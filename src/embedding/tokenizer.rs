//! Text to word pieces, by the model's own `tokenizer.json`.
//!
//! The `tokenizers` crate rather than an own word-piece splitter: it reads the tokenizer of every model in this layout, those of multilingual ones
//! (`SentencePiece`) too.

use std::{borrow::Cow, path::Path};

use tokenizers::{Tokenizer, TruncationDirection, TruncationParams, TruncationStrategy};

use super::{EmbedError, sentence::Sentence, words::Words};
use crate::policy::MAX_READ_CHARS;

/// Tokens that a model reads when its files do not say: as many as the common sentence encoders were trained with.
const TOKENS: usize = 128;
/// Fewer tokens than this leave no room for a text between its marks.
const FEWEST: usize = 8;

#[derive(Debug)]
pub struct Pieces {
    tokenizer: Tokenizer,
    /// The pieces of the empty text.
    empty: Vec<u32>,
    /// Put before each text.
    prompt: String,
    lower: bool,
    words: Words,
}

impl Pieces {
    /// Reads `tokenizer.json`. `positions` is how many tokens the model can read, `vocabulary` how many pieces it knows.
    pub fn read(file: &Path, positions: usize, vocabulary: usize, sentence: &Sentence) -> Result<Self, EmbedError> {
        let text = std::fs::read(file).map_err(|source| EmbedError::Read { path: file.to_owned(), source })?;
        let unfit = |why: String| EmbedError::Unfit { path: file.to_owned(), why };
        let mut tokenizer = Tokenizer::from_bytes(text).map_err(|error| unfit(error.to_string()))?;
        let length = sentence.tokens.or_else(|| tokenizer.get_truncation().map(|truncation| truncation.max_length));
        let length = length.unwrap_or(TOKENS).min(positions);
        if length < FEWEST {
            return Err(unfit(format!("it cuts texts to {length} tokens")));
        }
        let truncation = TruncationParams {
            max_length: length,
            strategy: TruncationStrategy::LongestFirst,
            stride: 0,
            direction: TruncationDirection::Right,
        };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| unfit(error.to_string()))?;
        tokenizer.with_padding(None);
        // "[SEP]" in a customer's text is five characters like any others.
        tokenizer.set_encode_special_tokens(true);
        let unknown = tokenizer.get_vocab(true).into_values().find(|piece| *piece as usize >= vocabulary);
        if let Some(piece) = unknown {
            return Err(unfit(format!("piece {piece} is beyond the model's vocabulary of {vocabulary}")));
        }
        let words = Words::of(tokenizer.get_vocab(false));
        let empty = tokenizer.encode_fast("", true).map_err(|error| unfit(error.to_string()))?.get_ids().to_vec();
        if empty.is_empty() {
            return Err(unfit("it puts no marks around a text".to_owned()));
        }
        Ok(Self { tokenizer, empty, prompt: sentence.prompt.clone(), lower: sentence.lower, words })
    }

    /// The pieces of a text, at least one and no more than the model reads. What lies beyond [`MAX_READ_CHARS`] is not looked at. A
    /// text that the tokenizer cannot split counts as empty.
    pub fn of(&self, text: &str) -> Vec<u32> {
        let end = text.char_indices().nth(MAX_READ_CHARS).map_or(text.len(), |(end, _)| end);
        let text = &text[..end];
        let text = if self.lower { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) };
        let text = if self.prompt.is_empty() { text } else { Cow::Owned(format!("{}{text}", self.prompt)) };
        match self.tokenizer.encode_fast(&*text, true) {
            Ok(encoding) => encoding.get_ids().to_vec(),
            Err(_) => self.empty.clone(),
        }
    }

    /// The vocabulary's whole words.
    pub fn words(&self) -> &Words {
        &self.words
    }
}
