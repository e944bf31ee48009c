"""Writes formats/kerasMasks.json: Keras 3's outputs at masked steps, for loops that are unrolled or not.

Run with Keras 3: KERAS_BACKEND=numpy python generate_kerasMasks.py
"""
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras
import numpy as np
from keras import layers

IDS = [[1, 2, 3, 4, 5], [0, 0, 1, 2, 3], [1, 2, 3, 0, 0], [1, 0, 2, 0, 3], [0, 0, 0, 0, 0]]
random = np.random.default_rng(0)
cases = []


def add(name, *above):
    model = keras.Sequential([keras.Input((5,)), layers.Embedding(7, 2, mask_zero=True), *above])
    for weight in model.weights:
        weight.assign(np.round(random.normal(size=weight.shape), 3))
    arrays = {layer.name: [np.round(np.asarray(w, "float64"), 3).tolist() for w in layer.get_weights()] for layer in model.layers}
    config = json.loads(model.to_json())
    cases.append({"name": name, "config": config, "arrays": arrays, "output": np.asarray(model(np.array(IDS))).tolist()})


for unroll in (False, True):
    for zeroes in (False, True):
        for every in (False, True):
            options = {"unroll": unroll, "zero_output_for_mask": zeroes, "return_sequences": every}
            name = f"unroll {unroll}, zero_output_for_mask {zeroes}, return_sequences {every}"
            add(f"LSTM: {name}", layers.LSTM(2, **options))
            add(f"backwards: {name}", layers.SimpleRNN(2, go_backwards=True, **options))
            add(f"cells: {name}", layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)], **options))
            if not zeroes:
                add(f"directions: {name}", layers.Bidirectional(layers.GRU(2, **options)))

every = lambda: layers.LSTM(2, return_sequences=True)
add("norm, mean", every(), layers.LayerNormalization(), layers.GlobalMaxPooling1D(), layers.Dense(1))
add("by step, flat", every(), layers.TimeDistributed(layers.Dense(2)), layers.Flatten(), layers.Dense(1))
add("softmax of steps", every(), layers.TimeDistributed(layers.Activation("softmax")), layers.GRU(2))

out = Path(__file__).parent / "formats" / "kerasMasks.json"
out.write_text(json.dumps({"ids": IDS, "cases": cases}) + "\n")
