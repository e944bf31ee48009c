"""Writes packages/latch/tests/golden/onnx: small networks as PyTorch exports them, with inputs and PyTorch's outputs.

`/usr/bin/python3 packages/latch/tests/golden/onnxExports.py`. Made with Python 3.11 and PyTorch 1.13.0 (Debian 12's python3-torch).
Weights come from fixed seeds. NAME.onnx is the export, index.json holds input shapes, numbers and outputs.
"""
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FOLDER = Path(__file__).parent / "onnx"
V, E, H, C = 9, 4, 5, 3


class Net(nn.Module):
    """A network whose forward is the function given."""

    def __init__(self, run, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.run = run

    def forward(self, *inputs):
        return self.run(self, *inputs)


def lstm(**options):
    return nn.LSTM(E, H, **{"batch_first": True, **options})


def gru(**options):
    return nn.GRU(E, H, **{"batch_first": True, **options})


def packed(self, x, lengths):
    out, state = self.rnn(pack_padded_sequence(self.embed(x), lengths, batch_first=True))
    return self.head(state[0][-1])


def padded(self, x, lengths):
    out, _ = self.rnn(pack_padded_sequence(x, lengths, batch_first=True))
    return self.head(pad_packed_sequence(out, batch_first=True)[0])


def attended(self, x):
    out, _ = self.rnn(x)
    return self.head((torch.softmax(self.score(out), 1) * out).sum(1))


def both_ends(self, x):
    out, _ = self.rnn(x)
    return self.head(torch.cat([out[:, -1, :H], out[:, 0, H:]], 1))


def zero_state(self, x):
    zeros = torch.zeros(1, x.size(0), H)
    return self.head(self.rnn(x, (zeros, zeros))[0][:, -1])


def two_states(self, x):
    _, h = self.rnn(x)
    return self.head(torch.cat([h[-2], h[-1]], 1))


def viewed_states(self, x):
    _, h = self.rnn(x)
    last = h.view(2, 2, x.size(0), H)[-1]
    return self.head(torch.cat([last[0], last[1]], 1))


def summed(self, x):
    out, _ = self.rnn(x)
    return self.head(out[:, :, :H] + out[:, :, H:])


def head(self, x):
    return self.head(self.rnn(x)[0])


def residual(self, x):
    out, _ = self.rnn(x)
    return self.head(out + self.skip(x))


# name: net, input, options
CASES = {
    "lstm_state": (Net(lambda s, x: s.head(s.rnn(x)[1][0][-1]), rnn=lstm(), head=nn.Linear(H, C)), "x", {}),
    "lstm_cell_input_zeros": (Net(zero_state, rnn=lstm(), head=nn.Linear(H, C)), "x", {}),
    "lstm_slice_log_softmax": (Net(lambda s, x: torch.log_softmax(s.head(s.rnn(x)[0][:, -1, :]), 1), rnn=lstm(num_layers=2), head=nn.Linear(H, C)), "x", {}),
    "lstm_packed": (Net(packed, embed=nn.Embedding(V, E), rnn=lstm(), head=nn.Linear(H, C)), "ids lengths", {}),
    "bigru_packed_steps": (Net(padded, rnn=gru(bidirectional=True), head=nn.Linear(2 * H, C)), "x lengths", {}),
    "bigru_two_states": (Net(two_states, rnn=gru(bidirectional=True, num_layers=2), head=nn.Linear(2 * H, C)), "x", {}),
    "bilstm_viewed_states": (Net(lambda s, x: viewed_states(s, x), rnn=gru(bidirectional=True, num_layers=2), head=nn.Linear(2 * H, C)), "x", {}),
    "bigru_both_ends": (Net(both_ends, rnn=gru(bidirectional=True), head=nn.Linear(2 * H, C)), "x", {}),
    "bilstm_summed": (Net(lambda s, x: s.head(summed_only(s, x)), rnn=lstm(bidirectional=True), head=nn.Linear(H, C)), "x", {}),
    "layer_norm_13": (Net(lambda s, x: s.head(s.norm(s.rnn(x)[0])), rnn=gru(), norm=nn.LayerNorm(H), head=nn.Linear(H, C)), "x", {}),
    "layer_norm_17": (Net(lambda s, x: s.head(s.norm(s.rnn(x)[0])), rnn=gru(), norm=nn.LayerNorm(H), head=nn.Linear(H, C)), "x", {"opset": 17}),
    "gru_mean_sigmoid": (Net(lambda s, x: torch.sigmoid(s.head(s.rnn(x)[0].mean(1))), rnn=gru(bias=False), head=nn.Linear(H, 1)), "x", {}),
    "gru_max_softmax": (Net(lambda s, x: torch.softmax(s.head(s.rnn(x)[0].max(1)[0]), -1), rnn=gru(bidirectional=True), head=nn.Linear(2 * H, C)), "x", {"fixed": True}),
    "rnn_relu_dropout": (Net(lambda s, x: s.head(s.rnn(x)[0]), rnn=nn.RNN(E, H, 2, nonlinearity="relu", dropout=0.5), head=nn.Sequential(nn.Dropout(0.3), nn.Linear(H, C))), "x", {"fixed": True}),
    "heads": (Net(lambda s, x: s.head(s.rnn(x)[0][:, -1]), rnn=lstm(), head=nn.Sequential(nn.Linear(H, 6), nn.GELU(), nn.Linear(6, 6), nn.SiLU(), nn.Linear(6, 6), nn.LeakyReLU(0.2), nn.Linear(6, 6), nn.ELU(), nn.Linear(6, 6), nn.Hardsigmoid(), nn.Linear(6, 6), nn.ReLU6(), nn.Linear(6, 6), nn.Mish(), nn.Linear(6, 6), nn.Hardswish(), nn.Linear(6, C))), "x", {"opset": 14}),
    "embedding_mean": (Net(lambda s, x: s.head(s.embed(x).mean(1)), embed=nn.Embedding(V, E), head=nn.Linear(E, C)), "ids", {}),
    "attention": (Net(attended, rnn=lstm(), score=nn.Linear(H, 1), head=nn.Linear(H, C)), "x", {}),
    "characters": (Net(lambda s, x: s.head(s.rnn(s.embed(x))[0]), embed=nn.Embedding(V, E), rnn=nn.GRU(E, H, 2), head=nn.Linear(H, V)), "ids", {}),
    "residual": (Net(residual, rnn=gru(), skip=nn.Linear(E, H), head=nn.Linear(H, C)), "x", {}),
}  # prettier-ignore


def summed_only(self, x):
    out, _ = self.rnn(x)
    return out[:, :, :H] + out[:, :, H:]


def inputs_of(kinds):
    made = []
    for kind in kinds.split():
        if kind == "x":
            made.append(torch.randn(2, 6, E))
        elif kind == "ids":
            made.append(torch.randint(0, V, (2, 6)))
        else:
            made.append(torch.tensor([6, 4]))
    return made


def write(name, number):
    net, kinds, options = CASES[name]
    torch.manual_seed(number)
    for parameter in net.parameters():
        nn.init.uniform_(parameter, -0.6, 0.6)
    net.eval()
    inputs = inputs_of(kinds)
    names = kinds.split()
    axes = None if options.get("fixed") else {n: {0: "batch"} if n == "lengths" else {0: "batch", 1: "time"} for n in names}
    path = FOLDER / f"{name}.onnx"
    torch.onnx.export(net, tuple(inputs), str(path), input_names=names, output_names=["y"], dynamic_axes=axes,
                      opset_version=options.get("opset", 13))
    with torch.no_grad():
        output = net(*inputs)
    tensor = lambda t: {"shape": list(t.shape), "data": [round(float(v), 7) for v in t.reshape(-1)]}
    return {"inputs": {n: tensor(t) for n, t in zip(names, inputs)}, "output": tensor(output)}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    cases = {name: write(name, i + 1) for i, name in enumerate(CASES)}
    (FOLDER / "index.json").write_text(json.dumps(cases, indent=1) + "\n")
