/** While a training runs, calls that change the model fail, and the training ends as if they had not been made. */
import { describe, expect, it } from 'vitest'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { UsageError } from '../../src/core/errors.ts'
import { fit } from '../../src/training/fit.ts'
import { comments, quick, thrown, tiny } from './textClassifier/classifierHelpers.ts'
import { oneNumber } from './sequenceModel/sequenceFixtures.ts'
import { classifier, firstMark } from '../training/trainingHelpers.ts'

const words = comments(24, 1)
const numbers = Array.from({ length: 12 }, (_, i) => ({
  input: [
    [i / 12, 1, -1],
    [0, i / 6, 1],
  ],
  target: [i / 12],
}))

async function refused(action: () => unknown): Promise<void> {
  const error = await thrown(action)
  expect(error).toBeInstanceOf(UsageError)
  expect(error.message).toMatch(
    /expected one training at a time, got .* while one is running\. Await it first\./,
  )
}

type Report = Promise<{ history: readonly { trainLoss?: number }[] }>

/** A model with its training, and all that would change it. */
function modelsInTraining() {
  const text = textClassifier({ ...tiny, engine: 'reference' })
  const sequence = SequenceModel.fromImported(oneNumber(), { engine: 'reference' })
  const net = classifier({ engine: 'reference' })
  const train = firstMark(24, 1)
  return {
    'text classifier': {
      train: (onStep?: () => Promise<void>): Report => text.fit(words, { ...quick, epochs: 2, onStep }),
      changes: [
        () => text.fit(words, quick),
        () => text.dispose(),
        () => text.network.dispose(),
        () => text.network.setLoss({ type: 'binaryCrossEntropy' }),
        () => fit(text.network, { train }),
      ],
      end: () => text.dispose(),
    },
    'sequence model': {
      train: (onStep?: () => Promise<void>): Report =>
        sequence.fit(numbers, { epochs: 2, batchSize: 4, onStep }),
      changes: [
        () => sequence.fit(numbers),
        () => sequence.dispose(),
        () => sequence.network.dispose(),
        () => sequence.network.setLoss({ type: 'huber' }),
        () => fit(sequence.network, { train }),
      ],
      end: () => sequence.dispose(),
    },
    network: {
      train: (onStep?: () => Promise<void>): Report => fit(net, { train, epochs: 2, batchSize: 8, onStep }),
      changes: [
        () => fit(net, { train }),
        () => net.dispose(),
        () => net.setLoss({ type: 'softmaxCrossEntropy' }),
      ],
      end: () => net.dispose(),
    },
  }
}

describe.each(['text classifier', 'sequence model', 'network'] as const)('%s', (name) => {
  it('refuses them in the midst of a training, which changes no bit', async () => {
    const [one, plain] = [modelsInTraining()[name], modelsInTraining()[name]]
    let asked = 0
    const report = await one.train(async () => {
      for (const change of one.changes) await refused(change)
      asked++
    })
    expect(asked).toBeGreaterThan(2)
    const losses = ({ history }: Awaited<Report>) => history.map(({ trainLoss }) => trainLoss)
    expect(losses(report)).toEqual(losses(await plain.train()))
  })

  it('refuses a second training and dispose before the first step, and takes both when the first has ended', async () => {
    const { train, changes, end } = modelsInTraining()[name]
    const running = train()
    await refused(changes[0])
    await refused(changes[1])
    await running
    await train()
    end()
    await expect(train()).rejects.toThrow(UsageError)
  })

  it('is free again after a training that failed', async () => {
    const { train, end } = modelsInTraining()[name]
    const fails = async () => {
      throw new Error('mine')
    }
    await expect(train(fails)).rejects.toThrow('mine')
    await train()
    end()
  })
})
