"""Writes optimizers.json with PyTorch's own optimizers: `python3 packages/latch/tests/golden/generate_optimizers.py`.

Made with PyTorch 2.13 on the CPU, in float64. Lion, which PyTorch does not have, follows Algorithm 2 of
Chen et al. 2023. Weights and gradients are multiples of 1/32; the options are in Latch's words, the code
beside them says what they are in PyTorch. A path is one row of weights an update.
"""
import sys

sys.dont_write_bytecode = True

import torch

from drawn import Draw
from generate import write

STEPS, COUNT = 12, 6
RATE = 0.05


class Lion(torch.optim.Optimizer):
    """The paper's algorithm, in its order: interpolate, step by the sign and decay, then update the momentum."""

    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                direction = torch.sign(first * m + (1 - first) * p.grad)
                p.sub_(group["lr"] * (direction + group["weight_decay"] * p))
                m.mul_(second).add_(p.grad, alpha=1 - second)


WORDS = {
    "weightDecay": "weight_decay", "epsilon": "eps", "momentumDecay": "momentum_decay", "lrDecay": "lr_decay",
    "decoupledWeightDecay": "decoupled_weight_decay", "initialAccumulatorValue": "initial_accumulator_value",
}
KINDS = {
    "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW, "adadelta": torch.optim.Adadelta, "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam, "radam": torch.optim.RAdam, "lion": Lion,
}
DEFAULTS = {"lion": {"betas": (0.9, 0.99), "weight_decay": 0}}


def torch_options(options):
    """Latch's options under PyTorch's names."""
    named = {WORDS.get(name, name): value for name, value in options.items() if name not in ("type", "beta1", "beta2")}
    if "beta1" in options or "beta2" in options:
        usual = (0.9, 0.99 if options["type"] == "lion" else 0.999)
        named["betas"] = (options.get("beta1", usual[0]), options.get("beta2", usual[1]))
    return DEFAULTS.get(options["type"], {}) | named


CASES = [
    {"type": "sgd"},
    {"type": "sgd", "weightDecay": 0.1},
    {"type": "sgd", "momentum": 0.9, "weightDecay": 0.01},
    {"type": "sgd", "momentum": 0.9, "dampening": 0.4, "weightDecay": 0.01},
    {"type": "sgd", "momentum": 0.8, "nesterov": True},
    {"type": "rmsprop"},
    {"type": "rmsprop", "momentum": 0.9},
    {"type": "rmsprop", "centered": True},
    {"type": "rmsprop", "alpha": 0.9, "epsilon": 1e-4, "momentum": 0.5, "centered": True, "weightDecay": 0.02},
    {"type": "adagrad"},
    {"type": "adagrad", "lrDecay": 0.3, "initialAccumulatorValue": 0.5, "weightDecay": 0.1, "epsilon": 1e-3},
    {"type": "adam"},
    {"type": "adam", "amsgrad": True},
    {"type": "adam", "amsgrad": True, "beta1": 0.7, "beta2": 0.6, "epsilon": 1e-3, "weightDecay": 0.1},
    {"type": "adamw", "beta2": 0.9},
    {"type": "adamw", "amsgrad": True, "beta1": 0.5, "beta2": 0.7, "weightDecay": 0.3},
    {"type": "adadelta"},
    {"type": "adadelta", "rho": 0.7, "epsilon": 1e-3, "weightDecay": 0.1},
    {"type": "adamax"},
    {"type": "adamax", "beta1": 0.6, "beta2": 0.7, "epsilon": 1e-2, "weightDecay": 0.1},
    {"type": "nadam"},
    {"type": "nadam", "beta1": 0.7, "beta2": 0.8, "epsilon": 1e-3, "momentumDecay": 0.1, "weightDecay": 0.1},
    {"type": "nadam", "weightDecay": 0.2, "decoupledWeightDecay": True},
    {"type": "radam"},
    {"type": "radam", "beta1": 0.7, "beta2": 0.8, "epsilon": 1e-3, "weightDecay": 0.1},
    {"type": "radam", "beta2": 0.95, "weightDecay": 0.2, "decoupledWeightDecay": True},
    {"type": "lion"},
    {"type": "lion", "beta1": 0.6, "beta2": 0.8, "weightDecay": 0.1},
]


def path(options, start, gradients):
    weights = start.clone().requires_grad_()
    optimizer = KINDS[options["type"]]([weights], lr=RATE, **torch_options(options))
    found = []
    for gradient in gradients:
        weights.grad = gradient.clone()
        optimizer.step()
        found.append(weights.detach().clone())
    return torch.stack(found)


def defaults():
    """What PyTorch takes for options that are not given; Lion's are the paper's."""
    found = {}
    for name, kind in KINDS.items():
        if name == "lion":
            continue
        group = kind([torch.zeros(1)]).param_groups[0]
        words = {torch_name: latch for latch, torch_name in WORDS.items()}
        known = ("momentum", "dampening", "nesterov", "alpha", "centered", "amsgrad", "rho", *words)
        given = {words.get(key, key): group[key] for key in group if key in known}
        if name == "adam" or name == "adamw":
            given.pop("decoupledWeightDecay", None)
        if "betas" in group:
            given |= {"beta1": group["betas"][0], "beta2": group["betas"][1]}
        found[name] = {"learningRate": group["lr"], "options": given}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(700)
    start = draw.tensor(COUNT, size=1)
    gradients = draw.tensor(STEPS, COUNT, size=1)
    # One weight has no gradient for a while, one changes its size by far.
    gradients[2:7, 1] = 0
    gradients[5:, 2] *= 0.01
    write("optimizers.json", {
        "rate": RATE, "start": start, "gradients": gradients, "defaults": defaults(),
        "cases": [{"options": options, "path": path(options, start, gradients)} for options in CASES],
    })
