"""Values and slopes of activations by PyTorch 1.13 in float64: writes activations.json beside this file."""
import json
import os

import torch
import torch.nn.functional as F

POINTS = [-800.0, -40.0, -12.5, -6.0, -3.5, -2.9, -1.7, -1.0, -0.51, -0.1, 0.1, 0.37, 0.8, 1.3, 2.2, 3.4, 5.9, 6.1, 12.0, 40.0, 800.0]

CASES = [
    ("linear", None, None, lambda x: x * 1),
    ("relu", None, None, torch.relu),
    ("tanh", None, None, torch.tanh),
    ("sigmoid", None, None, torch.sigmoid),
    ("hardSigmoid", None, None, lambda x: torch.clamp(0.2 * x + 0.5, 0, 1)),
    ("hardSigmoid", 1 / 6, 0.5, lambda x: F.relu6(x + 3) / 6),
    ("softplus", None, None, lambda x: torch.logaddexp(x, torch.zeros_like(x))),
    ("softsign", None, None, F.softsign),
    ("elu", None, None, F.elu),
    ("elu", 0.7, None, lambda x: F.elu(x, 0.7)),
    ("selu", None, None, F.selu),
    ("leakyRelu", None, None, F.leaky_relu),
    ("leakyRelu", 0.3, None, lambda x: F.leaky_relu(x, 0.3)),
    ("leakyRelu", -0.4, None, lambda x: F.leaky_relu(x, -0.4)),
    ("thresholdedRelu", None, None, lambda x: F.threshold(x, 1.0, 0.0)),
    ("thresholdedRelu", -0.3, None, lambda x: F.threshold(x, -0.3, 0.0)),
    ("scaledTanh", 1.7159, 2 / 3, lambda x: 1.7159 * torch.tanh(2 / 3 * x)),
    ("affine", None, None, lambda x: x * 1),
    ("affine", 2.5, -1.25, lambda x: 2.5 * x - 1.25),
    ("exponential", None, None, torch.exp),
    ("relu6", None, None, F.relu6),
    ("hardTanh", None, None, F.hardtanh),
    ("hardTanh", -0.6, 2.5, lambda x: F.hardtanh(x, -0.6, 2.5)),
    ("gelu", None, None, F.gelu),
    ("gelu", 1, None, lambda x: F.gelu(x, approximate="tanh")),
    ("silu", None, None, F.silu),
    ("mish", None, None, F.mish),
    ("hardSilu", None, None, F.hardswish),
]

cases = []
for name, alpha, beta, f in CASES:
    points = [p for p in POINTS if name != "exponential" or p < 100]
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    y = f(x)
    y.sum().backward()
    spec = {"type": name}
    if alpha is not None:
        spec["alpha"] = alpha
    if beta is not None:
        spec["beta"] = beta
    cases.append({"spec": spec, "x": points, "y": y.detach().tolist(), "slope": x.grad.tolist()})

with open(os.path.join(os.path.dirname(__file__), "activations.json"), "w") as out:
    json.dump({"generator": "generate_activations.py", "cases": cases}, out)
    out.write("\n")
