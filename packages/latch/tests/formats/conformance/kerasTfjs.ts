/**
 * TensorFlow.js' goldens for recurrent layers: 20 cases, forward, stateful, masked and training. The file says each
 * network as text; here they are as layers and arrays.
 */
import { importedWith } from './kerasTfjsModels.ts'
import { kerasCasesAreHere, kerasFile, networkOf, finalStates, giveStates, result } from './keras.ts'
import type { ConformanceResult } from './result.ts'
import { train } from './kerasTfjsTraining.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { Network } from '../../../src/model/network.ts'

const SUITE = 'TensorFlow.js layers'
const filled = (value: number, count: number) => new Array<number>(count).fill(value)

interface Case {
  test: string
  inputs: { ids?: number[][]; y?: number[]; x?: unknown; x1?: number[][]; x2?: number[][][] }
  expected: Record<string, unknown>
  tolerance: number
}

/** All cases, run. */
export function runTfjsLayers(): ConformanceResult[] {
  if (!kerasCasesAreHere) return []
  const { cases } = kerasFile<{ cases: Case[] }>('tfjs.json')
  return cases.map((one) => {
    const [got, wanted, why = ''] = numbersOf(one)
    return result(SUITE, one.test, got, wanted, one.tolerance, why)
  })
}

type Numbers = readonly [ArrayLike<number>, ArrayLike<number>, string?]

function numbersOf(one: Case): Numbers {
  const { test } = one
  if (/BPTT/.test(test)) return train(test, one.inputs, one.expected)
  if (/stateful forward/.test(test)) return stateful(one)
  if (/mask/i.test(test)) return masked(one)
  if (/initial state/.test(test)) return fromDense(one)
  if (/cells/.test(test)) return stackedCells(one)
  return sequence(one)
}

/** Every unit of every sequence has the same value. */
function spread(perStep: readonly number[], sequences: number, units: number): number[] {
  return Array.from({ length: sequences }, () => perStep.flatMap((value) => filled(value, units))).flat()
}

function sequence({ test, expected }: Case): Numbers {
  const model = importedWith(test)
  const network = networkOf(model)
  const [B, T, F] = test.startsWith('GRU') ? [4, 3, 2] : [4, 2, 2]
  const batch = PackedBatch.ofFeatures(filled(test.startsWith('GRU') ? 0 : 1, B * T * F), [B, T, F])
  network.forward(batch)
  const wanted = spread(expected['every unit, per step'] as number[], B, 5)
  const states = Object.keys(expected).filter((name) => name.startsWith('final'))
  const got = [
    ...network.readOutput(batch),
    ...(states.length ? finalStates(network, batch) : []).flatMap((s) => [...s]),
  ]
  for (const name of states) wanted.push(...filled(expected[name] as number, B * 5))
  return [got, wanted]
}

function stateful({ test, expected }: Case): Numbers {
  const network = networkOf(importedWith(test))
  const got: number[] = []
  let states: Float64Array[] = []
  for (let call = 0; call < 4; call++) {
    if (call === 2) states = []
    const batch = PackedBatch.ofFeatures(filled(1, 4 * 3 * 2), [4, 3, 2])
    giveStates(network, batch, states)
    network.forward(batch)
    got.push(...network.readOutput(batch))
    states = finalStates(network, batch)
  }
  const [first, second] = expected['every unit after call 1, call 2'] as number[]
  return [got, [first, second, first, second].flatMap((value) => filled(value, 20))]
}

function masked({ test, inputs, expected }: Case): Numbers {
  const network = networkOf(importedWith(test))
  const batch = PackedBatch.ofIds(inputs.ids!)
  network.forward(batch)
  const output = network.readOutput(batch)
  const units = output.length / 4
  if (expected.y) return [output, expected.y as number[]]
  if (expected['y per step']) return [output, (expected['y per step'] as number[][]).flat()]
  if (expected['every unit'])
    return [output, (expected['every unit'] as number[]).flatMap((v) => filled(v, units))]
  const states = finalStates(network, batch).flatMap((s) => [...s])
  const wanted = ['h (every unit)', 'c (every unit)'].flatMap((name) =>
    (expected[name] as number[]).flatMap((v) => filled(v, 3)),
  )
  return [states, wanted]
}

/** Two networks: a dense one whose output is the initial state of the other. */
function fromDense({ inputs, expected, test }: Case): Numbers {
  const dense = networkOf(importedWith(`${test}: dense`))
  const first = PackedBatch.ofFeatures(inputs.x1!.flat(), [1, 1, 5])
  dense.forward(first)
  const state = dense.readOutput(first)
  const gru = networkOf(importedWith(`${test}: gru`))
  const second = PackedBatch.ofFeatures(inputs.x2!.flat(2), [1, 3, 4])
  giveStates(gru, second, [state])
  gru.forward(second)
  const wanted = [...(expected.dense as number[]), ...(expected.gru as number[])]
  return [
    [...state, ...gru.readOutput(second)],
    wanted,
    'two networks: one gives the initial state of the other',
  ]
}

function stackedCells({ inputs, expected, test }: Case): Numbers {
  const network: Network = networkOf(importedWith(test))
  const x = inputs.x as number[][][]
  const batch = PackedBatch.ofFeatures(x.flat(2), [2, 3, 4])
  network.forward(batch)
  return [network.readOutput(batch), expected.y as number[]]
}
