"""Writes formats/outputActivations.json: small Keras models by every last function, and the numbers that they give.

The numbers are computed here in plain Python from the definitions of keras.layers and keras.activations (Keras 2,
whose words TensorFlow.js has). Run: python3 tests/golden/generate_outputActivations.py
"""

import json
import math
import pathlib
import random

INPUT = [[1.0], [2.0], [-1.0]]
STATES = 2


def each(function):
    return lambda row: [function(x) for x in row]


def softmax(row):
    powers = [math.exp(x - max(row)) for x in row]
    return [p / sum(powers) for p in powers]


FUNCTIONS = {
    'linear': each(lambda x: x),
    'sigmoid': each(lambda x: 1 / (1 + math.exp(-x))),
    'hard_sigmoid': each(lambda x: min(1.0, max(0.0, 0.2 * x + 0.5))),
    'softmax': softmax,
    'tanh': each(math.tanh),
    'softsign': each(lambda x: x / (1 + abs(x))),
    'relu': each(lambda x: max(0.0, x)),
    'softplus': each(lambda x: math.log(1 + math.exp(x))),
}


def matrix(rng, rows, columns):
    return [[round(rng.uniform(-1.5, 1.5), 3) for _ in range(columns)] for _ in range(rows)]


def product(row, weights, bias):
    return [sum(x * w[j] for x, w in zip(row, weights)) + b for j, b in enumerate(bias)]


def recur(rows, weights, function):
    kernel, recurrent, bias = weights
    state, out = [0.0] * len(bias), []
    for row in rows:
        sums = [a + b for a, b in zip(product(row, kernel, bias), product(state, recurrent, [0.0] * len(bias)))]
        state = function(sums)
        out.append(state)
    return out


def layer(kind, name, **config):
    return {'class_name': kind, 'config': {'name': name, **config}}


def model(form, name, units, rng):
    """Layers, arrays by layer, and what they give for INPUT."""
    function = FUNCTIONS[name]
    first = layer('SimpleRNN', 'rnn', batch_input_shape=[None, 3, 1])
    lower = [matrix(rng, 1, STATES), matrix(rng, STATES, STATES), matrix(rng, 1, STATES)[0]]
    dense = [matrix(rng, STATES, units), matrix(rng, 1, units)[0]]
    hidden = {'units': STATES, 'activation': 'tanh'}
    if form == 'state':
        weights = [matrix(rng, 1, units), matrix(rng, units, units), matrix(rng, 1, units)[0]]
        first['config'].update(units=units, activation=name, return_sequences=False)
        return [first], {'rnn': weights}, recur(INPUT, weights, function)[-1]
    states = recur(INPUT, lower, FUNCTIONS['tanh'])
    first['config'].update(hidden, return_sequences=form == 'mean of steps')
    arrays = {'rnn': lower, 'head': dense}
    if form == 'mean of steps':
        head = layer('TimeDistributed', 'head', layer=layer('Dense', 'inner', units=units, activation=name))
        rows = [function(product(state, *dense)) for state in states]
        mean = [sum(column) / len(rows) for column in zip(*rows)]
        return [first, head, layer('GlobalAveragePooling1D', 'pool')], arrays, mean
    own = function(product(states[-1], *dense))
    if form == 'dense':
        return [first, layer('Dense', 'head', units=units, activation=name)], arrays, own
    head = [layer('Dense', 'head', units=units, activation='linear'), layer('Activation', 'end', activation=name)]
    return [first, *head], arrays, own


def main():
    rng = random.Random(11)
    cases = []
    for form in ['dense', 'layer', 'mean of steps', 'state']:
        for name in FUNCTIONS:
            for units in [1, 2, 3]:
                if name == 'softmax' and (units == 1 or form == 'state'):
                    continue
                layers, arrays, output = model(form, name, units, rng)
                case = {'form': form, 'function': name, 'units': units, 'layers': layers, 'arrays': arrays}
                cases.append({**case, 'output': [round(x, 7) for x in output]})
    path = pathlib.Path(__file__).parent / 'formats' / 'outputActivations.json'
    lines = ',\n'.join(json.dumps(case) for case in cases)
    path.write_text(f'{{"input": {json.dumps(INPUT)}, "cases": [\n{lines}\n]}}\n')


main()
