"""Tiny sentence encoders with random weights, and their embeddings in float64: the model types that only rust-bert knows (tests/rust_bert.rs).

    pip install numpy safetensors tokenizers
    python tiny.py          # writes the folders beside this file

`tiny-distilbert` takes the mean and a dense layer after it, `tiny-roberta` the first token; both name them in `modules.json`.
"""

import json
import math
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

HERE = Path(__file__).parent
WIDTH, HEADS, INNER, POSITIONS, OUT = 8, 2, 16, 20, 6
WORDS = "power back when water safe is the my bill now".split()
TEXTS = ["", "power", "when is the power back", "nobody knows this", "is the water safe now when is my power back the bill is now my bill"]
erf = np.vectorize(math.erf)


def tokenizer(marks):
    vocabulary = {word: n for n, word in enumerate(marks + WORDS)}
    built = Tokenizer(models.WordLevel(vocabulary, unk_token=marks[3]))
    built.pre_tokenizer = pre_tokenizers.Whitespace()
    first, last = marks[0] if marks[0] == "<s>" else marks[1], marks[2]
    built.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])]
    )
    return built, len(vocabulary)


def norm(x, w, name):
    variance = x.var(-1, keepdims=True)
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(variance + 1e-12) * w[name + ".weight"] + w[name + ".bias"]


def linear(x, w, name):
    return x @ w[name + ".weight"].T + w[name + ".bias"]


def attend(x, w, names):
    q, k, v = (linear(x, w, name).reshape(len(x), HEADS, -1).transpose(1, 0, 2) for name in names)
    scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1]))
    return (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(x.shape)


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


# The names of a layer's parts: queries, keys, values, after attention, its norm, widen, narrow, their norm.
BERT = [
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "attention.output.LayerNorm",
    "intermediate.dense", "output.dense", "output.LayerNorm",
]  # fmt: skip
DISTIL = [
    "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm",
]  # fmt: skip


def build(name, config, marks, layer, parts, first_position, pooling, dense):
    random = np.random.default_rng(7)
    built, vocabulary = tokenizer(marks)
    w = {}

    def matrix(name, rows, columns, bias=True):
        w[name + ".weight"] = random.normal(0, 0.5, (rows, columns)).astype(np.float32)
        if bias:
            w[name + ".bias"] = random.normal(0, 0.5, rows).astype(np.float32)

    def scale(name):
        w[name + ".weight"] = random.normal(1, 0.2, WIDTH).astype(np.float32)
        w[name + ".bias"] = random.normal(0, 0.2, WIDTH).astype(np.float32)

    matrix("embeddings.word_embeddings", vocabulary, WIDTH, bias=False)
    matrix("embeddings.position_embeddings", POSITIONS, WIDTH, bias=False)
    if parts is BERT:
        matrix("embeddings.token_type_embeddings", 1, WIDTH, bias=False)
    scale("embeddings.LayerNorm")
    for n in range(2):
        for part in parts[:4]:
            matrix(layer.format(n) + part, WIDTH, WIDTH)
        scale(layer.format(n) + parts[4])
        matrix(layer.format(n) + parts[5], INNER, WIDTH)
        matrix(layer.format(n) + parts[6], WIDTH, INNER)
        scale(layer.format(n) + parts[7])
    d = {}
    if dense:
        d["linear.weight"] = random.normal(0, 0.5, (OUT, WIDTH)).astype(np.float32)
        d["linear.bias"] = random.normal(0, 0.5, OUT).astype(np.float32)

    def one(pooled):
        return [round(float(v), 9) for v in pooled / np.linalg.norm(pooled)]

    def views(text):
        ids = built.encode(text).ids
        x = w["embeddings.word_embeddings.weight"][ids].astype(np.float64)
        x = x + w["embeddings.position_embeddings.weight"][first_position : first_position + len(ids)]
        if parts is BERT:
            x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = norm(x, w, "embeddings.LayerNorm")
        for n in range(2):
            q, k, v, after, after_norm, widen, narrow, last_norm = (layer.format(n) + part for part in parts)
            x = norm(x + linear(attend(x, w, (q, k, v)), w, after), w, after_norm)
            x = norm(x + linear(gelu(linear(x, w, widen)), w, narrow), w, last_norm)
            if n == 0:
                halfway = one(x.mean(0))
        pooled = x[0] if pooling == "cls_token" else x.mean(0)
        if dense:
            pooled = np.tanh(linear(pooled, d, "linear"))
        return {"embedding": one(pooled), "halfway": halfway}

    folder = HERE / name

    def write(path, value):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(value, indent=1) + "\n")

    modes = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens"]
    write("config.json", config | {"vocab_size": vocabulary, "max_position_embeddings": POSITIONS})
    write("1_Pooling/config.json", {"word_embedding_dimension": WIDTH} | {f"pooling_mode_{mode}": mode == pooling for mode in modes})
    modules = [{"path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
    if dense:
        modules.append({"path": "2_Dense", "type": "sentence_transformers.models.Dense"})
        activation = "torch.nn.modules.activation.Tanh"
        write("2_Dense/config.json", {"in_features": WIDTH, "out_features": OUT, "bias": True, "activation_function": activation})
        save_file(d, folder / "2_Dense/model.safetensors")
    write("modules.json", modules)
    write("embeddings.json", [{"text": text} | views(text) for text in TEXTS])
    built.save(str(folder / "tokenizer.json"))
    save_file(w, folder / "model.safetensors")


build(
    "tiny-distilbert",
    {
        "model_type": "distilbert", "activation": "gelu", "dim": WIDTH, "hidden_dim": INNER, "n_heads": HEADS, "n_layers": 2, "dropout": 0.1,
        "attention_dropout": 0.1, "qa_dropout": 0.1, "seq_classif_dropout": 0.2, "initializer_range": 0.02, "sinusoidal_pos_embds": False,
        "tie_weights_": True,
    },
    ["[PAD]", "[CLS]", "[SEP]", "[UNK]"], "transformer.layer.{}.", DISTIL, 0, "mean_tokens", dense=True,
)  # fmt: skip
build(
    "tiny-roberta",
    {
        "model_type": "xlm-roberta", "hidden_act": "gelu", "hidden_size": WIDTH, "intermediate_size": INNER, "num_attention_heads": HEADS,
        "num_hidden_layers": 2, "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02, "type_vocab_size": 1,
        "layer_norm_eps": 1e-12,
    },
    ["<s>", "<pad>", "</s>", "<unk>"], "encoder.layer.{}.", BERT, 2, "cls_token", dense=False,
)  # fmt: skip
