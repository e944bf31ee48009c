"""Saves one small LSTM classifier as people do: `python3 savePickles.py FOLDER`. Prints the outputs of its weights."""
import json
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(7, 4)
        self.rnn = nn.LSTM(4, 3)
        self.fc = nn.Linear(3, 2)
        self.register_buffer("mask", torch.ones(3, dtype=torch.bool))
        self.register_buffer("count", torch.tensor(7))
        self.names = {"set", "of", "words"}


folder = sys.argv[1]
torch.manual_seed(1)
net = Net()
state = net.state_dict()
optimizer = torch.optim.Adam(net.parameters())
tied = nn.ModuleDict({"emb": nn.Embedding(7, 4), "rnn": nn.LSTM(4, 4), "fc": nn.Linear(4, 7)})
tied["fc"].weight = tied["emb"].weight
half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
cases = {
    "state": state,
    "checkpoint": {"epoch": 3, "state_dict": state, "optimizer": optimizer.state_dict()},
    "modelStateDict": {"model_state_dict": state, "optimizer_state_dict": optimizer.state_dict()},
    "modelKey": {"model": state, "args": {"lr": 0.1}},
    "net": {"net": state, "acc": 0.9},
    "whole": net,
    "wholeInside": {"model": net, "epoch": 1},
    "parallel": {"module." + name: value for name, value in state.items()},
    "compiled": {"_orig_mod." + name: value for name, value in state.items()},
    "both": {"state_dict": {"module._orig_mod." + name: value for name, value in state.items()}},
    "half": half,
    "tied": tied.state_dict(),
}
for name, value in cases.items():
    torch.save(value, f"{folder}/{name}.pt")
torch.save(state, f"{folder}/legacy.pt", _use_new_zipfile_serialization=False)
torch.save(net, f"{folder}/legacyWhole.pt", _use_new_zipfile_serialization=False)
print(json.dumps({"sum": sum(v.double().sum().item() for v in state.values() if v.is_floating_point()), "names": [*cases, "legacy", "legacyWhole"]}))
