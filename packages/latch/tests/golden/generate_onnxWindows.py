"""Writes formats/onnxWindows.json: convolutions, poolings and batch normalisation around recurrent layers, with PyTorch's outputs.

Run with PyTorch 2.13 and onnx 1.23: python generate_onnxWindows.py
"""
import base64
import gzip
import io
import json
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as f

warnings.filterwarnings('ignore')
torch.manual_seed(2)
CASES = {}


def case(make):
    CASES[make.__name__] = make
    return make


def module(body, **parts):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)

        def forward(self, x):
            return body(self, x)

    return Net()


def lstm(inputs, units=4, **options): return nn.LSTM(inputs, units, batch_first=True, **options)
def steps(x): return x.transpose(1, 2)


@case
def norm_above():
    return module(lambda s, x: s.d(s.n(s.r(x)[0][:, -1])), r=lstm(3), n=nn.BatchNorm1d(4), d=nn.Linear(4, 2))


@case
def norm_of_steps():
    return module(lambda s, x: s.d(s.r(steps(s.n(steps(x))))[0][:, -1]), n=nn.BatchNorm1d(3), r=lstm(3), d=nn.Linear(4, 2))


@case
def norm_between():
    def body(s, x):
        x = steps(s.n(steps(s.a(x)[0])))
        return s.d(s.b(x)[0])
    return module(body, a=lstm(3), n=nn.BatchNorm1d(4, affine=False), b=nn.GRU(4, 3, batch_first=True), d=nn.Linear(3, 2))


@case
def sensors():
    def body(s, x):
        x = steps(s.p(torch.relu(s.n(s.c(steps(x))))))
        return s.d(s.r(x)[0][:, -1])
    return module(body, c=nn.Conv1d(3, 6, 3, padding=1), n=nn.BatchNorm1d(6), p=nn.MaxPool1d(2), r=lstm(6), d=nn.Linear(4, 2))


@case
def speech():
    def body(s, x): return s.d(s.r(steps(torch.tanh(s.c(steps(x)))))[0])
    return module(body, c=nn.Conv1d(3, 5, 4, stride=2, bias=False), r=nn.GRU(5, 3, batch_first=True, bidirectional=True), d=nn.Linear(6, 2))


@case
def causal():
    def body(s, x): return s.d(s.r(steps(s.c(steps(x))[:, :, :-4]))[0][:, -1])
    return module(body, c=nn.Conv1d(3, 6, 3, padding=4, dilation=2, groups=3), r=lstm(6), d=nn.Linear(4, 2))


@case
def late():
    def body(s, x):
        x = f.relu(s.c(steps(s.r(x)[0])))
        return s.d(f.adaptive_max_pool1d(x, 1).squeeze(2))
    return module(body, r=lstm(3), c=nn.Conv1d(4, 5, 3, padding='same'), d=nn.Linear(5, 2))


@case
def means():
    def body(s, x): return s.d(s.r(steps(s.q(s.p(steps(x)))))[0][:, -1])
    return module(body, p=nn.AvgPool1d(3, stride=1, padding=1), q=nn.AvgPool1d(2, count_include_pad=False), r=lstm(3), d=nn.Linear(4, 2))


@case
def residual():
    def body(s, x): return s.d(s.r(x + steps(s.n(s.c(steps(x)))))[0].mean(1))
    return module(body, c=nn.Conv1d(3, 3, 5, padding=2), n=nn.BatchNorm1d(3), r=lstm(3), d=nn.Linear(4, 2))


@case
def univariate():
    def body(s, x): return s.d(s.r(steps(s.c(x.unsqueeze(1))))[0][:, -1])
    return module(body, c=nn.Conv1d(1, 4, 3, padding=1), r=lstm(4), d=nn.Linear(4, 2))


@case
def ids():
    def body(s, x): return s.d(s.r(steps(s.p(torch.relu(s.c(steps(s.e(x)))))))[0][:, -1])
    return module(body, e=nn.Embedding(9, 4), c=nn.Conv1d(4, 6, 3), p=nn.MaxPool1d(3, stride=2, padding=1), r=lstm(6), d=nn.Linear(4, 2))


out = {}
for name, make in CASES.items():
    net = make()
    for module_ in net.modules():
        if isinstance(module_, nn.BatchNorm1d):
            module_.running_mean.uniform_(-1, 1)
            module_.running_var.uniform_(0.5, 2)
            if module_.affine:
                nn.init.uniform_(module_.weight, 0.5, 1.5)
                nn.init.uniform_(module_.bias, -0.5, 0.5)
    net.eval()
    x = torch.randint(0, 9, (2, 11)) if name == 'ids' else torch.randn(2, 11) if name == 'univariate' else torch.randn(2, 11, 3)
    y = net(x).detach()
    for opset in (11, 17):
        buffer = io.BytesIO()
        axes = {'x': {0: 'b', 1: 't'}, 'y': {0: 'b', **({1: 'u'} if y.dim() == 3 else {})}}
        torch.onnx.export(net, x, buffer, opset_version=opset, input_names=['x'], output_names=['y'], dynamic_axes=axes, dynamo=False)
        file = base64.b64encode(gzip.compress(buffer.getvalue(), mtime=0)).decode()
        out[f'{name}_{opset}'] = {'x': x.tolist(), 'y': y.tolist(), 'file': file}
text = json.dumps(out, separators=(',', ':'))
Path(__file__).with_name('formats').joinpath('onnxWindows.json').write_text(text + '\n')
