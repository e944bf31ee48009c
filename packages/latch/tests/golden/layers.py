"""Recurrent layers: outputs, final states and every gradient.

LSTM, GRU and RNN are PyTorch's modules. The GRU that resets before its product (Cho et al. 2014) is no
module there: it is written out with tensors and differentiated by autograd. The loop it runs in also runs
the written-out forms of the modules' cells, and must agree with the modules.
"""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from drawn import Draw

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
SMALL = {"dims": {"B": 3, "T": 5, "I": 4, "H": 3}, "lengths": [3, 5, 2], "layers": 2, "bidirectional": True}
# 13 and 5: whole vectors and panels, and what is left over after them.
WIDE = {"dims": {"B": 5, "T": 4, "I": 5, "H": 13}, "lengths": [1, 4, 3, 4, 2], "layers": 1, "bidirectional": False}


def lstm(w, x, h, c):
    i, f, g, o = (w["ih"] @ x + w["bih"] + w["hh"] @ h + w["bhh"]).chunk(4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_after(w, x, h, c):
    (xr, xz, xn), (hr, hz, hn) = (w["ih"] @ x + w["bih"]).chunk(3), (w["hh"] @ h + w["bhh"]).chunk(3)
    z = (xz + hz).sigmoid()
    return z * h + (1 - z) * (xn + (xr + hr).sigmoid() * hn).tanh(), c


def gru_before(w, x, h, c, keeps=True):
    """r, z = s(W x + U h + b); n = tanh(W x + U (r * h) + b); h' = z h + (1 - z) n."""
    (xr, xz, xn), (ur, uz, un) = (w["ih"] @ x + w["bih"] + w["bhh"]).chunk(3), w["hh"].chunk(3)
    r, z = (xr + ur @ h).sigmoid(), (xz + uz @ h).sigmoid()
    n = (xn + un @ (r * h)).tanh()
    return (z * h + (1 - z) * n if keeps else (1 - z) * h + z * n), c


def gru_before_notes(w, x, h, c):
    """The same with z taking the new: h' = (1 - z) h + z n."""
    return gru_before(w, x, h, c, keeps=False)


def rnn_tanh(w, x, h, c):
    return (w["ih"] @ x + w["bih"] + w["hh"] @ h + w["bhh"]).tanh(), c


def rnn_relu(w, x, h, c):
    a = w["ih"] @ x + w["bih"] + w["hh"] @ h + w["bhh"]
    assert a.abs().min() > 1e-4, "a unit on relu's edge: float32 may fall on the other side"
    return a.relu(), c


STEPS = {"lstm": lstm, "gru": gru_after, "rnn_tanh": rnn_tanh, "rnn_relu": rnn_relu}


def names_of(layer, reverse):
    end = f"l{layer}" + ("_reverse" if reverse else "")
    return {"ih": f"weight_ih_{end}", "hh": f"weight_hh_{end}", "bih": f"bias_ih_{end}", "bhh": f"bias_hh_{end}"}


def drawn_weights(draw, cell, dims, layers, directions, size):
    H, rows = dims["H"], GATES[cell] * dims["H"]
    weights = {}
    for layer in range(layers):
        width = dims["I"] if layer == 0 else directions * H
        for reverse in range(directions):
            for part, name in names_of(layer, reverse).items():
                shape = {"ih": (rows, width), "hh": (rows, H)}.get(part, (rows,))
                weights[name] = draw.tensor(*shape, size=size)
    return weights


def by_module(cell, weights, inputs, lengths, dims, layers, bidirectional):
    kind = {"lstm": nn.LSTM, "gru": nn.GRU}.get(cell, nn.RNN)
    options = {"nonlinearity": cell[4:]} if kind is nn.RNN else {}
    module = kind(dims["I"], dims["H"], layers, batch_first=True, bidirectional=bidirectional, **options)
    module.load_state_dict(weights)
    packed = pack_padded_sequence(inputs["x"], lengths, batch_first=True, enforce_sorted=False)
    state = (inputs["h_0"], inputs["c_0"]) if cell == "lstm" else inputs["h_0"]
    packed_output, last = module(packed, state)
    output, _ = pad_packed_sequence(packed_output, batch_first=True)
    h_n, c_n = last if cell == "lstm" else (last, None)
    return output, h_n, c_n, dict(module.named_parameters())


def by_hand(step, weights, inputs, lengths, dims, layers, bidirectional):
    leaves = {name: w.clone().requires_grad_() for name, w in weights.items()}
    directions = 2 if bidirectional else 1
    h_n = [[] for _ in range(layers * directions)]
    outputs = []
    for b, length in enumerate(lengths):
        xs = [inputs["x"][b, t] for t in range(length)]
        for layer in range(layers):
            made = []
            for reverse in range(directions):
                at = layer * directions + reverse
                w = {part: leaves[name] for part, name in names_of(layer, reverse).items()}
                h, c = inputs["h_0"][at, b], inputs["c_0"][at, b] if "c_0" in inputs else None
                hs = []
                for x in reversed(xs) if reverse else xs:
                    h, c = step(w, x, h, c)
                    hs.append(h)
                h_n[at].append(h)
                made.append(hs[::-1] if reverse else hs)
            xs = [torch.cat(parts) for parts in zip(*made)]
        outputs.append(torch.stack(xs + [torch.zeros_like(xs[0])] * (dims["T"] - length)))
    return torch.stack(outputs), torch.stack([torch.stack(rows) for rows in h_n]), None, leaves


def layer_case(seed, cell, dims, lengths, layers, bidirectional, size=0.75, step=None):
    draw = Draw(seed)
    B, T, H = dims["B"], dims["T"], dims["H"]
    directions = 2 if bidirectional else 1
    states = ["h", "c"] if cell == "lstm" else ["h"]
    weights = drawn_weights(draw, cell, dims, layers, directions, size)
    inputs = {"x": draw.tensor(B, T, dims["I"])}
    for s in states:
        inputs[f"{s}_0"] = draw.tensor(layers * directions, B, H)
    weighing = {"w_output": draw.tensor(B, T, directions * H)}
    for s in states:
        weighing[f"w_{s}_n"] = draw.tensor(layers * directions, B, H)

    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    run = (lengths, dims, layers, bidirectional)
    if step:
        output, h_n, c_n, parameters = by_hand(step, weights, leaves, *run)
    else:
        output, h_n, c_n, parameters = by_module(cell, weights, leaves, *run)
        again, h_again, _, _ = by_hand(STEPS[cell], weights, leaves, *run)
        assert max((output - again).abs().max(), (h_n - h_again).abs().max()) < 1e-13, cell
    loss = (output * weighing["w_output"]).sum() + (h_n * weighing["w_h_n"]).sum() + 0.5 * (output**2).sum()
    if c_n is not None:
        loss = loss + (c_n * weighing["w_c_n"]).sum()
    loss.backward()
    return {
        "cell": cell, "num_layers": layers, "bidirectional": bidirectional, "bias": True, "proj_size": 0,
        "batch_first": True, **({"reset": "before"} if step else {}), "dims": dims, "lengths": lengths,
        "loss_is": "sum(output * w_output) + sum(h_n * w_h_n) + sum(output^2) / 2 + sum(c_n * w_c_n)",
        "weights": weights, "inputs": {**inputs, **weighing},
        "expected": {
            "output": output, "h_n": h_n, **({} if c_n is None else {"c_n": c_n}),
            "grad": {name: leaf.grad for name, leaf in [*leaves.items(), *parameters.items()]},
        },
    }


def layer_cases():
    for seed, cell in enumerate(GATES):
        yield f"{cell}_small", layer_case(100 + seed, cell, **SMALL)
        yield f"{cell}_wide", layer_case(200 + seed, cell, **WIDE, size=0.5)
    yield "gru_before_small", layer_case(300, "gru", **SMALL, step=gru_before)
    yield "gru_before_wide", layer_case(301, "gru", **WIDE, size=0.5, step=gru_before)
    yield "gru_before_notes", layer_case(302, "gru", **{**SMALL, "layers": 1}, step=gru_before_notes)
