/**
 * Models that TensorFlow.js itself made and saved, opened by Latch: the same outputs. Needs the peers of
 * bench/package.json (`cd bench && npm ci`); skipped where they are not installed.
 */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTfjs } from '../../../src/formats/tfjs/index.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { filesOf } from '../conformance/files.ts'
import { relativeDifference } from '../../closeTo.ts'

const PEER = new URL('../../../../../bench/node_modules/@tensorflow/tfjs/dist/tf.node.js', import.meta.url)
const T = 5

/** What of TensorFlow.js is called here. */
interface Tensor {
  shape: number[]
  dataSync(): Float32Array
}
interface Saved {
  weightData: ArrayBuffer
  weightSpecs: object[]
  [field: string]: unknown
}
interface Model {
  getWeights(): Tensor[]
  setWeights(weights: Tensor[]): void
  predict(x: Tensor): Tensor
  save(handler: { save(artifacts: Saved): Promise<object> }): Promise<object>
}
interface Tf {
  setBackend(name: string): Promise<boolean>
  tensor(values: unknown, shape?: number[]): Tensor
  models: { modelFromJSON(config: object): Promise<Model> }
}
const layer = (type: string, config: object = {}) => ({ class_name: type, config })
const every = { return_sequences: true }
const cell = (type: string, config: object = {}) => layer(type, { units: 3, ...config })
const both = (inner: object, merge_mode = 'concat') => layer('Bidirectional', { layer: inner, merge_mode })
const named = (type: string, name: string, config: object, from: unknown[]) => ({
  class_name: type,
  name,
  config: { name, ...config },
  inbound_nodes: from.length ? [from] : [],
})
const functional = (output: unknown, ...layers: object[]) => {
  const input = named('InputLayer', 'x', { batch_input_shape: [null, T, 3], dtype: 'float32' }, [])
  const config = {
    name: 'f',
    layers: [input, ...layers],
    input_layers: [['x', 0, 0]],
    output_layers: [output],
  }
  return { class_name: 'Model', config }
}
const sequential = (...layers: { class_name: string; config: object }[]) => {
  const [{ class_name: type, config: first }, ...rest] = layers
  const begin = { dtype: 'float32', batch_input_shape: [null, T, 3], ...first }
  const config = { name: 's', layers: [{ class_name: type, config: begin }, ...rest] }
  return { class_name: 'Sequential', config }
}

const CASES: Record<string, object> = {
  'functions of cells': sequential(
    cell('LSTM', { recurrent_activation: 'hard_sigmoid', activation: 'relu', ...every }),
    layer('LeakyReLU', { alpha: 0.1 }),
    layer('TimeDistributed', { layer: layer('Dense', { units: 3, activation: 'softmax' }) }),
  ),
  backwards: sequential(
    cell('GRU', { go_backwards: true, reset_after: false, ...every }),
    layer('ReLU', { max_value: 6 }),
    cell('SimpleRNN', { use_bias: false }),
    layer('ThresholdedReLU', { theta: 0.1 }),
    layer('Softmax'), // saved with axis 1
  ),
  'softmax of steps': sequential(cell('LSTM', every), layer('Softmax', { axis: 2 })),
  'directions added': sequential(
    both(cell('LSTM', every), 'sum'),
    layer('LayerNormalization'),
    layer('GlobalMaxPooling1D'),
    layer('Dense', { units: 1, activation: 'sigmoid' }),
  ),
  'directions beside each other': sequential(
    both(cell('GRU')),
    layer('ELU'),
    layer('Dense', { units: 3, activation: 'softplus' }),
  ),
  'directions multiplied and averaged': sequential(
    both(cell('SimpleRNN', every), 'mul'),
    both(cell('LSTM', every), 'ave'),
    layer('GlobalAveragePooling1D'),
    layer('Dense', { units: 3, activation: 'gelu' }),
  ),
  'stacked cells': sequential(
    layer('RNN', {
      cell: layer('StackedRNNCells', {
        cells: [
          cell('LSTMCell', { use_bias: false }),
          cell('GRUCell', { use_bias: false }),
          cell('SimpleRNNCell'),
        ],
      }),
      ...every,
    }),
    layer('Flatten'),
    layer('Dense', { units: 2, activation: 'swish' }),
  ),
  masking: sequential(layer('Masking', { mask_value: 0 }), cell('LSTM', every), cell('GRU')),
  'ids, 0 masked': sequential(
    layer('Embedding', { input_dim: 7, output_dim: 3, mask_zero: true, batch_input_shape: [null, T] }),
    cell('LSTM', every),
    cell('LSTM'),
    layer('Dense', { units: 2, activation: 'mish' }),
    layer('Activation', { activation: 'softmax' }),
  ),
  'a mean that counts masked steps': sequential(
    layer('Masking', { mask_value: 0 }),
    cell('LSTM', every),
    layer('GlobalAveragePooling1D'),
    layer('Dense', { units: 2 }),
  ),
  'a mean of masked ids': sequential(
    layer('Embedding', { input_dim: 7, output_dim: 3, mask_zero: true, batch_input_shape: [null, T] }),
    both(cell('GRU', every), 'sum'),
    layer('LayerNormalization'),
    layer('GlobalAveragePooling1D'),
    layer('Dense', { units: 1, activation: 'sigmoid' }),
  ),
  'masked steps through every layer': sequential(
    layer('Masking', { mask_value: 0 }),
    both(cell('LSTM', every)),
    layer('TimeDistributed', { layer: layer('Dense', { units: 3 }) }),
    layer('LeakyReLU', { alpha: 0.1 }),
    layer('Dropout', { rate: 0.5 }),
    cell('GRU', { ...every, go_backwards: true }),
    layer('GlobalMaxPooling1D'),
    layer('Dense', { units: 2 }),
  ),
  'products first': sequential(
    layer('Dense', { units: 4, activation: 'selu' }),
    layer('Dropout', { rate: 0.5 }),
    cell('LSTM', { implementation: 2 }),
  ),
  skip: functional(
    ['y', 0, 0],
    named('LSTM', 'h', { units: 3, ...every }, [['x', 0, 0, {}]]),
    named('Concatenate', 'c', {}, [
      ['x', 0, 0, {}],
      ['h', 0, 0, {}],
    ]),
    named('GRU', 'g', { units: 2 }, [['c', 0, 0, {}]]),
    named('Dense', 'y', { units: 2, activation: 'relu6' }, [['g', 0, 0, {}]]),
  ),
  ...Object.fromEntries(
    ['Add', 'Multiply', 'Average', 'Maximum', 'Minimum'].map((type) => [
      `two branches, ${type}`,
      functional(
        ['y', 0, 0],
        named('LSTM', 'h', { units: 3, ...every }, [['x', 0, 0, {}]]),
        named('Dense', 'g', { units: 3, activation: 'sigmoid' }, [['x', 0, 0, {}]]),
        named(type, 'm', {}, [
          ['h', 0, 0, {}],
          ['g', 0, 0, {}],
        ]),
        named('LSTM', 'y', { units: 2 }, [['m', 0, 0, {}]]),
      ),
    ]),
  ),
  'two poolings of one layer': functional(
    ['c', 0, 0],
    named('LSTM', 'h', { units: 3, ...every }, [['x', 0, 0, {}]]),
    named('GlobalMaxPooling1D', 'a', {}, [['h', 0, 0, {}]]),
    named('GlobalAveragePooling1D', 'b', {}, [['h', 0, 0, {}]]),
    named('Concatenate', 'c', {}, [
      ['a', 0, 0, {}],
      ['b', 0, 0, {}],
    ]),
  ),
  'an autoencoder': sequential(
    cell('LSTM'),
    layer('RepeatVector', { n: T }),
    cell('LSTM', every),
    layer('TimeDistributed', { layer: layer('Dense', { units: 3 }) }),
  ),
  'other shapes': sequential(
    cell('LSTM', every),
    layer('Permute', { dims: [2, 1] }),
    cell('LSTM'),
    layer('Dense', { units: 6 }),
    layer('Reshape', { targetShape: [3, 2] }),
    cell('LSTM', every),
  ),
  'a model in a model': sequential(
    sequential(cell('LSTM', every), layer('Dense', { units: 3 })),
    cell('LSTM'),
    layer('Dense', { units: 2 }),
  ),
  'a functional model in a sequence': sequential(
    functional(
      ['m', 0, 0],
      named('LSTM', 'h', { units: 3, ...every }, [['x', 0, 0, {}]]),
      named('Add', 'm', {}, [
        ['h', 0, 0, {}],
        ['x', 0, 0, {}],
      ]),
    ),
    cell('LSTM'),
  ),
  'a final state as output': functional(
    ['y', 0, 0],
    named('LSTM', 'h', { units: 3, return_state: true }, [['x', 0, 0, {}]]),
    named('Dense', 'y', { units: 2 }, [['h', 0, 1, {}]]),
  ),
}

/** The model, its weights drawn, and what it saves. */
async function made(tf: Tf, config: object) {
  const model = await tf.models.modelFromJSON(config)
  const draw = ({ shape }: Tensor, n: number) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return tf.tensor(
      Float32Array.from({ length: size }, (_, i) => Math.sin(7 * n + 3 * i) / 1.5),
      shape,
    )
  }
  model.setWeights(model.getWeights().map(draw))
  let saved: Saved | null = null
  await model.save({
    save: async (artifacts) => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    },
  })
  return { model, saved: saved! as Saved }
}

const peer = async () => {
  const tf = ((await import(PEER.href)) as { default: Tf }).default
  await tf.setBackend('cpu')
  return tf
}

describe.skipIf(!existsSync(PEER))('Latch runs what TensorFlow.js saved', () => {
  it.each(Object.keys(CASES))('%s', async (name) => {
    const tf = await peer()
    const { model, saved } = await made(tf, CASES[name])
    const { weightData, weightSpecs, ...rest } = saved
    const json = { ...rest, weightsManifest: [{ paths: ['w'], weights: weightSpecs }] }
    const bytes = new TextEncoder().encode(JSON.stringify(json))
    const imported = await readTfjs(filesOf({ 'model.json': bytes, w: new Uint8Array(weightData) }))
    const latch = SequenceModel.fromImported(imported)
    const rows = Array.from({ length: T }, (_, t) =>
      [0, 1, 2].map((f) => (t === 3 ? 0 : Math.sin(3 * t + f))),
    )
    const input = imported.input.kind === 'ids' ? [1, 0, 5, 2, 0] : rows
    const wanted = model.predict(tf.tensor([input])).dataSync()
    const { output, steps } = latch.predict(input)
    const got = steps ? steps.flatMap((row) => [...row]) : [...output]
    expect(got).toHaveLength(wanted.length)
    expect(relativeDifference(wanted, got)).toBeLessThan(1e-5)
    // The same from the model's own file, and step by step.
    const again = SequenceModel.fromBytes(latch.toBytes())
    expect(again.predict(input)).toEqual(latch.predict(input))
  })

  it('a Softmax layer over masked steps is refused, as there', async () => {
    const tf = await peer()
    const config = sequential(layer('Masking'), cell('LSTM', every), layer('Softmax', { axis: 2 }))
    const { saved } = await made(tf, config)
    const { weightData, weightSpecs, ...rest } = saved
    const json = { ...rest, weightsManifest: [{ paths: ['w'], weights: weightSpecs }] }
    const bytes = new TextEncoder().encode(JSON.stringify(json))
    const read = readTfjs(filesOf({ 'model.json': bytes, w: new Uint8Array(weightData) }))
    await expect(read).rejects.toThrow(/Softmax layer over masked steps/)
  })
})
