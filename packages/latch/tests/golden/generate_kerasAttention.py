"""Writes formats/kerasAttention.json: attention of Keras' users, and zeros around sequences, with the outputs of Keras 3.

Models as files, with their outputs. Run with Keras 3: python generate_kerasAttention.py
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

STEPS, WIDTH = 7, 4
MODELS = {}


def model(make):
    MODELS[make.__name__] = make
    return make


def seq(*layers, shape=(STEPS, WIDTH)): return keras.Sequential([keras.Input(shape), *layers])
def fun(x, y): return keras.Model(x, y)


def attention(h, width, scores=lambda h: L.Dense(1, activation='tanh')(h), flat=lambda: L.Flatten()):
    a = L.Activation('softmax')(flat()(scores(h)))
    return L.Multiply()([h, L.Permute([2, 1])(L.RepeatVector(width)(a))])


@model
def recipe_mean():
    x = keras.Input((STEPS, WIDTH))
    h = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    return fun(x, L.Dense(2, activation='softmax')(L.GlobalAveragePooling1D()(attention(h, 6))))


@model
def recipe_sum_any_length():
    ids = keras.Input((None,), dtype='int32')
    h = L.LSTM(5, return_sequences=True)(L.Embedding(9, 4)(ids))
    return fun(ids, L.Dense(1, activation='sigmoid')(keras.ops.sum(attention(h, 5), axis=1)))


@model
def recipe_of_rows():
    x = keras.Input((STEPS, WIDTH))
    h = L.GRU(5, return_sequences=True)(x)
    scores = lambda h: L.Activation('tanh')(L.TimeDistributed(L.Dense(1))(h))
    weighted = attention(h, 5, scores, lambda: L.Reshape((-1,)))
    return fun(x, L.Dense(2)(L.LSTM(3)(weighted)))


@model
def recipe_largest():
    x = keras.Input((STEPS, WIDTH))
    h = L.Conv1D(5, 3, activation='relu')(x)
    a = L.Permute((2, 1))(L.RepeatVector(5)(L.Softmax()(L.Flatten()(L.Dense(1)(h)))))
    return fun(x, L.Dense(2)(keras.ops.max(L.Multiply()([a, h]), axis=-2)))


@model
def repeated_rows_permuted():
    """Not attention: the row is that of a layer above all steps."""
    x = keras.Input((STEPS, WIDTH))
    h = L.Permute((2, 1))(L.RepeatVector(STEPS)(L.LSTM(3)(x)))
    return fun(x, L.GRU(2)(h))


@model
def zeros_before():
    return seq(L.ZeroPadding1D((2, 0)), L.Conv1D(5, 3, activation='relu'), L.LSTM(3), L.Dense(2))


@model
def zeros_around():
    return seq(L.LSTM(3, return_sequences=True), L.ZeroPadding1D(2), L.Conv1D(4, 3, strides=2, padding='valid'),
               L.ZeroPadding1D((0, 1)), L.ZeroPadding1D((1, 0)), L.AveragePooling1D(2), L.GRU(3, return_sequences=True))


@model
def zeros_twice_read():
    x = keras.Input((STEPS, WIDTH))
    p = L.ZeroPadding1D(1)(x)
    a, b = L.Conv1D(4, 3)(p), L.SeparableConv1D(4, 3)(p)
    return fun(x, L.Dense(2)(L.LSTM(3)(L.Add()([a, b, x]))))


@model
def zeros_and_same():
    return seq(L.ZeroPadding1D((1, 2)), L.DepthwiseConv1D(3, padding='same'), L.Conv1D(4, 2, padding='causal'), L.LSTM(3))


if __name__ == '__main__':
    keras.utils.set_random_seed(5)
    random = np.random.default_rng(8)
    out = {}
    for name, make in MODELS.items():
        keras.backend.clear_session()
        net = make()
        for variable in net.variables:
            if variable.dtype == 'float32':
                variable.assign(random.uniform(-0.8, 0.8, variable.shape).astype('float32'))
        ids = net.inputs[0].dtype == 'int32'
        x = random.integers(0, 9, (2, STEPS)) if ids else random.normal(size=(2, STEPS, WIDTH)).astype('float32')
        y = np.asarray(net(x))
        files = {}
        for kind in ('keras', 'h5'):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f'm.{kind}'
                net.save(path)
                files[kind] = base64.b64encode(gzip.compress(path.read_bytes(), mtime=0)).decode()
        out[name] = {'x': x.tolist(), 'y': y.tolist(), 'files': files}
    (Path(__file__).parent / 'formats' / 'kerasAttention.json').write_text(json.dumps(out) + '\n')
