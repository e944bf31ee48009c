/** What gradient tests of whole networks share: float64 finite differences of every parameter and of the features. */
import { expect } from 'vitest'
import type { LossOptions, Targets } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
export const VOCABULARY = 7
const lengths = [4, 6, 1, 4]
export const IDS = lengths.map((n, i) => Array.from({ length: n }, (_, t) => (i * 3 + t * t) % VOCABULARY))
const WIDTH = 3
const random = new Random(7, 'features')
const FEATURES = Float64Array.from({ length: 4 * 6 * WIDTH }, () => random.normal())

/** A network with weights that differ from every default. */
export function built(layers: readonly LayerOptions[], loss: LossOptions): Network {
  const net = network(layers, { engine: 'reference', precision: 'float64', loss, inputGradients: true })
  const weights = new Random(5, 'perturb')
  for (const p of net.parameters)
    internalsOf(net).store.write(
      p,
      Float64Array.from({ length: p.size }, () => weights.between(-0.7, 0.7)),
    )
  net.prepareTraining()
  return net
}

/** Ids or features, as the network's input wants them. */
export function raggedBatch(layers: readonly LayerOptions[], values = FEATURES): PackedBatch {
  if (layers[0].type !== 'features') return PackedBatch.ofIds(IDS)
  return PackedBatch.ofFeatures(values, [4, 6, WIDTH], lengths)
}

const pass = { training: true, record: false, key: 11 }

/** Squared error to fixed numbers, whatever the width; by step or by sequence. */
function targetsOf(net: Network, batch: PackedBatch): Targets {
  const rows = net.output.per === 'step' ? batch.rows : batch.sequences
  const r = new Random(9, 'targets')
  return { values: Float64Array.from({ length: rows * net.output.width }, () => r.between(-1, 1)) }
}

function close(analytic: number, numeric: number, what: string): void {
  const scale = Math.max(1e-3, Math.abs(numeric), Math.abs(analytic))
  expect(Math.abs(numeric - analytic) / scale, `${what}: ${analytic} against ${numeric}`).toBeLessThan(3e-6)
}

/** Every parameter (a sample of large ones) and every feature against central differences. */
export function checkGradients(layers: readonly LayerOptions[]): void {
  const net = built(layers, { type: 'meanSquaredError' })
  const batch = raggedBatch(layers)
  const targets = targetsOf(net, batch)
  const lossAt = (at: PackedBatch) => (net.forward(at, pass), net.loss(at, targets).mean)
  lossAt(batch)
  net.zeroGradients()
  net.backward(batch, targets, pass)
  const gradients = net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients'))
  const input = layers[0].type === 'features' ? net.readInputGradient(batch) : null
  const step = 1e-5
  net.parameters.forEach((parameter, k) => {
    const values = internalsOf(net).store.read(parameter)
    const every = Math.max(1, Math.floor(values.length / 24))
    for (let i = 0; i < values.length; i += every) {
      const [up, down] = [step, -step].map((h) => {
        const changed = values.slice()
        changed[i] += h
        internalsOf(net).store.write(parameter, changed)
        return lossAt(batch)
      })
      close(gradients[k][i], (up - down) / (2 * step), `${parameter.name}[${i}]`)
    }
    internalsOf(net).store.write(parameter, values)
  })
  if (input) checkInput(layers, input, lossAt)
}

function checkInput(
  layers: readonly LayerOptions[],
  gradient: Float64Array,
  lossAt: (batch: PackedBatch) => number,
): void {
  const step = 1e-5
  let counted = 0
  for (let i = 0; i < FEATURES.length; i++) {
    const [up, down] = [step, -step].map((h) => {
      const changed = FEATURES.slice()
      changed[i] += h
      return lossAt(raggedBatch(layers, changed))
    })
    close(gradient[i], (up - down) / (2 * step), `feature ${i}`)
    if (gradient[i] !== 0) counted++
  }
  expect(counted).toBeGreaterThan(0)
}
