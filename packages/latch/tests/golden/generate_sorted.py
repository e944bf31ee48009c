"""Writes packages/latch/tests/golden/sorted: exports that sort their batch by its lengths, and ones of opsets 7 and 8.

`/usr/bin/python3 packages/latch/tests/golden/generate_sorted.py`. Made with PyTorch 1.13.0.
"""
import json
import os
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

warnings.filterwarnings("ignore")
os.chdir(Path(__file__).parent / "sorted")
torch.manual_seed(1)


class Packed(nn.Module):
    def __init__(self, cell, both, final, embedded):
        super().__init__()
        self.rnn = getattr(nn, cell)(4, 5, batch_first=True, bidirectional=both)
        self.fc = nn.Linear(10 if both else 5, 2)
        self.emb = nn.Embedding(9, 4) if embedded else nn.Identity()
        self.both, self.final = both, final

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        out, state = self.rnn(packed)
        h = state[0] if isinstance(state, tuple) else state
        if self.final:
            return self.fc(torch.cat([h[-2], h[-1]], 1) if self.both else h[-1])
        return self.fc(pad_packed_sequence(out, batch_first=True)[0])


class Zeros(nn.Module):
    """An initial state of zeros: ConstantFill before opset 9."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 5, batch_first=True)
        self.fc = nn.Linear(5, 2)

    def forward(self, x):
        return self.fc(self.rnn(x, torch.zeros(1, x.size(0), 5))[0][:, -1])


cases = []


def export(name, net, x, lengths, opset):
    inputs = (x,) if lengths is None else (x, lengths)
    axes = {"x": {0: "batch", 1: "time"}, **({} if lengths is None else {"lengths": {0: "batch"}})}
    options = {"input_names": ["x", "lengths"][: len(inputs)], "dynamic_axes": axes, "opset_version": opset}
    torch.onnx.export(net.eval(), inputs, f"{name}.onnx", **options)
    case = {"name": name, "shape": [*x.shape], "input": x.flatten().tolist(), "final": lengths is None or net.final}
    case["lengths"] = None if lengths is None else lengths.tolist()
    cases.append({**case, "output": net(*inputs).flatten().tolist()})


lengths = torch.tensor([4, 6, 2])
for cell, both, final, embedded, opset in [
    ("LSTM", False, True, False, 11),
    ("LSTM", True, True, True, 15),
    ("GRU", True, False, True, 11),
    ("RNN", False, False, False, 15),
]:
    x = torch.randint(0, 9, (3, 6)) if embedded else torch.randn(3, 6, 4)
    name = f"{cell.lower()}{'Both' if both else ''}{'Final' if final else ''}{opset}"
    export(name, Packed(cell, both, final, embedded), x, lengths, opset)
for opset in (7, 8):
    export(f"zeros{opset}", Zeros(), torch.randn(3, 6, 4), None, opset)
Path("cases.json").write_text(json.dumps(cases) + "\n")
