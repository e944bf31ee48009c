"""Runs each snippet of a folder unchanged, then its model on the inputs beside it; prints outputs as JSON."""
import contextlib
import io
import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

import torch

os.chdir(sys.argv[1])
torch.set_num_threads(1)
answers = {}
for path in sorted(Path(".").glob("*.json")):
    scope, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(path.with_suffix(".py").read_text(), scope)
    case = json.loads(path.read_text())
    x = torch.tensor(case["x"], dtype=torch.long if case["ids"] else torch.float32)
    with torch.no_grad():
        y = scope["model"](x, torch.tensor(case["lengths"]))
        one = scope["model"](x[:1, : case["lengths"][0]])
    answers[path.stem] = {"output": y.reshape(-1).tolist(), "alone": one.reshape(-1).tolist(), "printed": printed.getvalue()}
print(json.dumps(answers))
