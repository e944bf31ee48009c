"""Writes formats/kerasGraphs.json: models in models, branches and merging layers of Keras 3, as files, with their outputs.

Run with Keras 3: python generate_kerasGraphs.py
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

MODELS = {}
def model(make):
    MODELS[make.__name__] = make
    return make

def seq(*layers, name=None): return keras.Sequential(list(layers), name=name)
def fun(x, y, name=None): return keras.Model(x, y, name=name)
F = lambda: keras.Input((5, 3))
I = lambda: keras.Input((6,), dtype='int32')

@model
def sequential_in_functional():
    x = F(); enc = seq(keras.Input((5, 3)), L.LSTM(4, return_sequences=True), L.Dense(3, activation='tanh'), name='enc')
    return fun(x, L.Dense(2, activation='softmax')(L.GRU(2)(enc(x))))
@model
def functional_in_sequential():
    x = F(); enc = fun(x, L.Dense(3)(L.LSTM(4, return_sequences=True)(x)), name='enc')
    return seq(keras.Input((5, 3)), enc, L.GRU(2), L.Dense(1, activation='sigmoid'))
@model
def functional_in_functional_twice():
    x = F(); a = fun(x, L.LSTM(4, return_sequences=True)(x), name='a')
    y = F(); b = fun(y, a(y), name='b')
    z = F(); return fun(z, L.Dense(2)(L.GRU(3)(b(z))))
@model
def bidirectional_within():
    x = I(); enc = seq(keras.Input((6,), dtype='int32'), L.Embedding(9, 4, mask_zero=True), L.Bidirectional(L.LSTM(3, return_sequences=True)), name='enc')
    return fun(x, L.Dense(2)(L.LSTM(3)(enc(x))))
@model
def same_names():
    e = lambda name: seq(keras.Input((5, 3)), L.LSTM(3, return_sequences=True, name='lstm'), L.Dense(3, name='dense'), name=name)
    x = F(); return fun(x, L.Dense(2, name='dense')(L.LSTM(3, name='lstm')(e('b')(e('a')(x)))))
@model
def time_distributed_model():
    head = seq(keras.Input((4,)), L.Dense(5, activation='relu'), L.Dense(2), name='head')
    x = F(); return fun(x, L.TimeDistributed(head)(L.LSTM(4, return_sequences=True)(x)))
@model
def residual():
    x = F(); h = L.LSTM(3, return_sequences=True)(x); return fun(x, L.Dense(2)(L.GRU(2)(L.Add()([x, h]))))
@model
def residual_stack():
    x = F(); h = L.Dense(4)(x)
    for i in range(3): h = L.Add()([L.LSTM(4, return_sequences=True)(L.LayerNormalization()(h)), h])
    return fun(x, L.Dense(2, activation='softmax')(L.GlobalAveragePooling1D()(h)))
@model
def two_poolings():
    x = F(); h = L.LSTM(4, return_sequences=True)(x)
    return fun(x, L.Dense(2)(L.Concatenate()([L.GlobalMaxPooling1D()(h), L.GlobalAveragePooling1D()(h)])))
@model
def two_branches():
    x = F(); a = L.LSTM(4)(x); b = L.GRU(3)(x)
    return fun(x, L.Dense(1, activation='sigmoid')(L.Concatenate()([a, b])))
@model
def wide_and_deep_ids():
    x = I(); e = L.Embedding(9, 4)(x); a = L.LSTM(4)(e); b = L.GlobalAveragePooling1D()(e)
    return fun(x, L.Dense(3, activation='softmax')(L.Average()([a, b])))
for _op in ['Add', 'Subtract', 'Multiply', 'Average', 'Maximum', 'Minimum']:
    def make(op=_op):
        x = F(); a = L.LSTM(4, return_sequences=True)(x); b = L.Dense(4, activation='sigmoid')(x)
        return fun(x, L.Dense(2)(L.LSTM(3)(getattr(L, op)()([a, b]))))
    MODELS[f'merge_{_op}'] = make
@model
def gate_of_one_column():
    x = F(); h = L.LSTM(4, return_sequences=True)(x); g = L.Dense(1, activation='sigmoid')(h)
    return fun(x, L.Dense(2)(L.GlobalAveragePooling1D()(L.Multiply()([h, g]))))
@model
def row_meets_steps():
    x = F(); h = L.LSTM(4, return_sequences=True)(x); q = L.Dense(4)(L.GlobalMaxPooling1D()(h))
    return fun(x, L.Dense(2)(L.LSTM(3)(L.Add()([h, q]))))
@model
def masked_residual():
    x = I(); e = L.Embedding(9, 4, mask_zero=True)(x); h = L.LSTM(4, return_sequences=True)(e)
    return fun(x, L.Dense(2)(L.GRU(3)(L.Add()([e, h]))))
@model
def averaged_sigmoids():
    x = F(); a = L.Dense(1, activation='sigmoid')(L.LSTM(4)(x)); b = L.Dense(1, activation='sigmoid')(L.GRU(3)(x))
    m = fun(x, L.Average()([a, b])); m.compile(loss='binary_crossentropy'); return m
@model
def dropout_branches():
    x = F(); d = L.Dropout(0.3)(x); a = L.LSTM(3, return_sequences=True)(d); b = L.Dropout(0.0)(x)
    return fun(x, L.GRU(2)(L.Add()([a, b])))
@model
def nested_with_branches():
    y = F(); h = L.LSTM(3, return_sequences=True)(y); block = fun(y, L.Add()([y, h]), name='block')
    x = F(); return fun(x, L.Dense(2)(L.GRU(2)(block(L.Dense(3)(x)))))

@model
def autoencoder():
    return seq(keras.Input((5, 3)), L.LSTM(4), L.RepeatVector(5), L.LSTM(4, return_sequences=True), L.TimeDistributed(L.Dense(3)))
@model
def attention_of_softmax_layer():
    x = F(); h = L.LSTM(4, return_sequences=True)(x); a = L.Softmax(axis=1)(L.Dense(1)(h))
    return fun(x, L.Dense(2)(L.GlobalAveragePooling1D()(L.Multiply()([h, a]))))

@model
def reshaped_input():
    return seq(keras.Input((12,)), L.Reshape((4, 3)), L.LSTM(4), L.Reshape((4,)), L.Dense(2))
@model
def univariate_input():
    return seq(keras.Input((5,)), L.Reshape((-1, 1)), L.LSTM(4), L.Dense(1))

if __name__ == '__main__':
    keras.utils.set_random_seed(3)
    random = np.random.default_rng(4)
    out = {}
    for name, make in MODELS.items():
        keras.backend.clear_session()
        m = make()
        for w in m.weights:
            if not w.dtype.startswith('float'): continue
            v = random.uniform(-0.8, 0.8, w.shape)
            w.assign(v.astype('float32'))
        shape = m.input_shape
        ids = m.inputs[0].dtype.startswith('int')
        x = random.integers(0, 9, (3, shape[1])) if ids else random.uniform(-1, 1, (3, *[s or 5 for s in shape[1:]])).round(3).astype('float32')
        y = np.asarray(m(x))
        files = {}
        with tempfile.TemporaryDirectory() as d:
            for ext in ['keras', 'h5']:
                p = f'{d}/m.{ext}'; m.save(p); files[ext] = base64.b64encode(gzip.compress(Path(p).read_bytes(), mtime=0)).decode()
        out[name] = {'x': x.tolist(), 'y': y.astype(float).round(7).tolist(), 'files': files}
    path = Path(__file__).parent / 'formats' / 'kerasGraphs.json'
    path.write_text(json.dumps(out) + '\n')
