/** The state of a run: captured from one network, restored into another. */
import { expect, it } from 'vitest'
import { captureState, freshProgress, restoreState, type Resumable } from '../../src/training/checkpoint.ts'
import { fingerprint } from '../../src/training/dataset.ts'
import { Optimizer, optimizerRegions } from '../../src/training/optimizer.ts'
import { completeOptions } from '../../src/training/options.ts'
import { classifier, firstMark } from './trainingHelpers.ts'

it('is captured from a run and restored into another network', () => {
  const run = (seed: number) => {
    const network = classifier({ seed })
    const options = completeOptions({})
    const optimizer = new Optimizer(network, options.optimizer)
    const regions = optimizerRegions(optimizer.options)
    const data = { train: fingerprint(firstMark(20, 1)), validation: null }
    return { network, options, data, regions, stepsPerEpoch: 1 } satisfies Resumable
  }
  const [one, other] = [run(1), run(2)]
  const progress = freshProgress(0.001)
  const weights = ({ network }: Resumable) =>
    network.parameters.map(({ name }) => network.readParameter(name))
  expect(weights(other)).not.toEqual(weights(one))
  expect(restoreState(other, captureState(one, progress))).toEqual(progress)
  expect(weights(other)).toEqual(weights(one))
})
