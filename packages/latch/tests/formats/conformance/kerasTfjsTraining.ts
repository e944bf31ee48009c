/** The cases that train: imported networks, Latch's gradients, plain gradient descent. */
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { finalStates, giveStates, networkOf } from './keras.ts'
import { importedWith } from './kerasTfjsModels.ts'

interface Inputs {
  ids?: number[][]
  y?: unknown
}

const PASS = { training: true, record: false, key: 0 }

/** One step: the loss before it. */
function step(network: Network, batch: PackedBatch, y: readonly number[], rate: number): number {
  network.zeroGradients()
  network.forward(batch, PASS)
  const { mean } = network.backward(batch, { values: y }, PASS)
  for (const parameter of network.parameters) {
    const gradient = internalsOf(network).store.read(parameter, 'gradients')
    const now = internalsOf(network)
      .store.read(parameter)
      .map((value, i) => value - rate * gradient[i])
    internalsOf(network).store.write(parameter, now)
  }
  return mean
}

/** What the case expects: got and wanted. */
export function train(
  test: string,
  { ids, y }: Inputs,
  expected: Record<string, unknown>,
): [number[], number[]] {
  const network = networkOf(importedWith(test))
  network.prepareTraining()
  if (/stateful/.test(test)) return statefulEpoch(network, y as number[], expected)
  if (ids) {
    const losses = Array.from({ length: 4 }, () => step(network, PackedBatch.ofIds(ids), y as number[], 0.01))
    return [losses.slice(2), expected['loss of epochs 3, 4'] as number[]]
  }
  const targets = new Array<number>(5).fill(test.startsWith('SimpleRNN') ? 0 : 1)
  const rate = test.startsWith('SimpleRNN') ? 5 : 1
  for (let epoch = 0; epoch < 2; epoch++)
    step(network, PackedBatch.ofFeatures(new Array<number>(60).fill(1), [5, 3, 4]), targets, rate)
  return weightsAfter(network, test, expected)
}

/** One epoch of two batches of four, the state going on from one to the other. */
function statefulEpoch(
  network: Network,
  y: readonly number[],
  expected: Record<string, unknown>,
): [number[], number[]] {
  let states: Float64Array[] = []
  const losses = [0, 4].map((from) => {
    const batch = PackedBatch.ofFeatures(new Array<number>(24).fill(1), [4, 3, 2])
    giveStates(network, batch, states)
    const loss = step(network, batch, y.slice(from, from + 4), 0.01)
    states = finalStates(network, batch)
    return loss
  })
  return [[(losses[0] + losses[1]) / 2], [expected['mean loss of the epoch'] as number]]
}

/** Weights in Keras' order of gates. */
function weightsAfter(
  network: Network,
  test: string,
  expected: Record<string, unknown>,
): [number[], number[]] {
  const read = (name: string) => [...internalsOf(network).store.read(internalsOf(network).store.find(name))]
  const kernel = read('recurrent.0.weight_ih_l0') // (G, 4)
  const hidden = read('recurrent.0.weight_hh_l0') // (G, 1)
  const order = test.startsWith('GRU') ? [1, 0, 2] : hidden.map((_, gate) => gate) // z r h of r z n
  const rows = Array.from({ length: 4 }, (_, row) => order.map((gate) => kernel[gate * 4 + row])).flat()
  const got = [...rows, ...order.map((gate) => hidden[gate]), ...read('dense.0.weight')]
  const wantedKernel = [
    expected['kernel (each of 4)'] ?? expected['kernel (each of 4 rows)'],
  ].flat() as number[]
  const wantedRows = Array.from({ length: 4 }, () => wantedKernel).flat()
  return [
    got,
    [
      ...wantedRows,
      ...([expected['recurrent kernel']].flat() as number[]),
      expected['dense kernel'] as number,
    ],
  ]
}
