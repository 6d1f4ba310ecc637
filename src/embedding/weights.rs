//! The weights of a sentence encoder: `config.json` and `model.safetensors` of the BERT family.

use std::path::Path;

use pulp::Arch;
use serde::Deserialize;

use super::{EmbedError, numbers::Norm, product::Packed, table::Table, tensors::Tensors};

/// What `config.json` says of the model's shape.
#[derive(Debug, Clone, Deserialize)]
pub struct Shape {
    model_type: String,
    hidden_act: String,
    /// Numbers in a token's state, and in an embedding.
    #[serde(rename = "hidden_size")]
    pub width: usize,
    #[serde(rename = "num_hidden_layers")]
    layers: usize,
    #[serde(rename = "num_attention_heads")]
    pub heads: usize,
    #[serde(rename = "intermediate_size")]
    pub inner: usize,
    #[serde(rename = "max_position_embeddings")]
    all_positions: usize,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    pad_token_id: Option<usize>,
    #[serde(rename = "vocab_size")]
    pub vocabulary: usize,
    layer_norm_eps: f32,
}

/// The activation between the two products of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// By the error function.
    Gelu,
    /// By the hyperbolic tangent, which comes within a thousandth of it.
    GeluTanh,
    Relu,
}

impl Shape {
    /// Reads and checks `config.json`.
    pub fn read(file: &Path) -> Result<Self, EmbedError> {
        let text = std::fs::read(file).map_err(|source| EmbedError::Read { path: file.to_owned(), source })?;
        let unfit = |why: String| EmbedError::Unfit { path: file.to_owned(), why };
        let shape: Self = serde_json::from_slice(&text).map_err(|error| unfit(error.to_string()))?;
        if !matches!(shape.model_type.as_str(), "bert" | "roberta" | "xlm-roberta" | "camembert") {
            let understood = "\"bert\", \"roberta\", \"xlm-roberta\" and \"camembert\" are understood";
            return Err(unfit(format!("model_type is {:?}; {understood}", shape.model_type)));
        }
        if shape.activation().is_none() {
            let understood = "\"gelu\", \"gelu_new\", \"gelu_fast\", \"gelu_pytorch_tanh\" and \"relu\" are understood";
            return Err(unfit(format!("hidden_act is {:?}; {understood}", shape.hidden_act)));
        }
        if let Some(kind) = shape.position_embedding_type.as_deref().filter(|kind| *kind != "absolute") {
            return Err(unfit(format!("position_embedding_type is {kind:?}; \"absolute\" is understood")));
        }
        if shape.heads == 0 || shape.width == 0 || !shape.width.is_multiple_of(shape.heads) {
            return Err(unfit(format!("{} heads cannot share a width of {}", shape.heads, shape.width)));
        }
        if shape.inner == 0 || shape.layers == 0 {
            return Err(unfit("it has no layers".to_owned()));
        }
        Ok(shape)
    }

    /// The first position that a text has: models of the `RoBERTa` family count from after the number of the padding mark.
    fn first_position(&self) -> usize {
        if self.model_type == "bert" { 0 } else { self.pad_token_id.unwrap_or(1).saturating_add(1) }
    }

    /// How many tokens the model can read.
    pub fn positions(&self) -> usize {
        self.all_positions.saturating_sub(self.first_position())
    }

    fn activation(&self) -> Option<Activation> {
        match self.hidden_act.as_str() {
            "gelu" => Some(Activation::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Some(Activation::GeluTanh),
            "relu" => Some(Activation::Relu),
            _ => None,
        }
    }
}

/// All weights, laid out for use.
#[derive(Debug)]
pub struct Weights {
    pub shape: Shape,
    pub activation: Activation,
    /// One row a word piece.
    pub words: Table,
    /// One row a position, the kind of the text (always the first) already added.
    pub positions: Vec<f32>,
    pub norm: Norm,
    pub layers: Vec<Layer>,
}

/// How many of so many layers are half of them: what a text has gone through where it is seen halfway.
pub fn half(layers: usize) -> usize {
    layers.div_ceil(2)
}

#[derive(Debug)]
pub struct Layer {
    /// Queries, keys and values side by side; the queries already scaled for the attention.
    pub attend: Linear,
    pub attended: Linear,
    pub attended_norm: Norm,
    pub widen: Linear,
    pub narrow: Linear,
    pub narrow_norm: Norm,
}

#[derive(Debug)]
pub struct Linear {
    pub weights: Packed,
    pub bias: Vec<f32>,
}

/// The tensor by which a file is known.
const WORDS: &str = "embeddings.word_embeddings.weight";

impl Weights {
    /// Reads what is needed of `model.safetensors`; what is not, such as the pooler, stays on the disk.
    pub fn read(shape: Shape, file: &Path, arch: Arch) -> Result<Self, EmbedError> {
        let mut tensors = Tensors::open(file, WORDS)?;
        let (width, inner) = (shape.width, shape.inner);
        let epsilon = shape.layer_norm_eps;
        let kinds = tensors.vector("embeddings.token_type_embeddings.weight", None)?;
        let kind = kinds.get(..width).ok_or_else(|| tensors.unfit("it knows no kind of text".to_owned()))?;
        let mut positions = tensors.matrix("embeddings.position_embeddings.weight", shape.all_positions, width)?;
        positions.drain(..(shape.first_position() * width).min(positions.len()));
        for row in positions.chunks_exact_mut(width) {
            super::numbers::add(row, kind);
        }
        let scale = ((width / shape.heads) as f32).sqrt().recip();
        let layers = (0..shape.layers)
            .map(|n| {
                let at = |name: &str| format!("encoder.layer.{n}.{name}");
                let mut stored = Vec::with_capacity(3 * width * width);
                let mut bias = Vec::with_capacity(3 * width);
                for (part, factor) in [("query", scale), ("key", 1.0), ("value", 1.0)] {
                    let name = at(&format!("attention.self.{part}"));
                    stored.extend(tensors.matrix(&format!("{name}.weight"), width, width)?.iter().map(|x| x * factor));
                    bias.extend(tensors.vector(&format!("{name}.bias"), Some(width))?.iter().map(|x| x * factor));
                }
                Ok(Layer {
                    attend: Linear { weights: Packed::transposed(arch, &stored, width, 3 * width), bias },
                    attended: tensors.linear(arch, &at("attention.output.dense"), width, width)?,
                    attended_norm: tensors.norm(&at("attention.output.LayerNorm"), width, epsilon)?,
                    widen: tensors.linear(arch, &at("intermediate.dense"), width, inner)?,
                    narrow: tensors.linear(arch, &at("output.dense"), inner, width)?,
                    narrow_norm: tensors.norm(&at("output.LayerNorm"), width, epsilon)?,
                })
            })
            .collect::<Result<_, EmbedError>>()?;
        Ok(Self {
            words: tensors.table(WORDS, shape.vocabulary, width)?,
            positions,
            norm: tensors.norm("embeddings.LayerNorm", width, epsilon)?,
            layers,
            activation: shape.activation().unwrap_or(Activation::Gelu),
            shape,
        })
    }
}

impl Tensors {
    fn linear(&mut self, arch: Arch, name: &str, from: usize, to: usize) -> Result<Linear, EmbedError> {
        let stored = self.matrix(&format!("{name}.weight"), to, from)?;
        let bias = self.vector(&format!("{name}.bias"), Some(to))?;
        Ok(Linear { weights: Packed::transposed(arch, &stored, from, to), bias })
    }

    fn norm(&mut self, name: &str, width: usize, epsilon: f32) -> Result<Norm, EmbedError> {
        Ok(Norm {
            scale: self.vector(&format!("{name}.weight"), Some(width))?,
            shift: self.vector(&format!("{name}.bias"), Some(width))?,
            epsilon,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shape() -> Shape {
        serde_json::from_value(json!({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 6, "max_position_embeddings": 8, "vocab_size": 5, "layer_norm_eps": 1e-12
        }))
        .unwrap()
    }

    /// A file with all tensors of [`shape`].
    fn file() -> Vec<u8> {
        let mut tensors = vec![
            ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, 4]),
            ("embeddings.position_embeddings.weight".to_owned(), vec![8, 4]),
            ("embeddings.word_embeddings.weight".to_owned(), vec![5, 4]),
            ("embeddings.LayerNorm.weight".to_owned(), vec![4]),
            ("embeddings.LayerNorm.bias".to_owned(), vec![4]),
        ];
        for (name, to, from) in [
            ("attention.self.query", 4, 4),
            ("attention.self.key", 4, 4),
            ("attention.self.value", 4, 4),
            ("attention.output.dense", 4, 4),
            ("intermediate.dense", 6, 4),
            ("output.dense", 4, 6),
        ] {
            tensors.push((format!("encoder.layer.0.{name}.weight"), vec![to, from]));
            tensors.push((format!("encoder.layer.0.{name}.bias"), vec![to]));
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            tensors.push((format!("encoder.layer.0.{name}.weight"), vec![4]));
            tensors.push((format!("encoder.layer.0.{name}.bias"), vec![4]));
        }
        let mut header = serde_json::Map::new();
        let mut numbers: Vec<u8> = Vec::new();
        for (name, sides) in tensors {
            let from = numbers.len();
            for n in 0..sides.iter().product::<usize>() {
                numbers.extend((n as f32).to_le_bytes());
            }
            header.insert(name, json!({"dtype": "F32", "shape": sides, "data_offsets": [from, numbers.len()]}));
        }
        let header = serde_json::to_vec(&header).unwrap();
        [(header.len() as u64).to_le_bytes().to_vec(), header, numbers].concat()
    }

    fn read(bytes: &[u8]) -> Result<Weights, EmbedError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        std::fs::write(&path, bytes).unwrap();
        Weights::read(shape(), &path, Arch::new())
    }

    #[test]
    fn all_weights_are_found() {
        let weights = read(&file()).unwrap();
        assert_eq!(weights.layers.len(), 1);
        assert_eq!(weights.words.row(4).map(f32::round).collect::<Vec<_>>(), [16.0, 17.0, 18.0, 19.0]);
        assert_eq!(weights.positions[..6], [0.0, 2.0, 4.0, 6.0, 4.0, 6.0], "positions and the first kind");
    }

    #[test]
    fn a_torn_file_is_an_error() {
        let file = file();
        for length in [0, 7, 8, 100, file.len() - 1] {
            assert!(read(&file[..length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused(at in 0_usize..4000, byte: u8) {
            let mut file = file();
            let at = at % file.len();
            file[at] = byte;
            let _ = read(&file);
        }
    }
}
