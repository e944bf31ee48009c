"""Writes projection.json with PyTorch's LSTM(proj_size): `python3 packages/latch/tests/golden/generate_projection.py`.

Made with PyTorch 2.13 on the CPU, in float64, for sequences of three lengths. The scalar that is differentiated
is the sum of the outputs times `coefficients`; `x` is (B, T, F) with zeros beyond each length.
"""
import sys

sys.dont_write_bytecode = True

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from drawn import Draw
from generate import write

LENGTHS = [3, 5, 2]
FEATURES, UNITS, SIZE = 4, 5, 3


def case(draw, name, every, bidirectional=False, bias=True):
    lstm = nn.LSTM(FEATURES, UNITS, proj_size=SIZE, batch_first=True, bidirectional=bidirectional, bias=bias)
    with torch.no_grad():
        for weight in lstm.parameters():
            weight.copy_(draw.tensor(*weight.shape))
    x = draw.tensor(len(LENGTHS), max(LENGTHS), FEATURES, size=1)
    for b, n in enumerate(LENGTHS):
        x[b, n:] = 0
    x.requires_grad_()
    y, (h, _) = lstm(pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False))
    y, _ = pad_packed_sequence(y, batch_first=True)
    output = y if every else torch.cat(tuple(h), 1)
    coefficients = draw.tensor(*output.shape, size=1)
    if every:
        for b, n in enumerate(LENGTHS):
            coefficients[b, n:] = 0
    (output * coefficients).sum().backward()
    return {
        "name": name,
        "options": {
            "units": UNITS, "projectionSize": SIZE, "returnSequences": every, "bias": bias,
            "direction": "bidirectional" if bidirectional else "forward",
        },
        "lengths": LENGTHS, "x": x.detach(), "coefficients": coefficients, "output": output.detach(), "dx": x.grad,
        "weights": {key: weight.detach() for key, weight in lstm.named_parameters()},
        "gradients": {key: weight.grad for key, weight in lstm.named_parameters()},
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(900)
    write("projection.json", {"cases": [
        case(draw, "every step", True),
        case(draw, "last step", False),
        case(draw, "both ways, every step", True, bidirectional=True),
        case(draw, "both ways, last steps", False, bidirectional=True),
        case(draw, "without biases", True, bias=False),
    ]})
