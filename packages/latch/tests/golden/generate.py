"""Writes the golden data of this folder with PyTorch: `/usr/bin/python3 packages/latch/tests/golden/generate.py`.

Made with Python 3.11 and PyTorch 1.13.0 (Debian 12's python3-torch), on the CPU with one thread.
A second run on the same machine writes the same files byte for byte: what is drawn comes from Python's
Mersenne twister with fixed seeds, and results are rounded to 11 decimals.

Weights, features and targets are multiples of 1/32, so exact in float32; everything is computed in
float64. A tensor is {"shape", "data"}, row-major. Names of weights are PyTorch's. `loss`, `layers`,
`optimizer` and `schedule` are in Latch's words; the code beside them says what they are in PyTorch.
"""
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import torch

from layers import layer_cases
from losses import loss_cases
from schedules import schedule_cases
from training import training_cases

FOLDER = Path(__file__).parent


def plain(value):
    """Tensors as shape and rounded numbers; everything else as it is."""
    if isinstance(value, torch.Tensor):
        return {"shape": list(value.shape), "data": [number(x) for x in value.detach().reshape(-1).tolist()]}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def number(x):
    rounded = round(x, 11)
    return int(rounded) if rounded == int(rounded) else rounded


def text(value, indent=""):
    """JSON with a line for each tensor, list of numbers or plain value."""
    inner = indent + " "
    if isinstance(value, dict) and "data" not in value:
        lines = [f"{inner}{json.dumps(key)}: {text(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(inner + text(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def write(path, value):
    (FOLDER / path).parent.mkdir(exist_ok=True)
    (FOLDER / path).write_text(text(plain(value)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for name, case in layer_cases():
        write(f"layers/{name}.json", case)
    for name, case in training_cases():
        write(f"training/{name}.json", case)
    write("losses.json", {"cases": loss_cases()})
    write("schedules.json", {"cases": schedule_cases()})
