"""Writes encoderDecoder.json with PyTorch: `python3 packages/latch/tests/golden/generate_encoderDecoder.py`.

An encoder and a decoder with attention (Luong et al. 2015; additive scores: Bahdanau et al. 2015) made of PyTorch's own
Embedding, LSTM and GRU, and of plain products: losses, logits, attention and gradients in float64, from PyTorch 2.13. Each
pair is computed by itself, so that no padding has a part.
"""
import sys

sys.dont_write_bytecode = True

import torch
from torch import nn

from drawn import Draw
from generate import write

SOURCE, TARGET, SIZE, UNITS = 5, 4, 3, 4
END = 2
PAIRS = [([1, 2, 3], [0, 1]), ([4, 0], [0, 2, 3, 1]), ([2, 2, 1, 3, 0], [0]), ([3], [0, 3, 3])]


class Model(nn.Module):
    def __init__(self, cell, attention, layers, both):
        super().__init__()
        self.attention, self.cell, self.both = attention, cell, both
        make = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.source, self.target = nn.Embedding(SOURCE, SIZE), nn.Embedding(TARGET, SIZE)
        self.encoder = make(SIZE, UNITS // 2 if both else UNITS, layers, bidirectional=both)
        self.decoder = make(SIZE, UNITS, layers)
        linear = lambda n, k: nn.Linear(k, n, bias=False)
        self.keys = linear(UNITS, UNITS) if attention in ("general", "additive") else None
        self.queries = linear(UNITS, UNITS) if attention == "additive" else None
        self.score = linear(1, UNITS) if attention == "additive" else None
        self.combine = linear(UNITS, 2 * UNITS) if attention != "none" else None
        self.dense = nn.Linear(UNITS, TARGET)

    def start(self, final):
        """The encoder's last states as the decoder's first ones: both directions side by side."""
        if not self.both:
            return final
        layers = final.shape[0] // 2
        return torch.stack([torch.cat([final[2 * l], final[2 * l + 1]], -1) for l in range(layers)])

    def forward(self, source, target):
        values, last = self.encoder(self.source(torch.tensor(source)))
        begin = tuple(map(self.start, last)) if self.cell == "lstm" else self.start(last)
        h, _ = self.decoder(self.target(torch.tensor(target)), begin)
        if self.attention == "none":
            return self.dense(h), None
        keys = self.keys(values) if self.keys else values
        if self.attention == "additive":
            scores = self.score(torch.tanh(self.queries(h)[:, None] + keys[None]))[..., 0]
        else:
            scores = h @ keys.T
        weights = scores.softmax(-1)
        joined = torch.cat([weights @ values, h], -1)
        return self.dense(torch.tanh(self.combine(joined))), weights


def names(model, cell, layers, both):
    """PyTorch's parameters by Latch's names."""
    base = "encoderDecoder.0"
    found = {}
    for side, embedding, module in (("encoder", model.source, model.encoder), ("decoder", model.target, model.decoder)):
        found[f"{base}.{side}.embedding.weight"] = embedding.weight
        for name, value in module.named_parameters():
            kind, _, rest = name.rpartition("_l")
            number = rest.split("_")[0]
            end = "_reverse" if rest.endswith("_reverse") else ""
            found[f"{base}.{side}.recurrent.{number}.{kind}_l0{end}"] = value
    for part in ("keys", "queries", "score", "combine"):
        if getattr(model, part) is not None:
            found[f"{base}.attention.{part}.weight"] = getattr(model, part).weight
    return {**found, "dense.0.weight": model.dense.weight, "dense.0.bias": model.dense.bias}


def case(draw, cell, attention, layers, both):
    model = Model(cell, attention, layers, both)
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(draw.tensor(*value.shape))
    logits, weights = zip(*(model(source, target) for source, target in PAIRS))
    classes = torch.tensor([c for _, target in PAIRS for c in [*target[1:], END]])
    loss = nn.functional.cross_entropy(torch.cat(logits), classes)
    loss.backward()
    own = names(model, cell, layers, both)
    assert len(own) == len(list(model.parameters()))
    return {
        "options": {"cell": cell, "attention": attention, "layers": layers, "bidirectional": both},
        "weights": {name: value.detach() for name, value in own.items()},
        "loss": round(loss.item(), 11),
        "logits": [value.detach() for value in logits],
        "attention": None if attention == "none" else [value.detach() for value in weights],
        "gradients": {name: value.grad for name, value in own.items()},
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(90)
    shapes = [("gru", "general", 1, True), ("lstm", "dot", 1, False), ("lstm", "additive", 2, True), ("gru", "none", 1, False)]
    write("encoderDecoder.json", {"pairs": PAIRS, "end": END, "cases": [case(draw, *shape) for shape in shapes]})
