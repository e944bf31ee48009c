/** Targets of sequences from nested or flat arrays. */
import type { Targets } from '../layers/loss.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import { DataError, ShapeError, UsageError } from '../core/errors.ts'
import { isFiniteAt } from '../core/precision.ts'
import { assertList, copyNumbers, isNested, nestedTable, type ArrayTable } from './arrayTable.ts'

type Numbers = ArrayLike<number>

/**
 * Targets of sequences. One of: a class per sequence (N); a class per step (N, T); numbers per sequence, (N) or (N, C);
 * numbers per step, (N, T) or (N, T, C). Each nested, or flat and row-major. A softmax ignores negative classes. For CTC
 * a list of labels for each sequence (N, L).
 */
export type ArrayTargets =
  | { classes: Numbers }
  | { stepClasses: Numbers | readonly Numbers[] }
  | { values: Numbers | readonly Numbers[] }
  | { stepValues: Numbers | readonly (Numbers | readonly Numbers[])[] }
  | { labels: readonly Numbers[] }

/** The targets of some rows, given their batch. */
export type TargetReader = (rows: Int32Array, batch: PackedBatch) => Targets

/** Numbers of targets: `counts[row]` entries of `width` numbers from entry `starts[row]` on. */
interface TargetTable {
  data: Numbers
  width: number
  starts: Numbers
  counts: Numbers
}

const KINDS = ['classes', 'stepClasses', 'values', 'stepValues', 'labels'] as const

/** @throws ShapeError, DataError or UsageError naming the target at fault */
export function readTargets(targets: ArrayTargets, inputs: ArrayTable, lengths: Int32Array): TargetReader {
  const given = Object.entries(targets ?? {}) as [(typeof KINDS)[number], never][]
  const kind = given[0]?.[0]
  if (given.length !== 1 || !KINDS.includes(kind)) {
    throw new UsageError({
      where: 'arrayDataset targets',
      expected: 'one of `classes`, `stepClasses`, `values`, `stepValues` and `labels`',
      got: given.map(([name]) => name).join(', ') || 'none',
    })
  }
  const where = `arrayDataset targets.${kind}`
  if (kind === 'labels') return labelLists(where, given[0][1], inputs.count)
  const perStep = kind === 'stepClasses' || kind === 'stepValues'
  const isClass = kind === 'classes' || kind === 'stepClasses'
  const list: Numbers = given[0][1]
  assertList(where, list)
  const table = perStep ? stepTable(where, list, inputs, lengths) : sequenceTable(where, list, inputs.count)
  if (isClass && table.width !== 1) {
    const expected = perStep ? 'one class per step' : `${inputs.count} targets (one per sequence)`
    const got = perStep ? `${table.width}` : `${(list as Numbers).length}`
    throw new ShapeError({ where, expected, got })
  }
  checkTargets(where, table, isClass, perStep)
  if (perStep) return isClass ? stepClasses(table) : stepValues(table)
  const read = (rows: Int32Array) => rowsOf(table, rows)
  return isClass ? (rows) => ({ classes: Int32Array.from(read(rows)) }) : (rows) => ({ values: read(rows) })
}

/** Labels of CTC: a list for each sequence, whose lengths may differ. */
function labelLists(where: string, lists: readonly Numbers[], count: number): TargetReader {
  if (lists?.length !== count || !isNested(lists)) {
    const expected = `${count} lists of labels (one per sequence)`
    throw new ShapeError({ where, expected, got: lists?.length === count ? 'numbers' : `${lists?.length}` })
  }
  const own = lists.map((list, row) =>
    Int32Array.from(list, (label, i) => {
      if (Number.isInteger(label)) return label
      const expected = 'a label (a whole number)'
      throw new DataError({ where: `${where}, row ${row}, label ${i}`, expected, got: String(label) })
    }),
  )
  return (rows) => ({ labels: Array.from(rows, (row) => own[row]) })
}

function rowsOf({ data, width }: TargetTable, rows: Int32Array): Float64Array {
  const out = new Float64Array(rows.length * width)
  rows.forEach((row, b) => {
    for (let j = 0; j < width; j++) out[b * width + j] = data[row * width + j]
  })
  return out
}

function stepClasses({ data, starts, counts }: TargetTable): TargetReader {
  return (rows) => ({
    stepClasses: Array.from(rows, (row) =>
      Int32Array.from({ length: counts[row] }, (_, t) => data[starts[row] + t]),
    ),
  })
}

/** Values per step lie in the order of the packed batch: (R, C). */
function stepValues({ data, starts, width }: TargetTable): TargetReader {
  return (rows, batch) => {
    const values = new Float64Array(batch.rows * width)
    batch.eachRow((packed, b, t) => {
      for (let j = 0; j < width; j++) values[packed * width + j] = data[(starts[rows[b]] + t) * width + j]
    })
    return { values }
  }
}

/** (N) or (N, C). */
function sequenceTable(where: string, list: Numbers | readonly Numbers[], count: number): TargetTable {
  const nested = isNested(list)
  const width = nested ? (list[0] as Numbers).length : list.length / count
  if (nested ? list.length !== count : !Number.isInteger(width) || width < 1) {
    throw new ShapeError({ where, expected: `${count} targets (one per sequence)`, got: `${list.length}` })
  }
  const starts = Int32Array.from({ length: count }, (_, row) => row)
  const counts = new Int32Array(count).fill(1)
  if (!nested) return { data: list as Numbers, width, starts, counts }
  const data = new Float64Array(count * width)
  ;(list as readonly Numbers[]).forEach((own, row) => {
    assertList(`${where}, row ${row}`, own, 'an array of numbers')
    requireWidth(`${where}, row ${row}`, own, width, 'row 0')
    copyNumbers(own, data, row * width, (j) => `${where}, row ${row}, number ${j}`)
  })
  return { data, width, starts, counts }
}

/** (N, T) or (N, T, C); a flat array has as many steps as the inputs. */
function stepTable(
  where: string,
  list: Numbers | readonly (Numbers | readonly Numbers[])[],
  inputs: ArrayTable,
  lengths: Int32Array,
): TargetTable {
  if (!isNested(list)) {
    const steps = Array.from(inputs.steps).reduce((sum, count) => sum + count, 0)
    const width = list.length / steps
    const fits = Number.isInteger(width) && width >= 1
    if (fits) return { data: list as Numbers, width, starts: inputs.starts, counts: lengths }
    throw new ShapeError({ where, expected: `${steps} targets (one per step)`, got: `${list.length}` })
  }
  const sequences = list as readonly (Numbers | readonly Numbers[])[]
  if (sequences.length !== inputs.count) {
    const expected = `${inputs.count} lists (one per sequence)`
    throw new ShapeError({ where, expected, got: `${sequences.length}` })
  }
  const first = sequences[0]?.[0]
  const width = typeof first === 'object' && first !== null ? first.length : 1
  const { data, starts } = nestedTable(where, 'features', sequences, width, (into, at, sequence, row) => {
    if (sequence.length < lengths[row]) {
      const expected = `${lengths[row]} targets (one per step)`
      throw new ShapeError({ where: `${where}, row ${row}`, expected, got: `${sequence.length}` })
    }
    for (let t = 0; t < sequence.length; t++) {
      const step = sequence[t]
      const own = typeof step === 'number' ? [step] : step
      assertList(`${where}, row ${row}, step ${t}`, own, 'a number, or an array of numbers')
      requireWidth(`${where}, row ${row}, step ${t}`, own, width, 'row 0, step 0')
      copyNumbers(own, into, (at + t) * width, () => `${where}, row ${row}, step ${t}`)
    }
  })
  return { data, starts, width, counts: lengths }
}

function requireWidth(where: string, numbers: Numbers, width: number, first: string): void {
  if (numbers.length === width) return
  throw new ShapeError({ where, expected: `${width} numbers, as in ${first}`, got: `${numbers.length}` })
}

function checkTargets(where: string, table: TargetTable, isClass: boolean, perStep: boolean): void {
  const { data, width, starts, counts } = table
  for (let row = 0; row < starts.length; row++) {
    for (let i = starts[row] * width; i < (starts[row] + counts[row]) * width; i++) {
      if (isClass ? Number.isInteger(data[i]) : isFiniteAt('float32', data[i])) continue
      const step = perStep ? `, step ${Math.floor(i / width) - starts[row]}` : ''
      const expected = isClass ? 'a class (a whole number)' : 'a finite number'
      throw new DataError({ where: `${where}, row ${row}${step}`, expected, got: String(data[i]) })
    }
  }
}
