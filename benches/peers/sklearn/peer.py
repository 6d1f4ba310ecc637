"""The textbook classifier, words and logistic regression by scikit-learn, on the files that `evenkeel eval` reads.

    pip install -r requirements.txt
    python peer.py TRAIN.jsonl TEST.jsonl

One message is {"text": …, "intent": …} a line; `oos` marks what no intent covers.
"""

import json
import resource
import sys
import time
from statistics import median

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline


def read(file):
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


train = [line for line in read(sys.argv[1]) if line["intent"] != "oos"]
test = read(sys.argv[2])
intents = {line["intent"] for line in train}

# Single words and pairs, and a weak penalty: usual where examples are few.
model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=30, max_iter=1000))
began = time.perf_counter()
model.fit([line["text"] for line in train], [line["intent"] for line in train])
trained = time.perf_counter() - began

times, scores, covered, right = [], [], [], 0
for line in test:
    began = time.perf_counter()
    probabilities = model.predict_proba([line["text"]])[0]
    times.append(time.perf_counter() - began)
    best = probabilities.argmax()
    scores.append(probabilities[best])
    covered.append(line["intent"] in intents)
    right += model.classes_[best] == line["intent"]

auroc = "–" if all(covered) else f"{100 * roc_auc_score(covered, scores):.1f}"
print(
    f"accuracy {100 * right / sum(covered):.1f} · AUROC {auroc} · training {trained:.1f} s · "
    f"a message {1000 * median(times):.2f} ms (median) · memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000} MB at most"
)
