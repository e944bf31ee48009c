/** Every `fit` trains the existing network: open streams and references to it see the new weights. */
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { TextClassifier, textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { UsageError } from '../../src/core/errors.ts'
import { comments, hex, quick, THREE, thrown, tiny, trained } from './textClassifier/classifierHelpers.ts'
import { threeClasses } from './sequenceModel/sequenceFixtures.ts'

const rows = comments(48, 1)
const text = 'the soup was great'

/** The stream opened before says what the model says now. */
function expectSame(model: TextClassifier, network: unknown, stream: ReturnType<TextClassifier['stream']>) {
  expect(model.network).toBe(network)
  stream.reset()
  expect(stream.pushText(text)).toEqual(model.predict(text))
}

describe('a second fit keeps the network', () => {
  it.each([
    ['another label smoothing', { labelSmoothing: 0.3 }],
    ['class weights', { classWeights: { good: 2 } }],
    ['balanced classes', { classWeights: 'balanced' }],
    ['both', { labelSmoothing: 0.2, classWeights: { bad: 0.5 } }],
    ['neither', {}],
    [
      'another optimizer, checkpointSteps and validation',
      { optimizer: 'sgd', checkpointSteps: 2, validation: 0.25 },
    ],
  ] as const)('with %s', async (_, options) => {
    for (const labels of [['good', 'bad'], THREE] as const) {
      const data = comments(48, 1, labels)
      const model = await trained({ engine: 'reference' }, {}, data)
      const { network } = model
      const stream = model.stream()
      stream.pushText(text)
      const before = model.predict(text)
      await model.fit(data, { ...quick, epochs: 2, ...options })
      expect(model.predict(text)).not.toEqual(before)
      expectSame(model, network, stream)
      const { labelSmoothing = 0, classWeights } = options as {
        labelSmoothing?: number
        classWeights?: unknown
      }
      expect(network.config.loss!.labelSmoothing).toBe(labelSmoothing)
      expect(network.config.loss!.classWeights !== undefined).toBe(classWeights !== undefined)
      expect(hex(TextClassifier.fromBytes(model.toBytes()).toBytes())).toBe(hex(model.toBytes()))
    }
  })

  it('has the bits of a model that was loaded before', async () => {
    const model = await trained({ reproducible: true })
    const loaded = TextClassifier.fromBytes(model.toBytes(), 'test', { reproducible: true })
    const again = { ...quick, epochs: 2, labelSmoothing: 0.2, classWeights: { good: 3 } } as const
    await model.fit(rows, again)
    await loaded.fit(rows, again)
    const weights = (one: TextClassifier) =>
      one.network.parameters.map((p) => internalsOf(one.network).store.read(p))
    expect(weights(model)).toEqual(weights(loaded))
  })

  it('with a checkpoint to resume: of its own run, or of one with another loss', async () => {
    for (const more of [{}, { labelSmoothing: 0.25, classWeights: { good: 2 } }]) {
      const saved: Uint8Array[] = []
      const checkpoint = { everySteps: 4, write: (bytes: Uint8Array) => void saved.push(bytes) }
      const options = { ...quick, ...more, epochs: 2 }
      const whole = await trained({ reproducible: true }, { ...options, checkpoint })
      const opened = (await TextClassifier.fromCheckpoint(saved[0], 'run', { reproducible: true })).model
      for (const model of [opened, await trained({ reproducible: true })]) {
        const { network } = model
        const stream = model.stream()
        stream.pushText(text)
        await model.fit(rows, { ...options, resume: saved[0], checkpoint: { write() {} } })
        expectSame(model, network, stream)
        expect(model.predict(text)).toEqual(whole.predict(text))
      }
    }
  })

  it('and refuses a checkpoint that its network cannot go on with', async () => {
    const saved: Uint8Array[] = []
    const checkpoint = { everySteps: 4, write: (bytes: Uint8Array) => void saved.push(bytes) }
    await trained({ reproducible: true }, { epochs: 1, checkpoint })
    const others = comments(48, 1).map((row) => ({ ...row, text: `${row.text} indeed` }))
    const vocabulary = await trained({ reproducible: true }, { epochs: 1 }, others)
    const labels = textClassifier({ ...tiny, reproducible: true, labels: ['bad', 'good', 'odd'] })
    await labels.fit(comments(48, 1), { ...quick, epochs: 1 })
    for (const [model, what] of [
      [vocabulary, /resume, vocabulary .*expected the tokens of the model/],
      [labels, /resume, labels/],
    ] as const) {
      const { network } = model
      const before = hex(model.toBytes())
      const error = await thrown(() =>
        (model as TextClassifier).fit(rows, { ...quick, epochs: 1, resume: saved[0] }),
      )
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toMatch(what)
      expect(model.network).toBe(network)
      expect(hex(model.toBytes())).toBe(before)
    }
  })

  it('of a sequence model', async () => {
    const model = SequenceModel.fromImported(threeClasses(), { engine: 'reference' })
    const { network } = model
    const data = [
      {
        input: [
          [1, 2, 3],
          [0, 1, 0],
        ],
        target: 'low',
      },
      { input: [[0, 0, 1]], target: 'high' },
    ]
    const before = model.predict(data[0].input)
    for (const schedule of [{ type: 'constant' }, { type: 'cosine', tMax: 2 }] as const) {
      await model.fit(data, { epochs: 2, schedule })
      expect(model.network).toBe(network)
    }
    expect(model.predict(data[0].input)).not.toEqual(before)
  })
})

describe('a fit that never begins', () => {
  it.each([
    ['an option out of range', { learningRate: -1 }],
    ['a schedule that does not fit', { schedule: { type: 'cosine', tMax: 3, etaMin: 1 } }],
    ['a column that is not there', { text: 'nothing' }],
  ] as const)('leaves the model as it was: %s', async (_, options) => {
    const model = await trained({ engine: 'reference' })
    const before = hex(model.toBytes())
    await thrown(() =>
      model.fit(rows, { ...quick, labelSmoothing: 0.3, ...options } as unknown as typeof quick),
    )
    expect(hex(model.toBytes())).toBe(before)
  })
})
