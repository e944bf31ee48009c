"""Writes crf.json with PyTorch's autograd: `python3 packages/latch/tests/golden/generate_crf.py`.

Made with PyTorch 2.13 on the CPU, in float64. The loss, the marginals and the best path of every case but the long one
come from a sum over all paths, one by one; that of the long one from the forward algorithm. A tag of -1 is open.
"""
import sys
from itertools import product

sys.dont_write_bytecode = True

import torch

from drawn import Draw
from generate import write


def path_score(scores, weights, path):
    transitions, start, end = weights
    total = start[path[0]] + end[path[-1]] + sum(scores[t, k] for t, k in enumerate(path))
    return total + sum(transitions[a, b] for a, b in zip(path, path[1:]))


def all_paths(scores, tags=None):
    steps, classes = scores.shape
    open_tags = [range(classes) if tags is None or tags[t] < 0 else [tags[t]] for t in range(steps)]
    return list(product(*open_tags))


def log_sum(scores, weights, tags=None):
    return torch.logsumexp(torch.stack([path_score(scores, weights, p) for p in all_paths(scores, tags)]), 0)


def forward_log_sum(scores, weights):
    transitions, start, end = weights
    alpha = start + scores[0]
    for row in scores[1:]:
        alpha = torch.logsumexp(alpha[:, None] + transitions, 0) + row
    return torch.logsumexp(alpha + end, 0)


def case(draw, name, lengths, classes, opened=0.0, size=3, brute=True):
    scores = [draw.tensor(n, classes, size=size).requires_grad_() for n in lengths]
    weights = [draw.tensor(classes, classes, size=2), draw.tensor(classes, size=2), draw.tensor(classes, size=2)]
    weights = [w.requires_grad_() for w in weights]
    tags = [[-1 if draw.random() < opened else draw.integer(classes) for _ in range(n)] for n in lengths]
    loss = 0
    for rows, given in zip(scores, tags):
        everything = log_sum(rows, weights) if brute else forward_log_sum(rows, weights)
        fixed = log_sum(rows, weights, given) if opened else path_score(rows, weights, given)
        loss = loss + everything - fixed
    loss = loss / sum(tag >= 0 for given in tags for tag in given)
    loss.backward()
    marginals, best = [], []
    for rows in scores if brute else []:
        with torch.no_grad():
            paths = all_paths(rows)
            values = torch.stack([path_score(rows, weights, p) for p in paths])
            shares = torch.softmax(values, 0)
            best.append(list(paths[int(values.argmax())]))
            each = torch.zeros_like(rows)
            for share, path in zip(shares, paths):
                for t, k in enumerate(path):
                    each[t, k] += share
            marginals.append(each)
    return {
        "name": name, "classes": classes, "lengths": lengths, "scores": [rows.detach() for rows in scores],
        "transitions": weights[0].detach(), "start": weights[1].detach(), "end": weights[2].detach(), "tags": tags,
        "loss": round(loss.item(), 11), "grad": [rows.grad for rows in scores],
        "gradTransitions": torch.zeros_like(weights[0]) if weights[0].grad is None else weights[0].grad,
        "gradStart": weights[1].grad, "gradEnd": weights[2].grad,
        "marginals": marginals, "best": best,
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    draw = Draw(900)
    write("crf.json", {"cases": [
        case(draw, "three sequences", [4, 2, 5], 3),
        case(draw, "one step each", [1, 1], 4),
        case(draw, "two tags", [6, 3], 2),
        case(draw, "open tags", [4, 3, 2], 3, opened=0.4),
        case(draw, "more tags than a panel", [2, 2], 14),
        case(draw, "far scores", [4, 3], 3, size=60),
        case(draw, "long", [40, 33, 7], 6, brute=False),
    ]})
