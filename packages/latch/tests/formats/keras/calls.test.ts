/** What a Keras configuration says of its layers' calls and options, where reading past it would give other numbers. */
import { describe, expect, it } from 'vitest'
import { importKerasConfig, type KerasArray } from '../../../src/formats/keras/read/model.ts'
import type { ImportedModel, ImportOptions } from '../../../src/formats/imported.ts'
import { FormatError, UnsupportedError } from '../../../src/core/errors.ts'

const array = (name: string, ...shape: number[]): KerasArray => {
  const size = shape.reduce((a, b) => a * b, 1)
  return { name, shape, data: Float32Array.from({ length: size }, (_, i) => i + 1) }
}
const lstmArrays = (width: number, units: number) => [
  array('k', width, 4 * units),
  array('r', units, 4 * units),
  array('b', 4 * units),
]
const ARRAYS: Record<string, KerasArray[]> = {
  e: [array('t', 9, 4)],
  l: lstmArrays(4, 2),
  b: [...lstmArrays(4, 2), ...lstmArrays(4, 2)],
  d: [array('k', 2, 1), array('b', 1)],
  n: [array('g', 4), array('b', 4)],
}

function read(config: unknown, producer = 'Keras 3.5.0', options: ImportOptions = {}): ImportedModel {
  const about = { source: 'm', format: 'keras', producer, options } as const
  return importKerasConfig(config, (name) => ARRAYS[name] ?? [], about)
}

const functional = (layers: unknown[], output: unknown) => ({
  class_name: 'Functional',
  config: { name: 'f', layers, input_layers: [['i', 0, 0]], output_layers: [output] },
})

describe('Keras 2: calls as lists', () => {
  const node = (type: string, name: string, config: object, ...tensors: unknown[]) => ({
    class_name: type,
    name,
    config: { name, ...config },
    inbound_nodes: tensors.length ? [tensors] : [],
  })
  const encoder = [
    node('InputLayer', 'i', { batch_input_shape: [null, 6] }),
    node('InputLayer', 's', { batch_input_shape: [null, 2] }),
    node('Embedding', 'e', { input_dim: 9, output_dim: 4 }, ['i', 0, 0, {}]),
  ]
  const readTwo = (...rest: unknown[]) => read(functional([...encoder, ...rest], ['d', 0, 0]), 'Keras 2.10.0')

  it('an initial state beside a tensor is refused and not read past', () => {
    const state = {
      initial_state: [
        ['s', 0, 0],
        ['s', 0, 0],
      ],
    }
    const layers = [
      node('LSTM', 'l', { units: 2 }, ['e', 0, 0, state]),
      node('Dense', 'd', { units: 1 }, ['l', 0, 0, {}]),
    ]
    expect(() => readTwo(...layers)).toThrow(UnsupportedError)
    expect(() => readTwo(...layers)).toThrow(/layer l: .*got tensors in initial_state/)
  })

  it('arguments that are no tensors change nothing', () => {
    const layers = [
      node('LSTM', 'l', { units: 2 }, ['e', 0, 0, { training: false, mask: null }]),
      node('Dense', 'd', { units: 1 }, ['l', 0, 0, null]),
    ]
    expect(readTwo(...layers).network.layers).toHaveLength(3)
  })

  it('final states as outputs: h without sequences is the output, all others are refused', () => {
    const using = (output: number, config: object, type = 'LSTM', name = 'l') =>
      readTwo(
        node(type, name, { units: 2, return_state: true, ...config }, ['e', 0, 0, {}]),
        node('Dense', 'd', { units: 1 }, [name, 0, output, {}]),
      )
    const plain = using(0, {}).network
    expect(using(1, { return_sequences: false }).network).toEqual(plain)
    expect(() => using(2, {})).toThrow(/layer l: expected only its output 0 .*got output 2.*upTo: "l"/)
    expect(() => using(1, { return_sequences: true })).toThrow(/layer l: .*got output 1/)
    const two = { layer: { class_name: 'LSTM', config: { units: 2 } }, merge_mode: null }
    expect(() => using(1, two, 'Bidirectional', 'b')).toThrow(/layer b: .*got output 1/)
  })

  it('a final state as the model’s output too', () => {
    const layers = [...encoder, node('LSTM', 'l', { units: 2, return_state: true }, ['e', 0, 0, {}])]
    expect(() => read(functional(layers, ['l', 0, 2]), 'Keras 2.10.0')).toThrow(/got output 2/)
    const both = functional(layers, ['l', 0, 0])
    both.config.output_layers.push(['l', 0, 2])
    expect(() => read(both, 'Keras 2.10.0')).toThrow(/expected one output, got 2: l, l\[2\]/)
  })
})

describe('Keras 3: masks as operations', () => {
  const tensor = (name: string) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, 6], dtype: 'float32', keras_history: [name, 0, 0] },
  })
  const node = (type: string, name: string, config: object, args: unknown[] = [], kwargs: object = {}) => ({
    class_name: type,
    name,
    config: { name, ...config },
    inbound_nodes: args.length ? [{ args, kwargs }] : [],
  })
  const lstm = node('LSTM', 'l', { units: 2 }, [tensor('x')], { mask: tensor('any') })
  const model = (features: unknown[], last = lstm) => functional([...features, last], ['l', 0, 0])

  it('those of Masking are its own', () => {
    const features = [
      node('InputLayer', 'i', { batch_shape: [null, 6, 4] }),
      node('Masking', 'x', { mask_value: -1 }, [tensor('i')]),
      node('NotEqual', 'ne', {}, [tensor('i'), -1]),
      node('Any', 'any', { axis: -1 }, [tensor('ne')]),
    ]
    const found = read(model(features))
    expect(found.network.layers.map(({ type }) => type)).toEqual(['features', 'masking', 'recurrent'])
    expect(found.omitted).toEqual([])
  })

  it('a mask where no layer below makes one is refused', () => {
    const features = [
      node('InputLayer', 'i', { batch_shape: [null, 6] }),
      node('Embedding', 'x', { input_dim: 9, output_dim: 4 }, [tensor('i')]),
      node('NotEqual', 'any', {}, [tensor('i'), 5]),
    ]
    ARRAYS.x = ARRAYS.e
    expect(() => read(model(features))).toThrow(
      /layer l: expected the mask of an Embedding or Masking below it, got a mask from any/,
    )
  })

  it('so is one that other operations make', () => {
    const features = [
      node('InputLayer', 'i', { batch_shape: [null, 6] }),
      node('Embedding', 'x', { input_dim: 9, output_dim: 4, mask_zero: true }, [tensor('i')]),
      node('Greater', 'any', {}, [tensor('i'), 5]),
    ]
    expect(() => read(model(features))).toThrow(/layer l: .*got a mask from any/)
  })
})

describe('hostile calls', () => {
  it('operations that all read all others are followed once', () => {
    const wide = Array.from({ length: 300 }, (_, i) => ({
      class_name: 'Any',
      name: `m${i}`,
      config: {},
      inbound_nodes: [
        [...Array.from({ length: 299 - i }, (_, k) => [`m${i + k + 1}`, 0, 0, {}]), ['i', 0, 0, {}]],
      ],
    }))
    const history = { class_name: '__keras_tensor__', config: { keras_history: ['m0', 0, 0] } }
    const source = { class_name: '__keras_tensor__', config: { keras_history: ['i', 0, 0] } }
    const layers = [
      { class_name: 'InputLayer', name: 'i', config: { batch_shape: [null, 6, 4] }, inbound_nodes: [] },
      {
        class_name: 'LSTM',
        name: 'l',
        config: { units: 2 },
        inbound_nodes: [{ args: [source], kwargs: { mask: history } }],
      },
    ]
    expect(() => read(functional([...layers, ...wide], ['l', 0, 0]))).toThrow(/a mask from m0/)
  })
})

describe('options', () => {
  const layer = (type: string, config: object, name = 'a') => ({
    class_name: type,
    config: { name, ...config },
  })
  const chain = (...layers: unknown[]) => ({
    class_name: 'Sequential',
    config: { name: 's', layers: [layer('InputLayer', { batch_shape: [null, 6, 4] }, 'i'), ...layers] },
  })
  const top = (config: unknown) => read(config).network.layers[1]

  it.each([
    ['a number', 0.1],
    ['an array of Keras 2', { type: 'ndarray', value: 0.1 }],
    ['a scalar of Keras 3', { class_name: '__numpy__', config: { value: 0.1, dtype: 'float32' } }],
  ])('a slope as %s', (_, alpha) => {
    const wanted = { type: 'activation', activation: { type: 'leakyRelu', alpha: 0.1 } }
    expect(top(chain(layer('LeakyReLU', { alpha })))).toEqual(wanted)
    expect(top(chain(layer('LeakyReLU', { negative_slope: alpha })))).toEqual(wanted)
  })

  it('a slope that is no number is no default', () => {
    expect(() => top(chain(layer('LeakyReLU', { alpha: '0.1' })))).toThrow(FormatError)
    expect(() => top(chain(layer('LeakyReLU', { alpha: {} })))).toThrow(/layer a.*alpha/)
  })

  it('a flag that is none is no default', () => {
    const config = chain(layer('LSTM', { units: 2, return_sequences: 'True' }, 'l'))
    expect(() => read(config)).toThrow(/layer l\.return_sequences: expected true or false, got "True"/)
  })

  it('the last axis within TimeDistributed is the step’s own', () => {
    const wrapped = (axis: unknown) =>
      chain(layer('TimeDistributed', { layer: layer('LayerNormalization', { axis }, 'inner') }, 'n'))
    expect(top(wrapped([1]))).toMatchObject({ type: 'layerNorm' })
    expect(() => top(wrapped([2]))).toThrow(/last axis/)
    expect(top(chain(layer('LayerNormalization', { axis: [2] }, 'n')))).toMatchObject({ type: 'layerNorm' })
    expect(() => top(chain(layer('LayerNormalization', { axis: [1] }, 'n')))).toThrow(/last axis/)
  })

  it('features before steps are refused, in a flattening too', () => {
    for (const type of ['Flatten', 'GlobalMaxPooling1D'])
      expect(() => top(chain(layer(type, { data_format: 'channels_first' })))).toThrow(
        /expected channels_last/,
      )
    expect(top(chain(layer('Flatten', { data_format: 'channels_last' })))).toEqual({
      type: 'flatten',
      steps: 6,
    })
    expect(() => top(chain(layer('GlobalMaxPooling1D', { keepdims: true })))).toThrow(/expected false/)
  })

  it('zeros for masked steps: of every step, and of the last one alone', () => {
    const recurrentLayer = (more: object) =>
      chain(layer('Masking', {}), layer('LSTM', { units: 2, zero_output_for_mask: true, ...more }, 'l'))
    const above = (config: unknown) => read(config).network.layers.slice(2)
    expect(above(recurrentLayer({ return_sequences: true }))).toMatchObject([
      { returnSequences: true },
      { type: 'zeroMasked' },
    ])
    const last = [{ returnSequences: true }, { type: 'zeroMasked' }]
    expect(above(recurrentLayer({}))).toMatchObject([...last, { type: 'pool', pooling: 'last' }])
    expect(above(recurrentLayer({ go_backwards: true }))).toMatchObject([
      { ...last[0], direction: 'reverse' },
      last[1],
      { type: 'pool', pooling: 'first' },
    ])
  })

  it('ids by token from 1 on: id 0 has a name of its own, and letters stay letters', () => {
    const config = chain(layer('LSTM', { units: 2 }, 'l'))
    const { vocabulary, tokens } = read(config, 'Keras 3.5.0', { vocabulary: { a: 1, b: 2 } })
    expect({ vocabulary, tokens }).toEqual({ vocabulary: ['<0>', 'a', 'b'], tokens: 'chars' })
    expect(() => read(config, 'Keras 3.5.0', { vocabulary: { a: 1, b: 1 } })).toThrow(/each id once/)
  })
})
