"""Writes pairs.json with PyTorch: `python3 packages/latch/tests/golden/generate_pairs.py`.

Classifiers of pairs of texts as InferSent has them (Conneau et al. 2017): one encoder of PyTorch's Embedding, LSTM or GRU
reads both texts, and a linear layer reads u, v, |u - v| and u * v, or the last two alone. Losses, logits and gradients in
float64, from PyTorch 2.13. Each text is read by itself, so that no padding has a part.
"""
import sys

sys.dont_write_bytecode = True

import torch
from torch import nn

from drawn import Draw
from generate import write

VOCABULARY, SIZE, UNITS, CLASSES = 6, 3, 5, 3
# The third pair has equal texts: there |u - v| has the slope 0.
PAIRS = [([1, 2, 3], [0, 1]), ([4, 0], [5, 2, 3, 1]), ([2, 5, 1], [2, 5, 1]), ([3], [0, 3, 4, 3, 2])]
LABELS = [2, 0, 1, 2]


class Model(nn.Module):
    def __init__(self, cell, both, pooling, combine):
        super().__init__()
        self.both, self.pooling, self.combine = both, pooling, combine
        self.embedding = nn.Embedding(VOCABULARY, SIZE)
        self.encoder = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](SIZE, UNITS, bidirectional=both)
        width = UNITS * (2 if both else 1)
        self.dense = nn.Linear((4 if combine == "concat" else 2) * width, CLASSES)

    def encode(self, ids):
        out, last = self.encoder(self.embedding(torch.tensor(ids)))
        if self.pooling == "last":
            h = last[0] if isinstance(last, tuple) else last
            return h.reshape(-1)
        return out.max(0).values if self.pooling == "max" else out.mean(0)

    def forward(self, first, second):
        u, v = self.encode(first), self.encode(second)
        joined = [(u - v).abs(), u * v]
        return self.dense(torch.cat(joined if self.combine == "symmetric" else [u, v, *joined]))


def case(draw, cell, both, pooling, combine):
    model = Model(cell, both, pooling, combine)
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(draw.tensor(*value.shape))
    logits = torch.stack([model(*pair) for pair in PAIRS])
    loss = nn.functional.cross_entropy(logits, torch.tensor(LABELS))
    loss.backward()
    own = {"pairEmbedding.0.weight": model.embedding.weight}
    own.update({f"recurrent.0.{name}": value for name, value in model.encoder.named_parameters()})
    own.update({f"dense.0.{name}": value for name, value in model.dense.named_parameters()})
    assert len(own) == len(list(model.parameters()))
    return {
        "options": {"cell": cell, "bidirectional": both, "pooling": pooling, "combine": combine},
        "weights": {name: value.detach() for name, value in own.items()},
        "loss": round(loss.item(), 11),
        "logits": logits.detach(),
        "gradients": {name: value.grad for name, value in own.items()},
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(41)
    shapes = [("gru", False, "last", "concat"), ("lstm", True, "max", "concat"), ("lstm", False, "mean", "symmetric")]
    write("pairs.json", {"pairs": PAIRS, "labels": LABELS, "cases": [case(draw, *shape) for shape in shapes]})
