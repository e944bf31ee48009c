"""One side of bench/languageModel.mjs: characters a second of PyTorch."""
import json
import sys
import time

import torch
from torch import nn

options = json.loads(sys.argv[1])
units, batch, steps = options["units"], options["batch"], options["steps"]
VOCABULARY, WARM_UP = 65, 3
torch.manual_seed(1)
torch.set_num_threads(options["threads"])


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 64)
        self.lstm = nn.LSTM(64, units, batch_first=True)
        self.output = nn.Linear(units, VOCABULARY)

    def forward(self, ids, state):
        hidden, state = self.lstm(self.embedding(ids), state)
        return self.output(hidden), state


number, numbers = 1, []
for i in range(batch * (steps * 40) + 1):
    if i % 3 == 0:
        number = (number * 1103515245 + 12345) % 2147483648
    numbers.append(number % VOCABULARY)
corpus = torch.tensor(numbers)
parts, targets = corpus[:-1].view(batch, -1), corpus[1:].view(batch, -1)
model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
state, counted, begun, step = None, 0, 0.0, 0
while True:
    at = step * steps % parts.shape[1]
    if at == 0:
        state = None
    logits, state = model(parts[:, at : at + steps], state)
    state = tuple(each.detach() for each in state)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets[:, at : at + steps].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    step += 1
    if step == WARM_UP:
        begun = time.perf_counter()
    elif step > WARM_UP:
        counted += 1
        if time.perf_counter() - begun > options["seconds"]:
            break
taken = time.perf_counter() - begun
print(json.dumps({
    "charactersPerSecond": counted * batch * steps / taken,
    "engine": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads",
    "loss": loss.item(),
}))
