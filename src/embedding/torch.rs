//! The forward pass through rust-bert and libtorch: on a GPU, and for model types that ours does not know.
//!
//! Of rust-bert the transformers, the pooling and the activations are taken, not its pipeline: that wants six more files, splits texts with other
//! tokenizers (`[SEP]` in a text would count as a mark) and ends the process on a broken file.

// libtorch counts in i64.
#![allow(clippy::cast_possible_wrap)]

use std::{
    collections::HashMap,
    env, fmt,
    path::Path,
    sync::{Mutex, PoisonError},
};

use rust_bert::{
    Activation, RustBertError,
    bert::BertConfig,
    distilbert::DistilBertConfig,
    pipelines::{
        common::{ConfigOption, ModelType},
        sentence_embeddings::{
            SentenceEmbeddingsOption,
            layers::{Pooling, PoolingConfig},
        },
    },
    roberta::RobertaConfig,
};
use serde::Deserialize;
use tch::{
    Cuda, Kind, Tensor,
    nn::{self, Module as _, VarStore},
};

use super::{
    Device, EmbedError, FILES, Views,
    sentence::{self, MODULES, Sentence, modules, required},
    tokenizer::Pieces,
    weights::half,
};

/// Tokens, padding included, that go through the model together: 32 texts of 128 tokens, 100 MB for the common models.
const BATCH_TOKENS: usize = 4_096;

/// A sentence encoder as libtorch holds it.
pub struct Torch {
    /// Tensors may move between threads but not be shared: one thread computes at a time.
    layers: Mutex<Layers>,
    width: usize,
    halfway_width: usize,
}

impl fmt::Debug for Torch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Torch").field("width", &self.width).finish_non_exhaustive()
    }
}

struct Layers {
    transformer: SentenceEmbeddingsOption,
    pooling: Pooling,
    dense: Option<(nn::Linear, Activation)>,
    device: tch::Device,
    /// The piece that fills short texts up; the positions of `RoBERTa` depend on it.
    padding: i64,
}

/// What `config.json` says, as far as rust-bert does not read it itself.
#[derive(Deserialize)]
struct Shape {
    model_type: String,
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    max_position_embeddings: usize,
    vocab_size: usize,
}

/// `config.json` of a dense layer after the pooling.
#[derive(Deserialize)]
struct DenseConfig {
    in_features: i64,
    out_features: i64,
    bias: bool,
    /// Such as `torch.nn.modules.activation.Tanh`.
    activation_function: String,
}

impl Torch {
    /// Reads the model in a folder: the same three files as our own encoder; and `modules.json` with what it names, where it is there.
    pub fn open(dir: &Path, device: Device) -> Result<(Self, Pieces), EmbedError> {
        let device = match device {
            Device::Cpu => tch::Device::Cpu,
            Device::Cuda if Cuda::is_available() => tch::Device::Cuda(0),
            Device::Cuda => return Err(EmbedError::NoGpu("libtorch finds none, or was built for processors only")),
        };
        // More threads burn processor time between two messages, unless OMP_WAIT_POLICY=passive; so only who names a number gets them.
        if env::var_os("OMP_NUM_THREADS").is_none() {
            tch::set_num_threads(1);
        }
        let [config, tokenizer, tensors] = FILES.map(|file| dir.join(file));
        let shape: Shape = required(&config)?;
        let unfit = |why: String| EmbedError::Unfit { path: config.clone(), why };
        let (width, heads) = (shape.hidden_size, shape.num_attention_heads);
        if heads == 0 || width == 0 || !width.is_multiple_of(heads) {
            return Err(unfit(format!("{heads} heads cannot share a width of {width}")));
        }
        let (kind, options, padding) = match shape.model_type.as_str() {
            "bert" => {
                let options = BertConfig { output_hidden_states: Some(true), ..required(&config)? };
                (ModelType::Bert, ConfigOption::Bert(options), 0)
            }
            "distilbert" => {
                let options = DistilBertConfig { output_hidden_states: Some(true), ..required(&config)? };
                (ModelType::DistilBert, ConfigOption::DistilBert(options), 0)
            }
            "roberta" | "xlm-roberta" => {
                let options = RobertaConfig { output_hidden_states: Some(true), ..required(&config)? };
                (ModelType::Roberta, ConfigOption::Roberta(options), 1)
            }
            other => {
                return Err(unfit(format!(
                    "model_type is {other:?}; \"bert\", \"distilbert\", \"roberta\" and \"xlm-roberta\" are understood"
                )));
            }
        };
        // `RoBERTa` counts its positions from the one after the padding's.
        let positions = shape.max_position_embeddings.saturating_sub(if padding == 0 { 0 } else { 2 });
        let sentence = Sentence::of_the_text(dir)?;
        let pieces = Pieces::read(&tokenizer, positions, shape.vocab_size, &sentence)?;

        let store = VarStore::new(device);
        let transformer =
            SentenceEmbeddingsOption::new(kind, store.root(), &options).map_err(|error| unfit(error.to_string()))?;
        fill(&store, &tensors)?;
        let (pooling, dense) = after(dir, &sentence.prompt, width, device)?;

        let layers = Layers { transformer, pooling, dense, device, padding };
        let empty = layers.forward(&[&pieces.of("")]).map_err(|error| unfit(error.to_string()))?;
        let (width, halfway_width) = empty.first().map_or((0, 0), |views| (views.meaning.len(), views.halfway.len()));
        Ok((Self { layers: Mutex::new(layers), width, halfway_width }, pieces))
    }

    pub fn halfway_width(&self) -> usize {
        self.halfway_width
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// The views of several texts, each given as its word pieces (at least one). Texts of about the same length go together, the shorter ones
    /// filled up.
    ///
    /// # Panics
    /// libtorch fails, for instance because the GPU has no memory left.
    pub fn forward(&self, texts: &[&[u32]]) -> Vec<Views> {
        let layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|i| texts[*i].len());
        let mut views = vec![Views::default(); texts.len()];
        let mut rest = order.as_slice();
        while let Some(last) = rest.last() {
            let count = (BATCH_TOKENS / texts[*last].len()).clamp(1, rest.len());
            let (others, batch) = rest.split_at(rest.len() - count);
            rest = others;
            let members: Vec<&[u32]> = batch.iter().map(|i| texts[*i]).collect();
            match layers.forward(&members) {
                Ok(seen) => batch.iter().zip(seen).for_each(|(i, seen)| views[*i] = seen),
                Err(error) => panic!("libtorch cannot compute embeddings: {error}"),
            }
        }
        views
    }
}

impl Layers {
    /// The views of texts, in their order.
    fn forward(&self, texts: &[&[u32]]) -> Result<Vec<Views>, RustBertError> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let mut pieces = vec![self.padding; texts.len() * longest];
        let mut mask = vec![0_i64; pieces.len()];
        for (row, text) in texts.iter().enumerate() {
            let from = row * longest;
            for (slot, piece) in pieces[from..].iter_mut().zip(*text) {
                *slot = i64::from(*piece);
            }
            mask[from..from + text.len()].fill(1);
        }
        let tensor = |numbers: &[i64]| {
            Tensor::from_slice(numbers).view([texts.len() as i64, longest as i64]).to_device(self.device)
        };
        let (pieces, mask) = (tensor(&pieces), tensor(&mask));
        tch::no_grad(|| {
            let (states, halfway) = self.states(&pieces, &mask)?;
            let mut pooled = self.pooling.forward(states, &mask);
            if let Some((linear, activation)) = &self.dense {
                pooled = activation.get_function().get_fn()(&linear.forward(&pooled));
            }
            let of_tokens = mask.unsqueeze(-1).to_kind(Kind::Float);
            let halfway = (halfway * of_tokens).sum_dim_intlist([1].as_slice(), false, Kind::Float);
            let (meanings, halfway) = (of_length_one(&pooled)?, of_length_one(&halfway)?);
            let views =
                |(meaning, halfway): (Vec<f32>, Vec<f32>)| Views { meaning: meaning.into(), halfway: halfway.into() };
            Ok(meanings.into_iter().zip(halfway).map(views).collect())
        })
    }

    /// The states of the tokens after the last layer, and after the first half of them.
    fn states(&self, pieces: &Tensor, mask: &Tensor) -> Result<(Tensor, Tensor), RustBertError> {
        let (pieces, mask) = (Some(pieces), Some(mask));
        let (states, of_layers) = match &self.transformer {
            SentenceEmbeddingsOption::Bert(model) => {
                let output = model.forward_t(pieces, mask, None, None, None, None, None, false)?;
                (output.hidden_state, output.all_hidden_states)
            }
            SentenceEmbeddingsOption::Roberta(model) => {
                let output = model.forward_t(pieces, mask, None, None, None, None, None, false)?;
                (output.hidden_state, output.all_hidden_states)
            }
            SentenceEmbeddingsOption::DistilBert(model) => {
                let output = model.forward_t(pieces, mask, None, false)?;
                (output.hidden_state, output.all_hidden_states)
            }
            _ => return Err(RustBertError::InvalidConfigurationError("no such model is opened".to_owned())),
        };
        let mut of_layers = of_layers.unwrap_or_default();
        let half = half(of_layers.len()).saturating_sub(1);
        if half >= of_layers.len() {
            return Err(RustBertError::InvalidConfigurationError("it has no layers".to_owned()));
        }
        Ok((states, of_layers.swap_remove(half)))
    }
}

/// The rows of a tensor, each brought to length one.
fn of_length_one(rows: &Tensor) -> Result<Vec<Vec<f32>>, RustBertError> {
    let length = rows.norm_scalaropt_dim(2, [1], true).clamp_min(f64::from(f32::MIN_POSITIVE));
    Ok(Vec::<Vec<f32>>::try_from((rows / length).to_kind(Kind::Float).to_device(tch::Device::Cpu))?)
}

/// What follows the transformer: the mean of the tokens' states, unless `modules.json` names something else.
fn after(
    dir: &Path,
    prompt: &str,
    width: usize,
    device: tch::Device,
) -> Result<(Pooling, Option<(nn::Linear, Activation)>), EmbedError> {
    let mut pooling = sentence::Pooling::Mean;
    let mut dense = None;
    for module in modules(dir)? {
        let config = dir.join(&module.path).join("config.json");
        match module.name() {
            "Transformer" | "Normalize" => {}
            "Pooling" => pooling = sentence::Pooling::read(&config, prompt)?,
            "Dense" if dense.is_none() => {
                let DenseConfig { in_features, out_features, bias, activation_function } = required(&config)?;
                if in_features != width as i64 {
                    let why = format!("in_features is {in_features} where the model has a width of {width}");
                    return Err(EmbedError::Unfit { path: config, why });
                }
                let name = activation_function.rsplit('.').next().unwrap_or_default().to_lowercase();
                let activation = Activation::deserialize(serde_json::Value::String(name)).map_err(|error| {
                    EmbedError::Unfit { path: config.clone(), why: format!("activation_function: {error}") }
                })?;
                let store = VarStore::new(device);
                let options = nn::LinearConfig { bias, ..nn::LinearConfig::default() };
                let linear = nn::linear(store.root() / "linear", in_features, out_features, options);
                fill(&store, &config.with_file_name("model.safetensors"))?;
                dense = Some((linear, activation));
            }
            other => {
                let why = format!("it names a part of the type {other:?}, which is not understood here");
                return Err(EmbedError::Unfit { path: dir.join(MODULES), why });
            }
        }
    }
    let pooling = Pooling::new(PoolingConfig {
        word_embedding_dimension: width as i64,
        pooling_mode_cls_token: pooling == sentence::Pooling::First,
        pooling_mode_max_tokens: false,
        pooling_mode_mean_tokens: pooling == sentence::Pooling::Mean,
        pooling_mode_mean_sqrt_len_tokens: false,
    });
    Ok((pooling, dense))
}

/// Puts a file's tensors in the place of the random ones that a new model has.
fn fill(store: &VarStore, file: &Path) -> Result<(), EmbedError> {
    let unfit = |why: String| EmbedError::Unfit { path: file.to_owned(), why };
    let found = Tensor::read_safetensors(file).map_err(|error| unfit(error.to_string()))?;
    let found: HashMap<String, Tensor> = found.into_iter().collect();
    for (name, mut variable) in store.variables() {
        // rust-bert puts all of DistilBERT under a name that sentence encoders leave out. Nothing here looks at the pooler.
        let stored = found.get(&name).or_else(|| found.get(name.strip_prefix("distilbert.")?));
        match stored {
            Some(stored) if stored.size() == variable.size() => {
                tch::no_grad(|| variable.set_data(&stored.to_kind(Kind::Float).to_device(store.device())));
            }
            Some(stored) => {
                return Err(unfit(format!("{name} is {:?} where {:?} belongs", stored.size(), variable.size())));
            }
            None if name.starts_with("pooler.") => {}
            None => return Err(unfit(format!("{name} is not in it"))),
        }
    }
    Ok(())
}
