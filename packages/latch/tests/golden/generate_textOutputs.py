"""Writes textOutputs.json with PyTorch: `python3 packages/latch/tests/golden/generate_textOutputs.py`.

Networks of texts with several labels (a sigmoid each, BCEWithLogitsLoss) and with one number (MSELoss, HuberLoss): losses,
outputs and gradients in float64, from PyTorch 2.13. `scores` are micro and macro F1 by counting pairs one by one; `ridge`
solves (X'X + I) w = X'y densely.
"""
import sys
from math import log

sys.dont_write_bytecode = True

import torch
from torch import nn

from drawn import Draw
from generate import write

VOCABULARY, SIZE, UNITS = 6, 3, 4
TEXTS = [[1, 2, 3], [4, 0], [2, 5, 1, 3, 0], [3]]
LOSSES = {"binaryCrossEntropy": nn.BCEWithLogitsLoss, "meanSquaredError": nn.MSELoss, "huber": nn.HuberLoss}


def case(draw, loss, values):
    values = torch.tensor(values, dtype=torch.float64)
    embedding, lstm = nn.Embedding(VOCABULARY, SIZE), nn.LSTM(SIZE, UNITS)
    dense = nn.Linear(UNITS, values.shape[1])
    named = {
        "embedding.0.weight": embedding.weight,
        **{f"recurrent.0.{name}": p for name, p in lstm.named_parameters()},
        "dense.0.weight": dense.weight, "dense.0.bias": dense.bias,
    }
    with torch.no_grad():
        for p in named.values():
            p.copy_(draw.tensor(*p.shape))
    outputs = torch.stack([dense(lstm(embedding(torch.tensor(ids)))[0][-1]) for ids in TEXTS])
    value = LOSSES[loss]()(outputs, values)
    value.backward()
    return {
        "loss": loss, "values": values, "weights": {n: p.detach() for n, p in named.items()},
        "value": round(value.item(), 12), "outputs": outputs.detach(),
        "gradients": {n: p.grad for n, p in named.items()},
    }


def f1(right, predicted, support):
    return 2 * right / (predicted + support) if predicted + support else 0.0


def scores(draw, texts=12, labels=4):
    """The last label neither occurs nor is predicted."""
    actual = [[c for c in range(labels - 1) if draw.random() < 0.4] for _ in range(texts)]
    predicted = [[c for c in range(labels - 1) if draw.random() < 0.5] for _ in range(texts)]
    of = [[
        sum(1 for a, p in zip(actual, predicted) if c in a and c in p),
        sum(1 for p in predicted if c in p), sum(1 for a in actual if c in a),
    ] for c in range(labels)]
    occurring = [each for each in of if each[1] + each[2]]
    return {
        "actual": actual, "predicted": predicted, "labels": labels,
        "microF1": f1(*map(sum, zip(*of))), "macroF1": sum(f1(*each) for each in occurring) / len(occurring),
        "exactMatch": sum(a == p for a, p in zip(actual, predicted)) / texts,
        "hammingLoss": sum(len(set(a) ^ set(p)) for a, p in zip(actual, predicted)) / (texts * labels),
    }


def terms(text):
    words = text.split()
    return words + [f"{a} {b}" for a, b in zip(words, words[1:])]


def ridge():
    texts = ["good food", "good good wine", "bad food", "awful wine and bad food", "fine"]
    values = torch.tensor([4.0, 5.0, 2.0, 1.0, 3.5])
    others = ["good wine", "awful food", "something else", "fine good food"]
    known = sorted({t for text in texts for t in terms(text)})
    idf = [1 + log((1 + len(texts)) / (1 + sum(t in terms(text) for text in texts))) for t in known]

    def row(text):
        x = torch.tensor([weight if t in terms(text) else 0.0 for t, weight in zip(known, idf)])
        return x / max(x.norm().item(), 1e-300)

    X = torch.stack([row(text) for text in texts])
    w = torch.linalg.solve(X.T @ X + torch.eye(len(known)), X.T @ (values - values.mean()))
    predictions = [round((values.mean() + row(text) @ w).item(), 9) for text in others]
    return {"texts": texts, "values": values, "others": others, "predictions": predictions}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(1400)
    labels = [[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]]
    numbers = [[0.5], [-1.0], [2.25], [-0.125]]
    cases = [
        case(draw, "binaryCrossEntropy", labels), case(draw, "meanSquaredError", numbers), case(draw, "huber", numbers),
    ]
    write("textOutputs.json", {"texts": TEXTS, "cases": cases, "scores": scores(draw), "ridge": ridge()})
