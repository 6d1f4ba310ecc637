"""Both views of texts in float64, against which tests/model.rs compares ours: the embedding, and the mean of the states after half of the layers.

    pip install numpy safetensors tokenizers
    python embed.py FOLDER_OF_THE_MODEL > embeddings.json
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

TEXTS = [
    "",
    "power",
    "when will the power be back",
    "Is the tap water SAFE to drink???",
    "¿Cuándo vuelve la luz? Mañana tengo diálisis",
    "停电了，什么时候恢复？",
    "電気はいつ戻りますか",
    "🤷 no idea 🔥🔥 what now",
    "smel gaz in the kichen!! pls helppp",
    "see https://harborlight.example/outage?id=17 @harborlight #PowerOutage",
    "my account was charged twice and I would like to have the second payment returned, "
    "because the outage lasted for three days and nobody answered the phone",
    "we have had no power since the storm and the water is brown. " * 40,
]


def main(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    w = {k: v.astype(np.float64) for k, v in load_file(folder / "model.safetensors").items() if v.dtype == np.float32}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    heads, eps = config["num_attention_heads"], config["layer_norm_eps"]
    erf = np.vectorize(math.erf)

    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + eps) * w[name + ".weight"] + w[name + ".bias"]

    def split(x):
        return x.reshape(len(x), heads, -1).transpose(1, 0, 2)

    def one(pooled):
        return pooled / np.linalg.norm(pooled)

    def views(text):
        ids = tokenizer.encode(text).ids
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: len(ids)] + w["embeddings.token_type_embeddings.weight"][0]
        x = norm(x, "embeddings.LayerNorm")
        for n in range(config["num_hidden_layers"]):
            at = f"encoder.layer.{n}."
            q, k, v = (split(linear(x, f"{at}attention.self.{part}")) for part in ("query", "key", "value"))
            scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            shares /= shares.sum(-1, keepdims=True)
            seen = (shares @ v).transpose(1, 0, 2).reshape(x.shape)
            x = norm(x + linear(seen, at + "attention.output.dense"), at + "attention.output.LayerNorm")
            wide = linear(x, at + "intermediate.dense")
            wide = 0.5 * wide * (1 + erf(wide / math.sqrt(2)))
            x = norm(x + linear(wide, at + "output.dense"), at + "output.LayerNorm")
            if n + 1 == math.ceil(config["num_hidden_layers"] / 2):
                halfway = one(x.mean(0))
        return {"embedding": one(x.mean(0)), "halfway": halfway}

    # Nine decimals: a hundredth of a millionth is far below the 1e-5 that is compared.
    def rounded(view):
        return [round(float(v), 9) for v in view]

    rows = [{"text": text} | {name: rounded(view) for name, view in views(text).items()} for text in TEXTS]
    print("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]")


main(Path(sys.argv[1]))
