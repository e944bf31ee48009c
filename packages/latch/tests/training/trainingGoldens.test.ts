/** Twenty steps of training equal PyTorch's: losses, gradient norms, first gradients, final weights. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import type { Targets } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { clipGradients } from '../../src/training/gradients/clip.ts'
import { Optimizer, type OptimizerOptions } from '../../src/training/optimizer.ts'

const FOLDER = new URL('../../../../../shared/conformance/torch/training/', import.meta.url)
const there = existsSync(FOLDER)

interface Tensor {
  shape: number[]
  data: number[]
}

interface Expected {
  losses: number[]
  grad_norms_before_clipping: number[]
  grads_of_first_step: Record<string, Tensor>
  final_weights: Record<string, Tensor>
  final_predictions: Tensor
}

interface Golden {
  kind: 'classifier' | 'forecaster' | 'tagger'
  cell: string
  bidirectional: boolean
  optimizer: Record<string, unknown> & { type: string; lr: number; betas?: [number, number] }
  clip_grad_norm: number | null
  init_weights: Record<string, Tensor>
  data: { ids?: Tensor; x?: Tensor; lengths?: number[]; targets: Tensor }
  expected: Expected
  expected_f64: Expected
}

const engines: (Required<Pick<EngineOptions, 'engine' | 'precision'>> & { tolerance: number })[] = [
  { engine: 'simd', precision: 'float32', tolerance: 1e-4 },
  { engine: 'relaxed', precision: 'float32', tolerance: 1e-4 },
  { engine: 'reference', precision: 'float32', tolerance: 1e-4 },
  // Inputs are float32 numbers, the rest is float64: PyTorch's own figures are the limit.
  { engine: 'reference', precision: 'float64', tolerance: 1e-9 },
]

const files = there ? readdirSync(FOLDER).filter((name) => name.endsWith('.json')) : ['(no golden files)']

describe.skipIf(!there).each(engines)('$engine $precision', ({ tolerance, ...engine }) => {
  it.each(files)('%s', (name) => {
    const golden = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Golden
    const expected = engine.precision === 'float64' ? golden.expected_f64 : golden.expected
    const net = networkOf(golden, engine)
    const { batch, targets } = sampleOf(golden)
    const optimizer = new Optimizer(net, optimizerOf(golden))
    for (let step = 0; step < 20; step++) {
      net.zeroGradients()
      const pass = { training: true, record: false, key: step }
      net.forward(batch, pass)
      const loss = net.backward(batch, targets, pass)
      const { norm, scale } = clipGradients(net, { clipNorm: golden.clip_grad_norm })
      expect(Math.abs(loss.mean - expected.losses[step]), `loss of step ${step}`).toBeLessThan(tolerance)
      const wanted = expected.grad_norms_before_clipping[step]
      expect(Math.abs(norm - wanted), `norm of step ${step}`).toBeLessThan(tolerance)
      if (step === 0) compareAll(net, 'gradients', expected.grads_of_first_step, tolerance)
      optimizer.update(golden.optimizer.lr, scale)
    }
    compareAll(net, 'weights', expected.final_weights, tolerance)
    net.forward(batch)
    comparePredictions(net.readOutput(batch), expected.final_predictions.data, golden, tolerance)
  })
})

it.skipIf(!there)('covers ten curves', () => expect(files).toHaveLength(10))

function networkOf(golden: Golden, engine: EngineOptions): Network {
  const { init_weights: weights, kind, cell } = golden
  const table = weights['emb.weight']
  const units = weights['rnn.weight_hh_l0'].shape[1]
  const [form, activation] = cell.split('_')
  const layers: LayerOptions[] = [
    table
      ? { type: 'embedding', vocabulary: table.shape[0], size: table.shape[1] }
      : { type: 'features', width: weights['rnn.weight_ih_l0'].shape[1] },
    {
      type: 'recurrent',
      cell: form as 'rnn' | 'lstm' | 'gru',
      units,
      direction: golden.bidirectional ? 'bidirectional' : 'forward',
      returnSequences: kind === 'tagger',
      ...(activation ? { activation: activation as 'tanh' } : {}),
    },
    { type: 'dense', units: weights['fc.weight'].shape[0] },
  ]
  const loss = { type: kind === 'forecaster' ? 'meanSquaredError' : 'softmaxCrossEntropy' } as const
  const net = network(layers, { ...engine, loss })
  for (const [name, { data }] of Object.entries(weights))
    internalsOf(net).store.write(internalsOf(net).store.find(ours(name)), data)
  return net
}

function ours(name: string): string {
  return name.replace('emb.', 'embedding.0.').replace('rnn.', 'recurrent.0.').replace('fc.', 'dense.0.')
}

function optimizerOf({ optimizer: o }: Golden): OptimizerOptions {
  const weightDecay = o.weight_decay as number | undefined
  const epsilon = o.eps as number | undefined
  const [beta1, beta2] = o.betas ?? []
  switch (o.type) {
    case 'SGD':
      return { type: 'sgd', momentum: o.momentum as number | undefined, weightDecay }
    case 'RMSprop':
      return { type: 'rmsprop', alpha: o.alpha as number, epsilon, weightDecay }
    case 'Adagrad':
      return { type: 'adagrad', epsilon, weightDecay }
    default:
      return { type: o.type === 'AdamW' ? 'adamw' : 'adam', beta1, beta2, epsilon, weightDecay }
  }
}

function sampleOf({ data, kind }: Golden): { batch: PackedBatch; targets: Targets } {
  const { ids, x, lengths, targets } = data
  const rowsOf = ({ data: all, shape: [B, T] }: Tensor) =>
    Array.from({ length: B }, (_, b) => all.slice(b * T, b * T + (lengths?.[b] ?? T)))
  const batch = ids
    ? PackedBatch.ofIds(rowsOf(ids))
    : PackedBatch.ofFeatures(x!.data, x!.shape as [number, number, number], lengths)
  if (kind === 'forecaster') return { batch, targets: { values: targets.data } }
  if (kind === 'tagger') return { batch, targets: { stepClasses: rowsOf(targets) } }
  return { batch, targets: { classes: targets.data } }
}

function compareAll(net: Network, region: string, wanted: Record<string, Tensor>, tolerance: number): void {
  expect(Object.keys(wanted).map(ours).sort()).toEqual(net.parameters.map((p) => p.name).sort())
  for (const [name, { data }] of Object.entries(wanted)) {
    compare(
      internalsOf(net).store.read(internalsOf(net).store.find(ours(name)), region),
      data,
      tolerance,
      `${region} ${name}`,
    )
  }
}

function compare(got: ArrayLike<number>, wanted: number[], tolerance: number, what: string): void {
  expect(got.length, what).toBe(wanted.length)
  const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0)
  expect(worst, what).toBeLessThan(tolerance)
}

function comparePredictions(
  got: Float64Array,
  wanted: number[],
  { kind, data }: Golden,
  tolerance: number,
): void {
  const width = wanted.length / data.targets.data.length
  const [, T = 1] = kind === 'tagger' ? data.targets.shape : []
  const counts = (at: number) =>
    kind !== 'tagger' || Math.floor(at / width) % T < data.lengths![Math.floor(at / width / T)]
  const counted = [...wanted.keys()].filter(counts)
  expect(counted).not.toEqual([])
  for (const at of counted) expect(Math.abs(got[at] - wanted[at]), `prediction ${at}`).toBeLessThan(tolerance)
}
