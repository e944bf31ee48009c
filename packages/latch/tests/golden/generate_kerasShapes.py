"""Writes formats/kerasShapes.json: Permute and Reshape of Keras 3 beside recurrent layers.

Written models and random stacks, as files, with their outputs. Run with Keras 3: python generate_kerasShapes.py
"""
import base64
import gzip
import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault('KERAS_BACKEND', 'numpy')
import keras
import numpy as np
from keras import layers as L

STEPS, WIDTH = 6, 4
MODELS = {}


def model(make):
    MODELS[make.__name__] = make
    return make


def seq(*layers, shape=(STEPS, WIDTH)): return keras.Sequential([keras.Input(shape), *layers])
def fun(x, y): return keras.Model(x, y)


@model
def features_as_steps():
    return seq(L.Conv1D(5, 3, activation='relu'), L.Permute((2, 1)), L.LSTM(3), L.Dense(2, activation='softmax'))


@model
def shorter():
    return seq(L.LSTM(4, return_sequences=True), L.Reshape((3, 8)), L.LSTM(3, return_sequences=True), L.Dense(2))


@model
def decoder():
    return seq(L.LSTM(3), L.Dense(10, activation='tanh'), L.Reshape((5, 2)), L.GRU(4, return_sequences=True), L.Dense(1))


@model
def attention():
    x = keras.Input((STEPS, WIDTH))
    h = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    a = L.Permute((2, 1))(L.Dense(STEPS, activation='softmax')(L.Permute((2, 1))(h)))
    return fun(x, L.Dense(1, activation='sigmoid')(L.Flatten()(L.Multiply()([h, a]))))


@model
def attention_to_input():
    x = keras.Input((STEPS, WIDTH))
    a = L.Dense(STEPS, activation='softmax')(L.Reshape((WIDTH, STEPS))(L.Permute((2, 1))(x)))
    a = L.Permute((2, 1))(a)
    return fun(x, L.Dense(2)(L.GRU(3)(L.Multiply()([a, x]))))


@model
def flat_and_back():
    return seq(L.Reshape((-1,)), L.Dense(6), L.Reshape((-1, 2)), L.SimpleRNN(3), L.Reshape((3, 1)), L.GRU(2), L.Reshape((2,)))


@model
def pooled_rows():
    return seq(L.GlobalMaxPooling1D(), L.Dense(6, activation='relu'), L.Reshape((3, 2)), L.LSTM(4), L.Dense(2))


@model
def without_time():
    return seq(L.Dense(6, activation='relu'), L.Reshape((3, 2)), L.LSTM(4), L.Dense(2), shape=(5,))


@model
def texts():
    ids = keras.Input((STEPS,), dtype='int32')
    x = L.Permute((2, 1))(L.Embedding(9, 5)(ids))
    return fun(ids, L.Dense(1, activation='sigmoid')(L.LSTM(3)(x)))


@model
def pooled():
    return seq(L.Permute((2, 1)), L.MaxPooling1D(2), L.Permute((2, 1)), L.GRU(3, return_sequences=True), L.Permute((1, 2)), L.GlobalMaxPooling1D())


def drawn(random):
    """A stack of shapes between recurrent layers."""
    layers, steps, width = [], STEPS, WIDTH
    for _ in range(random.integers(1, 5)):
        kind = random.choice(['permute', 'reshape', 'row', 'cell'])
        if kind == 'permute':
            layers.append(L.Permute((2, 1)))
            steps, width = width, steps
        elif kind == 'reshape':
            count = steps * width
            steps = int(random.choice([n for n in range(1, count + 1) if count % n == 0]))
            width = count // steps
            layers.append(L.Reshape((steps, -1) if random.integers(2) else (steps, width)))
        elif kind == 'row':
            steps, width = int(random.integers(1, 6)), int(random.integers(1, 6))
            layers += [L.GRU(3), L.Dense(steps * width), L.Reshape((steps, width))]
        else:
            width = int(random.integers(1, 6))
            layers.append(L.LSTM(width, return_sequences=True))
    cell = L.LSTM if random.integers(2) else L.GRU
    return seq(*layers, cell(3, return_sequences=bool(random.integers(2))), L.Dense(2))


if __name__ == '__main__':
    keras.utils.set_random_seed(5)
    random = np.random.default_rng(7)
    for i in range(12):
        MODELS[f'random_{i}'] = lambda: drawn(random)
    out = {}
    for name, make in MODELS.items():
        keras.backend.clear_session()
        net = make()
        for variable in net.variables:
            if variable.dtype == 'float32':
                variable.assign(random.uniform(-0.8, 0.8, variable.shape).astype('float32'))
        shape = (2, *net.inputs[0].shape[1:])
        ids = net.inputs[0].dtype == 'int32'
        x = random.integers(0, 9, shape) if ids else random.normal(size=shape).astype('float32')
        y = np.asarray(net(x))
        files = {}
        for kind in ('keras', 'h5'):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f'm.{kind}'
                net.save(path)
                files[kind] = base64.b64encode(gzip.compress(path.read_bytes(), mtime=0)).decode()
        out[name] = {'x': x.tolist(), 'y': y.tolist(), 'files': files}
    text = json.dumps(out, separators=(',', ':'))
    Path(__file__).with_name('formats').joinpath('kerasShapes.json').write_text(text + '\n')
