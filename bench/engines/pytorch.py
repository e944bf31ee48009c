# PyTorch in a process of its own: python3 pytorch.py '{"workload", "size", "threads", "seconds", ...}'.
# How many cores OpenBLAS uses is the environment's (OPENBLAS_NUM_THREADS, OMP_NUM_THREADS), set by the caller.
import json
import sys
import time

import torch

job = json.loads(sys.argv[1])
size = job["size"]
torch.set_num_threads(job["elementwise"])
torch.manual_seed(1)
MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
BATCHES, CLASSES = job["batches"], job["classes"]
B, T, F, H = (size[name] for name in "BTFH")


def training():
    """One step and what its time is divided by."""
    following = size.get("next", False)
    layer = MODULES[size["cell"]](F, H)
    head = torch.nn.Linear(H, F if following else CLASSES)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=1e-3)
    data = [(torch.rand(T, B, F) * 2 - 1, torch.randint(0, CLASSES, (B,)), torch.rand(T, B, F)) for _ in range(BATCHES)]
    ragged = job.get("lengths")
    turn = 0

    # Padded, cut to the longest: its packed sequences take five times as long a token (154 against 30 µs).
    lasts = [torch.tensor(lengths) - 1 for lengths in ragged or []]
    rows = torch.arange(B)

    def outputs_of(x, at):
        return layer(x[: max(ragged[at])] if ragged else x)[0]

    def last_of(outputs, at):
        return outputs[lasts[at], rows] if ragged else outputs[-1]

    def step():
        nonlocal turn
        at = turn % BATCHES
        turn += 1
        x, target, values = data[at]
        optimizer.zero_grad(set_to_none=True)
        outputs = outputs_of(x, at)
        if following:
            loss = torch.nn.functional.mse_loss(head(outputs), values)
        else:
            loss = torch.nn.functional.cross_entropy(head(last_of(outputs, at)), target)
        loss.backward()
        optimizer.step()
        if loss.item() != loss.item():
            raise ValueError("the loss became NaN")

    if following:
        return step, B
    if not ragged:
        return step, 1

    def all_batches():
        for _ in range(BATCHES):
            step()

    return all_batches, sum(map(sum, ragged))


def inference():
    layer = MODULES[size["cell"]](F, H).eval()
    x = torch.rand(T, B, F) * 2 - 1
    return lambda: layer(x)


def streaming_cell():
    cell = torch.nn.LSTMCell(F, H).eval()
    x = torch.rand(B, F) * 2 - 1
    state = (torch.zeros(B, H), torch.zeros(B, H))

    def step():
        nonlocal state
        state = cell(x, state)

    return step


def streaming_layer():
    layer = torch.nn.LSTM(F, H).eval()
    x = torch.rand(1, B, F) * 2 - 1
    state = (torch.zeros(1, B, H), torch.zeros(1, B, H))

    def step():
        nonlocal state
        _, state = layer(x, state)

    return step


def sample(step, calls, seconds):
    """Milliseconds a step, as measure.mjs takes them."""
    first = time.perf_counter()
    done = 0
    while not (done >= 3 and time.perf_counter() - first >= job["warm"] or time.perf_counter() - first >= 2):
        step()
        done += 1
    ms = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(ms) < 3:
        begun = time.perf_counter()
        for _ in range(calls):
            step()
        ms.append((time.perf_counter() - begun) * 1e3 / calls)
    return ms


def report(ms, **more):
    print(json.dumps({"workload": job["workload"], "ms": ms, **more}), flush=True)


if size["kind"] == "train":
    run, each = training()
    report([x / each for x in sample(run, size["calls"], job["seconds"])])
else:
    variants = {"": inference} if size["kind"] == "infer" else {"LSTMCell": streaming_cell, "nn.LSTM": streaming_layer}
    for variant, make in variants.items():
        with torch.inference_mode():
            report(sample(make(), size["calls"], job["seconds"] / len(variants)), variant=variant)
