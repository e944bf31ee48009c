/** Training of a multi-label classifier: rows → texts and their labels, and the threshold from the validation rows. */
import { DataError } from '../../core/errors.ts'
import { sortLabels } from '../../data/labels.ts'
import { labelBayes } from '../baselines/labelBayes.ts'
import { findLabel, formatCount } from '../labels.ts'
import type { Reading, TaskTraining } from '../task.ts'
import { IdDataset } from '../textClassifier/dataset.ts'
import { describeTexts } from '../textClassifier/describeRows.ts'
import { classifierLayers } from '../textClassifier/layers.ts'
import {
  encodeItems,
  extendWords,
  learnWords,
  readLabels,
  readTexts,
  wordEmbedding,
} from '../textClassifier/texts.ts'
import { fitDefaults } from '../textClassifier/training.ts'
import { unknownTokens } from '../unknownTokens.ts'
import { splitLabels } from './labelLists.ts'
import { completeMultiLabel, USUAL_THRESHOLD, type LabelListItem, type MultiLabelTypes } from './learned.ts'
import { measureLabels, probabilitiesOfItems, scoreLabelLists } from './measure.ts'
import { multiLabelNetwork } from './network.ts'
import { chooseThreshold } from './threshold.ts'

export * from '../fit/trainingModule.ts'

export const taskTraining: TaskTraining<MultiLabelTypes> = {
  fitDefaults: ({ cell }) => ({ ...fitDefaults({ cell }), labelSmoothing: 0 }),

  readExamples(rows, reading) {
    const { settings, trained, purpose } = reading
    const { examples, tokens, warnings, ...read } = readTexts(rows, reading, { labelLists: true })
    const { labelSeparator } = settings
    const lists = readLabels(examples, purpose, (cell) => splitLabels(cell, labelSeparator))
    const labels = trained?.learned.labels ?? chooseLabels(lists, reading)
    const numbers = new Map(labels.map((label, c) => [label, c]))
    let row = 0
    const classes = readLabels(examples, purpose, () =>
      lists[row++].map((label) => numbers.get(label) ?? findLabel(label, labels)),
    )
    const items = tokens.map((own, i): LabelListItem => ({ tokens: own, classes: classes[i] }))
    return { ...read, items, labels, warnings: [...warnings, ...describeLists(lists, labelSeparator)] }
  },

  learn(given, { labels, textColumn = null }, training, keep) {
    const { settings, words } = learnWords(given, training, keep)
    return completeMultiLabel({ settings, labels: labels!, words, textColumn, threshold: USUAL_THRESHOLD })
  },

  embedding: wordEmbedding,

  extend(learned, training) {
    const words = extendWords(learned, training)
    const { settings, labels, textColumn, threshold } = learned
    return words && completeMultiLabel({ settings, labels, words, textColumn, threshold })
  },

  unknownTokens,

  describeRows(learned, training) {
    const absent = learned.labels.filter((_, c) => training.every(({ classes }) => !classes.includes(c)))
    const shown = absent.slice(0, 5).join(', ') + (absent.length > 5 ? ', …' : '')
    const note = `No training row has the ${absent.length === 1 ? 'label' : 'labels'} ${shown}.`
    return [...describeTexts(learned, training), ...(absent.length > 0 ? [note] : [])]
  },

  network: (learned) => ({ config: multiLabelNetwork(learned), layers: classifierLayers }),

  dataset: ({ learned }, items) =>
    new IdDataset(encodeItems(learned, items), (rows) => {
      const width = learned.labels.length
      const values = new Float64Array(rows.length * width)
      rows.forEach((row, i) => {
        for (const c of items[row].classes) values[i * width + c] = 1
      })
      return { targets: { values } }
    }),

  // Labels do not exclude each other: there are no classes of which each text has one.
  classes: () => [],
  measure: measureLabels,

  async complete(trained, _training, validation) {
    const { learned } = trained
    if (validation.length === 0) return null
    const dataset = taskTraining.dataset(trained, validation)
    const { probabilities } = await probabilitiesOfItems(trained, validation, dataset, {})
    const width = learned.labels.length
    const scored = Array.from(probabilities, (probability, i) => ({
      probability,
      isTrue: validation[Math.floor(i / width)].classes.includes(i % width),
    }))
    return { learned: { ...learned, threshold: chooseThreshold(scored) } }
  },

  baseline(training, reading) {
    const read = (rows: Iterable<object>) =>
      taskTraining.readExamples(rows, { ...reading, purpose: 'evaluation' })
    const { items, labels } = read(training)
    const predict = labelBayes(items, labels!.length)
    return {
      name: 'naive Bayes of each label',
      evaluate(rows) {
        const { items: others } = read(rows)
        const actual = others.map(({ classes }) => classes)
        const predicted = others.map(({ tokens }) => predict(tokens))
        const { microF1, n } = scoreLabelLists(labels!, actual, predicted)
        return { metric: 'microF1', value: microF1, n }
      },
    }
  },
}

/** The given labels, else those of the rows. @throws DataError for fewer than two */
function chooseLabels(
  lists: readonly (readonly string[])[],
  { labels: wanted }: Reading<MultiLabelTypes>,
): readonly string[] {
  const found = wanted ?? sortLabels(lists.flat())
  if (found.length >= 2) return found
  throw new DataError({
    where: 'labels',
    expected: 'at least two different labels',
    got:
      found.length === 0 ? 'none' : `only ${JSON.stringify(found[0])} in ${formatCount(lists.length, 'row')}`,
    remedy: 'Check the label column, or add rows with other labels.',
  })
}

/** What is unusual in the labels of the rows, each a sentence. */
function describeLists(lists: readonly (readonly string[])[], labelSeparator: string): string[] {
  const none = lists.filter((list) => list.length === 0).length
  const single = lists.every((list) => list.length < 2)
  return [
    ...(none > 0 ? [`${formatCount(none, 'row')} without a label.`] : []),
    ...(single
      ? [
          `No row has several labels: check that ${JSON.stringify(labelSeparator)} (\`labelSeparator\`) stands between ` +
            'them, or use a text classifier.',
        ]
      : []),
  ]
}
