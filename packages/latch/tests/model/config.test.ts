/** Reading a network from JSON: which options each list of layers takes and refuses, and by which path. */
import { describe, expect, it } from 'vitest'
import { rootField } from '../../src/core/validation.ts'
import type { LayerInfo } from '../../src/layers/definition.ts'
import { allLayers } from '../../src/model/allLayers.ts'
import { readNetworkConfig, type NetworkConfig } from '../../src/model/config.ts'
import { coreLayers } from '../../src/model/coreLayers.ts'

const features = { type: 'features', width: 3 }
const embedding = { type: 'embedding', vocabulary: 5, size: 3 }
const lstm = { type: 'recurrent', cell: 'lstm', units: 4 }

const reader =
  (definitions: readonly LayerInfo[]) =>
  (...layers: object[]): NetworkConfig =>
    readNetworkConfig(rootField({ layers }, 'network', 'model'), definitions)

describe('all layers', () => {
  const read = reader(allLayers)

  const taken: [string, object[]][] = [
    ['activation', [features, { type: 'activation', activation: 'mish' }]],
    ['softmax', [features, { type: 'activation', activation: 'softmax' }]],
    ['elu with alpha', [features, { type: 'activation', activation: { type: 'elu', alpha: 0.3 } }]],
    ['layerNorm', [features, { type: 'layerNorm', epsilon: 0.001, scale: false, centre: true }]],
    ['masking', [features, { type: 'masking', value: -1 }, lstm, { type: 'zeroMasked' }]],
    [
      'reverse and concat',
      [embedding, { type: 'reverse' }, { type: 'concat', inputs: ['embedding.0', 'reverse.0'] }],
    ],
    [
      'dense',
      [features, { type: 'dense', units: 2, activation: { type: 'scaledTanh', alpha: 2, beta: 0.5 } }],
    ],
    ['pool', [features, { type: 'pool', pooling: 'attention' }]],
    ['maskZero', [{ ...embedding, maskZero: true }, lstm]],
    ['a reverse layer', [features, { ...lstm, direction: 'reverse' }]],
    [
      'both ways, in two forms',
      [features, { ...lstm, direction: 'bidirectional', merge: 'sum', backward: { activation: 'softsign' } }],
    ],
    [
      'every option of an LSTM',
      [
        features,
        {
          ...lstm,
          activation: 'softsign',
          gateActivation: 'hardSigmoid',
          stateActivation: 'elu',
          clip: 3,
          peepholes: true,
          coupled: true,
        },
      ],
    ],
    [
      'a GRU',
      [
        features,
        { ...lstm, cell: 'gru', reset: 'before', activation: 'relu', gateActivation: 'hardSigmoid' },
      ],
    ],
    ['one bias', [features, { ...lstm, bias: 'single' }, { ...lstm, bias: true }, { ...lstm, bias: false }]],
    [
      'an RNN',
      [features, { ...lstm, cell: 'rnn', activation: { type: 'affine', alpha: 2, beta: 1 }, clip: 1 }],
    ],
  ]
  it.each(taken)('%s comes back as it was', (_, layers) => {
    expect(read(...layers)).toEqual({ layers })
  })

  it('parameters that say nothing are left out', () => {
    const { layers } = read(features, { type: 'dense', units: 2, activation: { type: 'tanh', alpha: 0 } })
    expect(layers[1]).toEqual({ type: 'dense', units: 2, activation: 'tanh' })
  })

  const refused: [object[], string][] = [
    [[features, { type: 'activation', activation: 'swish' }], '[1].activation: expected one of "linear",'],
    [[features, { type: 'activation' }], '[1].activation: expected an object, got nothing'],
    [
      [features, { type: 'activation', activation: { type: 'relu', alpha: 2 } }],
      '[1].activation.alpha: expected no `alpha` for relu, got 2',
    ],
    [
      [features, { type: 'activation', activation: { type: 'elu', beta: 2 } }],
      '[1].activation.beta: expected no `beta` for elu, got 2',
    ],
    [
      [features, { type: 'activation', activation: { type: 'elu', gamma: 2 } }],
      '[1].activation.gamma: expected a known field',
    ],
    [[features, { type: 'dense', units: 2, activation: 'softmax' }], '[1].activation: expected one of'],
    [[features, { type: 'layerNorm', epsilon: 0 }], '[1].epsilon: expected a number above 0, got 0'],
    [[features, { type: 'layerNorm', center: true }], '[1].center: expected a known field'],
    [
      [embedding, { type: 'masking' }],
      '[1].type: expected masking right after a features input only, got embedding',
    ],
    [
      [features, lstm, { type: 'masking' }],
      '[2].type: expected masking right after a features input only, got recurrent',
    ],
    [[features, { type: 'masking', value: 'x' }], '[1].value: expected a number, got "x"'],
    [[features, { type: 'reverse', steps: 1 }], '[1].steps: expected a known field'],
    [[features, { type: 'concat', inputs: [] }], '[1].inputs: expected 1 to 1000 items, got 0'],
    [
      [features, { type: 'concat', inputs: ['concat.0'] }],
      '[1].inputs[0]: expected the name of a layer below (features.0), got "concat.0"',
    ],
    [[features, { type: 'concat', inputs: 'features.0' }], '[1].inputs: expected a list, got "features.0"'],
    [
      [features, { type: 'pool', pooling: 'min' }],
      '[1].pooling: expected one of "last", "first", "max", "mean", "sum", "attention", got "min"',
    ],
    [[{ ...embedding, maskZero: 1 }], '[0].maskZero: expected true or false, got 1'],
    [
      [features, { ...lstm, cell: 'gru', coupled: true }],
      '[1].coupled: expected no `coupled`: only "lstm" cells have it, got true',
    ],
    [
      [features, { ...lstm, cell: 'gru', peepholes: true }],
      '[1].peepholes: expected no `peepholes`: only "lstm" cells have it',
    ],
    [
      [features, { ...lstm, cell: 'gru', stateActivation: 'tanh' }],
      '[1].stateActivation: expected no `stateActivation`: only "lstm" cells have it',
    ],
    [
      [features, { ...lstm, cell: 'rnn', gateActivation: 'sigmoid' }],
      '[1].gateActivation: expected no `gateActivation`: only "lstm" and "gru" cells have it',
    ],
    [[features, { ...lstm, reset: 'before' }], '[1].reset: expected no `reset`: only "gru" cells have it'],
    [
      [features, { ...lstm, merge: 'sum' }],
      '[1].merge: expected nothing for a layer with one direction, got "sum"',
    ],
    [
      [features, { ...lstm, direction: 'reverse', backward: {} }],
      '[1].backward: expected nothing for a layer with one direction',
    ],
    [
      [features, { ...lstm, direction: 'bidirectional', backward: { clip: 1 } }],
      '[1].backward.clip: expected a known field',
    ],
    [
      [features, { ...lstm, direction: 'backwards' }],
      '[1].direction: expected one of "forward", "reverse", "bidirectional"',
    ],
    [[features, { ...lstm, bias: 'two' }], '[1].bias: expected true, false or \'single\', got "two"'],
    [[features, { ...lstm, bias: 1 }], "[1].bias: expected true, false or 'single', got 1"],
    [
      [features, { type: 'dense', units: 2, bias: 'single' }],
      '[1].bias: expected true or false, got "single"',
    ],
    [[features, { ...lstm, clip: 0 }], '[1].clip: expected a limit above 0, got 0'],
    [[features, { ...lstm, clip: -1 }], '[1].clip: expected a number, 0 or more, got -1'],
    [
      [features, { ...lstm, merge: 'max', direction: 'bidirectional' }],
      '[1].merge: expected one of "concat", "sum", "multiply", "average"',
    ],
  ]
  it.each(refused)('%j', (layers, words) => {
    expect(() => read(...layers)).toThrow(`model, network.layers${words}`)
  })
})

describe('core layers', () => {
  const read = reader(coreLayers)

  it.each(['activation', 'layerNorm', 'masking', 'zeroMasked', 'reverse', 'concat', 'convolution'])(
    'know no %s',
    (type) => {
      expect(() => read(features, { type })).toThrow(
        `model, network.layers[1].type: expected one of "embedding", "oneHot", "features", "recurrent", "dropout", "pool", "flatten", "dense", got "${type}"`,
      )
    },
  )

  it('take the options that they compute', () => {
    expect(() => read(features, { type: 'pool', pooling: 'sum' })).toThrow('[1].pooling: expected one of')
    expect(() => read(features, { ...lstm, merge: 'sum' })).toThrow('[1].merge: expected a known field')
    expect(() => read({ ...embedding, maskZero: true })).toThrow('[0].maskZero: expected a known field')
    expect(() => read(features, { ...lstm, clip: 1 })).toThrow('[1].clip: expected a known field')
    expect(() => read(features, { type: 'dense', units: 2, activation: 'elu' })).toThrow('expected one of')
    expect(() => read(features, { ...lstm, activation: 'relu' })).toThrow('[1].activation: expected "tanh"')
    const reversed = { ...lstm, direction: 'reverse', bias: 'single' }
    expect(read(features, reversed).layers[1]).toEqual(reversed)
  })
})
