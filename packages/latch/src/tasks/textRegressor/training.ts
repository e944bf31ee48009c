/** Training of a text regressor: rows → texts and numbers, standardised by those of the training rows. */
import { DataError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { ridge } from '../baselines/ridge.ts'
import { measureValues } from '../evaluate.ts'
import type { TaskTraining } from '../task.ts'
import { IdDataset } from '../textClassifier/dataset.ts'
import { describeTexts } from '../textClassifier/describeRows.ts'
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
import { completeRegressor, type NumberItem, type RegressorTypes, type TargetScaling } from './learned.ts'
import { regressorLayers, regressorNetwork } from './network.ts'

export * from '../fit/trainingModule.ts'

export const taskTraining: TaskTraining<RegressorTypes> = {
  fitDefaults: ({ cell }) => ({ learningRate: fitDefaults({ cell }).learningRate }),

  readExamples(rows, reading) {
    const { examples, tokens, ...read } = readTexts(rows, reading)
    const values = readLabels(examples, reading.purpose, readNumberCell)
    const items = tokens.map((own, i): NumberItem => ({ tokens: own, value: values[i] }))
    if (reading.purpose === 'training' && values.every((value) => value === values[0])) throwSingle(values)
    return { ...read, items, labels: [examples.columns.label!] }
  },

  learn(given, { labels, textColumn = null }, training, keep) {
    const { settings, words } = learnWords(given, training, keep)
    const scaling = scalingOf(training.map(({ value }) => value))
    return completeRegressor({ settings, labels: labels!, words, textColumn, scaling })
  },

  embedding: wordEmbedding,

  extend(learned, training) {
    const words = extendWords(learned, training)
    const { settings, labels, textColumn, scaling } = learned
    return words && completeRegressor({ settings, labels, words, textColumn, scaling })
  },

  unknownTokens,
  describeRows: describeTexts,

  network: (learned) => ({ config: regressorNetwork(learned), layers: regressorLayers }),

  dataset({ learned }, items) {
    const { mean, deviation } = learned.scaling
    return new IdDataset(encodeItems(learned, items), (rows) => ({
      targets: { values: Float64Array.from(rows, (row) => (items[row].value - mean) / deviation) },
    }))
  },

  classes: () => [],

  async measure({ network, learned, names: labels }, _items, dataset, options) {
    const { meanAbsoluteError, rootMeanSquaredError, ...rest } = await measureValues(
      network,
      dataset,
      options,
    )
    const { deviation } = learned.scaling
    return {
      kind: 'values',
      ...rest,
      meanAbsoluteError: meanAbsoluteError * deviation,
      rootMeanSquaredError: rootMeanSquaredError * deviation,
      labels,
      warnings: [],
    }
  },

  baseline(training, reading) {
    const read = (rows: Iterable<object>) =>
      taskTraining.readExamples(rows, { ...reading, purpose: 'evaluation' }).items
    const items = read(training)
    const predict = ridge(items)
    const { mean } = scalingOf(items.map(({ value }) => value))
    return {
      name: 'ridge regression of word counts',
      evaluate(rows) {
        const others = read(rows)
        const error = (guess: (item: NumberItem) => number) =>
          others.reduce((sum, item) => sum + Math.abs(guess(item) - item.value), 0) / others.length
        return {
          metric: 'meanAbsoluteError',
          value: error(({ tokens }) => predict(tokens)),
          meanOnly: error(() => mean),
          n: others.length,
        }
      },
    }
  },
}

/** A number as it is written in a cell. @throws DataError */
function readNumberCell(cell: string): number {
  const value = Number(cell)
  if (cell !== '' && Number.isFinite(value)) return value
  throw new DataError({
    where: 'target',
    expected: 'a finite number',
    got: describe(cell),
    remedy: 'Write numbers with a decimal point and nothing else, such as 4.5.',
  })
}

/** Mean and standard deviation (of n); 1 for a deviation of 0. */
function scalingOf(values: readonly number[]): TargetScaling {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, deviation: Math.sqrt(variance) || 1 }
}

function throwSingle(values: readonly number[]): never {
  throw new DataError({
    where: 'targets',
    expected: 'at least two different numbers',
    got: `only ${values[0]}`,
    remedy: 'Check the column of the numbers, or add rows with others.',
  })
}
