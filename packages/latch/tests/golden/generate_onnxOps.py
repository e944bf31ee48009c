"""Writes onnxOps.json: `/usr/bin/python3 packages/latch/tests/golden/generate_onnxOps.py`. numpy and PyTorch say what ONNX operators give.

Made with Python 3.11, numpy 1.24 and PyTorch 1.13.0. A case is one node: `inputs` in its order (null: left out),
attributes ({"float"}, {"floats"} where whole numbers would be taken for ints), and `outputs`. Floats are float32
values computed in float64 and rounded to 9 significant digits; recurrent cases are written down below from the
equations of the operator's specification.
"""
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import numpy as np
import torch
from torch.nn import functional as F

from onnxRecurrent import recurrent_cases

NAMES = {"float32": "float32", "float64": "float64", "int64": "int64", "int32": "int32", "bool": "bool",
         "uint8": "uint8", "float16": "float16"}
CASES = []


def draw(*shape, seed=1, scale=2.0):
    return (np.random.RandomState(seed).uniform(-scale, scale, shape) * 32).round().astype(np.float32) / 32


def number(x):
    x = float(x)
    if np.isnan(x):
        return "NaN"
    if np.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    return int(x) if x == int(x) else float(f"{x:.9g}")


def plain(a, dtype=None):
    a = np.asarray(a)
    name = dtype or NAMES[a.dtype.name]
    return {"dtype": name, "shape": list(a.shape), "data": [number(x) for x in a.reshape(-1)]}


def case(name, op, inputs, outputs, opset=13, **attributes):
    first = next((np.asarray(i) for i in inputs if i is not None), np.zeros(0, np.float32))

    def typed(o):
        o = np.asarray(o.numpy() if isinstance(o, torch.Tensor) else o)
        return plain(o, first.dtype.name) if o.dtype == np.float64 and first.dtype != np.float64 else plain(o)

    CASES.append({
        "name": name, "op": op, "opset": opset, "attributes": attributes,
        "inputs": [None if i is None else plain(i) for i in inputs], "outputs": [typed(o) for o in outputs],
    })


i64 = lambda *x: np.array(x, np.int64)
i32 = lambda *x: np.array(x, np.int32)
f32 = lambda *x: np.array(x, np.float32)
d = lambda a: np.asarray(a, np.float64)
t = lambda a: torch.tensor(d(a))
END = 2 ** 63


def elementwise():
    a, b = draw(2, 3), draw(3, seed=2)
    case("row", "Add", [a, b], [d(a) + b])
    case("column and row", "Add", [draw(2, 1), draw(1, 3)], [d(draw(2, 1)) + draw(1, 3)])
    case("single number", "Mul", [a, np.float32(1.5)], [d(a) * 1.5])
    case("int32 wraps around", "Add", [i32(2 ** 31 - 1, -5), i32(1, 2)], [i32(-2 ** 31, -3)])
    case("int64", "Sub", [i64(2 ** 53 - 1), i64(1)], [i64(2 ** 53 - 2)])
    case("floats", "Div", [a, draw(2, 3, seed=3)], [d(a) / draw(2, 3, seed=3)])
    case("by zero", "Div", [f32(1, -1, 0), f32(0, 0, 0)], [d([np.inf, -np.inf, np.nan])])
    case("integers cut off", "Div", [i64(-7, 7, -8), i64(2, -2, 3)], [i64(-3, -3, -2)])
    case("own exponent type", "Pow", [f32(2, 3, -2), i64(3, 0, 2)], [d([8, 1, 4])])
    case("sign of the divisor", "Mod", [i64(-7, 7, -6), i64(3, -3, 3)], [i64(2, -2, 0)])
    case("sign of the dividend", "Mod", [f32(-7.5, 7.5), f32(2, -2)], [d([-1.5, 1.5])], fmod=1)
    case("three, one not a number", "Max", [f32(1, 5, 2), f32(3, np.nan, 0), f32(0, 0, 7)], [d([3, np.nan, 7])])
    case("broadcast", "Min", [a, b], [np.minimum(a, b)])
    case("sum of three", "Sum", [a, a, b], [2 * d(a) + b])
    case("mean of two", "Mean", [a, b], [(d(a) + b) / 2])
    case("attributes", "Clip", [a], [np.clip(d(a), -0.5, 0.75)], opset=6 + 1, min={"float": -0.5}, max={"float": 0.75})
    case("inputs", "Clip", [a, np.float32(-0.5), np.float32(0.75)], [np.clip(d(a), -0.5, 0.75)])
    case("upper only", "Clip", [a, None, np.float32(0)], [np.minimum(d(a), 0)])
    case("broadcast", "Where", [np.array([[True], [False]]), a, b], [np.where([[True], [False]], a, b)])
    yes = np.array([True, True, False, False])
    no = np.array([True, False, True, False])
    for op, f in [("And", np.logical_and), ("Or", np.logical_or), ("Xor", np.logical_xor)]:
        case("truth", op, [yes, no], [f(yes, no)])
    case("truth", "Not", [no], [~no])
    c = f32(1, 2, np.nan)
    for op, f in [("Equal", np.equal), ("Less", np.less), ("LessOrEqual", np.less_equal), ("Greater", np.greater),
                  ("GreaterOrEqual", np.greater_equal)]:
        case("with NaN", op, [c, f32(2, 2, np.nan)], [f(c, f32(2, 2, np.nan))])
    p = np.abs(a) + np.float32(0.125)
    for op, f in [("Sqrt", np.sqrt), ("Log", np.log), ("Exp", np.exp), ("Neg", np.negative), ("Abs", np.abs),
                  ("Floor", np.floor), ("Ceil", np.ceil), ("Sign", np.sign), ("Reciprocal", np.reciprocal),
                  ("Sin", np.sin), ("Cos", np.cos)]:
        x = p if op in ("Sqrt", "Log", "Reciprocal") else a
        case("numpy", op, [x], [f(d(x))])
    case("halves to even", "Round", [f32(0.5, 1.5, -0.5, -1.5, 2.25)], [d([0, 2, -0.0, -2, 2])])
    case("torch", "Erf", [f32(-4, -1.5, -0.25, 0, 0.5, 2.5, 3.75)], [torch.erf(t(f32(-4, -1.5, -0.25, 0, 0.5, 2.5, 3.75)))])
    case("float64", "Add", [np.array([0.1]), np.array([0.2])], [np.array([0.1]) + np.array([0.2])])


def activations():
    x = f32(-30, -3, -1, -0.5, -0.125, 0, 0.125, 0.5, 1, 3, 30)
    y = t(x)
    for op, f, attributes in [
        ("Relu", torch.relu, {}), ("Tanh", torch.tanh, {}), ("Sigmoid", torch.sigmoid, {}),
        ("Softplus", F.softplus, {}), ("Softsign", F.softsign, {}), ("Mish", F.mish, {}),
        ("HardSwish", F.hardswish, {}), ("Elu", F.elu, {}), ("Selu", F.selu, {}),
        ("Elu", lambda v: F.elu(v, 0.5), {"alpha": {"float": 0.5}}),
        ("LeakyRelu", F.leaky_relu, {}), ("LeakyRelu", lambda v: F.leaky_relu(v, 0.25), {"alpha": {"float": 0.25}}),
        ("ThresholdedRelu", lambda v: torch.where(v > 1, v, torch.zeros_like(v)), {}),
        ("ThresholdedRelu", lambda v: torch.where(v > 0.5, v, torch.zeros_like(v)), {"alpha": {"float": 0.5}}),
        ("HardSigmoid", lambda v: torch.clamp(0.2 * v + 0.5, 0, 1), {}),
        ("HardSigmoid", lambda v: torch.clamp(0.5 * v + 0.25, 0, 1), {"alpha": {"float": 0.5}, "beta": {"float": 0.25}}),
        ("Selu", lambda v: 1.5 * torch.where(v < 0, 2 * torch.expm1(v), v), {"alpha": {"float": 2}, "gamma": {"float": 1.5}}),
        ("Gelu", F.gelu, {}), ("Gelu", lambda v: F.gelu(v, approximate="tanh"), {"approximate": "tanh"}),
    ]:
        case(json.dumps(attributes), op, [x], [f(y)], opset=20, **attributes)
    slope = f32(0.25, 0.5)
    z = draw(2, 2, 3)
    case("slope by channel", "PRelu", [z, slope.reshape(2, 1)], [np.where(d(z) < 0, slope.reshape(2, 1) * d(z), z)])


def reducers():
    x = draw(2, 3, 4)
    y = t(x)
    flat = torch.softmax(y.reshape(2, 12), 1).reshape(2, 3, 4)
    case("all behind the axis", "Softmax", [x], [flat], opset=11)
    case("all behind axis 2", "Softmax", [x], [torch.softmax(y, 2)], opset=11, axis=2)
    case("all behind axis 0", "LogSoftmax", [x], [torch.log_softmax(y.reshape(-1), 0).reshape(2, 3, 4)], opset=9, axis=0)
    case("one axis", "Softmax", [x], [torch.softmax(y, 1)], axis=1)
    case("last axis", "Softmax", [x], [torch.softmax(y, 2)])
    case("one axis", "LogSoftmax", [x], [torch.log_softmax(y, 0)], axis=-3)
    case("large numbers", "Softmax", [f32(1000, 1001, -1000)], [torch.softmax(t(f32(1000, 1001, -1000)), 0)])
    for op, f in [("ReduceMean", np.mean), ("ReduceSum", np.sum), ("ReduceMax", np.max), ("ReduceMin", np.min), ("ReduceProd", np.prod)]:
        case("all", op, [x], [f(d(x), keepdims=True)], opset=11)
        case("attribute, axes dropped", op, [x], [f(d(x), axis=(0, 2))], opset=11, axes=[0, -1], keepdims=0)
        case("input", op, [x, i64(1)], [f(d(x), axis=1, keepdims=True)], opset=18)
        case("empty axes do nothing", op, [x, np.zeros(0, np.int64)], [d(x)], opset=18, noop_with_empty_axes=1)
        case("empty axes are all", op, [x, np.zeros(0, np.int64)], [f(d(x))], opset=18, keepdims=0)
    case("input since 13", "ReduceSum", [x, i64(-1)], [np.sum(d(x), -1)], opset=13, keepdims=0)
    case("integers", "ReduceSum", [i64(1, 2, 2 ** 50)], [i64(3 + 2 ** 50)], opset=13)
    case("norm", "ReduceL2", [x], [np.sqrt((d(x) ** 2).sum(1, keepdims=True))], axes=[1])
    case("sum of sizes", "ReduceL1", [x], [np.abs(d(x)).sum(1, keepdims=True)], axes=[1])
    case("sum of squares", "ReduceSumSquare", [x], [(d(x) ** 2).sum(1, keepdims=True)], axes=[1])
    m = f32(1, 3, 3, 0, 2, 2).reshape(2, 3)
    case("first of equals", "ArgMax", [m], [np.array([[1], [1]])], axis=1)
    case("last of equals", "ArgMax", [m], [np.array([2, 2])], axis=-1, keepdims=0, select_last_index=1)
    case("axis 0", "ArgMax", [m], [m.argmax(0)[None]])
    case("smallest", "ArgMin", [m], [m.argmin(1)], axis=1, keepdims=0)
    scale, bias = draw(4, seed=5), draw(4, seed=6)
    mean, var = d(x).mean(-1, keepdims=True), d(x).var(-1, keepdims=True)
    case("last axis, all outputs", "LayerNormalization", [x, scale, bias],
         [F.layer_norm(y, (4,), t(scale), t(bias)), mean, 1 / np.sqrt(var + 1e-5)], opset=17)
    case("two axes, no bias", "LayerNormalization", [x, draw(3, 4, seed=7)],
         [F.layer_norm(y, (3, 4), t(draw(3, 4, seed=7)), eps=0.1)], opset=17, axis=1, epsilon={"float": 0.1})
    s, b, mu, v = draw(3, seed=1), draw(3, seed=2), draw(3, seed=3), np.abs(draw(3, seed=4)) + np.float32(0.25)
    case("by channel", "BatchNormalization", [x, s, b, mu, v],
         [F.batch_norm(y, t(mu), t(v), t(s), t(b), eps=0.01)], opset=15, epsilon={"float": 0.01}, momentum={"float": 0.5})


def places():
    x = draw(2, 3, 4)
    case("rows", "Gather", [x, i64(1, -2, 0)], [x[:, [1, -2, 0]]], axis=1)
    case("table of places", "Gather", [x[0], np.array([[0, 2], [1, 1]])], [x[0][[[0, 2], [1, 1]]]])
    case("single place", "Gather", [x, np.int64(-1)], [x[:, :, -1]], axis=2)
    at = np.array([[[0, 2, 1, 0]], [[-1, 0, 0, 1]]])
    case("by element", "GatherElements", [x, at], [np.take_along_axis(x, at % 3, 1)], axis=1)
    u = f32(1, 2, 3, 4)
    put = x.copy()
    put[1, 2], put[0, 1] = u, u * 2
    case("blocks", "ScatterND", [x, np.array([[1, 2], [0, -2]]), np.stack([u, u * 2])], [put])
    case("last axis", "Concat", [x, x[:, :, :1]], [np.concatenate([x, x[:, :, :1]], 2)], axis=-1)
    case("even", "Split", [x], list(np.split(x, 2, 2)), opset=11, axis=-1)
    case("attribute", "Split", [x], [x[:, :1], x[:, 1:]], opset=11, axis=1, split=[1, 2])
    case("input", "Split", [x, i64(1, 0, 3)], [x[:, :, :1], x[:, :, 1:1], x[:, :, 1:]], axis=2)
    case("uneven", "Split", [x], [x[:, :2], x[:, 2:]], opset=18, axis=1, num_outputs=2)
    case("attributes", "Slice", [x], [x[:, 1:3, -2:]], opset=9, starts=[1, -2], ends=[3, 1000], axes=[1, 2])
    case("attributes without axes", "Slice", [x], [x[1:, 1:2]], opset=9, starts=[1, 1], ends=[2, 2])
    case("steps", "Slice", [x, i64(0, 3), i64(2, 0), i64(1, 2), i64(2, -2)], [x[:, 0:2:2, 3:0:-2]])
    case("backwards to the end", "Slice", [x, i64(-1), np.array([-END]), i64(2), i64(-1)], [x[:, :, ::-1]])
    case("as far as there is", "Slice", [x, i64(1), np.array([END - 1]), i64(-1)], [x[:, :, 1:]])
    case("backwards from beyond", "Slice", [x, i64(100), i64(0), i64(2), i64(-3)], [x[:, :, 100:0:-3]])
    case("nothing left", "Slice", [x, i64(2), i64(1), i64(1)], [x[:, 2:1]])
    lengths = i64(3, 1)
    s = draw(4, 2, 3)
    r = s.copy()
    for b, n in enumerate(lengths):
        r[:n, b] = s[:n, b][::-1]
    case("time first", "ReverseSequence", [s, lengths], [r])
    case("batch first", "ReverseSequence", [s.transpose(1, 0, 2), lengths], [r.transpose(1, 0, 2)], batch_axis=0, time_axis=1)


def shapes():
    x = draw(2, 1, 3, 1)
    case("all", "Squeeze", [x], [x.squeeze()], opset=11)
    case("attribute", "Squeeze", [x], [x.squeeze(-1)], opset=11, axes=[-1])
    case("input", "Squeeze", [x, i64(1)], [x.squeeze(1)])
    case("attribute", "Unsqueeze", [f32(1, 2)], [f32(1, 2).reshape(1, 2, 1)], opset=11, axes=[2, 0])
    case("input", "Unsqueeze", [f32(1, 2), i64(-1, 0)], [f32(1, 2).reshape(1, 2, 1)])
    y = draw(2, 3, 4)
    case("all backwards", "Transpose", [y], [y.transpose()])
    case("order", "Transpose", [y], [y.transpose(1, 2, 0)], perm=[1, 2, 0])
    case("keep and rest", "Reshape", [y, i64(0, -1)], [y.reshape(2, 12)])
    case("own zero", "Reshape", [np.zeros((0, 3), np.float32), i64(3, 0)], [np.zeros((3, 0), np.float32)], opset=14, allowzero=1)
    case("to a single number", "Reshape", [f32(5), np.zeros(0, np.int64)], [np.float32(5)])
    case("axis 0", "Flatten", [y], [y.reshape(1, 24)], axis=0)
    case("default", "Flatten", [y], [y.reshape(2, 12)])
    case("from the end", "Flatten", [y], [y.reshape(6, 4)], axis=-1)
    case("behind the last", "Flatten", [y], [y.reshape(24, 1)], axis=3)
    case("all", "Shape", [y], [i64(2, 3, 4)])
    case("part", "Shape", [y], [i64(3)], opset=15, start=-2, end=-1)
    case("beyond", "Shape", [y], [i64(3, 4)], opset=15, start=1, end=10)
    case("count", "Size", [y], [np.int64(24)])
    case("both ways", "Expand", [draw(3, 1), i64(2, 1, 4)], [np.broadcast_to(draw(3, 1), (2, 3, 4))])
    case("two axes", "Tile", [draw(2, 3), i64(2, 2)], [np.tile(draw(2, 3), (2, 2))])
    case("same", "Identity", [y], [y])
    case("mask", "Dropout", [y], [y, np.ones((2, 3, 4), bool)])
    case("attribute", "Dropout", [y], [y], opset=7, ratio={"float": 0.25})
    case("inputs", "Dropout", [y, np.float32(0.5), np.bool_(False)], [y], seed=3)


def makers():
    case("floats", "Range", [np.float32(1), np.float32(2), np.float32(0.25)], [d([1, 1.25, 1.5, 1.75])])
    case("backwards", "Range", [np.int64(5), np.int64(-1), np.int64(-2)], [i64(5, 3, 1)])
    case("empty", "Range", [np.int64(5), np.int64(1), np.int64(2)], [i64()])
    case("zeros", "ConstantOfShape", [i64(2, 3)], [np.zeros((2, 3), np.float32)])
    case("sevens", "ConstantOfShape", [i64(2)], [i64(7, 7)], value=plain(i64(7)))
    case("fraction cut off", "Cast", [f32(-1.75, 1.75, 0.5)], [i64(-1, 1, 0)], to=7)
    case("true", "Cast", [f32(-1.75, 0, 0.5)], [np.array([True, False, True])], to=9)
    case("to floats", "Cast", [i64(3, -2)], [f32(3, -2)], to=1)
    case("wraps", "Cast", [i64(300, -1)], [np.array([44, 255], np.uint8)], to=2)
    h = f32(0.1, 1 / 3, 65519, 65520, 6e-8, 1e-9, 2049, -2051)
    with np.errstate(over="ignore"):
        case("halves", "Cast", [h], [h.astype(np.float16)], to=10)
    case("last axis", "OneHot", [i64(1, -1, 5), np.int64(3), f32(0, 2)], [f32(0, 2, 0, 0, 0, 2, 0, 0, 0).reshape(3, 3).astype(np.float32)])
    case("first axis", "OneHot", [i64(1, 0), np.int64(3), f32(-1, 2)], [f32(-1, 2, 2, -1, -1, -1).reshape(3, 2)], axis=0)


def products():
    a, b = draw(2, 3, seed=1), draw(3, 4, seed=2)
    case("matrices", "MatMul", [a, b], [d(a) @ d(b)])
    case("row", "MatMul", [a[0], b], [d(a[0]) @ d(b)])
    case("column", "MatMul", [a, b[:, 0]], [d(a) @ d(b[:, 0])])
    case("two rows", "MatMul", [a[0], b[:, 0]], [d(a[0]) @ d(b[:, 0])])
    s, r = draw(2, 1, 2, 3, seed=3), draw(5, 3, 2, seed=4)
    case("broadcast", "MatMul", [s, r], [d(s) @ d(r)])
    case("integers", "MatMul", [i64(1, 2, 3, 4).reshape(2, 2), i64(5, 6).reshape(2, 1)], [i64(17, 39).reshape(2, 1)])
    c = draw(4, seed=5)
    case("row added", "Gemm", [a, b, c], [d(a) @ d(b) + c])
    case("turned, scaled", "Gemm", [a.T.copy(), b.T.copy(), draw(2, 1, seed=6)],
         [0.5 * (d(a) @ d(b)) + 2 * d(draw(2, 1, seed=6))], alpha={"float": 0.5}, beta={"float": 2}, transA=1, transB=1)
    case("nothing added", "Gemm", [a, b], [d(a) @ d(b)])


def windows():
    x, t = draw(2, 4, 9), lambda a: torch.from_numpy(d(a))
    y = t(x)
    w, b = draw(6, 4, 3, seed=2), draw(6, seed=3)
    case("over time", "Conv", [x, w, b], [F.conv1d(y, t(w), t(b))])
    case("padded, apart", "Conv", [x, w], [F.conv1d(F.pad(y, (3, 1)), t(w), stride=2, dilation=2)],
         kernel_shape=[3], pads=[3, 1], strides=[2], dilations=[2])
    g = draw(6, 2, 2, seed=4)
    case("in groups", "Conv", [x, g, b], [F.conv1d(y, t(g), t(b), groups=2)], group=2)
    case("same as before", "Conv", [x, g], [F.conv1d(F.pad(y, (0, 1)), t(g), stride=2, groups=2)],
         group=2, strides=[2], auto_pad="SAME_UPPER")
    case("same, begun earlier", "Conv", [x, g], [F.conv1d(F.pad(y, (1, 0)), t(g), groups=2)], group=2, auto_pad="SAME_LOWER")
    case("no padding", "Conv", [x, g], [F.conv1d(y, t(g), groups=2)], group=2, auto_pad="VALID")
    image, k = draw(1, 2, 5, 4, seed=5), draw(3, 2, 2, 3, seed=6)
    case("over two axes", "Conv", [image, k], [F.conv2d(t(image), t(k), stride=(2, 1), padding=(0, 1))],
         strides=[2, 1], pads=[0, 1, 0, 1])
    case("windows", "MaxPool", [x], [F.max_pool1d(y, 2)], kernel_shape=[2], strides=[2])
    case("padded", "MaxPool", [x], [F.max_pool1d(y, 3, stride=2, padding=1, dilation=2)], opset=12,
         kernel_shape=[3], strides=[2], pads=[1, 1], dilations=[2])
    case("rounded up", "MaxPool", [x], [F.max_pool1d(y, 2, stride=2, ceil_mode=True)], opset=12,
         kernel_shape=[2], strides=[2], ceil_mode=1)
    case("over two axes", "MaxPool", [image], [F.max_pool2d(t(image), (2, 3), stride=1)], kernel_shape=[2, 3])
    case("windows", "AveragePool", [x], [F.avg_pool1d(y, 3, stride=1)], kernel_shape=[3])
    case("padding left out", "AveragePool", [x], [F.avg_pool1d(y, 3, padding=1, count_include_pad=False)],
         kernel_shape=[3], strides=[3], pads=[1, 1])
    case("padding counted", "AveragePool", [x], [F.avg_pool1d(y, 3, padding=1)],
         kernel_shape=[3], strides=[3], pads=[1, 1], count_include_pad=1)


def pads():
    x = draw(2, 3, 4)
    around = np.pad(x, ((0, 0), (1, 2), (0, 3)), constant_values=0.5)
    case("steps", "Pad", [x, i64(0, 0, 2, 0, 0, 1)], [np.pad(x, ((0, 0), (0, 0), (2, 1)))])
    case("a number", "Pad", [x, i64(0, 1, 0, 0, 2, 3), np.float32(0.5)], [around], mode="constant")
    case("attributes", "Pad", [x], [around], opset=7, pads=[0, 1, 0, 0, 2, 3], value={"float": 0.5})
    case("axes", "Pad", [x, i64(3, 1, 0, 0), None, i64(-1, 0)], [np.pad(x, ((1, 0), (0, 0), (3, 0)))], opset=18)
    case("cut off", "Pad", [x, i64(0, -1, 1, 0, 0, -2)], [np.pad(x[:, 1:, :2], ((0, 0), (0, 0), (1, 0)))])


if __name__ == "__main__":
    for group in [elementwise, activations, reducers, places, shapes, makers, products, windows, pads]:
        group()
    for name, op, opset, attributes, inputs, outputs in recurrent_cases():
        case(name, op, inputs, outputs, opset=opset, **attributes)
    lines = ",\n".join(json.dumps(c, separators=(",", ":"), allow_nan=False) for c in CASES)
    Path(__file__).with_name("onnxOps.json").write_text(f'{{"cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(len(CASES), "cases")
