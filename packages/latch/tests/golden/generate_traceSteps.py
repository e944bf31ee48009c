"""Writes traceSteps.json with PyTorch: `python3 packages/latch/tests/golden/generate_traceSteps.py`.

Made with PyTorch 2.13 on the CPU, in float64: the states of recurrent layers above a strided convolution and a pooling,
their gradients, and the outputs of the prefixes that end with each step of the top layer.
"""
import json
import os

import torch

torch.manual_seed(8)
torch.set_default_dtype(torch.float64)
conv = torch.nn.Conv1d(2, 3, 3, stride=2, padding=1)
lstm = torch.nn.LSTM(3, 4, batch_first=True)
pool = torch.nn.MaxPool1d(2)
gru = torch.nn.GRU(4, 3, batch_first=True)
head = torch.nn.Linear(3, 2)
NAMES = {"conv1d.0": conv, "recurrent.0": lstm, "recurrent.1": gru, "dense.0": head}


def states(cell, module, xs):
    """Every h step by step, so that ∂L/∂h has what comes back from later steps."""
    weights = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0]
    h = c = torch.zeros(1, module.hidden_size)
    hs = []
    for x in xs:
        if cell == "lstm":
            h, c = torch.lstm_cell(x[None], (h, c), *weights)
        else:
            h = torch.gru_cell(x[None], h, *weights)
        if h.requires_grad:
            h.retain_grad()
        hs.append(h)
    return hs


def run(x):
    wide = conv(x.T[None])[0].T
    low = states("lstm", lstm, wide)
    short = pool(torch.cat(low).T[None])[0].T
    high = states("gru", gru, short)
    return wide, low, short, high, head(high[-1][0])


def layer(inputs, hs):
    hidden, gradient = torch.cat(hs), torch.cat([h.grad for h in hs])
    return {"input": inputs.tolist(), "hidden": hidden.tolist(), "gradient": gradient.tolist()}


found = []
for length, target in ((11, 1), (8, 0)):
    x = torch.randn(length, 2)
    wide, low, short, high, logits = run(x)
    loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([target]))
    loss.backward()
    # Windows of the pooling end with step 4, 8, …, and the convolution pads one step on both sides.
    ends = [min(length, 4 * t + 4) for t in range(len(high))]
    with torch.no_grad():
        prefixes = [run(x[:end])[-1].tolist() for end in ends]
    found.append(
        {
            "x": x.tolist(),
            "target": target,
            "loss": loss.item(),
            "logits": logits.tolist(),
            "low": layer(wide, low),
            "high": layer(short, high),
            "ends": ends,
            "prefixes": prefixes,
        }
    )

weights = {f"{name}.{k}": v.flatten().tolist() for name, m in NAMES.items() for k, v in m.named_parameters()}
path = os.path.join(os.path.dirname(__file__), "traceSteps.json")
with open(path, "w") as file:
    json.dump({"weights": weights, "sequences": found}, file)
    file.write("\n")
