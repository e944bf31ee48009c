/** What a text classifier refuses or cannot go on with, each with its message, and what it holds afterwards. */
import { internalsOf } from '../../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { DivergenceError, MemoryError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ModelFitEvent } from '../../../src/tasks/fit/fitOptions.ts'
import { comments, quick, thrown, tiny, trained } from './classifierHelpers.ts'

describe('options out of range are named', () => {
  const wrong: [string, unknown, RegExp][] = [
    ['cell', 'tcn', /^option cell: expected one of lstm, gru, rnn, ann, bag, got tcn/],
    ['units', 0, /^option units: expected a whole number from 1/],
    ['units', 2 ** 21, /^option units: .* to 1048576, got 2097152/],
    ['units', 1.5, /^option units/],
    ['layers', -1, /^option layers/],
    ['layers', 1e6, /^option layers/],
    ['bidirectional', 'yes', /^option bidirectional: expected true or false, got "yes"/],
    ['reset', 'later', /^option reset: expected one of after, before/],
    ['activation', 'gelu', /^option activation/],
    ['pooling', 'sum', /^option pooling/],
    ['tokens', 'bytes', /^option tokens/],
    ['lowercase', 1, /^option lowercase/],
    ['embedding', 0, /^option embedding/],
    ['embedding', 'one-hot', /^option embedding/],
    ['minimumCount', 0, /^option minimumCount/],
    ['minimumCount', 2 ** 40, /^option minimumCount/],
    ['maximumVocabulary', 0, /^option maximumVocabulary/],
    ['maximumVocabulary', 2 ** 40, /^option maximumVocabulary/],
    ['maximumLength', Number.NaN, /^option maximumLength/],
    ['dropout', 1, /^option dropout: expected a rate from 0 to below 1, got 1/],
    ['dropout', -0.1, /^option dropout/],
    ['dropout', { words: Number.NaN }, /^option dropout\.words/],
    [
      'dropout',
      { word: 0.1 },
      /^option dropout: expected rates named words, embedding, layers, output, got word/,
    ],
    ['labels', ['good'], /^option labels: expected at least two labels, got 1/],
    ['labels', ['good', 'bad', 'good'], /^option labels: expected different labels, got "good" twice/],
    ['labels', ['good', ' '], /^option labels/],
    ['labels', 'good', /^option labels/],
    ['labels', ['caf\u00e9', ' cafe\u0301 '], /^option labels: expected different labels/],
    ['unitz', 3, /^option unitz: expected one of the options cell, units, .*precision, got "unitz"/],
  ]
  it.each(wrong)('%s %j', async (name, value, message) => {
    const error = await thrown(() => textClassifier({ [name]: value }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(message)
  })

  it.each([
    ['ann', { embedding: 'oneHot' }, /^option embedding: expected a width for cell ann/],
    ['bag', { bidirectional: true }, /^option bidirectional: expected false for cell bag/],
    ['bag', { layers: 2 }, /^option layers: expected 1 for cell bag/],
  ] as const)('what goes not with cell %s', async (cell, options, message) => {
    expect((await thrown(() => textClassifier({ cell, ...options }))).message).toMatch(message)
  })

  it('an option given as undefined is its default', () => {
    const { dropout } = textClassifier({ dropout: { words: undefined, output: 0.1 } }).settings
    expect(dropout).toEqual({ words: 0.2, embedding: 0.6, layers: 0.3, output: 0.1 })
  })

  const wrongFit: [string, unknown, RegExp][] = [
    ['epochs', 0, /epochs: expected a positive integer/],
    ['batchSize', 0, /batchSize: expected a positive integer/],
    ['learningRate', -1, /fit option learningRate/],
    ['clipNorm', 0, /fit option clipNorm/],
    ['clipValue', -1, /fit option clipValue/],
    ['ema', 1, /fit option ema/],
    ['patience', 0, /patience/],
    ['seed', 0.5, /fit option seed/],
    ['labelSmoothing', 1, /^fit option labelSmoothing: expected a fraction from 0 to below 1, got 1/],
    ['classWeights', { good: -1 }, /^fit option classWeights\.good: expected a number, 0 or more/],
    ['classWeights', { good: 0, bad: 0 }, /^fit option classWeights: expected a weight above 0/],
    [
      'classWeights',
      'equal',
      /^fit option classWeights: expected 'balanced' or a weight by label, got equal/,
    ],
    ['validation', 1, /validation: expected a fraction from 0 to below 1/],
    ['optimizer', 'tiger', /optimizer\.type/],
    ['optimizer', { type: 'sgd', momentum: 2 }, /optimizer\.momentum/],
  ]
  wrongFit.push(
    [
      'epoch',
      3,
      /^fit option epoch: expected one of the options text, label, .*epochs, .*resume, got "epoch"/,
    ],
    [
      'optimizer',
      { type: 'adam', momentum: 0.9 },
      /^optimizer option \(adam\) momentum: .*options type, beta1, beta2/,
    ],
    ['optimizer', null, /^fit option optimizer: expected a name, or an object with a type, got null/],
    ['schedule', { type: 'cosine', tMax: 5, steps: 5 }, /^schedule option steps: .*options type, .*tMax/],
    ['schedule', 'cosine', /^fit option schedule: expected an object with a type, got "cosine"/],
    [
      'checkpoint',
      { everySeconds: -1, write() {} },
      /^fit option checkpoint\.everySeconds: expected a number above 0, got -1/,
    ],
    [
      'checkpoint',
      { everySteps: 0.5, write() {} },
      /^fit option checkpoint\.everySteps: expected a whole number above 0/,
    ],
    [
      'checkpoint',
      { every: 1, write() {} },
      /^fit option checkpoint every: expected one of the options everySeconds/,
    ],
    ['checkpoint', { everySteps: 1 }, /^fit option checkpoint\.write: expected a function, got nothing/],
    ['onEvent', 1, /^fit option onEvent: expected a function, got 1/],
    [
      'validation',
      'rest',
      /^fit option validation: expected a fraction of the rows, or an array of rows, got "rest"/,
    ],
    ['label', undefined, /^fit option label: expected the name of the column with the label, got nothing/],
  )
  it.each(wrongFit)('fit: %s %j', async (name, value, message) => {
    const model = textClassifier(tiny)
    const options = { ...quick, validation: 0.2, [name]: value }
    const error = await thrown(() => model.fit(comments(20, 1), options))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(message)
    // Nothing was trained, so there is no model yet.
    expect((await thrown(() => model.predict('a'))).message).toMatch(
      /expected a trained model.*Call fit first/,
    )
  })
})

describe('calls without what they need', () => {
  const columns = { text: 'text', label: 'label' }
  const model = textClassifier(tiny)
  const some = comments(4, 1)
  const calls: [string, () => unknown, RegExp][] = [
    [
      'textClassifier(null)',
      () => textClassifier(null as never),
      /^option: expected an object of options \(cell, /,
    ],
    [
      'fit(null)',
      () => model.fit(null as never, columns as never),
      /^fit: expected an array .* of rows, got null\./,
    ],
    [
      'fit(examples)',
      () => model.fit({ texts: [] } as never, columns as never),
      /got an object\. .*`examples\.rows`/,
    ],
    [
      'fit(rows)',
      () => model.fit(some, undefined as never),
      /^fit option text: expected the name of the column with the text, or a list of names, got nothing/,
    ],
    ['fit without label', () => model.fit(some, { text: 'text' } as never), /^fit option label: /],
  ]
  it.each(calls)('%s', async (_, call, message) => {
    const error = await thrown(call)
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(message)
  })

  it('evaluate', async () => {
    const ready = await trained({}, { epochs: 1 })
    const none = await thrown(() => ready.evaluate(some, undefined as never))
    expect(none).toBeInstanceOf(UsageError)
    expect(none.message).toMatch(
      /^evaluate option text: expected the name of the column with the text, or a list of names, got nothing/,
    )
    expect((await thrown(() => ready.evaluate(null as never, columns as never))).message).toMatch(
      /^evaluate: .*got null/,
    )
  })
})

describe('what cannot go on', () => {
  it('a batch that does not fit memory: before any work, with how much and what to lower', async () => {
    const model = textClassifier({
      cell: 'rnn',
      units: 1,
      embedding: 2 ** 15,
      dropout: 0,
      maximumLength: 2000,
    })
    const long = comments(64, 1).map(({ text, label }) => ({ text: `${text} `.repeat(600), label }))
    const events: string[] = []
    const before = process.memoryUsage.rss()
    const onEvent = ({ type }: ModelFitEvent) => events.push(type)
    const error = await thrown(() => model.fit(long, { ...quick, batchSize: 64, ema: null, onEvent }))
    expect(error).toBeInstanceOf(MemoryError)
    expect(error.message).toMatch(
      /^fit, a batch of 64 sequences of up to \d+ steps \(\d+ in all\): engine memory/,
    )
    expect(error.message).toMatch(/expected at most 4,096 MiB, got a request for \d[\d,]+ MiB/)
    expect(error.message).toMatch(
      /Pass `batchSize: 32` to use smaller batches \(it is 64\), two of which .*\. Pass `checkpointSteps: 45` to keep fewer timesteps in memory\./,
    )
    expect(events).toEqual([])
    expect(process.memoryUsage.rss() - before).toBeLessThan(600 * 2 ** 20)
    expect((await thrown(() => model.predict('a'))).message).toMatch(/Call fit first/)
  })

  it('a model that does not fit memory', async () => {
    const error = await thrown(() => textClassifier({ units: 2 ** 16 }).fit(comments(8, 1), quick))
    expect(error).toBeInstanceOf(MemoryError)
    expect(error.message).toMatch(/7 copies of [\d,]+ weights.*request for 459,\d{3} MiB.*units/)
  })

  it.each(['lstm', 'gru', 'rnn', 'bag'] as const)(
    '%s diverges: step named, good weights kept',
    async (cell) => {
      const model = textClassifier({ ...tiny, cell, ...(cell === 'rnn' ? { activation: 'relu' } : {}) })
      const events: ModelFitEvent[] = []
      const error = await thrown(() =>
        model.fit(comments(200, 1), {
          ...quick,
          epochs: 50,
          optimizer: 'sgd',
          learningRate: 1e38,
          clipNorm: null,
          ema: null,
          onEvent: (event) => events.push(event),
        }),
      )
      expect(error).toBeInstanceOf(DivergenceError)
      const { epoch, step } = error as DivergenceError
      expect(error.message).toMatch(
        new RegExp(`^training, epoch ${epoch}, step ${step} of 25: expected a finite `),
      )
      expect(error.message).toMatch(
        /last good weights\..* Pass `learningRate: 0\.\d+` .* Pass `clipNorm: 1` to limit the gradients\./,
      )
      expect(events.at(-1)).toMatchObject({ type: 'stop', reason: 'diverged', kept: 'last good' })
      for (const { probabilities } of model.predict(['great soup', '', 'stale']))
        expect(Object.values(probabilities).every((share) => Number.isFinite(share))).toBe(true)
      for (const parameter of model.network.parameters)
        expect(
          internalsOf(model.network)
            .store.read(parameter)
            .every((x) => Number.isFinite(x)),
        ).toBe(true)
    },
  )

  it('nothing before fit', async () => {
    const model = textClassifier()
    for (const use of [
      () => model.predict('a'),
      () => model.trace('a'),
      () => model.toBytes(),
      () => model.labels,
      () => model.vocabulary,
      () => model.parameterCount,
    ]) {
      const error = await thrown(use)
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toMatch(
        /^textClassifier: expected a trained model, got an untrained model\. Call/,
      )
    }
  })

  it('a trace of a net without steps', async () => {
    for (const cell of ['ann', 'bag'] as const) {
      const model = await trained({ cell }, { epochs: 1 })
      const error = await thrown(() => model.trace('great'))
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.message).toMatch(new RegExp(`recurrent cell \\(lstm, gru, rnn\\), got cell ${cell}`))
    }
  })
})

describe('rows', () => {
  const fit = (rows: readonly unknown[], columns: object = { text: 'text', label: 'label' }) =>
    textClassifier().fit(rows as object[], { ...columns, epochs: 1 } as never)

  it.each([null, undefined, 'a text', 7])('%j is no row', async (row) => {
    await expect(fit([{ text: 'a', label: 'x' }, row])).rejects.toThrow(/^row 1: expected an object, got /)
  })

  it('have texts and labels in columns of their own', async () => {
    const rows = [
      { a: 'one', label: 'x' },
      { a: 'two', label: 'y' },
    ]
    for (const text of ['label', ['a', 'label']])
      await expect(fit(rows, { text, label: 'label' })).rejects.toThrow(
        'rows: expected different columns for texts and labels, got column "label" for both',
      )
  })
})
