# PyTorch in a process of its own: python3 torch_engine.py THREADS SECONDS WORKLOADS_JSON NAME...
# One thread also needs OPENBLAS_NUM_THREADS=1 and OMP_NUM_THREADS=1 in the environment.
import json
import sys
import time

import torch

threads, seconds, sizes, names = int(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4:]
torch.set_num_threads(threads)
torch.manual_seed(1)
MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


def training_step(size):
    layer = MODULES[size["cell"]](size["F"], size["H"])
    head = torch.nn.Linear(size["H"], 10)
    parameters = [*layer.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    x = torch.randn(size["T"], size["B"], size["F"])
    target = torch.randint(0, 10, (size["B"],))

    def step():
        optimizer.zero_grad(set_to_none=True)
        outputs, _ = layer(x)
        torch.nn.functional.cross_entropy(head(outputs[-1]), target).backward()
        optimizer.step()

    return step


def inference_step(size):
    layer = MODULES[size["cell"]](size["F"], size["H"]).eval()
    x = torch.randn(size["T"], size["B"], size["F"])

    def step():
        with torch.inference_mode():
            layer(x)

    return step


for name in names:
    size = sizes[name]
    step = training_step(size) if size["kind"] == "train" else inference_step(size)
    for _ in range(5):
        step()
    ms = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(ms) < 5:
        begun = time.perf_counter()
        step()
        ms.append((time.perf_counter() - begun) * 1e3)
    line = {"workload": name, "engine": "pytorch " + torch.__version__, "threads": threads, "ms": ms}
    print(json.dumps(line), flush=True)
