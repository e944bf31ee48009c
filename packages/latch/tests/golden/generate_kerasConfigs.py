"""Writes formats/kerasConfigs.json: the config.json that Keras 3 saves for the networks of keras/written.test.ts.

Also the configuration of each class with its required options only: what Keras takes for fields that a file leaves out.
Addresses (shared_object_id) are removed. Run with Keras 3: KERAS_BACKEND=numpy python generate_kerasConfigs.py
"""
import json
import os
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras
from keras import layers as L

cases = {}


def without_addresses(value):
    if isinstance(value, dict):
        return {key: without_addresses(v) for key, v in value.items() if key != "shared_object_id"}
    return [without_addresses(v) for v in value] if isinstance(value, list) else value


def save(name, model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        cases[name] = without_addresses(json.loads(zipfile.ZipFile(path).read("config.json")))
    keras.backend.clear_session()


def ids(steps=None, rows=None):
    return L.InputLayer(batch_shape=(rows, steps), dtype="int32")


def features(steps=None, rows=None):
    return L.InputLayer(batch_shape=(rows, steps, 3))


def embedding(**options):
    return [ids(), L.Embedding(7, 3, **options)]


def add(name, *layers):
    save(name, keras.Sequential(layers, name="model"))


def every(layer, units=4, **options):
    return layer(units, return_sequences=True, **options)


def both(merge="concat", end=False):
    return L.Bidirectional(L.LSTM(2, return_sequences=not end), merge_mode=merge)


def end():
    return L.GRU(3)


# Sequential.
add("embedding, lstm", *embedding(), every(L.LSTM), end(), L.Dense(2))
add("masked ids, mean", *embedding(mask_zero=True), every(L.LSTM), L.GlobalAveragePooling1D(), L.Dense(2, activation="softmax"))
add("one-hot, max", ids(), L.Embedding(6, 6, trainable=False), every(L.LSTM), L.GlobalMaxPooling1D(), L.Dense(2))
add("gru, reset before", features(), every(L.GRU, reset_after=False), L.GRU(3, reset_after=False), L.Dense(2))
add("simple rnn, relu", features(), every(L.SimpleRNN, activation="relu"), L.SimpleRNN(2), L.Dense(1, activation="sigmoid"))
add("activations of cells", features(), L.LSTM(4, activation="softsign", recurrent_activation="hard_sigmoid"), L.Dense(2))
add("without biases", features(), every(L.LSTM, use_bias=False), L.GRU(3, use_bias=False), L.Dense(2, use_bias=False))
add("backwards", features(), every(L.LSTM, go_backwards=True), L.GRU(3, go_backwards=True), L.Dense(2))
for merge in ("concat", "sum", "mul", "ave"):
    add(f"directions, {merge}", *embedding(), both(merge), both(merge, end=True), L.Dense(2))
add("directions, zeros at masked steps", *embedding(mask_zero=True), both(), end(), L.Dense(2))
backward = L.GRU(2, return_sequences=True, activation="relu", go_backwards=True, name="backward_gru")
add("directions that differ", features(), L.Bidirectional(every(L.GRU, 2), backward_layer=backward), L.Dense(2))
add("zeros at masked steps", *embedding(mask_zero=True), every(L.GRU, zero_output_for_mask=True), end(), L.Dense(2))
add("stateful", features(rows=1), every(L.LSTM, stateful=True), L.GRU(3, stateful=True), L.Dense(2))
add("stateful directions", ids(rows=1), L.Embedding(7, 3), L.Bidirectional(L.LSTM(2, stateful=True)), L.Dense(2))
add("masking", features(), L.Masking(-1), every(L.LSTM), end(), L.Dense(2))
add(
    "norm, dropout",
    features(),
    every(L.LSTM),
    L.LayerNormalization(epsilon=1e-3),
    L.LayerNormalization(epsilon=1e-5, scale=False),
    L.LayerNormalization(epsilon=1e-5, center=False),
    L.Dropout(0.25),
    end(),
    L.Dense(2),
)
add("other shapes", features(steps=5), every(L.GRU), L.Permute((2, 1)), L.Reshape((5, 4)), end(), L.Dense(2))
add("flat", features(steps=5), every(L.GRU), L.Flatten(), L.Dense(2))
names = ["relu", "tanh", "sigmoid", "softplus", "softsign", "selu", "exponential", "relu6", "silu", "mish"]
names += ["hard_silu", "hard_sigmoid", "leaky_relu", "elu", "hard_tanh", "gelu"]
add("activations of dense", features(), end(), *[L.Dense(2, activation=name) for name in names])
others = [L.LeakyReLU(negative_slope=0.25), L.ELU(alpha=0.5), L.ReLU(threshold=0.5)]
others += [L.Activation(name) for name in ("tanh", "softmax", "log_softmax")]
add("activation layers", features(), end(), L.Dense(2), *others)
add("output activation apart", *embedding(), every(L.LSTM, 2), L.GlobalMaxPooling1D(), L.Activation("softmax"))
add("output activation of every step", features(), every(L.GRU), L.Dense(2, activation="sigmoid"))
add("output activation by logarithms", features(), end(), L.Dense(2, activation="log_softmax"))


# Functional: skip connections.
def skip(name, first, then):
    keras.backend.clear_session()
    x = keras.Input(batch_shape=first.batch_shape, dtype=first.dtype)
    save(name, keras.Model(x, then(x), name="model"))


def concat(*tensors):
    return L.Concatenate()(list(tensors))


def skip_of_input(x):
    return L.Dense(2)(end()(concat(x, every(L.LSTM)(x))))


def skip_of_two(x):
    lstm = every(L.LSTM)(L.Embedding(7, 3)(x))
    return L.Dense(2)(end()(concat(lstm, every(L.GRU)(lstm))))


def two_skips(x):
    first = concat(x, every(L.LSTM)(x))
    second = concat(every(L.LSTM)(first), first)
    return L.Dense(2, activation="softmax")(L.GlobalMaxPooling1D()(second))


def skip_of_directions(x):
    directions = both()(L.Embedding(7, 3)(x))
    return L.Dense(2)(L.GlobalAveragePooling1D()(concat(directions, every(L.LSTM)(directions))))


def skip_masked(x):
    lstm = every(L.LSTM)(L.Embedding(7, 3, mask_zero=True)(x))
    return L.Dense(2)(end()(concat(lstm, every(L.GRU)(lstm))))


def skip_flat(x):
    return L.Dense(2)(L.Flatten()(concat(x, every(L.LSTM)(x))))


skip("skip of the input", features(), skip_of_input)
skip("skip of two layers", ids(), skip_of_two)
skip("two skips", features(), two_skips)
skip("skip of directions", ids(), skip_of_directions)
skip("skip, masked", ids(), skip_masked)
skip("skip, flat", features(steps=5), skip_flat)
skip("skip, stateful", features(rows=1), lambda x: L.LSTM(2, stateful=True)(concat(x, every(L.LSTM, stateful=True)(x))))

required = [
    L.InputLayer(shape=(1,)),
    L.Embedding(1, 1),
    L.SimpleRNN(1),
    L.LSTM(1),
    L.GRU(1),
    L.Bidirectional(L.LSTM(1)),
    L.Masking(),
    L.Dense(1),
    L.LayerNormalization(),
    L.Dropout(0.5),
    L.Flatten(),
    L.GlobalAveragePooling1D(),
    L.GlobalMaxPooling1D(),
    L.Concatenate(),
    L.Activation("linear"),
    L.LeakyReLU(),
    L.ELU(),
    L.ReLU(),
    keras.Sequential(),
]
defaults = {type(one).__name__: without_addresses(keras.saving.serialize_keras_object(one)["config"]) for one in required}

lines = {"keras": keras.__version__, "defaults": defaults, "cases": cases}
out = Path(__file__).parent / "formats" / "kerasConfigs.json"
out.write_text(json.dumps(lines, separators=(",", ":")) + "\n")
