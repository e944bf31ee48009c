/** Keras 3's own layer tests: 51 cases with masks, initial states, state from call to call, returned states. */
import type { ConformanceResult } from './result.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import {
  finalStates,
  giveStates,
  kerasCasesAreHere,
  kerasFile,
  networkOf,
  openLayers,
  result,
  type CaseLayer,
  type Tensor,
} from './keras.ts'

interface Case {
  test: string
  layer: CaseLayer
  weights: Tensor[] | Record<string, Tensor[]>
  input: Tensor
  call_arguments: { mask?: { data: boolean[] }; initial_state?: Tensor | Tensor[] }
  earlier_calls_with_same_input: ('call' | 'reset_state')[]
  expected: { output: string; value?: Tensor; atol?: number }[]
}

/** All cases, run. */
export function runKeras3(): ConformanceResult[] {
  if (!kerasCasesAreHere) return []
  const { cases } = kerasFile<{ cases: Case[] }>('keras3.json')
  return cases.map((one, i) => runCase(one, i))
}

function runCase(one: Case, number: number): ConformanceResult {
  const [B, T, F] = one.input.shape
  const arrays = Object.values(one.weights).flat() as Tensor[]
  const model = openLayers([{ layer: one.layer, arrays }], { shape: [T, F], version: 3 })
  const network = networkOf(model)
  const { mask, initial_state: initial } = one.call_arguments
  const batch = () =>
    PackedBatch.ofFeatures(Float32Array.from(one.input.data), [B, T, F], undefined, mask?.data)
  let states = initial ? [initial].flat().map(({ data }) => data as ArrayLike<number>) : []
  for (const call of one.earlier_calls_with_same_input) {
    const earlier = batch()
    giveStates(network, earlier, states)
    network.forward(earlier)
    states = call === 'reset_state' ? [] : finalStates(network, earlier)
  }
  const last = batch()
  giveStates(network, last, states)
  network.forward(last)
  const output = network.readOutput(last)
  const got: number[] = []
  const wanted: number[] = []
  for (const { output: which, value } of one.expected) {
    const [given, expected] = valuesOf(which, value, output, finalStates(network, last), one, B)
    got.push(...given)
    wanted.push(...expected)
  }
  network.dispose()
  const tolerance = Math.max(...one.expected.map(({ atol = 0 }) => atol))
  return result('Keras 3 layers', `${number} ${one.test}`, got, wanted, tolerance)
}

/** What Keras returned there, of Latch's output and states. */
function valuesOf(
  which: string,
  value: Tensor | undefined,
  output: Float64Array,
  states: readonly Float64Array[],
  one: Case,
  B: number,
): [ArrayLike<number> & Iterable<number>, ArrayLike<number> & Iterable<number>] {
  const row = /^batch row (\d)/.exec(which)
  if (row)
    return [
      output.slice((output.length / B) * Number(row[1]), (output.length / B) * (Number(row[1]) + 1)),
      value!.data,
    ]
  const item = /^returned item (\d)/.exec(which)
  const number = item ? Number(item[1]) : 0
  if (!value) return [states[0], output]
  const apart = one.layer.merge_mode === null
  if (apart) {
    const width = output.length / B / 2
    return [output.filter((_, i) => Math.floor(i / width) % 2 === number), value.data]
  }
  return [number === 0 ? output : states[number - 1], value.data]
}
