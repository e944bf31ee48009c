/** The dialects of Keras' configurations: what each says, and what becomes of it. */
import { describe, expect, it } from 'vitest'
import { activationForLabels } from '../../../src/formats/outputActivation.ts'
import { importKerasConfig, type KerasArray } from '../../../src/formats/keras/read/model.ts'
import { openHdf5 } from '../../../src/formats/keras/hdf5/file.ts'
import { hdf5Chunks } from '../../../src/formats/keras/hdf5/write.ts'
import { pathStore } from '../../../src/formats/keras/read/weightStores.ts'
import type { ImportedModel, ImportOptions } from '../../../src/formats/imported.ts'
import { FormatError, UnsupportedError } from '../../../src/core/errors.ts'

interface About {
  producer?: string | null
  options?: ImportOptions
  training?: unknown
  format?: 'keras' | 'tfjs'
}

const array = (name: string, ...shape: number[]): KerasArray => {
  const size = shape.reduce((a, b) => a * b, 1)
  return { name, shape, data: Float32Array.from({ length: size }, (_, i) => i + 1) }
}
const lstmArrays = (width: number, units: number) => [
  array('k', width, 4 * units),
  array('r', units, 4 * units),
  array('b', 4 * units),
]
const denseArrays = (width: number, units: number) => [array('k', width, units), array('b', units)]

function read(config: unknown, arrays: Record<string, KerasArray[]>, about: About = {}): ImportedModel {
  const { producer = 'Keras 3.5.0', options = {}, training, format = 'keras' } = about
  return importKerasConfig(config, (name) => arrays[name] ?? [], {
    source: 'm',
    format,
    producer,
    options,
    training,
  })
}

const layer = (type: string, name: string, config: object = {}) => ({
  class_name: type,
  config: { name, ...config },
})
const sequential = (...layers: unknown[]) => ({ class_name: 'Sequential', config: { name: 's', layers } })
const input3 = layer('InputLayer', 'in', { batch_shape: [null, 6, 3] })

describe('hard_sigmoid', () => {
  const config = sequential(input3, layer('LSTM', 'l', { units: 2, recurrent_activation: 'hard_sigmoid' }))
  const alphaOf = (about: About) => {
    const model = read(config, { l: lstmArrays(3, 2) }, about)
    const [, recurrentLayer] = model.network.layers
    return {
      alpha: (recurrentLayer as { gateActivation: { alpha: number } }).gateActivation.alpha,
      notes: model.warnings.join(),
    }
  }
  it('is 0.2x + 0.5 in Keras 2 and TensorFlow.js', () => {
    expect(alphaOf({ producer: 'Keras 2.10.0' })).toMatchObject({
      alpha: 0.2,
      notes: expect.stringContaining('0.2x + 0.5'),
    })
    expect(alphaOf({ producer: 'TensorFlow.js 4.0, Keras 3.1.0', format: 'tfjs' }).alpha).toBe(0.2)
  })
  it('is x/6 + 0.5 in Keras 3', () => {
    expect(alphaOf({})).toMatchObject({ alpha: 1 / 6, notes: expect.stringContaining('x/6 + 0.5') })
  })
  it('where no version is said, the dialect decides', () => {
    expect(alphaOf({ producer: null }).alpha).toBe(1 / 6)
  })
})

describe('functional models', () => {
  const arrays = { e: [array('t', 9, 4)], l: lstmArrays(4, 2), d: denseArrays(2, 1) }
  const tensor = (name: string, shape: (number | null)[]) => ({
    class_name: '__keras_tensor__',
    config: { shape, dtype: 'float32', keras_history: [name, 0, 0] },
  })
  const node = (type: string, name: string, config: object, calls: unknown[]) => ({
    module: 'keras.layers',
    class_name: type,
    name,
    registered_name: null,
    build_config: {},
    config: {
      name,
      dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } },
      ...config,
    },
    inbound_nodes: calls,
  })
  const call = (name: string, kwargs: object = {}) => [{ args: [tensor(name, [null, 6, 4])], kwargs }]
  const model = (layers: unknown[], output: string) => ({
    class_name: 'Functional',
    module: 'keras',
    config: { name: 'f', layers, input_layers: [['i', 0, 0]], output_layers: [[output, 0, 0]] },
  })
  const chain = [
    node('InputLayer', 'i', { batch_shape: [null, 6] }, []),
    node('Embedding', 'e', { input_dim: 9, output_dim: 4, mask_zero: true }, call('i')),
    {
      class_name: 'NotEqual',
      name: 'ne',
      module: 'keras.src.ops.numpy',
      config: { name: 'ne' },
      inbound_nodes: [{ args: [tensor('i', [null, 6]), 0], kwargs: {} }],
    },
    node('LSTM', 'l', { units: 2 }, call('e', { mask: tensor('ne', [null, 6]) })),
    node('Dense', 'd', { units: 1, activation: 'sigmoid' }, call('l')),
  ]

  it('of Keras 3, masks as operations beside the chain', () => {
    const read3 = read(model(chain, 'd'), arrays)
    expect(read3.network.layers.map(({ type }) => type)).toEqual(['embedding', 'recurrent', 'dense'])
    expect(read3.network.layers[0]).toMatchObject({ maskZero: true })
    expect(read3).toMatchObject({
      outputActivation: 'sigmoid',
      network: { loss: { type: 'binaryCrossEntropy' } },
      omitted: [],
    })
  })

  it('until a layer', () => {
    const part = read(model(chain, 'd'), arrays, { options: { upTo: 'l' } })
    expect(part.network.layers).toHaveLength(2)
    expect(part.omitted).toEqual(['layer d'])
  })

  it('refuses a branch that does not fit, a second output and tensors beside the first', () => {
    const branch = [
      ...chain.slice(0, 4),
      node('Dense', 'd', { units: 1 }, call('e')),
      node('Concatenate', 'c', {}, [{ args: [[tensor('l', []), tensor('d', [])]], kwargs: {} }]),
    ]
    // One row a sequence beside one a step.
    expect(() => read(model(branch, 'c'), { ...arrays, d: denseArrays(4, 1) })).toThrow(
      /layer c: expected all inputs by step or all by sequence, got some of both/,
    )
    const twoInputs = [
      ...chain.slice(0, 4),
      node('InputLayer', 'j', { batch_shape: [null, 2] }, []),
      node('Add', 'c', {}, [{ args: [[tensor('l', []), tensor('j', [])]], kwargs: {} }]),
    ]
    expect(() => read(model(twoInputs, 'c'), arrays)).toThrow(
      /layer j: expected one chain, with l as its input, got InputLayer of nothing/,
    )
    const two = model(chain, 'd')
    two.config.output_layers = [
      ['d', 0, 0],
      ['l', 0, 0],
    ]
    expect(() => read(two, arrays)).toThrow(/expected one output, got 2: d, l/)
    const state = [
      ...chain.slice(0, 3),
      node('LSTM', 'l', { units: 2 }, call('e', { initial_state: tensor('i', [null, 2]) })),
    ]
    expect(() => read(model(state, 'l'), arrays)).toThrow(/layer l.*initial_state/)
  })
})

describe('the end of a network', () => {
  const ending = (units: number, activation: unknown, training?: unknown) =>
    read(
      sequential(input3, layer('LSTM', 'l', { units: 2 }), layer('Dense', 'd', { units, activation })),
      { l: lstmArrays(3, 2), d: denseArrays(2, units) },
      { training },
    )

  it('a softmax is the output activation and no layer', () => {
    const model = ending(3, 'softmax', { loss: 'sparse_categorical_crossentropy' })
    expect(model.outputActivation).toBe('softmax')
    expect(model.network).toMatchObject({ loss: { type: 'softmaxCrossEntropy' } })
    expect(model.network.layers.at(-1)).toEqual({ type: 'dense', units: 3 })
  })
  it('a sigmoid too, unless its loss takes what it gives', () => {
    expect(
      ending(1, 'sigmoid', { loss: { class_name: 'BinaryCrossentropy', config: {} } }).outputActivation,
    ).toBe('sigmoid')
    const squared = ending(1, 'sigmoid', { loss: 'mse' })
    expect(squared).toMatchObject({
      outputActivation: 'linear',
      network: { loss: { type: 'meanSquaredError' } },
    })
    expect(squared.network.layers.at(-1)).toMatchObject({ activation: 'sigmoid' })
  })
  it('a loss that is not known is said', () => {
    expect(ending(1, 'linear', { loss: 'log_cosh' }).warnings.join()).toContain('log_cosh')
  })
  it('a function as an object', () => {
    expect(
      ending(3, { class_name: 'function', config: 'softmax', module: 'builtins', registered_name: 'softmax' })
        .outputActivation,
    ).toBe('softmax')
    const leaky = ending(3, {
      module: 'keras.layers',
      class_name: 'LeakyReLU',
      config: { negative_slope: 0.1 },
    })
    expect(leaky.network.layers.at(-1)).toMatchObject({ activation: { type: 'leakyRelu', alpha: 0.1 } })
  })
})

describe('layers', () => {
  it('Bidirectional masks give zeros from Keras 2.4 on, and repeat before', () => {
    const lstm = { class_name: 'LSTM', config: { units: 2, return_sequences: true } }
    const config = sequential(
      layer('Embedding', 'e', {
        input_dim: 9,
        output_dim: 4,
        mask_zero: true,
        batch_input_shape: [null, null],
      }),
      layer('Bidirectional', 'b', { layer: lstm }),
    )
    const arrays = { e: [array('t', 9, 4)], b: [...lstmArrays(4, 2), ...lstmArrays(4, 2)] }
    const types = (producer: string) =>
      read(config, arrays, { producer }).network.layers.map(({ type }) => type)
    expect(types('Keras 2.15.0')).toEqual(['embedding', 'recurrent', 'zeroMasked'])
    expect(types('Keras 3.0.1')).toEqual(['embedding', 'recurrent', 'zeroMasked'])
    expect(types('Keras 2.2.4')).toEqual(['embedding', 'recurrent'])
  })

  it('cells in a StackedRNNCells, read backwards', () => {
    const cell = (type: string, units: number) => ({ class_name: type, config: { units } })
    const cells = {
      class_name: 'StackedRNNCells',
      config: { cells: [cell('LSTMCell', 2), cell('SimpleRNNCell', 4)] },
    }
    const config = sequential(
      input3,
      layer('RNN', 'r', { cell: cells, go_backwards: true, return_sequences: true }),
    )
    const model = read(config, {
      r: [...lstmArrays(3, 2), array('k', 2, 4), array('r', 4, 4), array('b', 4)],
    })
    expect(model.network.layers).toMatchObject([
      { type: 'features' },
      { cell: 'lstm', units: 2, direction: 'reverse', returnSequences: true },
      { cell: 'rnn', units: 4, direction: 'reverse', returnSequences: true },
      { type: 'reverse' },
    ])
    const two = sequential(
      input3,
      layer('Bidirectional', 'b', { layer: { class_name: 'RNN', config: { cell: cells } } }),
    )
    expect(() => read(two, {})).toThrow(/layer b: expected one cell per direction/)
  })

  it('layers that are active only in training are omitted', () => {
    const config = sequential(
      input3,
      layer('GaussianNoise', 'g'),
      layer('LSTM', 'l', { units: 2, dropout: 0.2, kernel_regularizer: { class_name: 'L2', config: {} } }),
      layer('Dropout', 'dr', { rate: 0.5 }),
      layer('Dense', 'd', { units: 1 }),
    )
    const model = read(config, { l: lstmArrays(3, 2), d: denseArrays(2, 1) })
    expect(model.omitted).toEqual([
      'g: GaussianNoise, which is active only in training',
      'l: dropout 0.2, which is active only in training',
      'l: kernel_regularizer',
    ])
    expect(model.network.layers[2]).toEqual({ type: 'dropout', rate: 0.5 })
  })

  it('Flatten needs a fixed length', () => {
    const config = (steps: number | null) =>
      sequential(
        layer('InputLayer', 'in', { batch_shape: [null, steps, 3] }),
        layer('Flatten', 'f'),
        layer('Dense', 'd', { units: 2 }),
      )
    expect(read(config(4), { d: denseArrays(12, 2) }).network.layers[1]).toEqual({
      type: 'flatten',
      steps: 4,
    })
    expect(() => read(config(null), {})).toThrow(/layer f: expected a fixed number of steps/)
  })

  it('Reshape and Permute need a fixed length and every number', () => {
    const config = (steps: number | null, type: string, more: object) =>
      sequential(
        layer('InputLayer', 'in', { batch_shape: [null, steps, 3] }),
        layer(type, 'r', more),
        layer('Dense', 'd', { units: 2 }),
      )
    const first = (width: number, ...given: Parameters<typeof config>) =>
      read(config(...given), { d: denseArrays(width, 2) }).network.layers[1]
    expect(first(2, 4, 'Reshape', { target_shape: [6, 2] })).toEqual({ type: 'reshape', steps: 6, width: 2 })
    expect(first(6, 4, 'Reshape', { target_shape: [-1, 6] })).toEqual({ type: 'reshape', steps: 2, width: 6 })
    expect(first(12, 4, 'Reshape', { target_shape: [-1] })).toEqual({ type: 'flatten', steps: 4 })
    expect(first(3, null, 'Reshape', { target_shape: [-1, 3] })).toMatchObject({ type: 'dense' })
    expect(first(4, 4, 'Permute', { dims: [2, 1] })).toEqual({ type: 'permute', steps: 4 })
    expect(first(3, 4, 'Permute', { dims: [1, 2] })).toMatchObject({ type: 'dense' })
    const refuses = (words: string, ...given: Parameters<typeof config>) =>
      expect(() => first(1, ...given)).toThrow(words)
    for (const target_shape of [[5, 2], [-1, 5], [2, 2, 3], [], [0, -1]]) {
      const expected = 'a Reshape to as many numbers, as steps and features or as one row'
      const words = `layer r: expected ${expected}, got (4, 3) to (${target_shape.join(', ')})`
      refuses(words, 4, 'Reshape', { target_shape })
    }
    refuses('got (steps, 3) to (-1, 1)', null, 'Reshape', { target_shape: [-1, 1] })
    refuses('layer r: expected a fixed number of steps for Permute', null, 'Permute', { dims: [2, 1] })
    for (const dims of [[1], [2, 2], [3, 1], [2, 1, 3]])
      refuses(`dims: expected [2, 1] or [1, 2], got [${dims.join(', ')}]`, 4, 'Permute', { dims })
  })

  it('Reshape and Permute refuse masked steps', () => {
    const config = (type: string, more: object) =>
      sequential(
        layer('InputLayer', 'in', { batch_shape: [null, 4, 3] }),
        layer('Masking', 'm', { mask_value: 0 }),
        layer(type, 'r', more),
        layer('Dense', 'd', { units: 2 }),
      )
    for (const [type, more] of [
      ['Permute', { dims: [2, 1] }],
      ['Reshape', { target_shape: [2, 6] }],
      ['Reshape', { target_shape: [12] }],
    ] as const)
      expect(() => read(config(type, more), {})).toThrow('layer r: expected steps that all count, got masked')
  })

  it('ZeroPadding1D goes into the convolution above it, and nowhere else', () => {
    const config = (...above: object[]) =>
      sequential(
        layer('InputLayer', 'in', { batch_shape: [null, 4, 3] }),
        layer('ZeroPadding1D', 'z', { padding: [1, 2] }),
        ...above,
      )
    const refuses = (got: string, ...above: object[]) =>
      expect(() => read(config(...above), {})).toThrow(
        `expected Conv1D or AveragePooling1D right above z, whose zeros it can add, got ${got}`,
      )
    const dense = layer('Dense', 'd', { units: 2 })
    refuses('Dense', dense)
    refuses('LSTM', layer('LSTM', 'l', { units: 2 }))
    refuses('MaxPooling1D', layer('MaxPooling1D', 'p', { pool_size: 2 }))
    refuses('AveragePooling1D, whose own padding', layer('AveragePooling1D', 'p', { pool_size: 2 }))
    refuses('its output')
    const mean = layer('AveragePooling1D', 'p', { pool_size: 3 })
    expect(read(config(mean), {}).network.layers[1]).toEqual({
      type: 'averagePool1d',
      kernelSize: 3,
      padding: [1, 2],
      countPadding: true,
    })
  })

  it('a softmax whose numbers are moved is the activation of no row', () => {
    const config = sequential(
      layer('InputLayer', 'in', { batch_shape: [null, 4, 3] }),
      layer('Dense', 'd', { units: 4, activation: 'softmax' }),
      layer('Permute', 'p', { dims: [2, 1] }),
    )
    const labels = ['a', 'b', 'c', 'd']
    const { outputActivation, network } = read(config, { d: denseArrays(3, 4) })
    expect(activationForLabels(outputActivation, network.layers, 4, labels)).toBe('linear')
    const rows = network.layers.slice(0, -1)
    expect(activationForLabels(outputActivation, rows, 4, labels)).toBe('probabilities')
  })

  it('stateful is said, time_major refused', () => {
    const config = (more: object) => sequential(input3, layer('LSTM', 'l', { units: 2, ...more }))
    expect(read(config({ stateful: true }), { l: lstmArrays(3, 2) }).stateful).toBe(true)
    expect(() => read(config({ time_major: true }), { l: lstmArrays(3, 2) })).toThrow(UnsupportedError)
  })

  it('a GRU whose configuration says nothing of reset_after goes by its bias', () => {
    const config = sequential(input3, layer('GRU', 'g', { units: 2 }))
    const gru = (bias: KerasArray) =>
      read(config, { g: [array('k', 3, 6), array('r', 2, 6), bias] }, { producer: 'Keras 2.1.0' }).network
        .layers[1]
    expect(gru(array('b', 6))).toMatchObject({ reset: 'before' })
    expect(gru(array('b', 2, 6))).not.toHaveProperty('reset')
    expect(gru(array('b', 12))).not.toHaveProperty('reset')
  })

  it('without biases, a GRU that says nothing goes by the version', () => {
    const config = sequential(input3, layer('GRU', 'g', { units: 2, use_bias: false }))
    const gru = (producer: string) =>
      read(config, { g: [array('k', 3, 6), array('r', 2, 6)] }, { producer }).network.layers[1]
    expect(gru('Keras 2.1.0')).toMatchObject({ reset: 'before' })
    expect(gru('Keras 3.1.0')).not.toHaveProperty('reset')
  })

  it('arrays too few and too many are named', () => {
    const config = sequential(input3, layer('LSTM', 'l', { units: 2 }))
    expect(() => read(config, { l: lstmArrays(3, 2).slice(0, 2) })).toThrow(
      /m, layer l: expected bias \(8\), got no more arrays/,
    )
    expect(() => read(config, { l: [...lstmArrays(3, 2), array('extra', 1)] })).toThrow(
      /m, layer l: expected 3 arrays, got 4, extra among them/,
    )
    expect(() => read(config, { l: lstmArrays(3, 2).slice(0, 2) })).toThrow(FormatError)
  })
})

describe('paths of Keras 3', () => {
  it('cells, wrappers and numbers', () => {
    const paths = [
      'layers/time_distributed/layer/vars/0',
      'layers/rnn/cell/cells/lstm_cell/vars/0',
      'layers/rnn/cell/cells/gru_cell/vars/0',
      'layers/rnn/cell/cells/lstm_cell_1/vars/0',
      'layers/bidirectional/backward_layer/cell/vars/0',
      'layers/bidirectional/forward_layer/cell/vars/0',
      'layers/dense_1/vars/0',
      'layers/dense/vars/0',
      'layers/dense/vars/10',
      'layers/dense/vars/9',
      'layers/lstm/cell/vars/0',
      'layers/lstm/cell/seed_generator/vars/0',
      'layers/lstm/vars/0',
    ]
    const datasets = paths.map((path, i) => ({ path, shape: [1], values: () => Float32Array.of(i) }))
    const parts = [...hdf5Chunks(datasets)]
    const bytes = Uint8Array.from(parts.flatMap((part) => [...part]))
    const listed = [
      ['in', 'InputLayer'],
      ['t', 'TimeDistributed'],
      ['r', 'RNN', 'LSTMCell', 'GRUCell', 'LSTMCell'],
      ['b', 'Bidirectional'],
      ['first', 'Dense'],
      ['second', 'Dense'],
      ['l', 'LSTM'],
      ['none', 'GRU'],
    ].map(([name, type, ...cells]) => ({ name, type, cells }))
    const store = pathStore(openHdf5(bytes, 'w'), listed, 'w')
    const numbers = (name: string) => store.weightsOf(name).map(({ data }) => data[0])
    expect(numbers('t')).toEqual([0])
    expect(numbers('r')).toEqual([1, 2, 3])
    expect(numbers('b')).toEqual([5, 4])
    expect(numbers('first')).toEqual([7, 9, 8])
    expect(numbers('second')).toEqual([6])
    expect(numbers('l')).toEqual([10])
    expect(numbers('none')).toEqual([])
    expect(store.filled).toEqual(['t', 'r', 'b', 'first', 'second', 'l'])
  })
})
