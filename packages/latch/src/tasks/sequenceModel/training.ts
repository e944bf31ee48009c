/** Training of a sequence model on rows of input and target; only the weights are learned. */
import { DataError, atRow } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { countClasses } from '../prediction.ts'
import type { Baseline } from '../baselines/baseline.ts'
import type { TaskTraining } from '../task.ts'
import { SequenceDataset, TargetReader, type SequenceItem, type SequenceRow } from './targets.ts'
import type { SequenceTypes } from './learned.ts'
import type { SequenceReader } from './reader.ts'

export * from '../fit/trainingModule.ts'

export const taskTraining: TaskTraining<SequenceTypes> = {
  fitDefaults: () => ({}),

  readExamples(rows, { trained, columns, purpose }) {
    const { input = 'input', target = 'target' } = columns
    const { reader } = trained!.learned
    const targets = new TargetReader(trained!)
    const items: SequenceItem[] = []
    for (const row of rows as Iterable<Record<string, unknown>>) {
      const noun = purpose === 'validation' ? 'validation row' : 'row'
      const where = `${noun} ${items.length}`
      if (typeof row !== 'object' || row === null || row[input] === undefined || row[target] === undefined) {
        throw new DataError({ where, expected: `{ ${input}, ${target} }`, got: describe(row) })
      }
      const encoded = readAt(reader, row[input] as SequenceRow['input'], items.length, noun)
      items.push(targets.read(where, encoded, row[target] as SequenceRow['target']))
    }
    if (items.length === 0) {
      const where = purpose === 'evaluation' ? 'evaluate' : 'fit'
      throw new DataError({ where, expected: 'at least one row', got: 'none' })
    }
    const labels = trained!.names
    return { items, rows: items.map((_, i) => i), labels, warnings: [] }
  },

  dataset: (trained, items) => new SequenceDataset(trained, items),
  classes: ({ targets, isClass }) => (isClass ? targets : []),

  baseline(training, { trained, columns }) {
    const { network, learned } = trained!
    const target = columns.target ?? 'target'
    return countClasses(network, learned.outputActivation) > 0
      ? mostFrequentClass(training, target)
      : meanTarget(training, target)
  },
}

function readAt(reader: SequenceReader, input: SequenceRow['input'], row: number, noun: string) {
  try {
    return reader.read(input)
  } catch (error) {
    throw atRow(error, row, `${noun} ${row}, `)
  }
}

/** The targets of the rows, concatenated. */
function targetsOf(rows: Iterable<object>, target: string): (string | number)[] {
  return Array.from(rows, (row) => (row as Record<string, unknown>)[target]).flatMap((value) =>
    typeof value === 'object'
      ? Array.from(value as readonly (string | number | readonly number[])[]).flat()
      : [value as string | number],
  )
}

function mostFrequentClass(training: Iterable<object>, target: string): Baseline {
  const counts = new Map<string | number, number>()
  for (const value of targetsOf(training, target)) counts.set(value, (counts.get(value) ?? 0) + 1)
  const [[common]] = [...counts].sort(([, a], [, b]) => b - a)
  return {
    name: 'most frequent class',
    evaluate(rows) {
      const all = targetsOf(rows, target)
      const right = all.reduce<number>((count, value) => count + (value === common ? 1 : 0), 0)
      return { metric: 'accuracy', value: right / all.length, n: all.length }
    },
  }
}

function meanTarget(training: Iterable<object>, target: string): Baseline {
  const known = targetsOf(training, target).map(Number)
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  return {
    name: 'mean of the training targets',
    evaluate(rows) {
      const all = targetsOf(rows, target).map(Number)
      const sum = all.reduce((total, value) => total + Math.abs(value - mean), 0)
      return { metric: 'meanAbsoluteError', value: sum / all.length, n: all.length }
    },
  }
}
