/** Training of a text classifier: rows → texts and labels, the vocabulary of the training rows, and the network. */
import { cells } from '../../cells/registry.ts'
import { examplesFromRows } from '../../data/examples.ts'
import { sortLabels } from '../../data/labels.ts'
import type { TokenKind } from '../../text/tokenizer.ts'
import { buildVocabulary } from '../../text/buildVocabulary.ts'
import { UNKNOWN_TOKEN, Vocabulary } from '../../text/vocabulary.ts'
import { DataError, atRow } from '../../core/errors.ts'
import { naiveBayes } from '../baselines/naiveBayes.ts'
import { FEWEST_ROWS, countWords } from '../counts/countWords.ts'
import { findLabel, formatCount } from '../labels.ts'
import type { Reading, TaskTraining } from '../task.ts'
import { TextDataset } from './dataset.ts'
import { unknownTokens } from '../unknownTokens.ts'
import { describeRows } from './describeRows.ts'
import { classifierLayers } from './layers.ts'
import { classifierNetwork } from './network.ts'
import { TextReader } from './reader.ts'
import { completeLearned, type TextTypes } from './learned.ts'

export { evaluateModel } from '../evaluate.ts'
export { engineOfCheckpoint } from '../fit/checkpointEngine.ts'
export { fitModel } from '../fit/fitModel.ts'
export { namedColumns } from '../fit/fitOptions.ts'
export { historyOf } from '../fit/history.ts'

export const taskTraining: TaskTraining<TextTypes> = {
  fitDefaults(settings) {
    // Gradients are larger without a gate that retains the past.
    const ungated = cells.some(({ name, keepGate }) => name === settings.cell && keepGate === null)
    return { learningRate: ungated ? 0.001 : 0.002, labelSmoothing: 0.1 }
  },

  readExamples(rows, reading) {
    const { settings, trained, columns, purpose } = reading
    const noun = purpose === 'validation' ? 'validation row' : 'row'
    const name = `${noun}s`
    const examples = examplesFromRows(rows, {
      text: columns.texts ?? columns.input,
      label: columns.target,
      name,
    })
    const labels = trained?.learned.labels ?? chooseLabels(examples.labels, reading)
    const classes = examples.labels.map((label, i) => {
      try {
        return findLabel(label, labels)
      } catch (error) {
        const row = examples.rowNumbers[i]
        throw atRow(error, row, `${noun} ${row}, `)
      }
    })
    if (purpose === 'training' && classes.every((c) => c === classes[0])) throwSingleLabel(examples.labels)
    const reader = trained?.learned.reader ?? new TextReader(settings)
    const read = examples.texts.map((text) => reader.read(text))
    const cut = read.reduce((count, { cut: tokens }) => count + (tokens > 0 ? 1 : 0), 0)
    const limit = reader.maximumLength
    return {
      items: read.map(({ tokens }, i) => ({ tokens, class: classes[i] })),
      rows: examples.rowNumbers,
      labels,
      textColumn: examples.columns.text,
      warnings:
        cut === 0
          ? examples.notes
          : [...examples.notes, `${formatCount(cut, 'text')} cut at ${formatCount(limit, 'token')}.`],
    }
  },

  learn(settings, { labels, textColumn = null }, training) {
    const { minimumCount = training.length < FEW_ROWS ? 1 : 2, maximumVocabulary } = settings
    const words = buildVocabulary(
      training.map(({ tokens }) => tokens),
      { minimumCount, maximumSize: maximumVocabulary ?? undefined },
    )
    if (words.size === 1) throw emptyVocabulary(settings.tokens, minimumCount)
    return completeLearned({ ...settings, minimumCount }, labels!, words, textColumn)
  },

  extend({ settings, labels, words, textColumn, counts }, training) {
    const { minimumCount, maximumVocabulary } = settings
    const found = buildVocabulary(
      training.map(({ tokens }) => tokens),
      { minimumCount },
    )
    const most = maximumVocabulary ?? Infinity
    const added = found.tokens.filter((token) => token !== UNKNOWN_TOKEN && !words.has(token))
    const all = [...words.tokens, ...added].slice(0, Math.max(words.size, most))
    if (all.length === words.size) return null
    return completeLearned(settings, labels, new Vocabulary(all), textColumn, counts)
  },

  unknownTokens,

  describeRows,

  network: ({ settings, words, labels }) => ({
    config: classifierNetwork(settings, words.size, labels.length),
    layers: classifierLayers,
  }),

  dataset: ({ learned }, items) =>
    new TextDataset(
      items.map(({ tokens }) => tokens),
      Int32Array.from(items, (item) => item.class),
      learned.words,
    ),

  classes: (item) => [item.class],
  tokens: (item) => item.tokens,

  async count({ network, learned }, training, validation) {
    if (!learned.settings.counts || validation.length < FEWEST_ROWS) return null
    const { counts, report } = await countWords(network, learned, training, validation)
    return { learned: { ...learned, counts }, report }
  },

  baseline(training, { columns }) {
    const model = naiveBayes(training, { text: columns.texts ?? columns.input!, label: columns.target! })
    return {
      name: 'naive Bayes',
      evaluate(rows) {
        const { accuracy, n } = model.evaluate(rows)
        return { metric: 'accuracy', value: accuracy, n }
      },
    }
  },
}

/** Below this number of training rows every token counts: few occur twice. */
const FEW_ROWS = 200

function emptyVocabulary(tokens: TokenKind, minimumCount: number): DataError {
  const chars = { option: 'tokens', value: 'chars', to: 'train on single characters' }
  const once = { option: 'minimumCount', value: 1, to: 'keep tokens that occur once' }
  return new DataError({
    where: 'vocabulary',
    expected: `at least one token that occurs ${minimumCount} times in the training rows`,
    got: 'none: every token would be unknown',
    fix: [...(tokens === 'chars' ? [] : [chars]), ...(minimumCount > 1 ? [once] : [])],
  })
}

/** The given labels, else those of the rows. @throws DataError for only one */
function chooseLabels(labels: readonly string[], { labels: wanted }: Reading<TextTypes>): readonly string[] {
  const found = wanted ?? sortLabels(labels)
  if (new Set(found).size < 2) throwSingleLabel(labels)
  return found
}

function throwSingleLabel(labels: readonly string[]): never {
  throw new DataError({
    where: 'labels',
    expected: 'at least two different labels',
    got: `only ${JSON.stringify(labels[0])} in ${formatCount(labels.length, 'row')}`,
    remedy: 'Check the label column, or add rows of another class.',
  })
}
