"""Writes windows.json with PyTorch and Keras: `/usr/bin/python3 packages/latch/tests/golden/generate_windows.py`.

Numbers of convolutions, local poolings and batch normalisation over sequences of different lengths, from PyTorch 2.13
(output, gradients, running statistics) and Keras 3 (output): windows.json. Each sequence is computed by itself, and the
statistics are of all steps together, so that no padding has a part.
"""

import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras
import numpy as np
import torch
from torch import nn

from drawn import Draw

torch.set_default_dtype(torch.float64)
keras.backend.set_floatx("float64")
WIDTH = 4
LENGTHS = [9, 6, 8]
draw = Draw(13)


def drawn(*shape):
    return draw.tensor(*shape, size=2).numpy()


X = [drawn(steps, WIDTH) for steps in LENGTHS]


def plain(values):
    return [float(f"{x:.12g}") for x in np.asarray(values).ravel()]


def tensor(value):
    return {"shape": list(value.shape), "data": plain(value.detach() if hasattr(value, "detach") else value)}


def named(module, prefix, attribute):
    return {f"{prefix}.{n}": tensor(getattr(p, attribute) if attribute else p) for n, p in module.named_parameters()}


def torch_case(options, module, before=(0, 0)):
    """The output (sequences one below the other), its gradients for random coefficients."""
    prefix = f"{options['type']}.0"
    for parameter in module.parameters():
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(drawn(*parameter.shape)))
    inputs = [torch.from_numpy(x).requires_grad_() for x in X]
    outputs = [module(nn.functional.pad(x.T[None], before))[0].T for x in inputs]
    coefficients = [torch.from_numpy(drawn(*y.shape)) for y in outputs]
    sum((y * c).sum() for y, c in zip(outputs, coefficients)).backward()
    return {
        "options": options,
        "weights": named(module, prefix, None),
        "outputs": [tensor(y) for y in outputs],
        "coefficients": [tensor(c) for c in coefficients],
        "gradients": named(module, prefix, "grad"),
        "dx": [tensor(x.grad) for x in inputs],
    }


def conv(filters, kernel, padding, **more):
    """PyTorch's Conv1d; `causal` and pairs are padded before it."""
    options = {"type": "conv1d", "filters": filters, "kernelSize": kernel, "padding": padding, **more}
    extent = (kernel - 1) * more.get("dilation", 1)
    before = {"valid": (0, 0), "causal": (extent, 0)}.get(padding) if isinstance(padding, str) else None
    if isinstance(padding, list):
        before = tuple(padding)
    own = 0 if before is not None else padding
    return torch_case(options, nn.Conv1d(WIDTH, filters, kernel, padding=own, **more), before or (0, 0))


def pool(kernel, stride, padding, counts=None):
    options = {"kernelSize": kernel, "stride": stride, "padding": padding}
    if counts is None:
        return torch_case({"type": "maxPool1d", **options}, nn.MaxPool1d(kernel, stride, padding))
    module = nn.AvgPool1d(kernel, stride, padding, count_include_pad=counts)
    return torch_case({"type": "averagePool1d", **options, "countPadding": counts}, module)


def keras_case(options, layer):
    layer.build((None, None, WIDTH))
    weights = {}
    for variable in layer.weights:
        value = drawn(*variable.shape)
        if variable.name == "moving_variance":
            value = np.abs(value) + 0.5
        variable.assign(value)
        names = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
        name = names.get(variable.name, variable.name.replace("moving", "running").replace("variance", "var"))
        weights[f"{options['type']}.0.{name}"] = tensor(value.transpose(2, 1, 0) if variable.name == "kernel" else value)
    outputs = [np.asarray(layer(x[None], training=False))[0] for x in X]
    return {"options": options, "weights": weights, "outputs": [tensor(y) for y in outputs]}


def batch_norm():
    """Three batches in training, all steps of each together; then inference."""
    module = nn.BatchNorm1d(WIDTH, eps=1e-4, momentum=0.3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(drawn(WIDTH)))
    x = torch.from_numpy(np.concatenate(X)).requires_grad_()
    coefficients = torch.from_numpy(drawn(*x.shape))
    weights = named(module, "batchNorm.0", None)
    y = module(x)
    (y * coefficients).sum().backward()
    gradients = named(module, "batchNorm.0", "grad")
    module(x.detach())
    module(x.detach())
    running = {f"batchNorm.0.{n}": tensor(b) for n, b in module.named_buffers() if n.startswith("running")}
    module.eval()
    return {
        "options": {"type": "batchNorm", "epsilon": 1e-4, "momentum": 0.3},
        "weights": weights,
        "output": tensor(y),
        "coefficients": tensor(coefficients),
        "gradients": gradients,
        "dx": tensor(x.grad),
        "running": running,
        "inference": tensor(module(x)),
    }


result = {
    "lengths": LENGTHS,
    "x": [tensor(x) for x in X],
    "torch": [
        conv(6, 3, "valid"),
        conv(5, 3, "same"),
        conv(5, 4, "same"),
        conv(6, 3, "causal", dilation=2),
        conv(3, 5, 2, stride=2),
        conv(3, 3, [0, 3], stride=3, bias=False),
        conv(6, 2, "valid", stride=2, dilation=3, groups=2),
        conv(8, 3, 1, groups=4),
        conv(2, 1, "valid"),
        pool(2, 2, 0),
        pool(3, 1, 1),
        pool(4, 3, 2),
        pool(2, 2, 0, False),
        pool(3, 2, 1, False),
        pool(3, 2, 1, True),
    ],
    "keras": [
        keras_case(
            {"type": "conv1d", "filters": 3, "kernelSize": kernel, "stride": stride, "padding": "same"},
            keras.layers.Conv1D(3, kernel, strides=stride, padding="same"),
        )
        for kernel, stride in [(3, 2), (4, 3), (2, 4)]
    ]
    + [
        keras_case(
            {"type": "conv1d", "filters": 4, "kernelSize": 3, "dilation": 2, "padding": "causal", "groups": 2},
            keras.layers.Conv1D(4, 3, dilation_rate=2, padding="causal", groups=2),
        ),
        keras_case(
            {"type": "conv1d", "filters": 4, "kernelSize": 3, "stride": 2, "padding": "causal"},
            keras.layers.Conv1D(4, 3, strides=2, padding="causal"),
        ),
        keras_case({"type": "maxPool1d", "kernelSize": 2}, keras.layers.MaxPooling1D(2)),
        keras_case(
            {"type": "maxPool1d", "kernelSize": 3, "stride": 2, "padding": "same"},
            keras.layers.MaxPooling1D(3, 2, padding="same"),
        ),
        keras_case(
            {"type": "averagePool1d", "kernelSize": 4, "stride": 3, "padding": "same"},
            keras.layers.AveragePooling1D(4, 3, padding="same"),
        ),
        keras_case({"type": "batchNorm", "epsilon": 1e-3}, keras.layers.BatchNormalization()),
    ],
    "batchNorm": batch_norm(),
}
Path(__file__).with_name("windows.json").write_text(json.dumps(result) + "\n")
