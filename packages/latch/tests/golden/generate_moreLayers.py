"""Writes moreLayers.json with PyTorch: `/usr/bin/python3 packages/latch/tests/golden/generate_moreLayers.py`.

One network of layers beyond the core, in float64, for sequences of three lengths: LSTM, LayerNorm, GELU, skip
connections, GRU, attention with one learned column, SiLU, log-softmax. The scalar that is differentiated is
the sum of outputs times `coefficients`. Made as generate.py says.
"""
import sys

sys.dont_write_bytecode = True

import torch
from torch import nn
from torch.nn.functional import gelu, log_softmax, silu

from drawn import Draw
from generate import write

LENGTHS = [3, 5, 2]
FEATURES, UNITS = 4, 5


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, UNITS)
        self.norm = nn.LayerNorm(UNITS, eps=1e-3)
        self.gru = nn.GRU(FEATURES + UNITS, 3)
        self.column = nn.Linear(3 + UNITS, 1, bias=False)
        self.hidden = nn.Linear(3 + UNITS, 4)
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        normal = self.norm(self.lstm(x)[0])
        rows = torch.cat([self.gru(torch.cat([x, gelu(normal)], 1))[0], normal], 1)
        pooled = (self.column(rows).softmax(0) * rows).sum(0)
        return log_softmax(self.out(silu(self.hidden(pooled))), -1)


NAMES = {
    "lstm.": "recurrent.0.",
    "norm.": "layerNorm.0.",
    "gru.": "recurrent.1.",
    "column.": "pool.0.",
    "hidden.": "dense.0.",
    "out.": "dense.1.",
}


def latch(name):
    start = name[: name.index(".") + 1]
    return NAMES[start] + name[len(start) :]


if __name__ == "__main__":
    torch.set_num_threads(1)
    draw = Draw(20)
    net = Net().double()
    for parameter in net.parameters():
        parameter.data = draw.tensor(*parameter.shape)
    x = draw.tensor(len(LENGTHS), max(LENGTHS), FEATURES, size=1.5).requires_grad_()
    outputs = torch.stack([net(x[b, :length]) for b, length in enumerate(LENGTHS)])
    coefficients = draw.tensor(*outputs.shape)
    (outputs * coefficients).sum().backward()
    write(
        "moreLayers.json",
        {
            "lengths": LENGTHS,
            "x": x,
            "coefficients": coefficients,
            "weights": {latch(name): p for name, p in net.named_parameters()},
            "output": outputs,
            "dx": x.grad,
            "gradients": {latch(name): p.grad for name, p in net.named_parameters()},
        },
    )
