/** The adding problem as training sees it: (B, T, 2) in, one number out. */
import { addingProblem, type AddingProblem } from '../../packages/latch/src/datasets.ts'
import type { CellName } from '../../packages/latch/src/cells/registry.ts'
import { PackedBatch } from '../../packages/latch/src/tensors/packedBatch.ts'
import { network, type Network } from '../../packages/latch/src/model/network.ts'
import type { Dataset } from '../../packages/latch/src/training/dataset.ts'
import { evaluate } from '../../packages/latch/src/training/evaluate.ts'
import { fit } from '../../packages/latch/src/training/fit.ts'

class AddingDataset implements Dataset {
  readonly size: number
  readonly lengths: Int32Array
  readonly #problem: AddingProblem

  constructor(problem: AddingProblem) {
    this.#problem = problem
    this.size = problem.targets.length
    this.lengths = new Int32Array(this.size).fill(problem.steps)
  }

  batch(rows: Int32Array) {
    const { steps, features, targets } = this.#problem
    const row = steps * 2
    const x = new Float32Array(rows.length * row)
    rows.forEach((r, b) => x.set(features.subarray(r * row, (r + 1) * row), b * row))
    const values = Float64Array.from(rows, (r) => targets[r])
    return { batch: PackedBatch.ofFeatures(x, [rows.length, steps, 2]), targets: { values } }
  }
}

/** Trains one cell on the adding problem and gives its mean squared error on fresh sequences. */
export async function solveAdding(
  cell: CellName,
  steps: number,
): Promise<{ error: number; network: Network }> {
  const net = network(
    [
      { type: 'features', width: 2 },
      { type: 'recurrent', cell, units: 64, returnSequences: false },
      { type: 'dense', units: 1 },
    ],
    { loss: { type: 'meanSquaredError' }, seed: 1 },
  )
  const train = new AddingDataset(addingProblem({ count: 10_000, steps, seed: 1 }))
  const validation = new AddingDataset(addingProblem({ count: 500, steps, seed: 2 }))
  const test = new AddingDataset(addingProblem({ count: 1000, steps, seed: 3 }))
  await fit(net, {
    train,
    validation,
    epochs: 15,
    batchSize: 50,
    optimizer: { type: 'adam' },
    learningRate: 2e-3,
    clipNorm: 1,
    seed: 1,
  })
  return { error: (await evaluate(net, test)).loss, network: net }
}
