/** Pausing between updates: `onStep` is called after each one and awaited, a signal ends it, and changes no bit. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/core/errors.ts'
import { textClassifier, TextClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import type { StepProgress } from '../../src/training/events.ts'
import { fit } from '../../src/training/fit.ts'
import { comments, hex, quick, thrown, trained } from '../tasks/textClassifier/classifierHelpers.ts'
import { bitsOf, classifier, firstMark } from './trainingHelpers.ts'

const train = firstMark(37, 1)
const options = { train, epochs: 2, batchSize: 8, seed: 5, ema: 0.9 } as const
const later = () => new Promise<void>((resolve) => setTimeout(resolve, 1))

describe('onStep', () => {
  it('is called for every update and changes no bit, however long it waits', async () => {
    const [plain, paused] = [classifier(), classifier()]
    const report = await fit(plain, options)
    const reported: StepProgress[] = []
    await fit(paused, {
      ...options,
      async onStep(progress) {
        reported.push(progress)
        await later()
      },
    })
    expect(bitsOf(paused)).toEqual(bitsOf(plain))
    expect(reported).toHaveLength(report.steps)
    expect(reported.map(({ epoch, step }) => [epoch, step])).toEqual(
      [1, 2].flatMap((epoch) => [1, 2, 3, 4, 5].map((step) => [epoch, step])),
    )
    expect(reported[6]).toMatchObject({ epochs: 2, steps: 5, updates: 7, learningRate: 0.001 })
    for (const { loss, gradientNorm } of reported) expect(loss > 0 && gradientNorm > 0).toBe(true)
  })

  it('may inspect the model, with gradient checkpointing too, and train on with the same bits', async () => {
    const plain = await trained({}, { epochs: 2, checkpointSteps: 3 })
    const looked: string[] = []
    const rows = comments(48, 1)
    const model = textClassifier({ units: 8, embedding: 6, dropout: 0 })
    await model.fit(rows, {
      ...quick,
      epochs: 2,
      checkpointSteps: 3,
      onStep() {
        looked.push(model.trace('the soup was great').label)
        expect(model.predict('the soup was awful').label).toMatch(/good|bad/)
      },
    })
    expect(looked).toHaveLength(12)
    expect(hex(model.toBytes())).toBe(hex(plain.toBytes()))
  })

  it('ends with the signal, also one that never comes back', async () => {
    const control = new AbortController()
    let calls = 0
    const report = await fit(classifier(), {
      ...options,
      signal: control.signal,
      onStep() {
        if (++calls < 3) return undefined
        setTimeout(() => control.abort(), 2)
        return new Promise<void>(() => {})
      },
    })
    expect(report).toMatchObject({ stopped: 'aborted', steps: 3 })
  })

  it('fails the training with what it throws', async () => {
    const failing = fit(classifier(), { ...options, onStep: () => Promise.reject(new Error('enough')) })
    await expect(failing).rejects.toThrow('enough')
  })

  it('has to be a function, and is in no checkpoint', async () => {
    const wrong = { onStep: 'yes' as never }
    expect(await thrown(() => fit(classifier(), { ...options, ...wrong }))).toBeInstanceOf(UsageError)
    expect((await thrown(() => trained({}, wrong))).message).toContain(
      'fit option onStep: expected a function',
    )
    let bytes = new Uint8Array()
    const checkpoint = { everySteps: 2, write: (written: Uint8Array) => void (bytes = written.slice()) }
    await trained({}, { epochs: 1, onStep: () => {}, checkpoint })
    expect((await TextClassifier.fromCheckpoint(bytes)).fitOptions).not.toHaveProperty('onStep')
  })
})
