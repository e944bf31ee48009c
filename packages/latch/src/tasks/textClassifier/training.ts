/** Training of a text classifier: rows → texts and labels, the vocabulary of the training rows, and the network. */
import { cells } from '../../cells/registry.ts'
import { sortLabels } from '../../data/labels.ts'
import { DataError } from '../../core/errors.ts'
import type { Baseline } from '../baselines/baseline.ts'
import { naiveBayes } from '../baselines/naiveBayes.ts'
import { FEWEST_ROWS, countWords } from '../counts/countWords.ts'
import { findLabel, formatCount } from '../labels.ts'
import type { Reading, TaskTraining, Trained } from '../task.ts'
import { IdDataset } from './dataset.ts'
import { unknownTokens } from '../unknownTokens.ts'
import { describeRows } from './describeRows.ts'
import { classifierLayers } from './layers.ts'
import { classifierNetwork } from './network.ts'
import { completeLearned, type TextLearned, type TextTypes } from './learned.ts'
import type { ClassifierSettings } from './options.ts'
import { encodeItems, extendWords, learnWords, readLabels, readTexts, wordEmbedding } from './texts.ts'

export * from '../fit/trainingModule.ts'

/** Defaults of `fit` for texts with one label each. */
export function fitDefaults({ cell }: Pick<ClassifierSettings, 'cell'>) {
  // Gradients are larger without a gate that retains the past.
  const ungated = cells.some(({ name, keepGate }) => name === cell && keepGate === null)
  return { learningRate: ungated ? 0.001 : 0.002, labelSmoothing: 0.1 }
}

export const taskTraining: TaskTraining<TextTypes> = {
  fitDefaults,

  readExamples(rows, reading) {
    const { examples, tokens, ...read } = readTexts(rows, reading)
    const { labels, classes } = readClasses(examples, reading)
    return { ...read, items: tokens.map((own, i) => ({ tokens: own, class: classes[i] })), labels }
  },

  learn(given, { labels, textColumn = null }, training, keep) {
    const { settings, words } = learnWords(given, training, keep)
    return completeLearned({ settings, labels: labels!, words, textColumn, counts: null })
  },

  embedding: wordEmbedding,

  extend(learned, training) {
    const words = extendWords(learned, training)
    const { settings, labels, textColumn, counts } = learned
    return words && completeLearned({ settings, labels, words, textColumn, counts })
  },

  unknownTokens,

  describeRows,

  network: ({ settings, words, labels }) => ({
    config: classifierNetwork(settings, words.size, labels.length),
    layers: classifierLayers,
  }),

  dataset: ({ learned }, items) =>
    new IdDataset(encodeItems(learned, items), (rows) => {
      const classes = Int32Array.from(rows, (row) => items[row].class)
      return { targets: { classes }, classes }
    }),

  classes: (item) => [item.class],
  tokens: (item) => item.tokens,

  async complete({ network, learned }, training, validation) {
    if (!learned.settings.counts) return null
    if (validation.length < FEWEST_ROWS) return forgetCounts(learned, validation.length)
    const { counts, report } = await countWords(network, learned, training, validation)
    return { learned: { ...learned, counts }, counts: report }
  },

  baseline: (training, { columns }) =>
    bayesBaseline(training, columns.texts ?? columns.input!, columns.target!),
}

/** Counts of an earlier training say nothing of these rows: they go, with a warning. Null: there are none. */
function forgetCounts(learned: TextLearned, rows: number) {
  if (!learned.counts) return null
  const warning =
    `The counts of words of the earlier training are left out: to weigh them takes ${FEWEST_ROWS} validation rows, and ` +
    `there are ${rows}.`
  return { learned: { ...learned, counts: null }, warning }
}

/** Naive Bayes of words and pairs of words; several texts of a row are one. */
export function bayesBaseline(
  training: Iterable<object>,
  text: string | readonly string[],
  label: string,
): Baseline {
  const model = naiveBayes(training, { text, label })
  return {
    name: 'naive Bayes',
    evaluate(rows) {
      const { accuracy, n } = model.evaluate(rows)
      return { metric: 'accuracy', value: accuracy, n }
    },
  }
}

/**
 * The labels, and the class of each row.
 * @throws DataError for a label that the model does not have, and for training rows of one label only
 */
export function readClasses(
  examples: Parameters<typeof readLabels>[0],
  {
    trained,
    purpose,
    labels: wanted,
  }: Pick<Reading<TextTypes>, 'purpose' | 'labels'> & { trained: Trained<TextLearned> | null },
): { labels: readonly string[]; classes: number[] } {
  const labels = trained?.learned.labels ?? chooseLabels(examples.labels, wanted)
  const classes = readLabels(examples, purpose, (label) => findLabel(label, labels))
  if (purpose === 'training' && classes.every((c) => c === classes[0])) throwSingleLabel(examples.labels)
  return { labels, classes }
}

/** The given labels, else those of the rows. @throws DataError for only one */
function chooseLabels(labels: readonly string[], wanted: readonly string[] | null): readonly string[] {
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
