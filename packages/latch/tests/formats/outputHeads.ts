import { maximum } from '../../src/core/lists.ts'
/** Random heads of networks in Keras' words, with their outputs computed in float64. */

/** A file's layers and arrays, and what they give. */
export interface Golden {
  form: string
  function: string
  units: number
  layers: object[]
  arrays: Record<string, number[][][]>
  output: number[]
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
export const softmax = (row: readonly number[]) => {
  const powers = row.map((x) => Math.exp(x))
  return powers.map((p) => p / powers.reduce((a, b) => a + b))
}

/** Keras 2's functions in float64, of a row. */
export const REFERENCE: Record<string, (row: number[]) => number[]> = {
  linear: (row) => row,
  tanh: (row) => row.map(Math.tanh),
  relu: (row) => row.map((x) => Math.max(0, x)),
  softplus: (row) => row.map((x) => Math.log1p(Math.exp(x))),
  softsign: (row) => row.map((x) => x / (1 + Math.abs(x))),
  sigmoid: (row) => row.map(sigmoid),
  hard_sigmoid: (row) => row.map((x) => Math.min(1, Math.max(0, 0.2 * x + 0.5))),
  softmax,
}

type Rows = number[][]
const times = (row: readonly number[], kernel: Rows) =>
  kernel[0].map((_, j) => row.reduce((sum, x, i) => sum + x * kernel[i][j], 0))

export interface Head {
  functions: string[]
  units: number
  over: 'last' | 'mean' | 'max'
  loss: string
  isLabelled: boolean
  seed: number
}

/** A SimpleRNN, dense layers or activations with these functions at every step, a pooling: as a file, and computed. */
export function randomHead({ functions, units, over, seed }: Head, input: number[][]): Golden {
  let drawn = seed
  const draw = () => (drawn = (drawn * 16807) % 2147483647) / 2147483647 - 0.5
  const matrix = (rows: number, columns: number): Rows =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(2 * draw())))
  const [kernel, recurrent, [bias]] = [matrix(1, 2), matrix(2, 2), matrix(1, 2)]
  const sequences = over !== 'last'
  const layers: { class_name: string; config: object }[] = [
    { class_name: 'InputLayer', config: { name: 'x', batch_input_shape: [null, null, 1] } },
    { class_name: 'SimpleRNN', config: { name: 'r', units: 2, return_sequences: sequences } },
  ]
  const arrays: Record<string, unknown> = { r: [kernel, recurrent, bias] }
  let state = [0, 0]
  let rows = input.map((x) => {
    const [own, before] = [times(x, kernel), times(state, recurrent)]
    return (state = own.map((value, j) => Math.tanh(value + before[j] + bias[j])))
  })
  if (!sequences) rows = rows.slice(-1)
  functions.forEach((activation, i) => {
    const name = `d${i}`
    if (i > 0 && i % 2 === 0) layers.push({ class_name: 'Activation', config: { name, activation } })
    else {
      const dense = matrix(rows[0].length, units)
      layers.push({ class_name: 'Dense', config: { name, units, activation, use_bias: false } })
      arrays[name] = [dense]
      rows = rows.map((row) => times(row, dense))
    }
    rows = rows.map((row) => REFERENCE[activation](row))
  })
  const poolings = { mean: 'GlobalAveragePooling1D', max: 'GlobalMaxPooling1D', last: '' }
  if (sequences) layers.push({ class_name: poolings[over], config: { name: 'p' } })
  const columns = rows[0].map((_, j) => rows.map((row) => row[j]))
  const output = columns.map((column) =>
    over === 'max' ? maximum(column) : column.reduce((a, b) => a + b) / column.length,
  )
  // A linear activation is none.
  const top = functions.findLast((name, i) => name !== 'linear' || i % 2 === 1 || i === 0)!
  return {
    form: 'random',
    function: top,
    units,
    layers,
    arrays: arrays as Golden['arrays'],
    output,
  }
}
