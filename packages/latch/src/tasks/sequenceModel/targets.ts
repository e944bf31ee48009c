/**
 * Examples of a sequence model: rows of input and target → the dataset for training. Targets are classes by
 * name or index, or numbers; one per sequence or one per step, like the outputs of the network.
 */
import type { ModelInput } from '../../formats/imported.ts'
import type { Targets } from '../../layers/loss.ts'
import { outputBatch, outputSteps } from '../../model/outputBatch.ts'
import type { Dataset, Sample } from '../../training/dataset.ts'
import { DataError } from '../../core/errors.ts'
import { isFiniteAt } from '../../core/precision.ts'
import { describe } from '../../core/validation.ts'
import { packSequences } from '../encoding.ts'
import { findLabel } from '../labels.ts'
import type { EncodedSequence } from '../model.ts'
import { countClasses } from '../prediction.ts'
import type { Trained } from '../task.ts'
import { classTargets } from '../numberTargets.ts'
import type { SequenceInput } from './reader.ts'

/** The target of a sequence: a class (name or index) or numbers, or a list with one per step. */
export type SequenceTarget =
  | string
  | number
  | readonly (string | number)[]
  | readonly (readonly number[])[]
  | Float32Array
  | Float64Array

/** A training example. */
export interface SequenceRow {
  input: SequenceInput
  target: SequenceTarget
}

/** An encoded row. */
export interface SequenceItem {
  encoded: EncodedSequence
  /** Class indices (1 or T), or numbers (C or T·C). */
  targets: readonly number[]
  isClass: boolean
}

/** Reads the targets of one model. */
export class TargetReader {
  readonly #trained: Trained
  readonly #numbers: Map<string, number>
  readonly #isClass: boolean

  constructor(trained: Trained) {
    this.#trained = trained
    this.#numbers = new Map(trained.names.map((name, i) => [name, i]))
    this.#isClass = countClasses(trained.network, trained.learned.outputActivation) > 0
  }

  /** @throws DataError naming the row */
  read(where: string, encoded: EncodedSequence, target: SequenceTarget): SequenceItem {
    const { per, width } = this.#trained.network.output
    const isClass = this.#isClass
    const given =
      typeof target === 'object'
        ? Array.from(target as readonly (string | number | readonly number[])[]).flat()
        : [target]
    const steps = per === 'step' ? outputSteps(this.#trained.network, encoded.steps) : 1
    const count = steps * (isClass ? 1 : width)
    if (given.length !== count) {
      const noun = isClass ? (count === 1 ? 'class' : 'classes') : count === 1 ? 'number' : 'numbers'
      throw new DataError({
        where: `${where}, target`,
        expected: `${count} ${noun}`,
        got: `${given.length}`,
      })
    }
    const targets = given.map((one) => (isClass ? this.#classNumber(where, one) : readNumber(where, one)))
    return { encoded, targets, isClass }
  }

  #classNumber(where: string, one: string | number): number {
    const { names } = this.#trained
    if (typeof one === 'string') return this.#numbers.get(one) ?? findLabel(one, names, `${where}, target`)
    if (Number.isInteger(one) && one >= 0 && one < names.length) return one
    const expected = `a class from 0 to ${names.length - 1}, or its name`
    throw new DataError({ where: `${where}, target`, expected, got: describe(one) })
  }
}

function readNumber(where: string, one: string | number): number {
  if (typeof one === 'number' && isFiniteAt('float32', one)) return one
  throw new DataError({ where: `${where}, target`, expected: 'a finite 32-bit number', got: describe(one) })
}

/** The dataset of the items, for training. */
export class SequenceDataset implements Dataset {
  readonly lengths: Int32Array
  readonly #trained: Trained
  readonly #items: readonly SequenceItem[]

  constructor(trained: Trained, items: readonly SequenceItem[]) {
    this.#trained = trained
    this.#items = items
    this.lengths = Int32Array.from(items, ({ encoded }) => encoded.steps)
  }

  get size(): number {
    return this.#items.length
  }

  batch(rows: Int32Array): Sample {
    const { network, learned } = this.#trained
    const items = Array.from(rows, (row) => this.#items[row])
    const batch = packSequences(
      items.map(({ encoded }) => encoded),
      learned.input as ModelInput,
    )
    const { per, width } = network.output
    if (items[0].isClass && learned.outputActivation !== 'probabilities') {
      if (per === 'step') return { batch, targets: { stepClasses: items.map(({ targets }) => targets) } }
      const classes = Int32Array.from(items, ({ targets: [one] }) => one)
      return { batch, targets: { classes }, classes }
    }
    const numbers = items.map(({ targets, isClass }) =>
      isClass ? targets.flatMap((one) => classTargets(one, width)) : targets,
    )
    if (per === 'sequence') return { batch, targets: { values: Float64Array.from(numbers.flat()) } }
    const above = outputBatch(network, batch)
    const values = new Float64Array(above.rows * width)
    above.eachRow((row, sequence, t) => {
      for (let j = 0; j < width; j++) values[row * width + j] = numbers[sequence][t * width + j]
    })
    return { batch, targets: { values } satisfies Targets }
  }
}
