"""Saves small PyTorch models as safetensors and ONNX: `python3 torchModels.py FOLDER parts|random`.

Prints, as JSON, each model's file, input, outputs in evaluation, and the options of its import.
"""
import json
import random
import struct
import sys
import warnings

import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
B, T, F = 2, 5, 3
DTYPES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
    torch.complex64: "C64",
}


def save(state, path):
    head, parts, end = {}, [], 0
    for name, value in state.items():
        value = value.detach().contiguous()
        raw = bytes(value.reshape(-1).view(torch.uint8).tolist()) if value.numel() else b""
        head[name] = {"dtype": DTYPES[value.dtype], "shape": [*value.shape], "data_offsets": [end, end + len(raw)]}
        parts.append(raw)
        end += len(raw)
    text = json.dumps(head).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


class Reads(nn.Module):
    """Recurrent layers, one reading of their output, and a head."""

    def __init__(self, rnn, head=None, read="steps", below=None):
        super().__init__()
        if below is not None:
            self.below = below
        self.rnn = rnn
        if head is not None:
            self.head = head
        self.read = read

    def forward(self, x):
        x = self.below(x) if hasattr(self, "below") else x
        if not self.rnn.batch_first:
            x = x.transpose(0, 1)
        out, state = self.rnn(x)
        if not self.rnn.batch_first:
            out = out.transpose(0, 1)
        h = state[0] if isinstance(state, tuple) else state
        if self.read == "h_n":
            out = torch.cat([h[-2], h[-1]], 1) if self.rnn.bidirectional else h[-1]
        elif self.read == "last":
            out = out[:, -1]
        elif self.read == "mean":
            out = out.mean(1)
        elif self.read == "max":
            out = out.max(1)[0]
        return self.head(out) if hasattr(self, "head") else out


def answers(model, x):
    with torch.no_grad():
        return model.eval()(x).float().reshape(-1).tolist()


def case(name, model, x, config, state=None):
    """The model as a safetensors file with its numbers."""
    expected = answers(model, x)
    save(model.state_dict() if state is None else state, f"{folder}/{name}.safetensors")
    return {
        "name": name,
        "ids": x.dtype == torch.long,
        "shape": [*x.shape],
        "input": x.reshape(-1).tolist(),
        "output": expected,
        "config": config,
    }


def normed(rnn, *names, dim=0, norm=weight_norm):
    for name in names:
        norm(rnn, name, dim=dim)
        with torch.no_grad():
            for part in ("_g", "_v"):
                if hasattr(rnn, name + part):
                    getattr(rnn, name + part).mul_(1.5 if part == "_g" else 0.7)
    return rnn


def trained(model, x):
    """A few steps, so that running statistics and power iterations are no longer at their start."""
    optimizer = torch.optim.SGD(model.parameters(), 0.3)
    model.train()
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    return model


class BatchNormed(nn.Module):
    def __init__(self, eps=1e-5, affine=True):
        super().__init__()
        self.rnn = nn.LSTM(F, 4, batch_first=True)
        self.bn = nn.BatchNorm1d(4, eps=eps, affine=affine)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.bn(self.rnn(x)[0][:, -1]))


class Convolved(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(F, 2 * F, 3, stride=2, padding=1, groups=F)
        self.mix = nn.Conv1d(2 * F, 5, 1)
        self.bn = nn.BatchNorm1d(5)
        self.rnn = nn.LSTM(5, 4, batch_first=True)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        x = torch.relu(self.bn(self.mix(self.conv(x.transpose(1, 2)))))
        return self.fc(self.rnn(x.transpose(1, 2))[0][:, -1])


CONVOLVED = [
    {"type": "features", "width": F},
    {"type": "conv1d", "filters": 2 * F, "kernelSize": 3, "stride": 2, "padding": 1, "groups": F},
    {"type": "conv1d", "filters": 5, "kernelSize": 1},
    {"type": "batchNorm"},
    {"type": "activation", "activation": "relu"},
    {"type": "recurrent", "cell": "lstm", "units": 4, "returnSequences": False},
    {"type": "dense", "units": 2},
]


class Learned(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.rnn = nn.GRU(F, 4, batch_first=True)
        self.h0 = nn.Parameter(torch.randn(shape))

    def forward(self, x):
        return self.rnn(x)[0]


def parts():
    x = torch.randn(B, T, F)
    last = {"returnSequences": False}
    lstm = lambda **options: nn.LSTM(F, 4, batch_first=True, **options)
    models = {
        "lstmHidden": normed(lstm(), "weight_hh_l0"),
        "lstmBoth": normed(lstm(num_layers=2), "weight_ih_l0", "weight_hh_l0", "weight_hh_l1"),
        "lstmReverse": normed(lstm(bidirectional=True), "weight_hh_l0_reverse", "weight_ih_l0"),
        "lstmColumns": normed(lstm(), "weight_hh_l0", dim=1),
        "lstmWhole": normed(lstm(), "weight_hh_l0", dim=None),
        "lstmProjected": normed(lstm(proj_size=2), "weight_hr_l0", "weight_hh_l0"),
        "gru": normed(nn.GRU(F, 4, batch_first=True), "weight_ih_l0", "weight_hh_l0"),
        "rnn": normed(nn.RNN(F, 4, batch_first=True), "weight_ih_l0", "weight_hh_l0"),
        "oneUnit": normed(nn.GRU(F, 1, batch_first=True), "weight_ih_l0", "weight_hh_l0"),
    }
    for dim in (0, 1, None):
        models[f"linear{dim}"] = (lstm(), normed(nn.Linear(4, 2), "weight", dim=dim))
    models["linearOne"] = (lstm(), normed(nn.Linear(4, 1), "weight"))
    models["spectral"] = (lstm(), spectral_norm(nn.Linear(4, 2)))
    models["spectralSquare"] = (lstm(), spectral_norm(nn.Linear(4, 4)))
    models["spectralColumns"] = (lstm(), spectral_norm(nn.Linear(4, 2), dim=1))
    models["spectralNew"] = (lstm(), parametrizations.spectral_norm(nn.Linear(4, 2)))
    models["pruned"] = (lstm(), prune.l1_unstructured(nn.Linear(4, 2), "weight", amount=5))
    if hasattr(parametrizations, "weight_norm"):
        for dim in (0, 1, None):
            models[f"linearNew{dim}"] = (lstm(), parametrizations.weight_norm(nn.Linear(4, 2), dim=dim))
        for name in ("weight_hh_l0", "weight_ih_l0_reverse"):
            models[f"new_{name}"] = parametrizations.weight_norm(lstm(bidirectional=True), name)
    cases = []
    for name, model in models.items():
        rnn, head = model if isinstance(model, tuple) else (model, None)
        net = trained(Reads(rnn, head, "h_n"), x)
        cases.append(case(name, net, x, last))
    pruned = Reads(lstm(), None, "h_n")
    prune.random_unstructured(pruned.rnn, "weight_hh_l0", amount=0.5)
    pruned.rnn.flatten_parameters()
    cases.append(case("prunedHidden", pruned, x, last))
    refused = Reads(lstm(), parametrizations.orthogonal(nn.Linear(4, 4)), "h_n")
    cases.append({**case("orthogonal", refused, x, last), "error": "remove_parametrizations"})
    for name, options in {"batchNorm": {}, "batchNormEps": {"eps": 0.1}, "batchNormPlain": {"affine": False}}.items():
        config = {"pool": "last", **({"epsilon": 0.1} if "eps" in options else {})}
        cases.append(case(name, trained(BatchNormed(**options), x), x, config))
    config = {"layers": CONVOLVED, "order": ["conv", "mix", "bn", "rnn", "fc"]}
    cases.append(case("convolved", trained(Convolved(), x), x, config))
    net = Reads(lstm(), nn.Linear(4, 2), "h_n")
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        state = {key: value.to(dtype) for key, value in net.state_dict().items()}
        net.load_state_dict(state)
        cases.append(case(DTYPES[dtype], net, x, last, state))
    for dtype in (torch.bool, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.complex64):
        buffers = {"mask": torch.ones(2, 2).to(dtype), "rnn.position": torch.zeros([]).to(dtype), "none": torch.zeros(0, 2)}
        made = case(f"buffer{DTYPES[dtype]}", net, x, last, {**net.state_dict(), **buffers})
        cases.append({**made, "omitted": ["mask", "rnn.position"], "dtype": DTYPES[dtype]})
    for dtype in (torch.int8, torch.uint8, torch.bool):
        state = {**net.state_dict(), "head.weight": net.head.weight.to(dtype)}
        cases.append({**case(f"weight{DTYPES[dtype]}", net, x, last, state), "error": f"head.weight.*got {DTYPES[dtype]}"})
    for name, shape in {"h0": (1, 1, 4), "h0Flat": (4,), "h0Layers": (1, 4)}.items():
        cases.append({**case(name, Learned(shape), x, None), "error": "a learned initial state"})
    return cases


def head_of(width, draw):
    """A head, and the configuration that says its activations."""
    kind = draw.choice(["none", "linear", "two", "norm"])
    if kind == "none":
        return None, {}
    if kind == "linear":
        return nn.Linear(width, 2, bias=draw.random() < 0.7), {}
    if kind == "norm":
        return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2)), {}
    name, module = draw.choice([("relu", nn.ReLU()), ("tanh", nn.Tanh()), ("sigmoid", nn.Sigmoid())])
    return nn.Sequential(nn.Linear(width, 4), module, nn.Dropout(0.5), nn.Linear(4, 3)), {"heads": {"head.0": name}}


def random_models(count):
    cases = []
    for seed in range(count):
        torch.manual_seed(seed)
        draw = random.Random(seed)
        cell = draw.choice(["LSTM", "GRU", "RNN"])
        layers, H = draw.choice([1, 1, 2, 3]), draw.choice([1, 2, 4, 5])
        options = {
            "num_layers": layers,
            "bidirectional": draw.random() < 0.4,
            "bias": draw.random() < 0.8,
            "batch_first": draw.random() < 0.6,
            "dropout": draw.choice([0, 0.3]) if layers > 1 else 0,
        }
        config = {}
        if cell == "RNN":
            config["activation"] = options["nonlinearity"] = draw.choice(["tanh", "relu"])
        projection = draw.choice([0, 0, 1, 2]) if cell == "LSTM" and H > 2 else 0
        if projection:
            options["proj_size"] = projection
        embedded = draw.random() < 0.5
        rnn = getattr(nn, cell)(F, H, **options)
        width = (projection or H) * (2 if options["bidirectional"] else 1)
        head, heads = head_of(width, draw)
        read = draw.choice(["steps", "h_n", "last", "mean", "max"])
        if read == "h_n":
            config["returnSequences"] = False
        elif read != "steps":
            config["pool"] = read
        below = nn.Embedding(7, F) if embedded else None
        net = Reads(rnn, head, read, below)
        order = [*(["below"] if embedded else []), "rnn"]
        order += [] if head is None else ["head"] if isinstance(head, nn.Linear) else [f"head.{i}" for i in range(len(head)) if len([*head[i].parameters()])]
        x = torch.randint(0, 7, (B, T)) if embedded else torch.randn(B, T, F)
        made = case(f"random{seed}", net, x, {**config, **heads, "order": order})
        made["opset"] = draw.choice([9, 11, 13, 15, 16])
        made["onnx"] = not projection
        if made["onnx"]:
            export(net, x, f"{folder}/random{seed}.onnx", made["opset"])
        made["model"] = f"{cell} {options} {read} {head} {embedded}"
        cases.append(made)
    return cases


def export(net, x, path, opset):
    modern = {} if torch.__version__.startswith("1.") else {"dynamo": False}
    axes = {"x": {0: "batch", 1: "time"}}
    torch.onnx.export(net, (x,), path, input_names=["x"], dynamic_axes=axes, opset_version=opset, **modern)


folder, what = sys.argv[1:3]
torch.manual_seed(3)
print("\n" + json.dumps(parts() if what == "parts" else random_models(int(sys.argv[3]))))
