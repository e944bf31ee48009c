"""Writes formats/onnxShapes.json: steps and features that change places, reshaped or repeated, with PyTorch's outputs.

Run with PyTorch 2.13 and onnx 1.23: python generate_onnxShapes.py
"""
import base64
import gzip
import io
import json
import warnings
from pathlib import Path

import torch
from torch import nn

warnings.filterwarnings('ignore')
torch.manual_seed(0)
CASES = {}


def case(f):
    CASES[f.__name__] = f
    return f


class Body(nn.Module):
    def __init__(self, body, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.body = body

    def forward(self, x):
        return self.body(self, x)


def lstm(inputs, units=4, **more):
    return nn.LSTM(inputs, units, batch_first=True, **more)


@case
def permute():
    return Body(lambda s, x: s.f(s.r(x.transpose(1, 2))[0][:, -1]), r=lstm(4), f=nn.Linear(4, 2))


@case
def permute_of_states():
    def body(s, x):
        y, _ = s.r(x)
        z, _ = s.q(y.transpose(1, 2))
        return s.f(z.mean(1))
    return Body(body, r=lstm(3, 5, bidirectional=True), q=nn.GRU(4, 3, batch_first=True), f=nn.Linear(3, 2))


@case
def reshape():
    return Body(lambda s, x: s.f(s.r(x.reshape(-1, 2, 6))[0][:, -1]), r=lstm(6), f=nn.Linear(4, 2))


@case
def reshape_of_permuted():
    def body(s, x):
        y, _ = s.r(x.transpose(1, 2).reshape(x.shape[0], 6, 2))
        return s.f(y)
    return Body(body, r=lstm(2), f=nn.Linear(4, 2))


@case
def reshape_of_row():
    def body(s, x):
        _, (h, _) = s.r(x)
        y, _ = s.q(s.d(h[-1]).view(-1, 4, 2))
        return s.f(y)
    return Body(body, r=lstm(3), d=nn.Linear(4, 8), q=lstm(2, 3), f=nn.Linear(3, 1))


@case
def row_as_one_step():
    def body(s, x):
        _, (h, _) = s.r(x)
        y, _ = s.q(h[-1].unsqueeze(1))
        return s.f(y[:, -1])
    return Body(body, r=lstm(3), q=lstm(4, 3), f=nn.Linear(3, 2))


@case
def row_as_steps():
    def body(s, x):
        _, (h, _) = s.r(x)
        y, _ = s.q(h[-1].unsqueeze(2))
        return s.f(y[:, -1])
    return Body(body, r=lstm(3), q=lstm(1, 3), f=nn.Linear(3, 2))


@case
def attention_over_steps():
    def body(s, x):
        weights = torch.softmax(s.a(x.transpose(1, 2)), 2).transpose(1, 2)
        return s.f(s.r(x * weights)[0][:, -1])
    return Body(body, a=nn.Linear(4, 4), r=lstm(3), f=nn.Linear(4, 2))


@case
def mixer():
    def body(s, x):
        x = x + s.b(torch.relu(s.a(x.transpose(1, 2)))).transpose(1, 2)
        return s.f(s.r(x)[0][:, -1])
    return Body(body, a=nn.Linear(4, 5), b=nn.Linear(5, 4), r=lstm(3), f=nn.Linear(4, 2))


@case
def mixer_turned():
    def body(s, x):
        turned = x.transpose(1, 2)
        return s.f((turned + s.a(turned)).mean(2))
    return Body(body, a=nn.Linear(4, 4), f=nn.Linear(3, 2))


@case
def convolution_of_features():
    def body(s, x):
        return s.f(s.r(torch.relu(s.c(x)).transpose(1, 2))[0][:, -1])
    return Body(body, c=nn.Conv1d(4, 6, 2), r=lstm(6), f=nn.Linear(4, 2))


@case
def convolution_read_as_steps():
    def body(s, x):
        return s.f(s.r(torch.relu(s.c(x.transpose(1, 2))))[0][:, -1])
    return Body(body, c=nn.Conv1d(3, 6, 3), r=lstm(2), f=nn.Linear(4, 2))


@case
def mean_of_features():
    def body(s, x):
        y, _ = s.r(x)
        return s.f(y.mean(2))
    return Body(body, r=lstm(3), f=nn.Linear(4, 2))


@case
def largest_of_features():
    def body(s, x):
        y, _ = s.r(x)
        return s.f(nn.functional.adaptive_max_pool1d(y, 1).squeeze(2))
    return Body(body, r=lstm(3), f=nn.Linear(4, 2))


@case
def first_feature():
    def body(s, x):
        return s.f(s.r(x)[0][:, :, 0])
    return Body(body, r=lstm(3), f=nn.Linear(4, 2))


@case
def flattened_turned():
    def body(s, x):
        y, _ = s.r(x)
        return s.f(y.transpose(1, 2).flatten(1))
    return Body(body, r=lstm(3, 5), f=nn.Linear(20, 2))


@case
def output_turned():
    return Body(lambda s, x: s.r(x)[0].transpose(1, 2), r=lstm(3, 5))


@case
def norm_over_steps():
    def body(s, x):
        y, _ = s.r(x)
        return s.f(s.n(y.transpose(1, 2)).transpose(1, 2)[:, -1])
    return Body(body, r=lstm(3), n=nn.LayerNorm(4), f=nn.Linear(4, 2))


@case
def repeated():
    def body(s, x):
        _, (h, _) = s.r(x)
        y, _ = s.q(h[-1].unsqueeze(1).repeat(1, 4, 1))
        return s.f(y)
    return Body(body, r=lstm(3), q=lstm(4, 4), f=nn.Linear(4, 3))


@case
def expanded():
    def body(s, x):
        _, (h, _) = s.r(x)
        y, _ = s.q(h[-1].unsqueeze(1).expand(-1, 4, -1))
        return s.f(y)
    return Body(body, r=lstm(3), q=lstm(4, 4), f=nn.Linear(4, 3))


def padded(x, before, after, value=0.0):
    return nn.functional.pad(x, (before, after), value=value)


@case
def zeros_before_any_length():
    def body(s, x):
        y = torch.relu(s.c(padded(x.transpose(1, 2), 4, 0)))
        return s.f(s.r(y.transpose(1, 2))[0][:, -1])
    return Body(body, c=nn.Conv1d(3, 6, 3, dilation=2), r=lstm(6), f=nn.Linear(4, 2))


@case
def zeros_around():
    def body(s, x):
        y = s.c(padded(padded(x.transpose(1, 2), 1, 2), 0, 1))
        return s.f(s.r(y.transpose(1, 2))[0])
    return Body(body, c=nn.Conv1d(3, 6, 2, stride=2, padding=1), r=lstm(6), f=nn.Linear(4, 2))


@case
def zeros_of_means_any_length():
    def body(s, x):
        y = nn.functional.avg_pool1d(padded(x.transpose(1, 2), 1, 0), 2, stride=1)
        return s.f(s.r(y.transpose(1, 2))[0][:, -1])
    return Body(body, r=lstm(3), f=nn.Linear(4, 2))


# Neither is a layer: steps of another number, and zeros that a largest number would see.
@case
def refused_padding_of_ones():
    return Body(lambda s, x: s.c(padded(x.transpose(1, 2), 1, 0, 1.0)).mean(2), c=nn.Conv1d(3, 6, 2))


@case
def refused_zeros_of_largest():
    return Body(lambda s, x: s.f(nn.functional.max_pool1d(padded(x.transpose(1, 2), 1, 0), 2).mean(2)), f=nn.Linear(3, 2))


@case
def refused_zeros_alone():
    return Body(lambda s, x: s.r(padded(x.transpose(1, 2), 1, 0).transpose(1, 2))[0], r=lstm(3))


out = {}
for name, make in CASES.items():
    model = make().eval()
    x = torch.randn(2, 4, 3)
    # Below opset 17, a layer norm is several operators.
    for opset in (17,) if name == 'norm_over_steps' else (11, 17):
        file = io.BytesIO()
        axes = {'x': {0: 'b', 1: 't'} if name.endswith('any_length') else {0: 'b'}, 'y': {0: 'b'}}
        torch.onnx.export(model, x, file, opset_version=opset, input_names=['x'], output_names=['y'],
                          dynamic_axes=axes, dynamo=False)
        out[f'{name}_{opset}'] = {
            'x': x.tolist(),
            'y': model(x).tolist(),
            'file': base64.b64encode(gzip.compress(file.getvalue(), mtime=0)).decode(),
        }
(Path(__file__).parent / 'formats' / 'onnxShapes.json').write_text(json.dumps(out) + '\n')
