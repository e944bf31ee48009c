"""One side of bench/languageModel.mjs: characters a second that a loop over an LSTMCell of PyTorch writes."""
import json
import sys
import time

import torch
from torch import nn

options = json.loads(sys.argv[1])
VOCABULARY, PIECE, WARM_UP = 65, 2000, 3
torch.manual_seed(1)
torch.set_num_threads(options["threads"])
embedding = nn.Embedding(VOCABULARY, 64)
cell = nn.LSTMCell(64, options["units"])
output = nn.Linear(options["units"], VOCABULARY)


@torch.inference_mode()
def write(length):
    token, state, written = torch.tensor([0]), None, []
    for _ in range(length):
        state = cell(embedding(token), state)
        token = torch.multinomial(torch.softmax(output(state[0])[0], 0), 1)
        written.append(token.item())
    return written


begun, counted, piece = 0.0, 0, 0
while True:
    if piece == WARM_UP:
        begun = time.perf_counter()
    written = write(PIECE)
    if piece >= WARM_UP:
        counted += len(written)
        if time.perf_counter() - begun > options["seconds"]:
            break
    piece += 1
taken = time.perf_counter() - begun
print(json.dumps({
    "charactersPerSecond": counted / taken,
    "engine": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads",
}))
