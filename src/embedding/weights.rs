//! The weights of a sentence encoder: `config.json` and `model.safetensors` of the BERT family.

use std::{
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use pulp::Arch;
use serde::Deserialize;

use super::{EmbedError, numbers::Norm, product::Packed};

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
    pub positions: usize,
    #[serde(rename = "vocab_size")]
    pub vocabulary: usize,
    layer_norm_eps: f32,
}

impl Shape {
    /// Reads and checks `config.json`.
    pub fn read(file: &Path) -> Result<Self, EmbedError> {
        let text = std::fs::read(file).map_err(|source| EmbedError::Read { path: file.to_owned(), source })?;
        let unfit = |why: String| EmbedError::Unfit { path: file.to_owned(), why };
        let shape: Self = serde_json::from_slice(&text).map_err(|error| unfit(error.to_string()))?;
        if shape.model_type != "bert" {
            return Err(unfit(format!("model_type is {:?}; only \"bert\" is understood", shape.model_type)));
        }
        if shape.hidden_act != "gelu" {
            return Err(unfit(format!("hidden_act is {:?}; only \"gelu\" is understood", shape.hidden_act)));
        }
        if shape.heads == 0 || shape.width == 0 || !shape.width.is_multiple_of(shape.heads) {
            return Err(unfit(format!("{} heads cannot share a width of {}", shape.heads, shape.width)));
        }
        if shape.inner == 0 || shape.layers == 0 {
            return Err(unfit("it has no layers".to_owned()));
        }
        Ok(shape)
    }
}

/// All weights, laid out for use.
#[derive(Debug)]
pub struct Weights {
    pub shape: Shape,
    /// One row a word piece.
    pub words: Vec<f32>,
    /// One row a position, the kind of the text (always the first) already added.
    pub positions: Vec<f32>,
    pub norm: Norm,
    pub layers: Vec<Layer>,
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

impl Weights {
    /// Reads what is needed of `model.safetensors`; what is not, such as the pooler, stays on the disk.
    pub fn read(shape: Shape, file: &Path, arch: Arch) -> Result<Self, EmbedError> {
        let mut tensors = Tensors::open(file)?;
        let (width, inner) = (shape.width, shape.inner);
        let epsilon = shape.layer_norm_eps;
        let kinds = tensors.vector("embeddings.token_type_embeddings.weight", None)?;
        let kind = kinds.get(..width).ok_or_else(|| tensors.unfit("it knows no kind of text".to_owned()))?;
        let mut positions = tensors.matrix("embeddings.position_embeddings.weight", shape.positions, width)?;
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
            words: tensors.matrix("embeddings.word_embeddings.weight", shape.vocabulary, width)?,
            positions,
            norm: tensors.norm("embeddings.LayerNorm", width, epsilon)?,
            layers,
            shape,
        })
    }
}

/// A file of tensors: eight bytes with the length of a JSON header, the header, the numbers.
/// <https://huggingface.co/docs/safetensors>
struct Tensors {
    path: PathBuf,
    file: BufReader<File>,
    header: serde_json::Map<String, serde_json::Value>,
    /// Where the numbers begin.
    start: u64,
}

/// The header's entry of one tensor.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// The format's own limit on the header, in bytes.
const LONGEST_HEADER: u64 = 100_000_000;

impl Tensors {
    fn open(path: &Path) -> Result<Self, EmbedError> {
        let read = |source| EmbedError::Read { path: path.to_owned(), source };
        let unfit = |why: String| EmbedError::Unfit { path: path.to_owned(), why };
        let file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(read)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER.min(size) {
            return Err(unfit("it does not begin as a file of tensors does".to_owned()));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(read)?;
        let header = serde_json::from_slice(&header).map_err(|error| unfit(format!("its header: {error}")))?;
        Ok(Self { path: path.to_owned(), file, header, start: 8 + length })
    }

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

    fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, EmbedError> {
        let numbers = self.vector(name, None)?;
        if rows.checked_mul(columns) != Some(numbers.len()) {
            return Err(self.unfit(format!("{name} has {} numbers where {rows} x {columns} belong", numbers.len())));
        }
        Ok(numbers)
    }

    fn vector(&mut self, name: &str, length: Option<usize>) -> Result<Vec<f32>, EmbedError> {
        let entry = self.header.get(name).ok_or_else(|| self.unfit(format!("{name} is not in it")))?;
        let Entry { dtype, shape, data_offsets: (from, to) } =
            Entry::deserialize(entry).map_err(|error| self.unfit(format!("{name}: {error}")))?;
        if dtype != "F32" {
            return Err(self.unfit(format!("{name} is stored as {dtype}; only F32 is understood")));
        }
        let count = shape.iter().try_fold(1_usize, |count, side| count.checked_mul(*side));
        let count = count.filter(|count| to.checked_sub(from) == (*count as u64).checked_mul(4));
        let count = count.filter(|count| length.is_none_or(|length| length == *count));
        let Some(count) = count else {
            return Err(self.unfit(format!("{name} has an unexpected size")));
        };
        self.numbers(from, count).map_err(|source| EmbedError::Read { path: self.path.clone(), source })
    }

    fn numbers(&mut self, from: u64, count: usize) -> std::io::Result<Vec<f32>> {
        self.file.seek(SeekFrom::Start(self.start.saturating_add(from)))?;
        let mut buffer = vec![0; 1 << 16];
        // The header may lie about a size that the file does not have: memory is taken as the numbers come.
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let bytes = &mut buffer[..(4 * (count - numbers.len())).min(1 << 16)];
            self.file.read_exact(bytes)?;
            numbers.extend(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        }
        numbers.shrink_to_fit();
        Ok(numbers)
    }

    fn unfit(&self, why: String) -> EmbedError {
        EmbedError::Unfit { path: self.path.clone(), why }
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
        assert_eq!(weights.words.len(), 20);
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
