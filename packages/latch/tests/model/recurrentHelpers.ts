/** What tests of directions, merges and masks share: networks in float64, finite differences, random numbers. */
import { expect } from 'vitest'
import type { Targets } from '../../src/layers/loss.ts'
import type { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network, type NetworkOptions } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
export const exact: NetworkOptions = { engine: 'reference', precision: 'float64' }
export const softmax = { type: 'softmaxCrossEntropy' } as const

/** Every cell, the general ones too. */
export const forms = {
  rnn: { cell: 'rnn' },
  'rnn relu': { cell: 'rnn', activation: 'relu' },
  lstm: { cell: 'lstm' },
  'gru after': { cell: 'gru', reset: 'after' },
  'gru before': { cell: 'gru', reset: 'before' },
  'lstm with peepholes': { cell: 'lstm', peepholes: true, gateActivation: 'hardSigmoid' },
  'gru of softsign': { cell: 'gru', reset: 'before', activation: 'softsign' },
  'coupled lstm': { cell: 'lstm', coupled: true, activation: 'softplus' },
} as const

export const recurrentLayer = (form: object, more: object = {}): LayerOptions =>
  ({ type: 'recurrent', units: 4, ...form, ...more }) as LayerOptions

export const numbers = (count: number, key: string, size = 1): Float64Array => {
  const random = new Random(7, key)
  return Float64Array.from({ length: count }, () => random.between(-size, size))
}

/** A network with weights far from their beginnings. */
export function made(
  layers: readonly LayerOptions[],
  options: NetworkOptions & { loss?: object } = {},
): Network {
  const net = network(layers, { ...exact, ...options } as NetworkOptions)
  net.parameters.forEach((p) => internalsOf(net).store.write(p, numbers(p.size, p.name, 0.7)))
  return net
}

/** All gradients of a pass, the input's too where there is one. */
export function gradientsOf(
  net: Network,
  batch: PackedBatch,
  targets: Targets,
  pass: { training: boolean; record: boolean; key: number },
) {
  net.prepareTraining()
  net.zeroGradients()
  net.forward(batch, pass)
  const loss = net.backward(batch, targets, pass)
  return { loss, gradients: net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients').slice()) }
}

/** Holds every parameter's gradient against central differences. */
export function checkGradients(net: Network, batch: PackedBatch, targets: Targets): void {
  const pass = { training: true, record: false, key: 9 }
  const { gradients } = gradientsOf(net, batch, targets, pass)
  net.parameters.forEach((p, i) => {
    const values = internalsOf(net).store.read(p)
    const step = 1e-5
    const picks =
      p.size <= 24
        ? Array.from(values.keys())
        : Array.from({ length: 24 }, (_, k) => Math.floor((k * p.size) / 24))
    for (const at of picks) {
      const lossAt = (x: number) => {
        const changed = values.slice()
        changed[at] = x
        internalsOf(net).store.write(p, changed)
        net.forward(batch, pass)
        return net.loss(batch, targets).mean
      }
      const numeric = (lossAt(values[at] + step) - lossAt(values[at] - step)) / (2 * step)
      expect(
        Math.abs(gradients[i][at] - numeric),
        `${p.name}[${at}]: ${gradients[i][at]} or ${numeric}`,
      ).toBeLessThan(2e-8 + 1e-6 * Math.abs(numeric))
    }
    internalsOf(net).store.write(p, values)
  })
}
