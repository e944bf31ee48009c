/** The networks of TensorFlow.js' cases, by the name of the test. */
import type { ImportedModel } from '../../../src/formats/imported.ts'
import { openLayers, type CaseLayer, type Loaded, type Tensor } from './keras.ts'

const GATES: Record<string, number> = { SimpleRNN: 1, LSTM: 4, GRU: 3 }

function constant(value: number, ...shape: number[]): Tensor {
  return { shape, data: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(value) }
}

/** Constants for kernel, recurrent kernel and bias (null: none; `forget`: zeros, ones for an LSTM's forget gate). */
interface Filling {
  kernel: number
  recurrent: number
  bias: number | 'forget' | null
}

const ONES: Filling = { kernel: 1, recurrent: 1, bias: 1 }

/** A recurrent layer with the conventions of the file. */
function recurrent(
  type: string,
  width: number,
  units: number,
  fill: Filling,
  options: Partial<CaseLayer> = {},
): Loaded {
  const columns = GATES[type] * units
  const arrays = [constant(fill.kernel, width, columns), constant(fill.recurrent, units, columns)]
  if (fill.bias !== null) {
    const bias = constant(fill.bias === 'forget' ? 0 : fill.bias, columns)
    if (type === 'LSTM' && fill.bias !== 1) bias.data.fill(1, units, 2 * units) // unit_forget_bias
    arrays.push(bias)
  }
  const gates = type === 'SimpleRNN' ? {} : { recurrent_activation: 'hard_sigmoid' }
  const reset = type === 'GRU' ? { reset_after: false } : {}
  return {
    layer: { class: type, units, use_bias: fill.bias !== null, ...gates, ...reset, ...options },
    arrays,
  }
}

function dense(width: number, units: number, kernel: number, bias: boolean): Loaded {
  const arrays = [constant(kernel, width, units), ...(bias ? [constant(0, units)] : [])]
  return { layer: { class: 'Dense', units, use_bias: bias }, arrays }
}

const embedding: Loaded = {
  layer: { class: 'Embedding', input_dim: 10, output_dim: 4, mask_zero: true },
  arrays: [constant(1, 10, 4)],
}

const FORGET: Filling = { kernel: 1, recurrent: 1, bias: 'forget' }

function backwards(): Loaded[] {
  const table = { shape: [4, 2], data: [0.1, 0.2, 0.3, 0.4, -0.1, -0.2, -0.3, -0.4] }
  const up = [1, 2, 3, 4, 5, 6, 7, 8]
  const square = { shape: [2, 8], data: [...up, ...up.map((x) => -x)] }
  const lstm = { class: 'LSTM', units: 2, recurrent_activation: 'hard_sigmoid', go_backwards: true }
  return [
    { layer: { class: 'Embedding', input_dim: 4, output_dim: 2, mask_zero: true }, arrays: [table] },
    { layer: lstm, arrays: [square, square, { shape: [8], data: up }] },
    dense(2, 1, 1, true),
  ]
}

function cells(): Loaded[] {
  const cell = (type: string, units: number, width: number) =>
    recurrent(type, width, units, { kernel: 1, recurrent: 1, bias: null })
  const all = [cell('SimpleRNN', 3, 4), cell('GRU', 2, 3), cell('LSTM', 1, 2)]
  const layers = all.map(({ layer }) => ({ ...layer, class: `${layer.class}Cell` }))
  return [{ layer: { class: 'RNN', cell: layers }, arrays: all.flatMap(({ arrays }) => arrays) }]
}

const every = { return_sequences: true }
const alone = { kernel: 1, recurrent: 1, bias: null }
const zeros = { kernel: 0, recurrent: 0, bias: null }

type Maker = () => { layers: Loaded[]; shape: (number | null)[] }

const MODELS: Record<string, Maker> = {
  'SimpleRNN linear returnSequences': () => ({
    layers: [recurrent('SimpleRNN', 2, 5, ONES, { activation: 'linear', ...every })],
    shape: [2, 2],
  }),
  'GRU golden sequence': () => ({ layers: [recurrent('GRU', 2, 5, ONES, every)], shape: [3, 2] }),
  'LSTM golden sequence and state': () => ({
    layers: [recurrent('LSTM', 2, 5, ONES, { ...every, return_state: true })],
    shape: [2, 2],
  }),
  'SimpleRNN stateful forward': () => ({
    layers: [recurrent('SimpleRNN', 2, 5, { ...ONES, bias: 0 }, { activation: 'linear', stateful: true })],
    shape: [3, 2],
  }),
  'GRU stateful forward': () => ({
    layers: [
      recurrent('GRU', 2, 5, { kernel: 1, recurrent: 0, bias: 0 }, { activation: 'linear', stateful: true }),
    ],
    shape: [3, 2],
  }),
  'LSTM stateful forward': () => ({
    layers: [recurrent('LSTM', 2, 5, ONES, { stateful: true })],
    shape: [3, 2],
  }),
  'SimpleRNN stateful BPTT': () => ({
    layers: [recurrent('SimpleRNN', 2, 5, { ...ONES, bias: 0 }, { stateful: true }), dense(5, 1, 0, false)],
    shape: [3, 2],
  }),
  'GRU stateful BPTT': () => ({
    layers: [recurrent('GRU', 2, 5, { ...ONES, bias: 0 }, { stateful: true }), dense(5, 1, 0, false)],
    shape: [3, 2],
  }),
  'LSTM stateful BPTT': () => ({
    layers: [recurrent('LSTM', 2, 5, ONES, { stateful: true }), dense(5, 1, 1, false)],
    shape: [3, 2],
  }),
  'SimpleRNN BPTT': () => ({
    layers: [recurrent('SimpleRNN', 4, 1, alone), dense(1, 1, 1, false)],
    shape: [3, 4],
  }),
  'GRU BPTT': () => ({ layers: [recurrent('GRU', 4, 1, zeros), dense(1, 1, 1, false)], shape: [3, 4] }),
  'LSTM BPTT': () => ({ layers: [recurrent('LSTM', 4, 1, zeros), dense(1, 1, 1, false)], shape: [3, 4] }),
  'LSTM with mask': () => ({
    layers: [embedding, recurrent('LSTM', 4, 3, FORGET), dense(3, 1, 1, true)],
    shape: [6],
  }),
  'BPTT with mask': () => ({
    layers: [embedding, recurrent('LSTM', 4, 3, FORGET), dense(3, 1, 1, true)],
    shape: [6],
  }),
  'LSTM with mask, return states': () => ({
    layers: [embedding, recurrent('LSTM', 4, 3, FORGET)],
    shape: [6],
  }),
  'LSTM with mask, return sequences': () => ({
    layers: [embedding, recurrent('LSTM', 4, 3, FORGET, every), dense(3, 1, 1, true)],
    shape: [3],
  }),
  'LSTM with mask, go_backwards': () => ({ layers: backwards(), shape: [3] }),
  'Stacked SimpleRNN -> LSTM with mask': () => ({
    layers: [
      embedding,
      recurrent('SimpleRNN', 4, 3, { ...ONES, bias: 0 }, every),
      recurrent('LSTM', 3, 3, FORGET),
    ],
    shape: [3],
  }),
  'GRU with initial state from a dense layer: dense': () => ({ layers: [dense(5, 2, 1, true)], shape: [5] }),
  'GRU with initial state from a dense layer: gru': () => ({
    layers: [recurrent('GRU', 4, 2, { ...ONES, bias: 0 })],
    shape: [3, 4],
  }),
  'Stacked cells SimpleRNN 3 -> GRU 2 -> LSTM 1': () => ({ layers: cells(), shape: [3, 4] }),
}

/** The model of a test, opened by the importer. */
export function importedWith(test: string): ImportedModel {
  const { layers, shape } = MODELS[test]()
  return openLayers(layers, { shape, version: 2 })
}
