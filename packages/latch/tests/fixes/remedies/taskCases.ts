/** Remedies of models of a task: what they are given, their streams and their files. */
import { DataError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { parseExamples } from '../../../src/data/tables.ts'
import { changingFacts, CITIES } from '../../../src/datasets.ts'
import { useStorage, type Storage } from '../../../src/tasks/files/storage.ts'
import { languageModel } from '../../../src/tasks/languageModel/languageModel.ts'
import { memorySpan } from '../../../src/tasks/memorySpan.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { TextClassifier, textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { tinyLanguage } from '../../tasks/languageModel/languageHelpers.ts'
import { everyStep, nextLetter, oneNumber } from '../../tasks/sequenceModel/sequenceFixtures.ts'
import { comments, quick, tiny, trained } from '../../tasks/textClassifier/classifierHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const rows = comments(16, 1)
const once = { ...quick, epochs: 1 }
const letters = () => SequenceModel.fromImported(nextLetter()).stream()
const TABLE = 'text,label\ngood soup,a\nbad soup,b\nfine tea,a\nold tea,b\n'
const numbers = Array.from({ length: 4 }, (_, i) => ({ input: [[i, 1, 2]], target: [i] }))

/** Texts of four letters, filled up with the id 0. */
const paddedLetters = () => {
  const letter = nextLetter()
  const padding = { side: 'pre', truncating: 'pre', length: 4, id: 0 } as const
  return SequenceModel.fromImported({ ...letter, textInput: { ...letter.textInput, padding } }).stream()
}

/** Predicts the next of its letters; `steps`: reads so many. */
const writing = (steps: number | null = null) => {
  const letter = nextLetter()
  const vocabulary = ['e', 'a', 'b', 'c', 'd', ' ']
  return { ...letter, vocabulary, input: { ...letter.input, steps } }
}

const STREAMS: readonly RemedyCase[] = [
  {
    name: 'two tokens at once',
    kind: DataError,
    remedy: 'Push one token after the other, or the text with pushText.',
    raise: () => letters().push('ab'),
    follow: () => {
      const stream = letters()
      stream.push('a')
      stream.push('b')
      letters().pushText('ab')
    },
  },
  {
    name: 'a text beside ids in a padded stream',
    kind: UsageError,
    remedy: 'Texts are padded, ids are not: push only one kind, or call reset() between them.',
    raise: () => {
      const stream = paddedLetters()
      stream.push(1)
      stream.push('a')
    },
    follow: () => {
      const stream = paddedLetters()
      stream.push(1)
      stream.push(2)
      stream.reset()
      stream.push('a')
      stream.pushText('bc')
    },
  },
  {
    name: 'a text for a stream of features',
    kind: UnsupportedError,
    remedy: 'Push one step at a time.',
    raise: () => SequenceModel.fromImported(oneNumber()).stream().pushText('a'),
    follow: () => SequenceModel.fromImported(oneNumber()).stream().push([1, 2, 3]),
  },
]

const INPUTS: readonly RemedyCase[] = [
  {
    name: 'no beginning of a text',
    kind: DataError,
    remedy: 'Give the beginning of a text.',
    raise: () => SequenceModel.fromImported(writing()).generate(),
    follow: () => SequenceModel.fromImported(writing()).generate({ prime: 'a', length: 3 }).text(),
  },
  {
    name: 'a beginning of fewer steps than the model reads',
    kind: DataError,
    remedy: 'Write a longer prime.',
    raise: () => SequenceModel.fromImported(writing(4)).generate({ prime: 'abc' }),
    follow: () => SequenceModel.fromImported(writing(4)).generate({ prime: 'abca', length: 3 }).text(),
  },
  {
    name: 'words for a model without a vocabulary',
    kind: DataError,
    remedy: 'The model has no vocabulary: pass ids as numbers.',
    raise: () => SequenceModel.fromImported(everyStep()).predict('one two'),
    follow: () => SequenceModel.fromImported(everyStep()).predict('1 2'),
  },
  {
    name: 'examples in place of their rows',
    kind: UsageError,
    remedy: 'Pass `examples.rows` of examples from a file.',
    raise: () => textClassifier(tiny).fit(parseExamples(TABLE) as never, once),
    follow: () => textClassifier({ ...tiny, minimumCount: 1 }).fit(parseExamples(TABLE).rows, once),
  },
  {
    name: 'no rows of sequences',
    kind: UsageError,
    remedy: 'Each row is { input, target }.',
    raise: () => SequenceModel.fromImported(oneNumber()).fit(5 as never),
    follow: () => SequenceModel.fromImported(oneNumber()).fit(numbers, { epochs: 1 }),
  },
  {
    name: 'rows of a single label',
    kind: DataError,
    remedy: 'Check the label column, or add rows of another class.',
    raise: () =>
      textClassifier(tiny).fit(
        rows.filter(({ label }) => label === 'good'),
        once,
      ),
    follow: () => textClassifier(tiny).fit(rows, once),
  },
  {
    name: 'another column than that of the labels',
    kind: DataError,
    remedy: 'Check the label column, or add rows of another class.',
    raise: () =>
      textClassifier(tiny).fit(
        rows.map((row) => ({ ...row, source: 'web' })),
        { ...once, label: 'source' },
      ),
    follow: () =>
      textClassifier(tiny).fit(
        rows.map((row) => ({ ...row, source: 'web' })),
        { ...once, label: 'label' },
      ),
  },
  {
    name: 'rows in another language',
    kind: DataError,
    remedy: 'Train a new model, or extend the vocabulary of this one.',
    raise: async () => (await trained({}, { epochs: 1 }, rows)).fit(foreign, once),
    follow: async () => {
      await textClassifier({ ...tiny, minimumCount: 1 }).fit(foreign, once)
      await (await trained({}, { epochs: 1 }, rows)).fit(foreign, { ...once, extendVocabulary: true })
    },
  },
  {
    name: 'the memory span of a model of something else',
    kind: UsageError,
    remedy: 'Train it on `changingFacts` from latch/datasets, or pass the name of a cell.',
    raise: async () => memorySpan(await trained({}, { epochs: 1 }, rows)),
    follow: async () => {
      const model = textClassifier({ ...tiny, labels: CITIES })
      await model.fit(changingFacts({ count: 24, distance: 2, seed: 1 }), once)
      await memorySpan(model as unknown as TextClassifier, { distances: [2], count: 4, people: 1 })
      await memorySpan('gru', { units: 4, stories: 16, epochs: 1, trained: [0, 4], distances: [2], count: 4 })
    },
  },
]

const foreign = rows.map(({ label }, i) => ({ text: `neu${i} wort${i}`, label }))

const browser = async (call: () => unknown) => {
  useStorage(null as unknown as Storage)
  return call()
}

const LIFE: readonly RemedyCase[] = [
  {
    name: 'predictions of a model without weights',
    kind: UsageError,
    remedy: 'Call fit first, or load a model file.',
    raise: () => textClassifier(tiny).predict('good'),
    follow: async () => {
      const model = textClassifier(tiny)
      await model.fit(rows, once)
      model.predict('good')
      TextClassifier.fromBytes(model.toBytes()).predict('good')
    },
  },
  {
    name: 'a model that was disposed',
    kind: UsageError,
    remedy: 'Load it again, or create a new one.',
    raise: async () => {
      const model = await trained({}, { epochs: 1 }, rows)
      model.dispose()
      model.predict('good')
    },
    follow: async () => {
      const model = await trained({}, { epochs: 1 }, rows)
      const bytes = model.toBytes()
      model.dispose()
      TextClassifier.fromBytes(bytes).predict('good')
      textClassifier(tiny)
    },
  },
  {
    name: 'files where there are none',
    kind: UnsupportedError,
    remedy: 'Use model.toBytes() and TextClassifier.fromBytes(bytes) here.',
    raise: () => browser(() => TextClassifier.load('model.safetensors')),
    follow: () =>
      browser(async () => TextClassifier.fromBytes((await trained({}, { epochs: 1 }, rows)).toBytes())),
  },
]

const LANGUAGE: readonly RemedyCase[] = [
  {
    name: 'texts of one token',
    kind: DataError,
    remedy: 'Add text, or keep rare tokens with a lower `minimumCount`.',
    raise: () =>
      languageModel({ tokens: 'words', minimumCount: 3 }).fit(['good soup', 'soup soup'], { epochs: 1 }),
    follow: async () => {
      const words = (minimumCount: number) => languageModel({ tokens: 'words', minimumCount })
      await words(1).fit(['good soup', 'soup soup'], { epochs: 1, batchSize: 2, validation: 0 })
      await words(3).fit(['good soup good', 'soup good soup'], { epochs: 1, batchSize: 2, validation: 0 })
    },
  },
  {
    name: 'a prime of other letters',
    kind: DataError,
    remedy: 'Write the prime with tokens that occur in the training text.',
    raise: async () => (await tinyLanguage()).generate({ prime: 'QX' }),
    follow: async () => (await tinyLanguage()).generate({ prime: 'the' }).text(),
  },
  {
    name: 'no prime for a model without an end token',
    kind: DataError,
    remedy: 'Give the beginning of a text: a model without an end token does not know how texts begin.',
    raise: async () => (await tinyLanguage({ endToken: false })).generate(),
    follow: async () => {
      ;(await tinyLanguage({ endToken: false })).generate({ prime: 'the' }).text()
      ;(await tinyLanguage()).generate().text()
    },
  },
]

const OPTIONS: readonly RemedyCase[] = [
  {
    name: 'the most likely labels of a model of numbers',
    kind: UsageError,
    remedy: 'Omit `top`: only labels can be ranked.',
    raise: () => SequenceModel.fromImported(oneNumber()).predict([[1, 2, 3]], { top: 2 }),
    follow: () => SequenceModel.fromImported(oneNumber()).predict([[1, 2, 3]]),
  },
]

export const TASK_CASES: readonly RemedyCase[] = [...STREAMS, ...INPUTS, ...LANGUAGE, ...OPTIONS, ...LIFE]
