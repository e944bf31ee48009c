/**
 * Fine-tuning a sequence model: rows of input and target → what training draws batches from. Targets are classes
 * by name or number, or numbers, one for the sequence or one for each step, as the network answers.
 */
import type { Targets } from '../../layers/loss.ts'
import type { Dataset, Sample } from '../../training/dataset.ts'
import type { FitReport, StepProgress, TrainingEvent } from '../../training/events.ts'
import type { TrainingChoices } from '../../training/options.ts'
import { fit } from '../../training/fit.ts'
import { DataError, UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { classOf } from '../textClassifier/classes.ts'
import { classesOf, shareTargets } from './prediction.ts'
import type { SequenceParts } from './parts.ts'
import type { ReadSequence, SequenceInput, SequenceReader } from './reader.ts'

/** What a sequence should have given: a class (name or number) or numbers; a list of them, one a step. */
export type SequenceTarget =
  | string
  | number
  | readonly (string | number)[]
  | readonly (readonly number[])[]
  | Float32Array
  | Float64Array

/** A sequence to learn from. */
export interface SequenceRow {
  input: SequenceInput
  target: SequenceTarget
}

/** What `fit` of a sequence model can be told; defaults are those of training (Adam, 10 epochs). */
export interface SequenceFitOptions extends TrainingChoices {
  /** Watched after each epoch; the weights with the lowest loss on them are kept. */
  validation?: Iterable<SequenceRow>
  signal?: AbortSignal
  onEvent?: (event: TrainingEvent) => void
  onStep?: (progress: StepProgress) => void | Promise<void>
}

/** Errors: see SequenceModel.fit. */
export async function fitSequences(
  parts: SequenceParts,
  names: readonly string[],
  reader: SequenceReader,
  rows: Iterable<SequenceRow>,
  options: SequenceFitOptions,
): Promise<FitReport> {
  const { validation, ...rest } = options
  const train = new SequenceDataset(parts, names, reader, rows, 'row')
  const watched = validation && new SequenceDataset(parts, names, reader, validation, 'validation row')
  return fit(parts.network, { ...rest, train, validation: watched ?? null })
}

/** Rows read and checked, as training asks for them. */
export class SequenceDataset implements Dataset {
  readonly lengths: Int32Array
  readonly #parts: SequenceParts
  readonly #reader: SequenceReader
  readonly #inputs: ReadSequence[] = []
  /** One list a row: classes (1 or T), or numbers (C or T·C). */
  readonly #targets: number[][] = []

  /** @throws DataError naming the row */
  constructor(
    parts: SequenceParts,
    names: readonly string[],
    reader: SequenceReader,
    rows: Iterable<SequenceRow>,
    noun: string,
  ) {
    this.#parts = parts
    this.#reader = reader
    refuseNoRows(rows)
    let number = 0
    for (const row of rows) {
      const where = `${noun} ${number++}`
      if (typeof row !== 'object' || row === null || row.input === undefined || row.target === undefined) {
        throw new DataError({ where, expected: '{ input, target }', got: describe(row) })
      }
      const read = reader.read(row.input)
      this.#inputs.push(read)
      this.#targets.push(numbersOf(where, parts, names, read.steps, row.target))
    }
    if (number === 0) throw new DataError({ where: 'fit', expected: 'rows to learn from', got: 'none' })
    this.lengths = Int32Array.from(this.#inputs, ({ steps }) => steps)
  }

  get size(): number {
    return this.#inputs.length
  }

  batch(rows: Int32Array): Sample {
    const batch = this.#reader.batchOf(Array.from(rows, (row) => this.#inputs[row]))
    const targets = Array.from(rows, (row) => this.#targets[row])
    const { network, answer } = this.#parts
    const { per, width } = network.output
    if (classesOf(network, answer) > 0 && answer !== 'probabilities') {
      if (per === 'step') return { batch, targets: { stepClasses: targets } }
      const classes = Int32Array.from(targets, ([one]) => one)
      return { batch, targets: { classes }, classes }
    }
    const values = per === 'step' ? new Float64Array(batch.rows * width) : Float64Array.from(targets.flat())
    if (per === 'step') {
      batch.eachRow((row, sequence, t) => {
        for (let j = 0; j < width; j++) values[row * width + j] = targets[sequence][t * width + j]
      })
    }
    return { batch, targets: { values } satisfies Targets }
  }
}

function refuseNoRows(rows: unknown): void {
  if (typeof rows === 'object' && rows !== null && Symbol.iterator in rows) return
  throw new UsageError({ where: 'fit', expected: 'rows: { input, target }, …', got: describe(rows) })
}

function numbersOf(
  where: string,
  { network, answer }: SequenceParts,
  names: readonly string[],
  steps: number,
  target: SequenceTarget,
): number[] {
  const { per, width } = network.output
  const given =
    typeof target === 'object'
      ? Array.from(target as readonly (string | number | readonly number[])[]).flat()
      : [target]
  const classes = classesOf(network, answer) > 0
  const wanted = (per === 'step' ? steps : 1) * (classes ? 1 : width)
  if (given.length !== wanted) {
    const what = classes ? 'class' : 'number'
    const expected = `${wanted} ${what}${wanted === 1 ? '' : what === 'class' ? 'es' : 's'}`
    throw new DataError({ where: `${where}, target`, expected, got: `${given.length}` })
  }
  if (!classes) return given.map((one) => finite(where, one))
  const numbers = given.map((one) => classNumber(where, one, names))
  return answer === 'probabilities' ? numbers.flatMap((one) => shareTargets(one, width)) : numbers
}

function classNumber(where: string, one: string | number, names: readonly string[]): number {
  if (typeof one === 'string') return classOf(one, names)
  if (Number.isInteger(one) && one >= 0 && one < names.length) return one
  const expected = `a class from 0 to ${names.length - 1}, or its name`
  throw new DataError({ where: `${where}, target`, expected, got: describe(one) })
}

function finite(where: string, one: string | number): number {
  if (typeof one === 'number' && Number.isFinite(one)) return one
  throw new DataError({ where: `${where}, target`, expected: 'a finite number', got: describe(one) })
}
