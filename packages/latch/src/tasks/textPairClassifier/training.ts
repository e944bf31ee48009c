/** Training of a classifier of pairs of texts: rows → the tokens of both texts and a label. */
import { DataError } from '../../core/errors.ts'
import { examplesFromRows } from '../../data/examples.ts'
import { formatCount } from '../labels.ts'
import type { TaskTraining } from '../task.ts'
import { IdDataset } from '../textClassifier/dataset.ts'
import { describeRows } from '../textClassifier/describeRows.ts'
import { extendWords, learnWords, nounOf, warnCut, wordEmbedding } from '../textClassifier/texts.ts'
import { bayesBaseline, fitDefaults, readClasses } from '../textClassifier/training.ts'
import { TextReader } from '../textClassifier/reader.ts'
import { unknownTokens } from '../unknownTokens.ts'
import { completeTextPair, pairIds, type TextPairItem, type TextPairTypes } from './learned.ts'
import { textPairLayers, textPairNetwork } from './network.ts'

export * from '../fit/trainingModule.ts'

export const taskTraining: TaskTraining<TextPairTypes> = {
  fitDefaults,

  readExamples(given, reading) {
    const { columns, purpose, trained, settings } = reading
    const [a, b] = textColumns(columns)
    const rows = [...given]
    const name = `${nounOf(purpose)}s`
    const { target: label = 'label' } = columns
    const first = examplesFromRows(rows, { text: a, label, name })
    const second = examplesFromRows(rows, { text: b, label, name })
    // Rows with both texts and a label.
    const placeOf = new Map(second.rowNumbers.map((row, i) => [row, i]))
    const kept = first.rowNumbers.flatMap((row, i) => {
      const other = placeOf.get(row)
      return other === undefined
        ? []
        : [{ row, a: first.texts[i], b: second.texts[other], label: first.labels[i] }]
    })
    if (kept.length === 0) {
      const got = `${formatCount(rows.length, 'row')} with an empty text or label`
      throw new DataError({ where: name, expected: 'at least one row with two texts and a label', got })
    }
    const rowNumbers = kept.map(({ row }) => row)
    const { labels, classes } = readClasses({ labels: kept.map((row) => row.label), rowNumbers }, reading)
    const reader = trained?.learned.reader ?? new TextReader(settings)
    let cut = 0
    const items = kept.map((row, i): TextPairItem => {
      const [one, other] = [reader.read(row.a), reader.read(row.b)]
      for (const text of [one, other]) if (text.cut > 0) cut++
      return { tokens: [...one.tokens, ...other.tokens], length: one.tokens.length, class: classes[i] }
    })
    const skipped = rows.length - kept.length
    const warnings =
      skipped > 0 ? [`${name}: skipped ${formatCount(skipped, 'row')} with an empty text or label.`] : []
    return {
      items,
      rows: rowNumbers,
      labels,
      textColumn: `${a},${b}`,
      warnings: [...warnings, ...warnCut(cut, reader.maximumLength)],
    }
  },

  learn(given, { labels, textColumn = null }, training, keep) {
    const { settings, words } = learnWords(given, training, keep)
    return completeTextPair({ settings, labels: labels!, words, textColumn })
  },

  embedding: (settings) => ({ ...wordEmbedding(settings), parameter: 'pairEmbedding.0.weight' }),

  extend(learned, training) {
    const words = extendWords(learned, training)
    const { settings, labels, textColumn } = learned
    return words && completeTextPair({ settings, labels, words, textColumn })
  },

  unknownTokens,
  describeRows,

  network: (learned) => ({ config: textPairNetwork(learned), layers: textPairLayers }),

  dataset: ({ learned }, items) =>
    new IdDataset(
      items.map((item) => pairIds(learned, item)),
      (rows) => {
        const classes = Int32Array.from(rows, (row) => items[row].class)
        return { targets: { classes }, classes }
      },
    ),

  classes: (item) => [item.class],

  baseline(training, { columns }) {
    const texts = textColumns(columns)
    const pairs = (rows: Iterable<object>) => [...rows].filter((row) => hasTexts(row, texts))
    const found = bayesBaseline(pairs(training), texts, columns.target ?? 'label')
    return { ...found, evaluate: (rows) => found.evaluate(pairs(rows)) }
  },
}

/** Rows without one of the texts are skipped, as in `fit` and `evaluate`. */
function hasTexts(row: object, texts: readonly string[]): boolean {
  return texts.every((name) => String((row as Record<string, unknown>)[name] ?? '').trim() !== '')
}

function textColumns({ texts = ['a', 'b'] }: { texts?: readonly string[] }): readonly string[] {
  return texts
}
