//! Text to features: the one seam between words and numbers.
//!
//! Two blocks of n-grams, words (1 and 2) and characters inside word boundaries (3 to 5), each with sublinear tf-idf and of
//! length one; beside them, where there is a sentence model, its two views of the whole text.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{repeats::canonical, spelling::Spelling, text};
use crate::embedding::{Embedder, Views};

/// Features of one text: columns in rising order and their values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub columns: Vec<u32>,
    pub values: Vec<f32>,
    /// The Euclidean length: the root of the number of blocks when every n-gram is known.
    pub length: f32,
    /// Share of the text's n-grams, by weight, that no example has (0 to 1; 1 for a text without words).
    pub unknown: f32,
    /// What the sentence model makes of the text; empty without one.
    pub views: Views,
}

/// The length of the embedding beside n-grams, whose two blocks it then outweighs two to one: it knows what words mean, they only
/// know which words there are. Of 1 to 2.8 the best on COVID-Q's validation file; on banking77's they hardly differ.
pub const MEANING_LENGTH: f32 = 2.0;
/// The length of the view from halfway: on the validation files of clinc150 one intent in a hundred more is right with it. Of 1 to 1.5 those of
/// clinc150 like more, those of banking77 less.
pub const HALFWAY_LENGTH: f32 = 1.0;
/// The length of each block of n-grams beside an embedding.
const BESIDE_MEANING: f32 = 0.7;
/// The same with fewer than [`FEW`] examples an intent: of the words that customers use, so few hold hardly any. On the validation files with 1 to 3
/// examples an intent it brings a point on COVID-Q and two in a thousand on banking77 and clinc150; with 10 it would cost as much.
const BESIDE_MEANING_OF_FEW: f32 = 0.5;
/// Examples an intent, on average.
const FEW: f32 = 4.0;

impl Row {
    /// The squared length of all that the regression sees.
    pub fn square(&self) -> f32 {
        let views = self.views().into_iter().filter(|(view, _)| !view.is_empty());
        self.length * self.length + views.map(|(_, length)| length * length).sum::<f32>()
    }

    /// The views of the text and the length that the regression gives each.
    pub fn views(&self) -> [(&[f32], f32); 2] {
        [(&self.views.meaning, MEANING_LENGTH), (&self.views.halfway, HALFWAY_LENGTH)]
    }

    /// What is left of it where it is only compared with others: the meaning, or else the n-grams.
    pub fn compared(self) -> Self {
        if self.views.meaning.is_empty() {
            return self;
        }
        let views = Views { halfway: Arc::default(), ..self.views };
        Self { columns: Vec::new(), values: Vec::new(), views, ..self }
    }
}

/// A row made ready to be compared with many others.
pub struct Probe<'a> {
    row: &'a Row,
    /// One bit a column: most columns of another row are not in this one, and a bit tells it quickly.
    has: Vec<u64>,
}

impl<'a> Probe<'a> {
    pub fn new(row: &'a Row) -> Self {
        let mut has = vec![0; row.columns.last().map_or(0, |last| *last as usize / 64 + 1)];
        for column in &row.columns {
            has[*column as usize / 64] |= 1 << (column % 64);
        }
        Self { row, has }
    }

    /// How near another text is in meaning, or in words where there is no sentence model: the cosine, not below zero.
    pub fn cosine(&self, other: &Row) -> f32 {
        let (meaning, others) = (&self.row.views.meaning, &other.views.meaning);
        if meaning.is_empty() || others.is_empty() {
            self.cosine_of_words(other)
        } else {
            dot(meaning, others).max(0.0)
        }
    }

    fn cosine_of_words(&self, other: &Row) -> f32 {
        let mut dot = 0.0;
        for (column, value) in other.columns.iter().zip(&other.values) {
            let Some(bits) = self.has.get(*column as usize / 64) else { break };
            if bits >> (column % 64) & 1 == 1
                && let Ok(at) = self.row.columns.binary_search(column)
            {
                dot += self.row.values[at] * value;
            }
        }
        let length = self.row.length * other.length;
        if length > 0.0 { dot / length } else { 0.0 }
    }
}

/// The product of two embeddings, in lanes so that it is quick.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let done = a.len().min(b.len()) / LANES * LANES;
    sums.iter().sum::<f32>() + a.iter().zip(b).skip(done).map(|(a, b)| a * b).sum::<f32>()
}

/// How often each n-gram stands in one text, before weighing.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Known n-grams by rising column, with their sublinear frequency.
    known: Vec<(u32, f32)>,
    /// Sum of squared sublinear frequencies of the n-grams that the vocabulary lacks, words and characters.
    unknown: [f32; 2],
    views: Views,
}

impl Counted {
    /// The columns that stand in the text.
    pub fn columns(&self) -> impl Iterator<Item = u32> {
        self.known.iter().map(|(column, _)| *column)
    }
}

/// The vocabulary and its weights.
#[derive(Debug, Serialize, Deserialize)]
pub struct Encoder {
    columns: HashMap<u64, u32, BuildHasherDefault<Already>>,
    /// Columns below this are word n-grams, the others character n-grams.
    words: u32,
    /// Inverse document frequency by column.
    idf: Vec<f32>,
    /// The same for an n-gram that no text has.
    unseen: f32,
    spelling: Spelling,
    /// The length of each block of n-grams beside an embedding.
    beside_meaning: f32,
    /// Not saved with the rest.
    #[serde(skip)]
    pub embedder: Option<Arc<Embedder>>,
}

/// A character n-gram must stand in so many texts: those of one text only repeat what its words say, and are a quarter of all.
const LEAST_CHARACTERS: u32 = 2;
/// Above this many texts a word n-gram must stand in two of them as well.
const PRUNE_ABOVE: usize = 4_000;

impl Encoder {
    /// Learns the vocabulary of these texts, among which there are so many examples of an intent on average.
    pub fn learn<'a>(
        texts: impl Iterator<Item = &'a str> + Clone,
        examples: f32,
        embedder: Option<Arc<Embedder>>,
    ) -> Self {
        let mut texts_with: HashMap<u64, (u32, Block), BuildHasherDefault<Already>> = HashMap::default();
        let mut count = 0_usize;
        let spelling = Spelling::of(texts.clone());
        for text in texts {
            count += 1;
            for (key, block, _) in grams(text) {
                texts_with.entry(key).or_insert((0, block)).0 += 1;
            }
        }
        let least_words = if count > PRUNE_ABOVE { 2 } else { 1 };
        let mut kept: Vec<(Block, u64, u32)> = texts_with
            .into_iter()
            .filter(|(_, (n, block))| *n >= if *block == Block::Words { least_words } else { LEAST_CHARACTERS })
            .map(|(key, (n, block))| (block, key, n))
            .collect();
        kept.sort_unstable();
        let idf = |n: u32| ((1.0 + count as f32) / (1.0 + n as f32)).ln() + 1.0;
        Self {
            words: kept.iter().filter(|(block, ..)| *block == Block::Words).count() as u32,
            idf: kept.iter().map(|(.., n)| idf(*n)).collect(),
            unseen: idf(0),
            columns: kept.iter().zip(0..).map(|((_, key, _), column)| (*key, column)).collect(),
            spelling,
            beside_meaning: if examples < FEW { BESIDE_MEANING_OF_FEW } else { BESIDE_MEANING },
            embedder,
        }
    }

    /// How many columns of n-grams a row may have.
    pub fn width(&self) -> usize {
        self.idf.len()
    }

    /// How many numbers each view of a text has; none without a sentence model.
    pub fn views(&self) -> [usize; 2] {
        self.embedder.as_ref().map_or([0; 2], |embedder| [embedder.width(), embedder.halfway_width()])
    }

    /// Takes texts that are going to be read through the model, all in one batch, which is several times quicker than one by one.
    pub fn foresee(&self, texts: &[&str]) -> Vec<Views> {
        let Some(embedder) = &self.embedder else { return vec![Views::default(); texts.len()] };
        embedder.views_all(&texts.par_iter().map(|text| self.mended(text)).collect::<Vec<_>>())
    }

    /// The canonical form of a text, its misspelt words mended.
    fn mended(&self, text: &str) -> String {
        let text = canonical(text);
        self.spelling.mended(&text, self.embedder.as_ref().map(|embedder| embedder.words())).into_owned()
    }

    /// The n-grams of a text, beside its views.
    pub fn count(&self, text: &str, views: Views) -> Counted {
        let mut counted = Counted { known: Vec::new(), unknown: [0.0; 2], views };
        for (key, block, n) in grams(text) {
            let frequency = 1.0 + (n as f32).ln();
            match self.columns.get(&key) {
                Some(column) => counted.known.push((*column, frequency)),
                None => counted.unknown[block as usize] += frequency * frequency,
            }
        }
        counted.known.sort_unstable_by_key(|(column, _)| *column);
        counted
    }

    /// Counted n-grams as features. `is_known` hides columns, for cross-validation: a hidden n-gram counts as one that no example has.
    pub fn weigh(&self, counted: &Counted, is_known: impl Fn(u32) -> bool) -> Row {
        let unseen = self.unseen * self.unseen;
        let mut known = [0.0_f32; 2];
        let mut unknown = [counted.unknown[0] * unseen, counted.unknown[1] * unseen];
        let mut row = Row {
            columns: Vec::with_capacity(counted.known.len()),
            values: Vec::with_capacity(counted.known.len()),
            length: 0.0,
            unknown: 1.0,
            views: counted.views.clone(),
        };
        let beside = if row.views.meaning.is_empty() { 1.0 } else { self.beside_meaning };
        for &(column, frequency) in &counted.known {
            let block = usize::from(column >= self.words);
            if is_known(column) {
                let value = frequency * self.idf[column as usize];
                known[block] += value * value;
                row.columns.push(column);
                row.values.push(value);
            } else {
                unknown[block] += frequency * frequency * unseen;
            }
        }
        let scale = |block: usize| {
            let all = known[block] + UNKNOWN_WEIGHT * unknown[block];
            if all > 0.0 { beside * all.sqrt().recip() } else { 0.0 }
        };
        let scales = [scale(0), scale(1)];
        for (column, value) in row.columns.iter().zip(&mut row.values) {
            *value *= scales[usize::from(*column >= self.words)];
        }
        row.length = row.values.iter().map(|v| v * v).sum::<f32>().sqrt();
        let all = known[0] + known[1] + unknown[0] + unknown[1];
        if all > 0.0 {
            row.unknown = (unknown[0] + unknown[1]) / all;
        }
        row
    }

    /// The features of a text.
    pub fn encode(&self, text: &str) -> Row {
        let text = self.mended(text);
        let views = self.embedder.as_ref().map_or_else(Views::default, |embedder| embedder.views(&text));
        self.weigh(&self.count(&text, views), |_| true)
    }

    /// All n-grams of a text by their hash, rising, with their weights; of length one. Unlike in a [`Row`], those that no example has are among
    /// them: what is new to the intents is what tells new questions apart.
    pub fn all_words(&self, text: &str) -> Vec<(u32, f32)> {
        let mut squares = [0.0_f32; 2];
        let mut all: Vec<(u32, f32, Block)> = grams(text)
            .into_iter()
            .map(|(key, block, n)| {
                let idf = self.columns.get(&key).map_or(self.unseen, |column| self.idf[*column as usize]);
                let value = (1.0 + (n as f32).ln()) * idf;
                squares[block as usize] += value * value;
                ((key ^ key >> 32) as u32, value, block)
            })
            .collect();
        all.sort_unstable_by_key(|(key, ..)| *key);
        // Each block is half of it.
        all.into_iter().map(|(key, value, block)| (key, value / (2.0 * squares[block as usize]).sqrt())).collect()
    }
}

/// How much unknown n-grams count in the length of a row: a text half of which we do not know should move the scores less.
const UNKNOWN_WEIGHT: f32 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Block {
    Words = 0,
    Characters = 1,
}

/// The n-grams of a text by their hash, each once, with how often it stands there.
fn grams(text: &str) -> Vec<(u64, Block, u32)> {
    let folded = text::folded(&canonical(text));
    let words = text::words(&folded);
    let mut keys = Vec::with_capacity(folded.len() * 4);
    let mut before = None;
    let mut chars = Vec::new();
    for word in &words {
        let hash = hash(WORD, word.chars());
        keys.push((hash, Block::Words));
        if let Some(before) = before {
            keys.push((hash_pair(before, hash), Block::Words));
        }
        before = Some(hash);
        chars.clear();
        chars.push(' ');
        // A "word" of a thousand letters is keyboard mash: its start is enough.
        chars.extend(word.chars().take(LONGEST_WORD));
        chars.push(' ');
        for n in 3..=5 {
            if chars.len() <= n {
                keys.push((self::hash(CHARACTERS, chars.iter().copied()), Block::Characters));
                break;
            }
            keys.extend(chars.windows(n).map(|gram| (self::hash(CHARACTERS, gram.iter().copied()), Block::Characters)));
        }
    }
    keys.sort_unstable();
    let mut grams: Vec<(u64, Block, u32)> = Vec::with_capacity(keys.len());
    for (key, block) in keys {
        match grams.last_mut() {
            Some((last, _, n)) if *last == key => *n += 1,
            _ => grams.push((key, block, 1)),
        }
    }
    grams
}

const LONGEST_WORD: usize = 40;
const WORD: u64 = 0xcbf2_9ce4_8422_2325;
const CHARACTERS: u64 = 0x9e37_79b9_7f4a_7c15;

/// FNV-1a over code points with a final mix (from splitmix64): 64 bits, so that a million n-grams do not meet.
fn hash(seed: u64, chars: impl Iterator<Item = char>) -> u64 {
    mix(chars.fold(seed, |hash, c| (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3)))
}

fn hash_pair(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(23) ^ second)
}

fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoder() -> Encoder {
        let texts = ["when will the power be back", "cuándo vuelve la luz", "refund for spoiled food"];
        Encoder::learn(texts.into_iter().chain(texts), 1.0, None)
    }

    #[test]
    fn a_known_text_has_two_blocks_of_length_one() {
        let row = encoder().encode("when will the power be back");
        assert!((row.length * row.length - 2.0).abs() < 1e-5, "{}", row.length);
        assert!(row.unknown.abs() < f32::EPSILON);
        assert!(row.columns.is_sorted());
    }

    #[test]
    fn accents_case_and_emphasis_do_not_matter() {
        let encoder = encoder();
        assert_eq!(encoder.encode("CUANDO vuelveeee la #luz"), encoder.encode("cuándo vuelve la luz"));
    }

    #[test]
    fn a_misspelt_word_stays_near() {
        let encoder = encoder();
        let row = encoder.encode("refund for spoiled food");
        assert!(Probe::new(&row).cosine(&encoder.encode("refnd for spoild food")) > 0.4);
        assert!(Probe::new(&row).cosine(&encoder.encode("when will the power be back")) < 0.1);
    }

    #[test]
    fn words_that_no_example_has_are_unknown() {
        let encoder = encoder();
        assert!(encoder.encode("zzz qqq").unknown > 0.99);
        let half = encoder.encode("refund zzzzqx").unknown;
        assert!(half > 0.2 && half < 0.9, "{half}");
        assert!(encoder.encode("🤷").columns.is_empty());
    }

    #[test]
    fn hidden_columns_count_as_unknown() {
        let encoder = encoder();
        let row = encoder.weigh(&encoder.count("when will the power be back", Views::default()), |_| false);
        assert!(row.columns.is_empty());
        assert!((row.unknown - 1.0).abs() < f32::EPSILON);
    }
}
