"""Learning rates in force at each step, not rounded; `warmup` is LinearLR from 1 / n, chained."""
import warnings

import torch
from torch.optim import lr_scheduler as lr


def optimizer_at(rate):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)


def rates(rate, count, *makers):
    optimizer = optimizer_at(rate)
    schedulers = [make(optimizer) for make in makers]
    found = []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


def plateau_rates(rate, losses, **options):
    optimizer = optimizer_at(rate)
    scheduler = lr.ReduceLROnPlateau(optimizer, **options)
    found = []
    for loss in losses:
        found.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss)
    return found


def case(schedule, rate, found, **more):
    return {"schedule": schedule, "rate": rate, **more, "rates": found}


def schedule_cases():
    # LinearLR steps the optimizer's rate itself before the first step of training: no fault of ours.
    warnings.simplefilter("ignore")
    losses = [3.0, 2.5, 2.5, 2.49, 2.6, 2.4, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3, 2.3]
    return [
        case({"type": "step", "stepSize": 3, "gamma": 0.5}, 0.2, rates(0.2, 10, lambda o: lr.StepLR(o, 3, 0.5))),
        case(
            {"type": "multiStep", "milestones": [2, 3, 7], "gamma": 0.5}, 0.2,
            rates(0.2, 10, lambda o: lr.MultiStepLR(o, [2, 3, 7], 0.5)),
        ),
        case(
            {"type": "exponential", "gamma": 0.8}, 0.2,
            rates(0.2, 8, lambda o: lr.ExponentialLR(o, 0.8)),
        ),
        case(
            {"type": "cosine", "tMax": 9, "etaMin": 0.01}, 0.2,
            rates(0.2, 10, lambda o: lr.CosineAnnealingLR(o, 9, 0.01)),
        ),
        case(
            {"type": "oneCycle", "totalSteps": 14}, 0.5,
            rates(0.02, 14, lambda o: lr.OneCycleLR(o, 0.5, total_steps=14, cycle_momentum=False)),
        ),
        case(
            {"type": "oneCycle", "totalSteps": 11, "pctStart": 0.4, "divFactor": 10, "finalDivFactor": 100}, 0.5,
            rates(
                0.05, 11,
                lambda o: lr.OneCycleLR(
                    o, 0.5, total_steps=11, pct_start=0.4, div_factor=10, final_div_factor=100, cycle_momentum=False
                ),
            ),
        ),
        case(
            {"type": "exponential", "gamma": 0.8, "warmup": 4}, 0.2,
            rates(0.2, 8, lambda o: lr.ExponentialLR(o, 0.8), lambda o: lr.LinearLR(o, 1 / 4, total_iters=3)),
        ),
        case(
            {"type": "plateau", "factor": 0.5, "patience": 1, "threshold": 0.01, "minLr": 0.03}, 0.2,
            plateau_rates(0.2, losses, factor=0.5, patience=1, threshold=0.01, min_lr=0.03), losses=losses,
        ),
        case(
            {"type": "plateau", "factor": 0.5, "patience": 1, "cooldown": 2}, 0.2,
            plateau_rates(0.2, losses, factor=0.5, patience=1, cooldown=2), losses=losses,
        ),
        case(
            {"type": "plateau", "factor": 0.5, "patience": 0, "cooldown": 1, "threshold": 0.2, "thresholdMode": "abs"}, 0.2,
            plateau_rates(0.2, losses, factor=0.5, patience=0, cooldown=1, threshold=0.2, threshold_mode="abs"),
            losses=losses,
        ),
        case(
            {"type": "plateau", "factor": 0.5, "patience": 0, "epsilon": 0.03}, 0.2,
            plateau_rates(0.2, losses, factor=0.5, patience=0, eps=0.03), losses=losses,
        ),
    ]
