"""Writes formats/kerasWindows.json: convolutions, local poolings and batch normalisation of Keras 3 beside recurrent layers.

Written models and random stacks, as files, with their outputs. Run with Keras 3: python generate_kerasWindows.py
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

STEPS, WIDTH = 11, 3
MODELS = {}


def model(make):
    MODELS[make.__name__] = make
    return make


def seq(*layers, shape=(STEPS, WIDTH)): return keras.Sequential([keras.Input(shape), *layers])
def fun(x, y): return keras.Model(x, y)


@model
def sensors():
    return seq(
        L.BatchNormalization(), L.Conv1D(6, 3, padding='same', activation='relu'), L.MaxPooling1D(2),
        L.LSTM(4), L.BatchNormalization(momentum=0.9), L.Dense(2, activation='softmax'))


@model
def speech():
    return seq(
        L.Conv1D(4, 5, strides=2, padding='causal', use_bias=False), L.BatchNormalization(scale=False), L.ReLU(),
        L.Bidirectional(L.GRU(3, return_sequences=True)), L.TimeDistributed(L.BatchNormalization()), L.Dense(5))


@model
def texts():
    keras_ids = keras.Input((STEPS,), dtype='int32')
    x = L.Embedding(9, 4, mask_zero=True)(keras_ids)
    x = L.SpatialDropout1D(0.2)(x)
    x = L.MaxPooling1D(3)(L.Conv1D(5, 3, activation='relu')(x))
    return fun(keras_ids, L.Dense(1, activation='sigmoid')(L.LSTM(3)(x)))


@model
def residual():
    x = keras.Input((STEPS, WIDTH))
    y = L.Conv1D(3, 3, padding='same')(x)
    y = L.Add()([L.BatchNormalization()(y), x])
    return fun(x, L.Dense(2)(L.GRU(4)(L.Concatenate()([y, L.AveragePooling1D(3, strides=1, padding='same')(x)]))))


@model
def separable():
    return seq(L.SeparableConv1D(4, 3, depth_multiplier=2, activation='tanh'), L.LSTM(3), L.Dense(2))


@model
def depthwise():
    return seq(L.DepthwiseConv1D(3, depth_multiplier=2, strides=2, padding='same', activation='relu'), L.GRU(3))


@model
def flattened():
    return seq(L.LSTM(4, return_sequences=True), L.Conv1D(3, 3), L.AveragePooling1D(2, padding='same'), L.Flatten(), L.Dense(2))


@model
def autoencoder():
    return seq(L.Conv1D(4, 3, strides=2), L.LSTM(3), L.RepeatVector(5), L.LSTM(4, return_sequences=True), L.Dense(2))


def drawn(random):
    """A stack of windows and normalisations below a recurrent layer."""
    layers, steps = [], STEPS
    for _ in range(random.integers(1, 4)):
        kind = random.choice(['conv', 'conv', 'max', 'mean', 'norm'])
        size = int(random.integers(1, 4))
        stride = int(random.choice([1, 1, 2]))
        padding = str(random.choice(['valid', 'same']))
        if kind == 'norm':
            layers.append(L.BatchNormalization(center=bool(random.integers(2)), scale=bool(random.integers(2)), epsilon=0.01))
            continue
        if padding == 'valid' and steps < 6:
            padding = 'same'
        if kind == 'conv':
            dilation = int(random.choice([1, 2])) if stride == 1 else 1
            padding = str(random.choice([padding, 'causal']))
            groups = int(random.choice([1, 1, 2])) if layers and isinstance(layers[-1], L.Conv1D) and layers[-1].filters % 2 == 0 else 1
            layers.append(L.Conv1D(
                int(random.integers(1, 4)) * 2, size, strides=stride, padding=padding, dilation_rate=dilation, groups=groups,
                use_bias=bool(random.integers(2)), activation=str(random.choice(['linear', 'relu', 'tanh']))))
            extent = (size - 1) * dilation + 1
        else:
            make = L.MaxPooling1D if kind == 'max' else L.AveragePooling1D
            layers.append(make(size, strides=stride, padding=padding))
            extent = size
        steps = -(-steps // stride) if padding != 'valid' else (steps - extent) // stride + 1
    every = bool(random.integers(2))
    cell = L.LSTM if random.integers(2) else L.GRU
    layers.append(cell(3, return_sequences=every))
    if random.integers(2):
        layers.append(L.BatchNormalization())
    layers.append(L.Dense(2))
    return seq(*layers)


if __name__ == '__main__':
    keras.utils.set_random_seed(5)
    random = np.random.default_rng(6)
    for i in range(16):
        MODELS[f'random_{i}'] = lambda: drawn(random)
    out = {}
    for name, make in MODELS.items():
        keras.backend.clear_session()
        net = make()
        values = []
        for variable in net.variables:
            positive = variable.name in ('moving_variance', 'gamma')
            values.append(random.uniform(0.5 if positive else -0.8, 1.5 if positive else 0.8, variable.shape).astype('float32'))
        for variable, value in zip(net.variables, values):
            if value.dtype == variable.dtype:
                variable.assign(value)
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
    text = json.dumps(out, separators=(',', ':'))
    Path(__file__).with_name('formats').joinpath('kerasWindows.json').write_text(text + '\n')
