"""Writes languageModel.json, what language models add to recurrent networks, as PyTorch computes it:
`python3 packages/latch/tests/golden/generate_languageModel.py`.

Made with PyTorch 2.13 on the CPU, in float64. `loss` is the mean cross-entropy of every step of sequences of three
lengths, with the penalties of a case added; `gradients` are those of `loss`. Zoneout (Krueger et al. 2017) is computed
as in inference, where each state is its expected value, in a loop over steps that autograd differentiates.
"""
import sys

sys.dont_write_bytecode = True

import torch
from torch import nn

from drawn import Draw
from generate import write

LENGTHS = [3, 5, 2]
VOCABULARY, SIZE = 7, 5


class Model(nn.Module):
    """Embedding, LSTM, projection if there is one, and a linear layer whose weight may be the embedding's."""

    def __init__(self, units, tied, projected):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, SIZE)
        self.lstm = nn.LSTM(SIZE, units, batch_first=True)
        self.projection = nn.Linear(units, SIZE) if projected else nn.Identity()
        self.output = nn.Linear(SIZE if projected else units, VOCABULARY)
        if tied:
            self.output.weight = self.embedding.weight

    def hidden(self, ids):
        return self.lstm(self.embedding(ids)[None])[0][0]

    def forward(self, ids):
        return self.output(self.projection(self.hidden(ids)))


NAMES = {
    "embedding.weight": "embedding.0.weight",
    "lstm.": "recurrent.0.",
    "projection.": "dense.0.",
}


def name_of(key, projected):
    for start, own in NAMES.items():
        if key.startswith(start):
            return own + key[len(start):]
    return key.replace("output.", "dense.1." if projected else "dense.0.")


def fill(module, draw):
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(draw.tensor(*weight.shape))


def sequences(draw):
    ids = [[draw.integer(VOCABULARY) for _ in range(n)] for n in LENGTHS]
    targets = [[draw.integer(VOCABULARY) for _ in range(n)] for n in LENGTHS]
    return ids, targets


def case(draw, name, units=SIZE, tied=False, projected=False, alpha=0.0, beta=0.0):
    model = Model(units, tied, projected)
    fill(model, draw)
    ids, targets = sequences(draw)
    hidden = [model.hidden(torch.tensor(each)) for each in ids]
    logits = torch.cat([model.output(model.projection(h)) for h in hidden])
    loss = nn.functional.cross_entropy(logits, torch.tensor(sum(targets, [])))
    if alpha or beta:
        # Merity et al. 2018: alpha * mean(h^2) + beta * mean((h_t - h_(t-1))^2).
        rows = torch.cat(hidden)
        steps = torch.cat([h[1:] - h[:-1] for h in hidden])
        loss = loss + alpha * rows.pow(2).mean() + beta * steps.pow(2).mean()
    loss.backward()
    named = list(model.named_parameters())
    return {
        "name": name, "units": units, "tied": tied, "projected": projected, "alpha": alpha, "beta": beta,
        "ids": ids, "targets": targets, "loss": loss.detach(), "logits": logits.detach(),
        "weights": {name_of(key, projected): weight.detach() for key, weight in named},
        "gradients": {name_of(key, projected): weight.grad for key, weight in named},
    }


def step_of(cell, x, h, c, w):
    if cell == "lstm":
        i, f, g, o = (w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"]).chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
    if cell == "gru":
        (xr, xz, xn), (hr, hz, hn) = ((w["weight_ih"] @ x + w["bias_ih"]).chunk(3), (w["weight_hh"] @ h + w["bias_hh"]).chunk(3))
        z = (xz + hz).sigmoid()
        return z * h + (1 - z) * (xn + (xr + hr).sigmoid() * hn).tanh(), c
    return (w["weight_ih"] @ x + w["bias_ih"] + w["weight_hh"] @ h + w["bias_hh"]).tanh(), c


def zoneout_case(draw, cell, hidden_rate, cell_rate):
    units, gates = 4, {"lstm": 4, "gru": 3, "rnn": 1}[cell]
    shapes = {"weight_ih": (gates * units, SIZE), "weight_hh": (gates * units, units), "bias_ih": (gates * units,), "bias_hh": (gates * units,)}
    own = {key: draw.tensor(*shape).requires_grad_() for key, shape in shapes.items()}
    table = draw.tensor(VOCABULARY, SIZE).requires_grad_()
    weight, bias = draw.tensor(VOCABULARY, units).requires_grad_(), draw.tensor(VOCABULARY).requires_grad_()
    ids, targets = sequences(draw)
    logits = []
    for sequence in ids:
        h, c = torch.zeros(units), torch.zeros(units)
        for token in sequence:
            new_h, new_c = step_of(cell, table[token], h, c, own)
            h, c = hidden_rate * h + (1 - hidden_rate) * new_h, cell_rate * c + (1 - cell_rate) * new_c
            logits.append(weight @ h + bias)
    logits = torch.stack(logits)
    loss = nn.functional.cross_entropy(logits, torch.tensor(sum(targets, [])))
    loss.backward()
    parameters = {"embedding.0.weight": table, **{f"recurrent.0.{key}_l0": value for key, value in own.items()}, "dense.0.weight": weight, "dense.0.bias": bias}
    return {
        "name": cell, "units": units, "zoneout": {"hidden": hidden_rate, **({"cell": cell_rate} if cell == "lstm" else {})},
        "ids": ids, "targets": targets, "loss": loss.detach(), "logits": logits.detach(),
        "weights": {key: value.detach() for key, value in parameters.items()},
        "gradients": {key: value.grad for key, value in parameters.items()},
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(1400)
    write("languageModel.json", {
        "cases": [
            case(draw, "tied", tied=True),
            case(draw, "tied above a projection", units=6, tied=True, projected=True),
            case(draw, "activation penalties", alpha=2.0, beta=1.0),
            case(draw, "tied, with penalties", tied=True, alpha=0.5, beta=3.0),
        ],
        "zoneout": [
            zoneout_case(draw, "lstm", 0.125, 0.5),
            zoneout_case(draw, "gru", 0.25, 0.0),
            zoneout_case(draw, "rnn", 0.25, 0.0),
        ],
    })
