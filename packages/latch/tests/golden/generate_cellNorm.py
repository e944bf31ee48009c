"""Writes cellNorm.json with PyTorch's autograd: `python3 packages/latch/tests/golden/generate_cellNorm.py`.

Made with PyTorch 2.13 on the CPU, in float64: layer normalisation inside cells, gate by gate, as its equations say.
"""
import json
import os

import torch

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
F, H, LENGTHS = 3, 4, [4, 2]


def norm(x):
    return torch.nn.functional.layer_norm(x, (x.shape[-1],), eps=1e-5)


def gate(x, h, wx, wh, extra, g, count):
    """gain_x * n(Wx x) + gain_h * n(Wh h) + b, of gate g."""
    rows = slice(g * H, (g + 1) * H)
    return extra[g] * norm(wx[rows] @ x) + extra[count + g] * norm(wh[rows] @ h) + extra[2 * count + g]


def lstm(x, h, c, wx, wh, extra):
    i, f, n, o = (gate(x, h, wx, wh, extra, g, 4) for g in range(4))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(n)
    return torch.sigmoid(o) * torch.tanh(extra[12] * norm(c) + extra[13]), c


def rnn(x, h, c, wx, wh, extra):
    return torch.tanh(gate(x, h, wx, wh, extra, 0, 1)), c


def gru_after(x, h, c, wx, wh, extra):
    r, z = (torch.sigmoid(gate(x, h, wx, wh, extra, g, 3)) for g in range(2))
    inner = extra[5] * norm(wh[2 * H :] @ h) + extra[9]
    n = torch.tanh(extra[2] * norm(wx[2 * H :] @ x) + extra[8] + r * inner)
    return z * h + (1 - z) * n, c


def gru_before(x, h, c, wx, wh, extra):
    r, z = (torch.sigmoid(gate(x, h, wx, wh, extra, g, 3)) for g in range(2))
    n = torch.tanh(gate(x, r * h, wx, wh, extra, 2, 3))
    return z * h + (1 - z) * n, c


CASES = {
    "lstm": ({"cell": "lstm"}, lstm, 4, 14),
    "rnn": ({"cell": "rnn"}, rnn, 1, 3),
    "gru, reset after": ({"cell": "gru"}, gru_after, 3, 10),
    "gru, reset before": ({"cell": "gru", "reset": "before"}, gru_before, 3, 9),
}

found = []
for name, (options, cell, gates, rows) in CASES.items():
    wx = torch.randn(gates * H, F).requires_grad_()
    wh = torch.randn(gates * H, H).requires_grad_()
    extra = (0.5 * torch.randn(rows, H) + 0.7).requires_grad_()
    xs = [torch.randn(length, F).requires_grad_() for length in LENGTHS]
    weights = [torch.randn(length, H) for length in LENGTHS]
    loss = 0
    outputs = []
    for x, weight in zip(xs, weights):
        h, c = torch.zeros(H), torch.zeros(H)
        own = []
        for t in range(len(x)):
            h, c = cell(x[t], h, c, wx, wh, extra)
            own.append(h)
        outputs.append(torch.stack(own))
        loss = loss + (outputs[-1] * weight).sum()
    loss.backward()
    flat = lambda tensor: [round(v, 15) for v in tensor.flatten().tolist()]
    found.append(
        {
            "name": name,
            "options": options,
            "weight_ih": flat(wx),
            "weight_hh": flat(wh),
            "layer_norm": flat(extra),
            "x": [flat(x) for x in xs],
            "slopes": [flat(weight) for weight in weights],
            "outputs": [flat(output) for output in outputs],
            "gradients": {
                "weight_ih": flat(wx.grad),
                "weight_hh": flat(wh.grad),
                "layer_norm": flat(extra.grad),
                "x": [flat(x.grad) for x in xs],
            },
        }
    )

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cellNorm.json")
with open(path, "w") as file:
    json.dump({"features": F, "units": H, "lengths": LENGTHS, "cases": found}, file)
    file.write("\n")
