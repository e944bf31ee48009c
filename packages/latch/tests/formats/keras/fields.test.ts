/** Every field of a Keras configuration is read, known to act in training only, or reported; names of Keras 1. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importKerasConfig, type KerasArray } from '../../../src/formats/keras/read/model.ts'
import type { ImportedModel } from '../../../src/formats/imported.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'

interface Layer {
  class_name: string
  config: Record<string, unknown>
}

const layer = (type: string, config: Record<string, unknown> = {}): Layer => ({ class_name: type, config })
const array = (...shape: number[]): KerasArray => {
  const size = shape.reduce((a, b) => a * b, 1)
  return { name: 'w', shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(3 * i + size)) }
}
const cell = (width: number, units: number, gates: number) => [
  array(width, gates * units),
  array(units, gates * units),
  array(gates * units),
]

/** Every kind of layer above a features input of width 2, with its arrays. */
const LAYERS: [Layer, KerasArray[]][] = [
  [layer('Masking', { mask_value: 0 }), []],
  [layer('SimpleRNN', { units: 3, return_sequences: true }), cell(2, 3, 1)],
  [layer('LSTM', { units: 3, return_sequences: true }), cell(2, 3, 4)],
  [layer('GRU', { units: 3, reset_after: false, return_sequences: true }), cell(2, 3, 3)],
  [layer('Bidirectional', { layer: layer('LSTM', { units: 3 }) }), [...cell(2, 3, 4), ...cell(2, 3, 4)]],
  [layer('RNN', { cell: layer('LSTMCell', { units: 3 }) }), cell(2, 3, 4)],
  [layer('Dense', { units: 3, activation: 'tanh' }), [array(2, 3), array(3)]],
  [layer('TimeDistributed', { layer: layer('Dense', { units: 3 }) }), [array(2, 3), array(3)]],
  [layer('LayerNormalization', { axis: -1 }), [array(2), array(2)]],
  [layer('Dropout', { rate: 0.5 }), []],
  [layer('SpatialDropout1D', { rate: 0.5 }), []],
  [layer('GaussianNoise', { stddev: 0.5 }), []],
  [layer('GaussianDropout', { rate: 0.5 }), []],
  [layer('AlphaDropout', { rate: 0.5 }), []],
  [layer('ActivityRegularization', { l1: 0, l2: 0.5 }), []],
  [layer('GlobalAveragePooling1D', { keepdims: false }), []],
  [layer('GlobalMaxPooling1D', { data_format: 'channels_last' }), []],
  [layer('Flatten', { data_format: 'channels_last' }), []],
  [layer('Permute', { dims: [2, 1] }), []],
  [layer('Reshape', { target_shape: [8, 1] }), []],
  [layer('Activation', { activation: 'relu' }), []],
  [layer('LeakyReLU', { negative_slope: 0.1 }), []],
  [layer('ELU', { alpha: 1 }), []],
  [layer('ReLU', { max_value: 6, negative_slope: 0, threshold: 0 }), []],
  [layer('Softmax', { axis: -1 }), []],
  [layer('ThresholdedReLU', { theta: 1 }), []],
]

/** What is in every configuration and changes no output. */
const USUAL = {
  trainable: true,
  dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' }, registered_name: null },
  kernel_initializer: { class_name: 'GlorotUniform', config: { seed: null } },
  kernel_constraint: { class_name: 'MaxNorm', config: {} },
  unit_forget_bias: true,
  implementation: 2,
  seed: 1,
}

function read(one: Layer, arrays: KerasArray[], producer = 'Keras 3.5.0'): ImportedModel {
  const layers = [
    layer('InputLayer', { name: 'x', batch_shape: [null, 4, 2], dtype: 'float32', sparse: false }),
    { ...one, config: { ...one.config, name: 'l' } },
    layer('Dense', { name: 'd', units: 1 }),
  ]
  const config = { class_name: 'Sequential', config: { name: 's', layers } }
  const about = { source: 'm', format: 'keras', producer, options: {} } as const
  const width = widthAfter(one)
  return importKerasConfig(
    config,
    (name) => (name === 'l' ? arrays : name === 'd' ? [array(width, 1), array(1)] : []),
    about,
  )
}

function widthAfter({ class_name: type, config }: Layer): number {
  if (type === 'Flatten') return 8
  if (type === 'Permute') return 4
  if (type === 'Reshape') return 1
  const inner = (config.layer ?? config.cell) as Layer | undefined
  const units = (inner?.config.units ??
    inner?.config.output_dim ??
    config.units ??
    config.output_dim ??
    2) as number
  return type === 'Bidirectional' ? 2 * units : units
}

/** Adds a field to the layer, or to the layer or cell in it. */
function withField({ class_name, config }: Layer, name: string, value: unknown): [Layer, path: string] {
  const inside = ['layer', 'cell'].find((key) => key in config)
  if (!inside) return [layer(class_name, { ...config, [name]: value }), name]
  const inner = config[inside] as Layer
  return [
    layer(class_name, { ...config, [inside]: layer(inner.class_name, { ...inner.config, [name]: value }) }),
    `${inside}.config.${name}`,
  ]
}

describe.each(LAYERS.map(([one, arrays]) => [one.class_name, one, arrays] as const))(
  '%s',
  (_, one, arrays) => {
    it('reads its own fields, and those without effect in silence', () => {
      const { warnings } = read({ ...one, config: { ...one.config, ...USUAL } }, arrays)
      expect(warnings.join()).not.toMatch(/not known/)
    })

    it('reports any other field', () => {
      const values = fc.oneof(
        fc.boolean(),
        fc.integer(),
        fc.string(),
        fc.constant({ deep: [1] }),
        fc.constant([]),
      )
      const names = fc.stringMatching(/^[a-z]{3,8}_[a-z]{3,8}zz$/)
      fc.assert(
        fc.property(names, values, (name, value) => {
          const [changed] = withField(one, name, value)
          const own = layer(one.class_name, { ...one.config, [name]: value })
          for (const given of [changed, own]) {
            const { warnings } = read(given, arrays)
            expect(warnings.join('\n')).toContain(`${name}, which is not known and was not read`)
          }
        }),
        { numRuns: 20 },
      )
    })
  },
)

it('other numbers than float32 are named', () => {
  const [one, arrays] = LAYERS[2]
  const { warnings } = read({ ...one, config: { ...one.config, dtype: 'mixed_float16' } }, arrays)
  expect(warnings).toContain('l: computed in float32 instead of mixed_float16')
})

describe('Keras 1', () => {
  const rows = [
    [0.5, -1],
    [2, 0.3],
    [-1, 1],
    [0.1, 0.2],
  ]
  const outputOf = (model: ImportedModel) => SequenceModel.fromImported(model).predict(rows)
  const expectSame = (old: Layer, now: Layer, arrays: KerasArray[], separate = arrays) => {
    const first = read(old, separate, 'Keras 1.2.2')
    expect(first.warnings.join()).not.toMatch(/not known/)
    expect(outputOf(first)).toEqual(outputOf(read(now, arrays, 'Keras 2.10.0')))
    return first
  }

  it.each(['sigmoid', 'hard_sigmoid', 'tanh'])(
    'inner_activation %s and the other names',
    (inner_activation) => {
      const old = {
        output_dim: 3,
        init: 'glorot_uniform',
        inner_init: 'orthogonal',
        forget_bias_init: 'one',
        activation: 'relu',
        inner_activation,
        W_regularizer: { name: 'WeightRegularizer', l1: 0, l2: 0.1 },
        U_regularizer: null,
        b_regularizer: null,
        dropout_W: 0.2,
        dropout_U: 0.1,
        consume_less: 'gpu',
        input_dim: 2,
        input_length: 4,
        go_backwards: false,
        stateful: false,
      }
      const now = { units: 3, activation: 'relu', recurrent_activation: inner_activation, reset_after: false }
      for (const [type, gates] of [
        ['LSTM', 4],
        ['GRU', 3],
      ] as const) {
        const model = expectSame(layer(type, old), layer(type, now), cell(2, 3, gates))
        expect(model.omitted).toEqual([
          'l: dropout 0.2, which is active only in training',
          'l: recurrent_dropout 0.1, which is active only in training',
          'l: kernel_regularizer',
        ])
        const both = (inner: object) =>
          layer('Bidirectional', { layer: layer(type, inner as Record<string, unknown>) })
        expectSame(both(old), both(now), [...cell(2, 3, gates), ...cell(2, 3, gates)])
      }
    },
  )

  it('an array for each gate', () => {
    const split = (arrays: KerasArray[], order: number[]) => {
      const gates = order.length
      const parts = (one: KerasArray, gate: number): KerasArray => {
        const units = one.shape[one.shape.length - 1] / gates
        const picked = Array.from(one.data).filter(
          (_, i) => Math.floor((i % (units * gates)) / units) === gate,
        )
        return { name: 'w', shape: [...one.shape.slice(0, -1), units], data: Float32Array.from(picked) }
      }
      return order.flatMap((gate) => arrays.map((one) => parts(one, gate)))
    }
    // Keras 1 lists i c f o, and z r h; Keras 2 has i f c o.
    const [lstm, gru] = [cell(2, 3, 4), cell(2, 3, 3)]
    const old = { output_dim: 3, inner_activation: 'hard_sigmoid' }
    const now = { units: 3, recurrent_activation: 'hard_sigmoid', reset_after: false }
    expectSame(layer('LSTM', old), layer('LSTM', now), lstm, split(lstm, [0, 2, 1, 3]))
    expectSame(layer('GRU', old), layer('GRU', now), gru, split(gru, [0, 1, 2]))
    const both = (config: Record<string, unknown>) => layer('Bidirectional', { layer: layer('LSTM', config) })
    const parts = split(lstm, [0, 2, 1, 3])
    expectSame(both(old), both(now), [...lstm, ...lstm], [...parts, ...parts])
  })

  it('Dense, Dropout and TimeDistributedDense', () => {
    const dense = [array(2, 3), array(3)]
    expectSame(
      layer('Dense', { output_dim: 3, init: 'uniform', bias: true }),
      layer('Dense', { units: 3 }),
      dense,
    )
    const old = layer('TimeDistributedDense', { output_dim: 3, W_constraint: null })
    expectSame(old, layer('Dense', { units: 3 }), dense)
    expectSame(layer('Dropout', { p: 0.3 }), layer('Dropout', { rate: 0.3 }), [])
    expectSame(layer('GaussianNoise', { sigma: 0.3 }), layer('GaussianNoise', { stddev: 0.3 }), [])
  })
})

describe('stateful', () => {
  const model = (config: object) => read(layer('LSTM', { units: 3, ...config }), cell(2, 3, 4))
  it('is read', () => {
    expect(model({ stateful: true }).stateful).toBe(true)
    expect(model({ stateful: false }).stateful).toBe(false)
  })
  it('in one of two layers is refused', () => {
    const layers = [
      layer('InputLayer', { name: 'x', batch_shape: [1, 4, 2] }),
      layer('LSTM', { name: 'a', units: 2, stateful: true, return_sequences: true }),
      layer('LSTM', { name: 'b', units: 2 }),
    ]
    const about = { source: 'm', format: 'keras', producer: 'Keras 3.5.0', options: {} } as const
    const config = { class_name: 'Sequential', config: { name: 's', layers } }
    expect(() => importKerasConfig(config, () => cell(2, 2, 4), about)).toThrow(
      /stateful in all recurrent layers/,
    )
  })
})
