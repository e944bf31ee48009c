/** TensorFlow.js layers models: a real one against its golden, every number format, what is refused, hostile files. */
import { describe, expect, it } from 'vitest'
import { readTfjs } from '../../../src/formats/tfjs/index.ts'
import { FormatError, UnsupportedError } from '../../../src/core/errors.ts'
import { filesOf } from '../conformance/files.ts'
import {
  goldenOf,
  modelsAreHere,
  openTextGeneration,
  runTextGeneration,
  type TextGenerationGolden,
} from '../conformance/otherModels.ts'

describe.skipIf(!modelsAreHere)('tfjs-lstm-text-generation', () => {
  it('equals its golden, and goes on in the same words', async () => {
    const { worst } = await runTextGeneration()
    expect(worst).toBeLessThan(1e-5)
    const { model, answer } = await openTextGeneration()
    const { cases } = goldenOf<TextGenerationGolden>('tfjs_lstm_text_generation')
    expect(cases).toHaveLength(3)
    for (const { text, greedy_next_40_characters } of cases) {
      let written = text
      for (let i = 0; i < 40; i++) {
        const row = answer(written.slice(-40))
        written += model.vocabulary![row.indexOf(Math.max(...row))]
      }
      expect(written.slice(40)).toBe(greedy_next_40_characters)
    }
  })

  it('says what it is', async () => {
    const { model } = await openTextGeneration()
    expect(model.format).toBe('tfjs')
    expect(model.producer).toBe('TensorFlow.js layers, Keras 2.1.5')
    expect(model.outputActivation).toBe('softmax')
    expect(model.tokens).toBe('chars')
    expect(model.layers.map(({ name }) => name)).toEqual(['lstm_2', 'dense_3', 'activation_2'])
    expect(model.omitted).toEqual([])
  })
})

const layers = [
  { class_name: 'InputLayer', config: { name: 'input', batch_input_shape: [null, null, 1] } },
  {
    class_name: 'SimpleRNN',
    config: { name: 'rnn', units: 1, activation: 'linear', use_bias: true, return_sequences: true },
  },
]
const weights = (entry: object = {}) => [
  { name: 'rnn/kernel', shape: [1, 1], dtype: 'float32', ...entry },
  { name: 'rnn/recurrent_kernel', shape: [1, 1], dtype: 'float32', ...entry },
  { name: 'rnn/bias', shape: [1], dtype: 'float32', ...entry },
]
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const topology = { class_name: 'Sequential', config: { name: 's', layers } }
const bytesOf = (numbers: { buffer: ArrayBufferLike }) => new Uint8Array(numbers.buffer)

function read(
  manifest: unknown,
  shards: Record<string, Uint8Array>,
  modelTopology: unknown = topology,
  more: object = {},
) {
  return readTfjs(
    filesOf({ 'model.json': encode({ modelTopology, weightsManifest: manifest, ...more }), ...shards }),
  )
}

const numbersOf = async (entry: object, bytes: Uint8Array) => {
  const model = await read([{ paths: ['a'], weights: weights(entry) }], { a: bytes })
  return ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0'].map(
    (part) => model.weights.get(`recurrent.0.${part}`)![0],
  )
}

describe('numbers', () => {
  it('float32 across shards that cut them', async () => {
    const all = bytesOf(Float32Array.from([1, 2, 3]))
    const shards = { a: all.slice(0, 5), b: all.slice(5, 6), c: all.slice(6) }
    const model = await read([{ paths: ['a', 'b', 'c'], weights: weights() }], shards)
    expect(model.weights.get('recurrent.0.bias_ih_l0')![0]).toBe(3)
  })

  it.each([
    ['int32', { dtype: 'int32' }, bytesOf(Int32Array.from([-1, 2, 3])), [-1, 2, 3]],
    ['bool', { dtype: 'bool' }, Uint8Array.from([1, 0, 1]), [1, 0, 1]],
    [
      'uint8',
      { quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
      Uint8Array.from([0, 2, 255]),
      [-1, 0, 126.5],
    ],
    [
      'uint16',
      { quantization: { dtype: 'uint16', scale: 2, min: 1, original_dtype: 'float32' } },
      bytesOf(Uint16Array.from([0, 2, 65535])),
      [1, 5, 131071],
    ],
    [
      'whole uint8',
      { dtype: 'int32', quantization: { dtype: 'uint8', scale: 0.3, min: 0 } },
      Uint8Array.from([1, 2, 10]),
      [0, 1, 3],
    ],
    [
      'float16',
      { quantization: { dtype: 'float16' } },
      bytesOf(Uint16Array.from([0x3c00, 0xc500, 0x0001])),
      [1, -5, 2 ** -24],
    ],
  ])('%s', async (_, entry, bytes, wanted) => {
    expect(await numbersOf(entry, bytes)).toEqual(wanted)
  })

  it('in the JSON itself, as base64', async () => {
    const weightData = btoa(String.fromCharCode(...bytesOf(Float32Array.from([1, 2, 3]))))
    const one = encode({ modelTopology: topology, weightSpecs: weights(), weightData })
    const model = await readTfjs(filesOf({ 'one.json': one }))
    expect(model.weights.get('recurrent.0.weight_hh_l0')![0]).toBe(2)
  })
})

describe('arrays by layer', () => {
  const cell = (name: string) => ({
    class_name: 'SimpleRNNCell',
    config: { name, units: 1, activation: 'linear', use_bias: false },
  })
  const stacked = { class_name: 'StackedRNNCells', config: { cells: [cell('a'), cell('b')] } }
  const rnn = { class_name: 'RNN', config: { name: 'rnn', cell: stacked, return_sequences: true } }
  const config = { name: 's', layers: [layers[0], rnn] }

  it('cell by cell, although all have the same shapes', async () => {
    const names = ['rnn/a/kernel', 'rnn/a/recurrent_kernel', 'rnn/b/kernel', 'rnn/b/recurrent_kernel']
    const entries = names.map((name) => ({ name, shape: [1, 1], dtype: 'float32' }))
    const shards = { a: bytesOf(Float32Array.from([1, 2, 3, 4])) }
    const topologyOfCells = { class_name: 'Sequential', config }
    const { weights: found } = await read([{ paths: ['a'], weights: entries }], shards, topologyOfCells)
    const parts = [
      'recurrent.0.weight_ih_l0',
      'recurrent.0.weight_hh_l0',
      'recurrent.1.weight_ih_l0',
      'recurrent.1.weight_hh_l0',
    ]
    expect(parts.map((part) => found.get(part)![0])).toEqual([1, 2, 3, 4])
  })
})

describe('refusals', () => {
  const twelve = { a: new Uint8Array(12) }
  const group = (entries: unknown = weights(), paths: unknown = ['a']) => [{ paths, weights: entries }]

  it.each([
    ['a graph model', () => read(undefined, {}, { node: [] }, { format: 'graph-model' })],
    ['a graph model that does not say so', () => read(undefined, {}, { node: [] })],
  ])('%s', async (_, failing) => {
    await expect(failing()).rejects.toThrow(UnsupportedError)
    await expect(failing()).rejects.toThrow('a graph model, which has operations instead of layers')
  })

  it.each([
    [
      'shards that are too short',
      () => read(group(), { a: new Uint8Array(11) }),
      'weights of "a": expected 12 bytes',
    ],
    [
      'shards that are too long',
      () => read(group(), { a: new Uint8Array(16) }),
      'weights of "a": expected 12 bytes',
    ],
    [
      'a product that overflows',
      () => read(group(weights({ shape: [2 ** 31, 2 ** 31, 4] })), twelve),
      'weight "rnn/kernel".shape',
    ],
    [
      'a shape that is none',
      () => read(group(weights({ shape: [-1] })), twelve),
      'weight "rnn/kernel".shape[0]',
    ],
    ['a shard elsewhere', () => read(group(weights(), ['../a']), twelve), 'paths[0]'],
    ['a shard by address', () => read(group(weights(), ['https://x/a']), twelve), 'paths[0]'],
    ['another layer’s shape', () => read(group(weights({ shape: [1, 1, 1] })), twelve), 'layer rnn'],
    [
      'a JSON bomb',
      () => readTfjs(filesOf({ 'model.json': new TextEncoder().encode('['.repeat(1e6)) })),
      'model.json, character 64',
    ],
    ['no JSON', () => readTfjs(filesOf({ 'model.json': Uint8Array.from([255, 254]) })), 'UTF-8'],
    ['no topology', () => read(group(), twelve, null), 'modelTopology'],
    [
      'data that is not base64',
      () =>
        readTfjs(
          filesOf({ m: encode({ modelTopology: topology, weightSpecs: weights(), weightData: '%' }) }),
        ),
      'weightData',
    ],
  ])('%s, by its place', async (_, failing, place) => {
    await expect(failing()).rejects.toThrow(FormatError)
    await expect(failing()).rejects.toThrow(place)
  })

  it.each(['LSTM', 'GRU'])(
    'each array of an %s several times, which are no arrays of its gates',
    async (type) => {
      const gates = type === 'LSTM' ? 4 : 3
      const width = gates * 2
      const arrays = {
        paths: ['a'],
        weights: [
          { name: 'rnn/kernel', shape: [1, width], dtype: 'float32' },
          { name: 'rnn/recurrent_kernel', shape: [2, width], dtype: 'float32' },
          { name: 'rnn/bias', shape: [width], dtype: 'float32' },
        ],
      }
      const config = { name: 'rnn', units: 2, reset_after: false }
      const model = {
        class_name: 'Sequential',
        config: { name: 's', layers: [layers[0], { class_name: type, config }] },
      }
      const given = Array.from({ length: gates }, () => arrays)
      await expect(read(given, { a: new Uint8Array(16 * width) }, model)).rejects.toThrow(FormatError)
      expect((await read([arrays], { a: new Uint8Array(16 * width) }, model)).network.layers).toHaveLength(2)
    },
  )

  it('names with the model’s in front are understood', async () => {
    const within = weights().map((entry) => ({ ...entry, name: `s/${entry.name}` }))
    const model = await read(group(within), { a: bytesOf(Float32Array.from([1, 2, 3])) })
    expect(model.weights.get('recurrent.0.weight_hh_l0')![0]).toBe(2)
  })

  it('weights that no layer has are listed', async () => {
    const more = [...weights(), { name: 'other/kernel', shape: [1], dtype: 'float32' }]
    const model = await read(group(more), { a: new Uint8Array(16) })
    expect(model.omitted).toEqual(['weight other/kernel'])
  })
})
