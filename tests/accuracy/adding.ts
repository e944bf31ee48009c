/** The adding problem as training sees it: (B, T, 2) in, one number out. */
import { addingProblem } from '../../packages/latch/src/datasets.ts'
import type { CellName } from '../../packages/latch/src/cells/registry.ts'
import { network, type Network } from '../../packages/latch/src/model/network.ts'
import { dense } from '../../packages/latch/src/layers/dense.ts'
import { features } from '../../packages/latch/src/layers/features.ts'
import { recurrent } from '../../packages/latch/src/layers/recurrent/factories.ts'
import { arrayDataset } from '../../packages/latch/src/training/arrayDataset.ts'
import type { Dataset } from '../../packages/latch/src/training/dataset.ts'
import { evaluate } from '../../packages/latch/src/training/evaluate.ts'
import { fit } from '../../packages/latch/src/training/fit.ts'

function addingDataset(count: number, steps: number, seed: number): Dataset {
  const problem = addingProblem({ count, steps, seed })
  return arrayDataset({
    features: problem.features,
    shape: [count, steps, 2],
    targets: { values: problem.targets },
  })
}

/** Trains one cell on the adding problem and gives its mean squared error on fresh sequences. */
export async function solveAdding(
  cell: CellName,
  steps: number,
): Promise<{ error: number; network: Network }> {
  const net = network([features(2), recurrent(cell, 64, { returnSequences: false }), dense(1)], {
    loss: { type: 'meanSquaredError' },
    seed: 1,
  })
  const train = addingDataset(10_000, steps, 1)
  const validation = addingDataset(500, steps, 2)
  const test = addingDataset(1000, steps, 3)
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
