//! Texts to embeddings: numbers that lie close together where texts mean alike.
//!
//! A sentence encoder of the BERT family, by default all-MiniLM-L6-v2, computed here in plain Rust and `f32`; where `--features rust-bert` was
//! built, rust-bert and libtorch can compute it instead. It knows nothing of intents; the classifier makes something of the embeddings.

pub(crate) mod cache;
mod download;
pub mod fetch;
mod forward;
mod numbers;
mod pip;
pub mod place;
mod product;
mod sentence;
mod table;
mod tensors;
mod tokenizer;
#[cfg(feature = "rust-bert")]
mod torch;
mod weights;
pub(crate) mod words;

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use pulp::Arch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use cache::{Cache, Key};
use sentence::{Pooling, Sentence};
use tokenizer::Pieces;
use weights::{Shape, Weights};
use words::Words;

/// The files of a model's folder that are read.
pub const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// Texts whose views are kept for when they come again: 13 MB where both are 384 numbers.
const KEPT: usize = 4_096;

/// Tokens that one thread takes through the model together, about. More waste less time on fetching weights; fewer are shared more evenly
/// among threads and take less memory (128 about 2 MB).
const SHARE_TOKENS: usize = 128;

/// What computes the embeddings; both take the same files and agree within 1e-5.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// Our own forward pass: no native library, fastest on processors.
    #[default]
    BuiltIn,
    /// rust-bert and libtorch: GPUs, and model types that ours does not know. Part of builds with `--features rust-bert`.
    RustBert,
}

/// Where [`Backend::RustBert`] computes. The built-in one always takes the processor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    #[default]
    Cpu,
    /// The first GPU that CUDA names.
    Cuda,
}

/// A sentence encoder, ready for use by all threads.
#[derive(Debug)]
pub struct Embedder {
    pieces: Pieces,
    model: Model,
    cache: Cache<Views>,
}

/// What a model makes of one text in one pass. Each view is of length one, so that the product of two is the cosine between them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Views {
    /// The model's own embedding: what the text means.
    pub meaning: Arc<[f32]>,
    /// The mean of all tokens' states halfway through the layers: nearer to the words that say it. Beside the embedding, which is all that the
    /// model was trained for, it tells apart what means nearly the same.
    pub halfway: Arc<[f32]>,
}

#[derive(Debug)]
enum Model {
    BuiltIn {
        weights: Box<Weights>,
        pooling: Pooling,
        arch: Arch,
    },
    #[cfg(feature = "rust-bert")]
    RustBert(Box<torch::Torch>),
}

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not of a model that can be used: {why}", path.display())]
    Unfit { path: PathBuf, why: String },
    #[error(
        "the backend \"rust-bert\" is not part of this build: build one with `cargo build --release --features rust-bert` (docs/rust-bert.md), or take \
         `backend` out of [model]"
    )]
    NotBuilt,
    #[error("there is no GPU to use: {0}")]
    NoGpu(&'static str),
}

impl Embedder {
    /// Reads the model in a folder with `config.json`, `tokenizer.json` and `model.safetensors`. The files of sentence-transformers are
    /// followed where they are there: `modules.json`, `1_Pooling/config.json`, `config_sentence_transformers.json` and
    /// `sentence_bert_config.json`.
    ///
    /// # Errors
    /// A file that is missing or broken, and a model of another kind.
    pub fn open(dir: &Path) -> Result<Self, EmbedError> {
        let [config, tokenizer, tensors] = FILES.map(|file| dir.join(file));
        let arch = Arch::new();
        let shape = Shape::read(&config)?;
        let sentence = Sentence::read(dir)?;
        let pieces = Pieces::read(&tokenizer, shape.positions(), shape.vocabulary, &sentence)?;
        let weights = Box::new(Weights::read(shape, &tensors, arch)?);
        let model = Model::BuiltIn { weights, pooling: sentence.pooling, arch };
        Ok(Self { pieces, model, cache: Cache::new(KEPT) })
    }

    /// Reads the model in a folder as [`open`](Self::open) does, for a backend of choice.
    ///
    /// # Errors
    /// As `open`; and a backend that was not built, or has no such device.
    pub fn open_with(dir: &Path, backend: Backend, device: Device) -> Result<Self, EmbedError> {
        match backend {
            Backend::BuiltIn => Self::open(dir),
            #[cfg(feature = "rust-bert")]
            Backend::RustBert => {
                let (torch, pieces) = torch::Torch::open(dir, device)?;
                Ok(Self { pieces, model: Model::RustBert(Box::new(torch)), cache: Cache::new(KEPT) })
            }
            #[cfg(not(feature = "rust-bert"))]
            Backend::RustBert => {
                let _ = device;
                Err(EmbedError::NotBuilt)
            }
        }
    }

    /// How many numbers an embedding has.
    pub fn width(&self) -> usize {
        match &self.model {
            Model::BuiltIn { weights, .. } => weights.shape.width,
            #[cfg(feature = "rust-bert")]
            Model::RustBert(torch) => torch.width(),
        }
    }

    /// How many numbers the view from halfway has.
    pub fn halfway_width(&self) -> usize {
        match &self.model {
            Model::BuiltIn { weights, .. } => weights.shape.width,
            #[cfg(feature = "rust-bert")]
            Model::RustBert(torch) => torch.halfway_width(),
        }
    }

    /// The words that the model knows as a whole.
    pub fn words(&self) -> &Words {
        self.pieces.words()
    }

    /// The embedding of a text: of length one, so that the product of two is the cosine between them. Only the beginning of a long text
    /// is read, as many tokens as the model was trained with. Runs on the calling thread; a text that came lately costs microseconds.
    pub fn embed(&self, text: &str) -> Arc<[f32]> {
        self.views(text).meaning
    }

    /// The embeddings of many texts, as [`views_all`](Self::views_all) computes them.
    pub fn embed_all<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Arc<[f32]>> {
        self.views_all(texts).into_iter().map(|views| views.meaning).collect()
    }

    /// Both views of a text, in the time of its [embedding](Self::embed) alone.
    pub fn views(&self, text: &str) -> Views {
        let key = cache::key(text);
        self.cache.get(&key).unwrap_or_else(|| {
            let views = self.compute_here(&self.pieces.of(text));
            self.cache.put(key, views.clone());
            views
        })
    }

    /// Both views of many texts, in their order. The built-in backend gives each to the bit as [`views`](Self::views) does and runs on all
    /// threads of the calling rayon pool; memory beside the result is bounded by the number of threads.
    pub fn views_all<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Views> {
        let keys: Vec<Key> = texts.iter().map(|text| cache::key(text.as_ref())).collect();
        let mut known: HashMap<Key, Option<Views>> = HashMap::new();
        let mut missing: Vec<(Key, &str)> = Vec::new();
        for (key, text) in keys.iter().zip(texts) {
            known.entry(*key).or_insert_with(|| {
                let found = self.cache.get(key);
                if found.is_none() {
                    missing.push((*key, text.as_ref()));
                }
                found
            });
        }
        for ((key, _), views) in missing.iter().zip(self.compute(&missing)) {
            self.cache.put(*key, views.clone());
            known.insert(*key, Some(views));
        }
        keys.iter().filter_map(|key| known.get(key).cloned().flatten()).collect()
    }

    /// On the calling thread.
    fn compute_here(&self, pieces: &[u32]) -> Views {
        let views = match &self.model {
            Model::BuiltIn { weights, pooling, arch } => forward::forward(*arch, weights, *pooling, &[pieces]),
            #[cfg(feature = "rust-bert")]
            Model::RustBert(torch) => torch.forward(&[pieces]),
        };
        views.into_iter().next().unwrap_or_default()
    }

    /// On all threads.
    fn compute(&self, texts: &[(Key, &str)]) -> Vec<Views> {
        let pieces: Vec<Vec<u32>> = texts.par_iter().map(|(_, text)| self.pieces.of(text)).collect();
        let pieces: Vec<&[u32]> = pieces.iter().map(Vec::as_slice).collect();
        match &self.model {
            Model::BuiltIn { weights, pooling, arch } => shares(&pieces, rayon::current_num_threads())
                .into_par_iter()
                .flat_map_iter(|share| forward::forward(*arch, weights, *pooling, share))
                .collect(),
            #[cfg(feature = "rust-bert")]
            Model::RustBert(torch) => torch.forward(&pieces),
        }
    }
}

/// Cuts texts into shares of about as many tokens each: as many shares as there are threads, or a multiple.
fn shares<'a, 'b>(texts: &'a [&'b [u32]], threads: usize) -> Vec<&'a [&'b [u32]]> {
    let tokens: usize = texts.iter().map(|text| text.len()).sum();
    let count = tokens.div_ceil(SHARE_TOKENS).next_multiple_of(threads.max(1)).max(1);
    let mut shares = Vec::with_capacity(count);
    let (mut from, mut before) = (0, 0);
    for (i, text) in texts.iter().enumerate() {
        before += text.len();
        // The share is full when the tokens so far are those of a whole number of shares.
        if before * count >= (shares.len() + 1) * tokens || i + 1 == texts.len() {
            shares.push(&texts[from..=i]);
            from = i + 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_are_all_texts_in_their_order(lengths in prop::collection::vec(1_usize..129, 0..80), threads in 1_usize..9) {
            let texts: Vec<Vec<u32>> = lengths.iter().map(|length| vec![*length as u32; *length]).collect();
            let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            let shares = shares(&texts, threads);
            prop_assert_eq!(&shares.concat(), &texts);
            for share in shares {
                let tokens: usize = share.iter().map(|text| text.len()).sum();
                prop_assert!(tokens < SHARE_TOKENS + 128, "memory is bounded: {tokens}");
            }
        }
    }
}
