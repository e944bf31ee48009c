"""Ten steps of training on one batch: losses, gradient norms before clipping, final weights and outputs."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pack_sequence

from drawn import Draw

STEPS = 10
VOCABULARY, UNITS = 11, 5
LENGTHS = [4, 7, 1, 5, 7, 3]


class Model(nn.Module):
    """Embedding or features, one recurrent layer, a linear layer on its last states of both directions."""

    def __init__(self, kind, width, outputs, bidirectional=False, vocabulary=None):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width) if vocabulary else nn.Identity()
        self.recurrent = kind(width, UNITS, bidirectional=bidirectional)
        self.dense = nn.Linear(UNITS * (2 if bidirectional else 1), outputs)

    def forward(self, sequences):
        packed = pack_sequence([self.embedding(s) for s in sequences], enforce_sorted=False)
        _, last = self.recurrent(packed)
        h_n = last[0] if isinstance(last, tuple) else last
        return self.dense(torch.cat(list(h_n), 1))


def layers_of(model):
    """The same model in Latch's words."""
    recurrent = model.recurrent
    words = isinstance(model.embedding, nn.Embedding)
    return [
        {"type": "embedding", "vocabulary": VOCABULARY, "size": recurrent.input_size}
        if words
        else {"type": "features", "width": recurrent.input_size},
        {
            "type": "recurrent", "cell": recurrent.mode.split("_")[0].lower(), "units": UNITS, "returnSequences": False,
            "direction": "bidirectional" if recurrent.bidirectional else "forward",
        },
        {"type": "dense", "units": model.dense.out_features},
    ]


def named(model):
    """Weights under Latch's names, which are PyTorch's behind each layer's."""
    return {
        name.replace(".", ".0.", 1): weight.detach().clone() for name, weight in model.named_parameters()
    }


def train(draw, model, sequences, targets, loss, compute, optimizer, make_optimizer, rate, clip=None):
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(draw.tensor(*weight.shape, size=0.5))
    weights = named(model)
    maker = make_optimizer(model.parameters())
    losses, norms = [], []
    for _ in range(STEPS):
        maker.zero_grad()
        value = compute(model(sequences))
        value.backward()
        norms.append(clip_grad_norm_(model.parameters(), clip or float("inf")))
        losses.append(value.detach())
        maker.step()
    norms = torch.stack(norms)
    assert clip is None or norms.min() < clip < norms.max(), f"some steps clipped and some not: {norms}"
    data = {"ids": [s.tolist() for s in sequences]} if sequences[0].dtype == torch.int64 else {"sequences": sequences}
    return {
        "layers": layers_of(model), "loss": loss, "optimizer": optimizer, "rate": rate, "clipNorm": clip,
        **data, "targets": targets, "weights": weights,
        "expected": {
            "losses": torch.stack(losses), "norms": norms, "weights": named(model), "outputs": model(sequences),
        },
    }


def classifier(seed, kind):
    """Cross-entropy with smoothing and class weights, AdamW, clipping by norm."""
    draw = Draw(seed)
    ids = [torch.tensor([draw.integer(VOCABULARY) for _ in range(n)]) for n in LENGTHS]
    classes, weights, smoothing = [2, 0, 1, 1, 2, 0], [1.0, 2.0, 0.5], 0.125
    adam = {"lr": 0.02, "betas": (0.9, 0.99), "eps": 1e-6, "weight_decay": 0.05}
    return train(
        draw, Model(kind, 4, 3, vocabulary=VOCABULARY), ids, {"classes": classes},
        {"type": "softmaxCrossEntropy", "labelSmoothing": smoothing, "classWeights": weights},
        lambda x: F.cross_entropy(
            x, torch.tensor(classes), weight=torch.tensor(weights), label_smoothing=smoothing
        ),
        {"type": "adamw", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-6, "weightDecay": 0.05},
        lambda p: torch.optim.AdamW(p, **adam), rate=0.02, clip=0.25,
    )


def yes_or_no(seed):
    """One logit, both directions; SGD with Nesterov's momentum and an L2 penalty."""
    draw = Draw(seed)
    ids = [torch.tensor([draw.integer(VOCABULARY) for _ in range(n)]) for n in LENGTHS]
    classes = [1, 0, 0, 1, 1, 0]
    wanted = torch.tensor(classes, dtype=torch.float64).reshape(-1, 1)
    sgd = {"lr": 0.25, "momentum": 0.875, "nesterov": True, "weight_decay": 0.01}
    return train(
        draw, Model(nn.GRU, 3, 1, bidirectional=True, vocabulary=VOCABULARY), ids, {"classes": classes},
        {"type": "binaryCrossEntropy"},
        lambda x: F.binary_cross_entropy_with_logits(x, wanted),
        {"type": "sgd", "momentum": 0.875, "nesterov": True, "weightDecay": 0.01},
        lambda p: torch.optim.SGD(p, **sgd), rate=0.25,
    )


def regression(seed):
    """Two numbers from sequences of features; Huber's loss on both of its sides, RMSProp."""
    draw = Draw(seed)
    sequences = [draw.tensor(n, 3, size=1) for n in LENGTHS]
    values = draw.tensor(len(LENGTHS), 2, size=1.5)
    return train(
        draw, Model(nn.RNN, 3, 2), sequences, {"values": values.reshape(-1).tolist()},
        {"type": "huber", "delta": 0.5},
        lambda x: F.huber_loss(x, values, delta=0.5),
        {"type": "rmsprop", "alpha": 0.9, "epsilon": 1e-6, "weightDecay": 0.01},
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-6, weight_decay=0.01), rate=0.01,
    )


def training_cases():
    yield "classifier_lstm", classifier(400, nn.LSTM)
    yield "classifier_gru", classifier(401, nn.GRU)
    yield "yes_or_no_gru", yes_or_no(402)
    yield "regression_rnn", regression(403)
