//! The words that a model knows as a whole: those that stood often in what it was trained on.

/// Words of letters alone, to tell the misspelt from the rare and to find what was meant.
#[derive(Debug, Default)]
pub struct Words {
    /// Sorted, with their place in the model's own list, which begins with the commonest.
    words: Vec<(String, u32)>,
}

/// What a word begins with in vocabularies that mark it, those of `SentencePiece` and of byte pairs.
const BEGINNINGS: [char; 2] = ['▁', 'Ġ'];

impl Words {
    /// The whole words of a tokenizer's vocabulary.
    pub fn of(vocabulary: impl IntoIterator<Item = (String, u32)> + Clone) -> Self {
        let marked = vocabulary.clone().into_iter().any(|(piece, _)| piece.starts_with(BEGINNINGS));
        let whole = |(piece, place): (String, u32)| {
            let word = if marked { piece.strip_prefix(BEGINNINGS)? } else { &piece };
            (!word.is_empty() && word.chars().all(char::is_alphabetic)).then(|| (word.to_lowercase(), place))
        };
        let mut words: Vec<(String, u32)> = vocabulary.into_iter().filter_map(whole).collect();
        words.sort_unstable();
        words.dedup_by(|later, earlier| later.0 == earlier.0);
        Self { words }
    }

    /// Whether a word is one of them.
    pub fn has(&self, word: &str) -> bool {
        self.words.binary_search_by(|(known, _)| known.as_str().cmp(word)).is_ok()
    }

    /// Those that begin with a letter, and their places.
    pub fn beginning_with(&self, letter: char) -> impl Iterator<Item = (&str, u32)> {
        let from = self.words.partition_point(|(word, _)| word.chars().next() < Some(letter));
        let words = self.words[from..].iter().map(|(word, place)| (word.as_str(), *place));
        words.take_while(move |(word, _)| word.starts_with(letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pieces: &[&str]) -> Words {
        Words::of(pieces.iter().map(|piece| (*piece).to_owned()).zip(0..).collect::<Vec<_>>())
    }

    #[test]
    fn continuations_and_signs_are_no_words() {
        let words = words(&["[CLS]", "power", "##er", "out", "!", "2day", "pool"]);
        assert_eq!(words.beginning_with('p').collect::<Vec<_>>(), [("pool", 6), ("power", 1)]);
        assert!(words.has("out") && !words.has("er") && !words.has("2day") && !words.has("cls"));
        assert_eq!(words.beginning_with('z').count(), 0);
    }

    #[test]
    fn where_beginnings_are_marked_other_pieces_continue_a_word() {
        let words = words(&["▁Power", "ing", "▁luz", "▁", "▁power"]);
        assert!(words.has("power") && words.has("luz") && !words.has("ing"));
        assert_eq!(words.beginning_with('p').collect::<Vec<_>>(), [("power", 0)], "the commoner one");
    }
}
