/** Repeats a training of packages/latch/tests/golden/training step by step, and holds all of it against PyTorch's numbers. */
import { internalsOf } from '../../src/model/network.ts'
import { expect } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import type { LossOptions, Targets } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { network } from '../networks.ts'
import { clipGradients } from '../../src/training/gradients/clip.ts'
import { Optimizer, type OptimizerOptions } from '../../src/training/optimizer.ts'
import type { TorchTensor } from '../model/torchFiles.ts'
import { expectRelativelyClose } from '../model/torchLayerCase.ts'

/** One batch, trained on again and again. */
export interface TrainingCase {
  layers: LayerOptions[]
  loss: LossOptions
  optimizer: OptimizerOptions
  rate: number
  clipNorm: number | null
  /** Token ids of each sequence; or */
  ids?: number[][]
  /** each sequence's features, (T, F). */
  sequences?: TorchTensor[]
  targets: Targets
  weights: Record<string, TorchTensor>
  expected: {
    losses: TorchTensor
    /** Of the gradients before clipping. */
    norms: TorchTensor
    /** After the last step. */
    weights: Record<string, TorchTensor>
    outputs: TorchTensor
  }
}

/** Losses, norms, final weights and outputs, each within `tolerance` of PyTorch's. */
export function checkTraining(golden: TrainingCase, engine: EngineOptions, tolerance: number): void {
  const { expected, targets } = golden
  const net = network(golden.layers, { ...engine, loss: golden.loss })
  expect(Object.keys(golden.weights).sort()).toEqual(net.parameters.map(({ name }) => name).sort())
  for (const [name, { data }] of Object.entries(golden.weights))
    internalsOf(net).store.write(internalsOf(net).store.find(name), data)
  const optimizer = new Optimizer(net, golden.optimizer)
  const batch = batchOf(golden)
  const steps = expected.losses.data.map((_, key) => {
    const pass = { training: true, record: false, key }
    net.zeroGradients()
    net.forward(batch, pass)
    const { mean } = net.backward(batch, targets, pass)
    const { norm, scale } = clipGradients(net, { clipNorm: golden.clipNorm })
    optimizer.update(golden.rate, scale)
    return { mean, norm }
  })
  expectRelativelyClose(
    steps.map(({ mean }) => mean),
    expected.losses.data,
    tolerance,
    'losses',
  )
  expectRelativelyClose(
    steps.map(({ norm }) => norm),
    expected.norms.data,
    tolerance,
    'norms',
  )
  for (const [name, { data }] of Object.entries(expected.weights)) {
    expectRelativelyClose(
      internalsOf(net).store.read(internalsOf(net).store.find(name)),
      data,
      tolerance,
      name,
    )
  }
  net.forward(batch)
  expectRelativelyClose(net.readOutput(batch), expected.outputs.data, tolerance, 'outputs')
}

function batchOf({ ids, sequences }: TrainingCase): PackedBatch {
  if (ids) return PackedBatch.ofIds(ids)
  const lengths = sequences!.map(({ shape }) => shape[0])
  const [steps, width] = [Math.max(...lengths), sequences![0].shape[1]]
  const padded = sequences!.flatMap(({ data }) => [
    ...data,
    ...new Array<number>(steps * width - data.length).fill(0),
  ])
  return PackedBatch.ofFeatures(padded, [lengths.length, steps, width], lengths)
}
