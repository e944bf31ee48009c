"""Writes packages/latch/tests/golden/unopened: files that Latch lists but does not open as they are.

`python generate_unopened.py` with PyTorch 2.13, onnx 1.23 and Keras 3.15 (any backend).
"""
import os
import warnings
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
warnings.filterwarnings("ignore")

import keras
import torch
import torch.nn.functional as F
from keras import layers as L
from torch import nn

os.chdir(Path(__file__).parent / "unopened")
torch.manual_seed(0)


class Vad(nn.Module):
    """A voice detector: Pad, Conv, LSTM. 448 parameters."""

    def __init__(self):
        super().__init__()
        self.stft = nn.Conv1d(1, 8, 4, stride=2, bias=False)
        self.conv = nn.Conv1d(8, 6, 3, padding=1)
        self.rnn = nn.LSTM(6, 5, batch_first=True)
        self.fc = nn.Conv1d(5, 1, 1)

    def forward(self, x):
        x = F.pad(x.unsqueeze(1), (2, 2), mode="reflect")
        x = torch.relu(self.conv(self.stft(x).abs()))
        y, _ = self.rnn(x.transpose(1, 2))
        return torch.sigmoid(self.fc(torch.relu(y).transpose(1, 2))).mean(2)


class Middle(nn.Module):
    """A step in the middle of a sequence."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, batch_first=True)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, 2])


class Two(nn.Module):
    """One network for each sampling rate: If."""

    def __init__(self):
        super().__init__()
        self.a, self.b = Vad(), Vad()

    def forward(self, x, sr: torch.Tensor):
        if bool(sr == 16000):
            return self.a(x)
        else:
            return self.b(x)


class TransposedLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 5, batch_first=True)
        self.conv = nn.ConvTranspose1d(5, 4, 3, padding=1)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.conv(self.rnn(x)[0].transpose(1, 2)).transpose(1, 2)[:, -1])


class Learned(nn.Module):
    """An initial state that is a parameter."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 5, batch_first=True)
        self.h0 = nn.Parameter(torch.randn(1, 1, 5))

    def forward(self, x):
        return self.rnn(x, self.h0.expand(1, x.shape[0], 5).contiguous())[0]


def export(net, inputs, name, **more):
    options = {"dynamo": False, "opset_version": 15, "input_names": ["x", "sr"][: len(inputs)], **more}
    torch.onnx.export(net, inputs, f"{name}.onnx", **options)


axes = {"dynamic_axes": {"x": {0: "batch", 1: "time"}}}
export(Vad(), (torch.randn(1, 64),), "vad")
export(torch.jit.script(Two()), (torch.randn(1, 64), torch.tensor(16000)), "two")
export(TransposedLast(), (torch.randn(2, 6, 3),), "transposedLast", **axes)
export(Learned(), (torch.randn(2, 6, 3),), "h0", **axes)

ids = keras.Input((12,), dtype="int32")
e = L.Embedding(20, 8, name="emb")(ids)
x = L.LayerNormalization(name="ln1")(L.Add(name="add1")([e, L.MultiHeadAttention(2, 4, name="att")(e, e)]))
f = L.Dense(8, name="ff2")(L.Dense(16, "relu", name="ff1")(x))
x = L.LayerNormalization(name="ln2")(L.Add(name="add2")([x, f]))
keras.Model(ids, L.Dense(2, "softmax", name="out")(L.LSTM(6, name="lstm")(x))).save("transformer.h5")
conv, lstm, dense = L.Conv1DTranspose(4, 3, padding="same", name="conv"), L.LSTM(5, name="lstm"), L.Dense(2, name="d")
keras.Sequential([keras.Input((8, 3)), conv, lstm, dense]).save("transposed.h5")
steps = L.LSTM(5, return_sequences=True, name="lstm")
late = L.Conv1DTranspose(4, 3, padding="same", name="conv")
keras.Sequential([keras.Input((8, 3)), steps, late, L.GlobalMaxPooling1D(), L.Dense(2, name="d")]).save("transposedLate.h5")
torch.manual_seed(0)
axes = {"x": {0: "batch", 1: "time"}}
torch.onnx.export(Middle().eval(), torch.randn(2, 5, 3), "middle.onnx", input_names=["x"], dynamic_axes=axes, dynamo=False)
