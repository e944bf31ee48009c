/** Numbers of sequences from nested or flat arrays, with a row of numbers per step. */
import { DataError, ShapeError, UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'

/** Numbers of sequences, `width` per step, one sequence after the other. */
export interface ArrayTable {
  kind: 'ids' | 'features'
  count: number
  width: number
  data: ArrayLike<number>
  /** First step of each sequence. */
  starts: ArrayLike<number>
  /** Steps of each sequence. */
  steps: ArrayLike<number>
}

/** @throws DataError unless it is an array or a typed array */
export function assertList(
  where: string,
  list: unknown,
  expected = 'an array',
): asserts list is ArrayLike<unknown> {
  if (Array.isArray(list) || (ArrayBuffer.isView(list) && !(list instanceof DataView))) return
  throw new DataError({ where, expected, got: describe(list) })
}

/**
 * Copies numbers of a list to `into` from `at` on; `place` names number i in messages.
 * @throws DataError for an item that is not a number: typed arrays would make 0 of null and 1 of "1"
 */
export function copyNumbers(
  list: ArrayLike<unknown>,
  into: Float64Array,
  at: number,
  place: (i: number) => string,
): void {
  for (let i = 0; i < list.length; i++) {
    const value = list[i]
    if (typeof value !== 'number') {
      throw new DataError({ where: place(i), expected: 'a number', got: describe(value) })
    }
    into[at + i] = value
  }
}

/** Whether a list contains lists. */
export function isNested(list: ArrayLike<unknown>): boolean {
  return list.length > 0 && typeof list[0] === 'object'
}

/** @throws UsageError without a shape, ShapeError for another number of elements */
export function flatTable(
  kind: ArrayTable['kind'],
  data: ArrayLike<number>,
  shape: readonly number[] | undefined,
  form: string,
): ArrayTable {
  const where = `arrayDataset ${kind}`
  if (!shape) {
    const got = data.length === 0 ? 'an empty array' : 'a flat array without `shape`'
    throw new UsageError({ where, expected: `nested arrays, or a flat array with \`shape\` ${form}`, got })
  }
  assertList(`${where}, shape`, shape, `an array ${form}`)
  const [count, steps, width] = shape
  if (shape.some((size) => !(Number.isInteger(size) && size > 0)) || data.length !== count * steps * width) {
    const expected = `numbers for \`shape\` [${shape.join(', ')}]`
    throw new ShapeError({ where, expected: `${count * steps * width} ${expected}`, got: `${data.length}` })
  }
  const starts = Int32Array.from({ length: count }, (_, row) => row * steps)
  return { kind, count, width, data, starts, steps: new Int32Array(count).fill(steps) }
}

/** Copies nested lists, named `where` in messages, into one array; `copy` writes a sequence whose first step is step `at` of it. */
export function nestedTable<S extends ArrayLike<unknown>>(
  where: string,
  kind: ArrayTable['kind'],
  sequences: readonly S[],
  width: number,
  copy: (data: Float64Array, at: number, sequence: S, row: number) => void,
): ArrayTable {
  sequences.forEach((sequence, row) => assertList(`${where}, row ${row}`, sequence, 'an array of steps'))
  const count = sequences.length
  const [starts, steps] = [new Int32Array(count), new Int32Array(count)]
  let total = 0
  sequences.forEach(({ length }, row) => {
    starts[row] = total
    steps[row] = length
    total += length
  })
  const data = new Float64Array(total * width)
  sequences.forEach((sequence, row) => copy(data, starts[row], sequence, row))
  return { kind, count, width, data, starts, steps }
}
