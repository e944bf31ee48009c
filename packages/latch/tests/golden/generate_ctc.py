"""Writes ctc.json with PyTorch's ctc_loss: `python3 packages/latch/tests/golden/generate_ctc.py`.

Made with PyTorch 2.13 on the CPU, in float64. `logits` are those of every step of each sequence, the gradients
are of them (through log_softmax). `labels` are in the order of the sequences.
"""
import sys

sys.dont_write_bytecode = True

import torch
from torch.nn import functional as F

from drawn import Draw
from generate import write


def case(draw, name, lengths, labels, classes, **options):
    blank, reduction = options.get("blank", 0), options.get("reduction", "mean")
    logits = [draw.tensor(n, classes, size=3) for n in lengths]
    padded = torch.zeros(max(lengths), len(lengths), classes)
    for b, rows in enumerate(logits):
        padded[: len(rows), b] = rows
    padded.requires_grad_()
    value = F.ctc_loss(
        F.log_softmax(padded, 2), torch.tensor([x for row in labels for x in row], dtype=torch.long),
        torch.tensor(lengths), torch.tensor([len(row) for row in labels]), blank=blank, reduction=reduction,
        zero_infinity=options.get("zeroInfinity", False),
    )
    value.backward()
    return {
        "name": name, "loss": {"type": "ctc", **options}, "lengths": lengths, "labels": [list(row) for row in labels],
        "classes": classes, "logits": logits, "value": round(value.item(), 11),
        "grad": [padded.grad[:n, b] for b, n in enumerate(lengths)],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(800)
    write("ctc.json", {"cases": [
        case(draw, "mean", [7, 6, 9], [[1, 2, 3], [4, 1], [2, 3, 4, 1]], 5),
        case(draw, "sum", [7, 6], [[1, 2, 3], [4, 1]], 5, reduction="sum"),
        case(draw, "labels twice in a row", [8, 5, 7], [[1, 1, 2], [3, 3], [2, 2, 2]], 4),
        case(draw, "another blank", [4, 6], [[0, 1], [2, 0, 0]], 4, blank=3),
        case(draw, "no labels", [3, 5], [[], [1, 2]], 3),
        case(draw, "as many labels as steps", [3, 4], [[1, 2, 1], [2, 1, 2, 1]], 3, reduction="sum"),
        case(draw, "one step", [1, 1], [[1], []], 3),
        case(draw, "too short, left out", [2, 5, 2], [[1, 2, 1], [2, 1], [1, 1]], 3, zeroInfinity=True),
        case(draw, "too short, left out of a sum", [5, 2], [[2, 1], [1, 1]], 3, zeroInfinity=True, reduction="sum"),
        case(draw, "long", [60], [[1, 5, 2, 2, 3, 4, 4, 1, 6, 5, 5, 3]], 7),
    ]})
