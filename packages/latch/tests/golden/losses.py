"""Losses of a few rows of outputs, and their gradients. Means are over the weights of the rows."""
import torch
from torch.nn import functional as F

from drawn import Draw

SOFTMAX, BINARY = {"type": "softmaxCrossEntropy"}, {"type": "binaryCrossEntropy"}


def case(name, loss, outputs, targets, compute):
    leaf = outputs.clone().requires_grad_()
    value = compute(leaf)
    value.backward()
    return {
        "name": name, "loss": loss, "outputs": outputs, "targets": targets,
        "value": round(value.item(), 11), "grad": leaf.grad,
    }


def softmax_case(name, logits, classes, smoothing=0.0, weights=None):
    loss = dict(SOFTMAX)
    if smoothing:
        loss["labelSmoothing"] = smoothing
    if weights:
        loss["classWeights"] = weights
    options = {"label_smoothing": smoothing, "weight": torch.tensor(weights) if weights else None}
    return case(
        name, loss, logits, {"classes": classes},
        lambda x: F.cross_entropy(x, torch.tensor(classes), ignore_index=-1, **options),
    )


def binary_case(name, logits, classes, smoothing=0.0, weights=(1.0, 1.0)):
    """Smoothing as with two classes: y (1 - e) + e / 2."""
    y = torch.tensor(classes, dtype=torch.float64).reshape(logits.shape)
    weight = weights[0] + y * (weights[1] - weights[0])
    soft = y * (1 - smoothing) + smoothing / 2
    return case(
        name, {**BINARY, "labelSmoothing": smoothing, "classWeights": list(weights)}, logits, {"classes": classes},
        lambda x: F.binary_cross_entropy_with_logits(x, soft, weight=weight, reduction="sum") / weight.sum(),
    )


def loss_cases():
    draw = Draw(500)
    logits, classes = draw.tensor(4, 5, size=3), [2, 0, 4, 2]
    weights = [1.0, 0.5, 2.0, 0.25, 3.0]
    one, zero_or_one = draw.tensor(5, 1, size=3), [1, 0, 0, 1, 1]
    outputs, values = draw.tensor(3, 2, size=2), draw.tensor(3, 2, size=2)
    plain = {"values": values.reshape(-1).tolist()}
    return [
        softmax_case("softmax", logits, classes),
        softmax_case("softmax, a row without a class", logits, [2, -1, 4, 2]),
        softmax_case("softmax, smoothed", logits, classes, smoothing=0.125),
        softmax_case("softmax, weighted", logits, classes, weights=weights),
        softmax_case("softmax, smoothed and weighted", logits, classes, smoothing=0.125, weights=weights),
        softmax_case("softmax, large logits", logits * 64, classes),
        binary_case("binary", one, zero_or_one),
        binary_case("binary, smoothed and weighted", one, zero_or_one, smoothing=0.25, weights=(0.5, 2.0)),
        binary_case("binary, large logits", one * 64, zero_or_one),
        case("squared", {"type": "meanSquaredError"}, outputs, plain, lambda x: F.mse_loss(x, values)),
        case("absolute", {"type": "meanAbsoluteError"}, outputs, plain, lambda x: F.l1_loss(x, values)),
        case(
            "Huber", {"type": "huber", "delta": 0.75}, outputs, plain,
            lambda x: F.huber_loss(x, values, delta=0.75),
        ),
    ]
