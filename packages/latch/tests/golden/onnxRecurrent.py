"""RNN, LSTM and GRU in float64, written down from the equations of ONNX' operator specification, for generate_onnxOps.py."""
import numpy as np

sigmoid = lambda x: 1 / (1 + np.exp(-x))
FUNCTIONS = {
    "sigmoid": lambda x, a, b: sigmoid(x),
    "tanh": lambda x, a, b: np.tanh(x),
    "relu": lambda x, a, b: np.maximum(x, 0),
    "softsign": lambda x, a, b: x / (1 + np.abs(x)),
    "softplus": lambda x, a, b: np.log1p(np.exp(x)),
    "affine": lambda x, a, b: a * x + b,
    "leakyrelu": lambda x, a, b: np.where(x < 0, a * x, x),
    "thresholdedrelu": lambda x, a, b: np.where(x > a, x, 0),
    "scaledtanh": lambda x, a, b: a * np.tanh(b * x),
    "hardsigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
    "elu": lambda x, a, b: np.where(x < 0, a * np.expm1(x), x),
}
ALPHA = {"leakyrelu": 0.01, "thresholdedrelu": 1.0, "hardsigmoid": 0.2, "elu": 1.0, "affine": None, "scaledtanh": None}
BETA = {"hardsigmoid": 0.5, "affine": None, "scaledtanh": None}


def functions(names, alphas, betas):
    alphas, betas = list(alphas), list(betas)
    out = []
    for name in names:
        key = name.lower()
        a = (alphas.pop(0) if alphas else ALPHA[key]) if key in ALPHA else 0
        b = (betas.pop(0) if betas else BETA[key]) if key in BETA else 0
        out.append(lambda x, f=FUNCTIONS[key], a=a, b=b: f(x, a, b))
    return out


def step(op, x, h, c, W, R, B, P, f, clip, coupled, linear):
    H = len(h)
    cut = lambda v: np.clip(v, -clip, clip) if clip else v
    Wb, Rb = B[: len(W)], B[len(W):]
    part = lambda M, k: M[k * H:(k + 1) * H]
    z = lambda k: part(W, k) @ x + part(R, k) @ h + part(Wb, k) + part(Rb, k)
    if op == "RNN":
        return f[0](cut(z(0))), c
    if op == "LSTM":
        pi, po, pf = part(P, 0), part(P, 1), part(P, 2)
        i = f[0](cut(z(0) + pi * c))
        forget = 1 - i if coupled else f[0](cut(z(2) + pf * c))
        new = forget * c + i * f[1](cut(z(3)))
        o = f[0](cut(z(1) + po * new))
        return o * f[2](new), new
    update, reset = f[0](cut(z(0))), f[0](cut(z(1)))
    if linear:
        n = part(W, 2) @ x + part(Wb, 2) + reset * (part(R, 2) @ h + part(Rb, 2))
    else:
        n = part(W, 2) @ x + part(Wb, 2) + part(R, 2) @ (reset * h) + part(Rb, 2)
    return (1 - update) * f[1](cut(n)) + update * h, c


def run(op, X, W, R, B, lengths, h0, c0, P, *, direction="forward", activations=None, alphas=(), betas=(), clip=0,
        coupled=False, linear=False):
    """X (T, N, F); Y (T, D, N, H), Y_h and Y_c (D, N, H)."""
    T, N, _ = X.shape
    D, GH, _ = W.shape
    H = R.shape[2]
    standard = {"RNN": ["Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}[op]
    f = functions(activations or standard * D, alphas, betas)
    Y, Yh, Yc = np.zeros((T, D, N, H)), np.zeros((D, N, H)), np.zeros((D, N, H))
    for d in range(D):
        backwards = direction == "reverse" or d == 1
        for n in range(N):
            h = h0[d, n] if h0 is not None else np.zeros(H)
            c = c0[d, n] if c0 is not None else np.zeros(H)
            times = range(lengths[n] if lengths is not None else T)
            for t in (reversed(times) if backwards else times):
                b = B[d] if B is not None else np.zeros(2 * GH)
                p = P[d] if P is not None else np.zeros(3 * H)
                h, c = step(op, X[t, n], h, c, W[d], R[d], b, p, f[d * len(standard):(d + 1) * len(standard)], clip, coupled, linear)
                Y[t, d, n] = h
            Yh[d, n], Yc[d, n] = h, c
    return Y, Yh, Yc


def recurrent_cases():
    T, N, F, H = 4, 3, 2, 3
    cases = []
    floats = lambda x: {"floats": x}

    def add(name, op, opset=14, bias=True, lengths=None, states=False, peepholes=False, layout=0, hidden_size=True, **o):
        gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[op]
        both = o.get("direction") == "bidirectional"
        D = 2 if both else 1
        random = np.random.RandomState(len(cases) + 7)
        draw = lambda *shape: (random.uniform(-1, 1, shape) * 32).round().astype(np.float32) / 32
        X, W, R = 2 * draw(T, N, F), draw(D, gates * H, F), draw(D, gates * H, H)
        B = draw(D, 2 * gates * H) if bias else None
        h0 = draw(D, N, H) if states else None
        c0 = draw(D, N, H) if states and op == "LSTM" else None
        P = draw(D, 3 * H) if peepholes else None
        seq = None if lengths is None else np.array(lengths, np.int32)
        double = lambda a: None if a is None else a.astype(np.float64)
        outputs = run(op, *map(double, (X, W, R, B)), seq, *map(double, (h0, c0, P)), **o)
        attributes = {"hidden_size": H} if hidden_size else {}
        for key, name_of in [("direction", "direction"), ("activations", "activations")]:
            if key in o:
                attributes[name_of] = o[key]
        for key, name_of in [("alphas", "activation_alpha"), ("betas", "activation_beta")]:
            if key in o:
                attributes[name_of] = floats(o[key])
        if "clip" in o:
            attributes["clip"] = {"float": o["clip"]}
        if o.get("coupled"):
            attributes["input_forget"] = 1
        if o.get("linear"):
            attributes["linear_before_reset"] = 1
        if layout:
            attributes["layout"] = 1
            turn = lambda a: None if a is None else a.transpose(1, 0, 2)
            X, h0, c0 = turn(X), turn(h0), turn(c0)
            outputs = (outputs[0].transpose(2, 0, 1, 3), turn(outputs[1]), turn(outputs[2]))
        inputs = [X, W, R, B, seq, h0] + ([c0, P] if op == "LSTM" else [])
        cases.append((name, op, opset, attributes, inputs, outputs if op == "LSTM" else outputs[:2]))

    ragged = [2, 4, 1]
    for op in ["RNN", "LSTM", "GRU"]:
        for direction in ["forward", "reverse", "bidirectional"]:
            for layout in [0, 1]:
                add(f"{direction}, layout {layout}, ragged, states", op, direction=direction, layout=layout, lengths=ragged, states=True)
        add("bare", op, opset=7, bias=False, hidden_size=False)
        add("clipped", op, clip=0.5, direction="bidirectional")
    for direction in ["forward", "reverse", "bidirectional"]:
        add(f"peepholes, {direction}", "LSTM", peepholes=True, direction=direction, lengths=ragged, states=True)
        add(f"linear before reset, {direction}", "GRU", linear=True, direction=direction, lengths=ragged, states=True)
    add("coupled", "LSTM", coupled=True, states=True)
    add("coupled, peepholes, clipped", "LSTM", coupled=True, peepholes=True, clip=0.75, states=True)
    add("linear before reset, clipped", "GRU", linear=True, clip=0.5)
    for name in ["Relu", "Softsign", "Softplus", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "Elu", "sigmoid"]:
        add(f"{name}, defaults", "RNN", activations=[name])
    add("Affine", "RNN", activations=["Affine"], alphas=[0.5], betas=[0.25])
    add("ScaledTanh", "RNN", activations=["ScaledTanh"], alphas=[1.5], betas=[0.5])
    add("two functions", "RNN", direction="bidirectional", activations=["LeakyRelu", "Elu"], alphas=[0.25, 0.5], lengths=ragged)
    add("hard", "LSTM", activations=["HardSigmoid", "Tanh", "Softsign"], alphas=[0.25], betas=[0.375], states=True)
    add("of its own each way", "LSTM", direction="bidirectional", lengths=ragged,
        activations=["HardSigmoid", "Tanh", "Elu", "Sigmoid", "ScaledTanh", "Relu"], alphas=[0.25, 0.5, 1.25], betas=[0.375, 0.75])
    add("hard", "GRU", activations=["HardSigmoid", "Softsign"], direction="reverse", lengths=ragged)
    add("hard, linear before reset", "GRU", linear=True, activations=["HardSigmoid", "LeakyRelu"], alphas=[0.25, 0.125], betas=[0.375])
    return cases
