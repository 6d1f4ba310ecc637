//! Sentence encoders in the layouts that multilingual ones come in, with tiny random weights, against a plain float64 computation.

use std::{collections::BTreeMap, fs, path::Path};

use evenkeel::embedding::Embedder;
use serde_json::{Value, json};

const WIDTH: usize = 8;
const INNER: usize = 12;
const HEADS: usize = 2;
const LAYERS: usize = 2;
const POSITIONS: usize = 20;
const EPSILON: f64 = 1e-5;
/// The pieces of the tokenizer: marks first, as in XLM-R. `▁` begins a word.
const PIECES: [&str; 12] =
    ["<s>", "<pad>", "</s>", "<unk>", "▁power", "▁out", "▁luz", "▁sin", "▁query", ":", "▁电", "s"];

/// How a model is laid out.
struct Layout {
    model_type: &'static str,
    activation: &'static str,
    prefix: &'static str,
    dtype: &'static str,
    /// The first position of a text.
    first: usize,
    cls: bool,
    prompt: &'static str,
}

/// Tensors by name: their sides and numbers, as stored.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

fn tensors() -> Tensors {
    let mut state = 7_u64;
    let mut tensors = Tensors::new();
    let mut add = |name: String, sides: &[usize], around: f64| {
        let numbers = (0..sides.iter().product::<usize>()).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            around + ((state >> 40) as f64 / 16_777_216.0 - 0.5)
        });
        let numbers = numbers.collect();
        tensors.insert(name, (sides.to_vec(), numbers));
    };
    add("embeddings.word_embeddings.weight".into(), &[PIECES.len(), WIDTH], 0.0);
    add("embeddings.position_embeddings.weight".into(), &[POSITIONS, WIDTH], 0.0);
    add("embeddings.token_type_embeddings.weight".into(), &[1, WIDTH], 0.0);
    add("embeddings.LayerNorm.weight".into(), &[WIDTH], 1.0);
    add("embeddings.LayerNorm.bias".into(), &[WIDTH], 0.0);
    for n in 0..LAYERS {
        let at = format!("encoder.layer.{n}");
        for (name, to, from) in [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ] {
            add(format!("{at}.{name}.weight"), &[to, from], 0.0);
            add(format!("{at}.{name}.bias"), &[to], 0.0);
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            add(format!("{at}.{name}.weight"), &[WIDTH], 1.0);
            add(format!("{at}.{name}.bias"), &[WIDTH], 0.0);
        }
    }
    tensors
}

/// The number that is stored for one, and its bytes.
fn stored(dtype: &str, number: f64) -> (f64, Vec<u8>) {
    match dtype {
        "F32" => (f64::from(number as f32), (number as f32).to_le_bytes().to_vec()),
        "BF16" => {
            let bits = ((number as f32).to_bits() >> 16) as u16;
            (f64::from(f32::from_bits(u32::from(bits) << 16)), bits.to_le_bytes().to_vec())
        }
        // Numbers between 2^-14 and 2: the exponent is rewritten, the fraction cut. What is smaller is nothing.
        _ if number.abs() < 6.2e-5 => (0.0, vec![0, 0]),
        _ => {
            let bits = (number as f32).to_bits();
            let exponent = (bits >> 23 & 0xff) - 112;
            let half = (bits >> 16 & 0x8000 | exponent << 10 | bits >> 13 & 0x3ff) as u16;
            (f64::from(f32::from_bits(bits & !0x1fff)), half.to_le_bytes().to_vec())
        }
    }
}

/// Writes the model and tells the numbers that it has.
fn write(dir: &Path, layout: &Layout) -> Tensors {
    let mut tensors = tensors();
    let (mut header, mut bytes) = (serde_json::Map::new(), Vec::new());
    for (name, (sides, numbers)) in &mut tensors {
        let from = bytes.len();
        for number in numbers.iter_mut() {
            let (kept, written) = stored(layout.dtype, *number);
            *number = kept;
            bytes.extend(written);
        }
        let entry = json!({"dtype": layout.dtype, "shape": sides, "data_offsets": [from, bytes.len()]});
        header.insert(format!("{}{name}", layout.prefix), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let file = [(header.len() as u64).to_le_bytes().to_vec(), header, bytes].concat();
    fs::write(dir.join("model.safetensors"), file).unwrap();
    json_file(
        dir,
        "config.json",
        &json!({
            "model_type": layout.model_type, "hidden_act": layout.activation, "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS, "intermediate_size": INNER, "max_position_embeddings": POSITIONS, "vocab_size": PIECES.len(),
            "layer_norm_eps": EPSILON, "pad_token_id": 1, "type_vocab_size": 1, "position_embedding_type": "absolute"
        }),
    );
    json_file(dir, "tokenizer.json", &tokenizer());
    json_file(
        dir,
        "modules.json",
        &json!([
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ]),
    );
    fs::create_dir(dir.join("1_Pooling")).unwrap();
    let pooling = json!({"pooling_mode_cls_token": layout.cls, "pooling_mode_mean_tokens": !layout.cls});
    json_file(dir, "1_Pooling/config.json", &pooling);
    if !layout.prompt.is_empty() {
        let prompts = json!({"prompts": {"query": layout.prompt}, "default_prompt_name": null});
        json_file(dir, "config_sentence_transformers.json", &prompts);
    }
    tensors
}

fn json_file(dir: &Path, name: &str, value: &Value) {
    fs::write(dir.join(name), value.to_string()).unwrap();
}

/// A `SentencePiece` tokenizer as XLM-R has it, with a handful of pieces.
fn tokenizer() -> Value {
    let mark = |id: usize| json!({"id": id, "content": PIECES[id], "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
    let vocabulary: Vec<Value> = PIECES.iter().enumerate().map(|(n, piece)| json!([piece, -(n as f64)])).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [mark(0), mark(1), mark(2), mark(3)],
        "normalizer": {"type": "NFKC"},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}
        },
        "decoder": null,
        "model": {"type": "Unigram", "unk_id": 3, "byte_fallback": false, "vocab": vocabulary}
    })
}

/// The model by its definition, token by token and number by number.
struct Reference<'a> {
    layout: &'a Layout,
    tensors: &'a Tensors,
}

impl Reference<'_> {
    fn numbers(&self, name: &str) -> &[f64] {
        &self.tensors[name].1
    }

    fn linear(&self, name: &str, row: &[f64]) -> Vec<f64> {
        let weights = self.numbers(&format!("{name}.weight"));
        let bias = self.numbers(&format!("{name}.bias"));
        let dot = |weights: &[f64]| weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>();
        weights.chunks(row.len()).zip(bias).map(|(weights, bias)| dot(weights) + bias).collect()
    }

    fn norm(&self, name: &str, row: &[f64]) -> Vec<f64> {
        let mean = row.iter().sum::<f64>() / row.len() as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
        let (scale, shift) = (self.numbers(&format!("{name}.weight")), self.numbers(&format!("{name}.bias")));
        let normal = row.iter().map(|x| (x - mean) / (variance + EPSILON).sqrt());
        normal.zip(scale).zip(shift).map(|((x, scale), shift)| x * scale + shift).collect()
    }

    fn activate(&self, x: f64) -> f64 {
        match self.layout.activation {
            "gelu" => 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)),
            "relu" => x.max(0.0),
            _ => 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh()),
        }
    }

    /// The embedding, and the view from halfway.
    fn views(&self, pieces: &[usize]) -> [Vec<f64>; 2] {
        let row = |name: &str, n: usize| &self.numbers(name)[n * WIDTH..][..WIDTH];
        let kind = row("embeddings.token_type_embeddings.weight", 0);
        let mut states: Vec<Vec<f64>> = pieces
            .iter()
            .enumerate()
            .map(|(n, piece)| {
                let word = row("embeddings.word_embeddings.weight", *piece);
                let position = row("embeddings.position_embeddings.weight", self.layout.first + n);
                let sum: Vec<f64> = (0..WIDTH).map(|i| word[i] + position[i] + kind[i]).collect();
                self.norm("embeddings.LayerNorm", &sum)
            })
            .collect();
        let mut halfway = Vec::new();
        for n in 0..LAYERS {
            let at = format!("encoder.layer.{n}");
            let part = |part: &str| -> Vec<Vec<f64>> {
                states.iter().map(|row| self.linear(&format!("{at}.attention.self.{part}"), row)).collect()
            };
            let (queries, keys, values) = (part("query"), part("key"), part("value"));
            let each = WIDTH / HEADS;
            let seen = queries.iter().map(|query| {
                let mut seen = vec![0.0; WIDTH];
                for head in 0..HEADS {
                    let span = head * each..(head + 1) * each;
                    let score = |key: &Vec<f64>| -> f64 {
                        let dot: f64 = span.clone().map(|i| query[i] * key[i]).sum();
                        (dot / (each as f64).sqrt()).exp()
                    };
                    let whole: f64 = keys.iter().map(score).sum();
                    for (key, value) in keys.iter().zip(&values) {
                        for i in span.clone() {
                            seen[i] += score(key) / whole * value[i];
                        }
                    }
                }
                seen
            });
            states = seen
                .zip(&states)
                .map(|(seen, state)| {
                    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
                    let change = self.linear(&format!("{at}.attention.output.dense"), &seen);
                    let state = self.norm(&format!("{at}.attention.output.LayerNorm"), &add(state, &change));
                    let wide = self.linear(&format!("{at}.intermediate.dense"), &state);
                    let wide: Vec<f64> = wide.into_iter().map(|x| self.activate(x)).collect();
                    let change = self.linear(&format!("{at}.output.dense"), &wide);
                    self.norm(&format!("{at}.output.LayerNorm"), &add(&state, &change))
                })
                .collect();
            if n + 1 == LAYERS / 2 {
                halfway = sum(&states);
            }
        }
        let pooled = if self.layout.cls { states[0].clone() } else { sum(&states) };
        [pooled, halfway].map(|view| {
            let length = view.iter().map(|x| x * x).sum::<f64>().sqrt();
            view.into_iter().map(|x| x / length).collect()
        })
    }
}

fn sum(rows: &[Vec<f64>]) -> Vec<f64> {
    (0..WIDTH).map(|i| rows.iter().map(|row| row[i]).sum()).collect()
}

/// The error function by its series.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..200 {
        let n = f64::from(n);
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}

const LAYOUTS: [Layout; 4] = [
    // As paraphrase-multilingual-MiniLM-L12-v2: BERT inside, the tokenizer of XLM-R.
    Layout { model_type: "bert", activation: "gelu", prefix: "", dtype: "F32", first: 0, cls: false, prompt: "" },
    // As multilingual-e5-small, stored in half precision, with its prompt.
    Layout {
        model_type: "bert",
        activation: "gelu",
        prefix: "bert.",
        dtype: "F16",
        first: 0,
        cls: false,
        prompt: "query: ",
    },
    // As bge-m3 and its like.
    Layout {
        model_type: "xlm-roberta",
        activation: "gelu",
        prefix: "roberta.",
        dtype: "BF16",
        first: 2,
        cls: true,
        prompt: "",
    },
    Layout {
        model_type: "roberta",
        activation: "gelu_new",
        prefix: "",
        dtype: "F16",
        first: 2,
        cls: false,
        prompt: "",
    },
];

#[test]
fn every_layout_gives_the_views_of_its_definition() {
    for layout in &LAYOUTS {
        let dir = tempfile::tempdir().unwrap();
        let tensors = write(dir.path(), layout);
        let embedder = Embedder::open(dir.path()).unwrap_or_else(|error| panic!("{}: {error}", layout.model_type));
        let reference = Reference { layout, tensors: &tensors };
        let prompt: &[usize] = if layout.prompt.is_empty() { &[] } else { &[8, 9] };
        for (text, pieces) in [("power out", vec![4, 5]), ("sin luz", vec![7, 6]), ("电", vec![10]), ("", vec![])] {
            if text.is_empty() && !prompt.is_empty() {
                continue; // The space after the prompt is a piece then.
            }
            let pieces = [&[0], prompt, &pieces, &[2]].concat();
            let ours = embedder.views(text);
            for (ours, view) in [ours.meaning, ours.halfway].iter().zip(reference.views(&pieces)) {
                assert_eq!(ours.len(), view.len());
                for (a, b) in ours.iter().zip(view) {
                    assert!((f64::from(*a) - b).abs() < 1e-5, "{} {:?}: {a} {b}", layout.model_type, text);
                }
            }
        }
        // As many tokens as there are positions, and not one more.
        let long = embedder.embed(&"power ".repeat(100));
        assert!(long.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn what_is_not_understood_is_told_with_the_file_and_what_is() {
    let refused = |file: &str, key: &str, value: Value| {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &LAYOUTS[0]);
        let path = dir.path().join(file);
        let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        config[key] = value;
        fs::write(&path, config.to_string()).unwrap();
        Embedder::open(dir.path()).unwrap_err().to_string()
    };
    let error = refused("config.json", "model_type", "mpnet".into());
    assert!(error.contains("config.json") && error.contains("mpnet") && error.contains("xlm-roberta"), "{error}");
    let error = refused("config.json", "hidden_act", "swish".into());
    assert!(error.contains("swish") && error.contains("gelu_new"), "{error}");
    let error = refused("config.json", "position_embedding_type", "relative_key".into());
    assert!(error.contains("relative_key") && error.contains("absolute"), "{error}");
    let error = refused("config.json", "max_position_embeddings", 4.into());
    assert!(error.contains("tokenizer.json"), "{error}");
    let error = refused("1_Pooling/config.json", "pooling_mode_max_tokens", true.into());
    assert!(error.contains("1_Pooling/config.json") && error.contains("max_tokens"), "{error}");

    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &Layout { dtype: "F64", ..LAYOUTS[0] });
    let error = Embedder::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("F64") && error.contains("BF16"), "{error}");
}
