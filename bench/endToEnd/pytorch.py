# The end-to-end classifier in PyTorch: CSV in, saved model out, ends with the first epoch that reaches the
# target: python3 pytorch.py '{"train", "validation", "out", "target", "epochs", "seed", "elementwise", sizes...}'.
import csv
import json
import random
import sys
from collections import Counter

import torch

job = json.loads(sys.argv[1])
torch.set_num_threads(job["elementwise"])
torch.manual_seed(job["seed"])
shuffler = random.Random(job["seed"])
BUCKET = 50  # batches whose rows are sorted by length together, so that little is padded


def read(path):
    with open(path, newline="") as file:
        return [(row["text"].lower().split(), row["label"]) for row in csv.DictReader(file)]


rows, held = read(job["train"]), read(job["validation"])
counts = Counter(word for words, _ in rows for word in words)
vocabulary = {word: i + 1 for i, word in enumerate(w for w, n in counts.items() if n >= 2)}
labels = sorted({label for _, label in rows})


def encode(examples):
    return [([vocabulary.get(w, 0) for w in words], float(labels.index(label))) for words, label in examples]


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(len(vocabulary) + 1, job["embedding"])
        self.lstm = torch.nn.LSTM(job["embedding"], job["units"])
        self.dense = torch.nn.Linear(job["units"], 1)

    def forward(self, ids, lasts, at):
        outputs, _ = self.lstm(self.embedding(ids))
        return self.dense(outputs[lasts, at]).squeeze(1)


def tensors(batch):
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in batch]).t().contiguous()
    lasts = torch.tensor([len(ids) - 1 for ids, _ in batch])
    return ids, lasts, torch.arange(len(batch)), torch.tensor([label for _, label in batch])


def training_batches(examples):
    size = job["batch"]
    order = shuffler.sample(examples, len(examples))
    batches = []
    for start in range(0, len(order), size * BUCKET):
        bucket = sorted(order[start : start + size * BUCKET], key=lambda example: len(example[0]))
        batches += [bucket[i : i + size] for i in range(0, len(bucket), size)]
    shuffler.shuffle(batches)
    return map(tensors, batches)


train, validation = encode(rows), encode(held)
validation.sort(key=lambda example: len(example[0]))
held_batches = [tensors(validation[i : i + 500]) for i in range(0, len(validation), 500)]
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=job["lr"])
loss_of = torch.nn.BCEWithLogitsLoss()
for epoch in range(1, job["epochs"] + 1):
    model.train()
    for *inputs, target in training_batches(train):
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(*inputs), target).backward()
        optimizer.step()
    model.eval()
    with torch.inference_mode():
        right = sum(((model(*inputs) > 0) == (target > 0.5)).sum().item() for *inputs, target in held_batches)
    accuracy = right / len(validation)
    if accuracy >= job["target"]:
        break
torch.save({"weights": model.state_dict(), "vocabulary": vocabulary, "labels": labels}, job["out"])
print(json.dumps({"epochs": epoch, "accuracy": accuracy}))
