/** Numbers of sequences from nested or flat arrays, with a row of numbers per step. */
import { ShapeError, UsageError } from '../core/errors.ts'

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
  const [count, steps, width] = shape
  if (shape.some((size) => !(Number.isInteger(size) && size > 0)) || data.length !== count * steps * width) {
    const expected = `numbers for \`shape\` [${shape.join(', ')}]`
    throw new ShapeError({ where, expected: `${count * steps * width} ${expected}`, got: `${data.length}` })
  }
  const starts = Int32Array.from({ length: count }, (_, row) => row * steps)
  return { kind, count, width, data, starts, steps: new Int32Array(count).fill(steps) }
}

/** Copies nested lists into one array; `copy` writes a sequence whose first step is step `at` of it. */
export function nestedTable<S extends ArrayLike<unknown>>(
  kind: ArrayTable['kind'],
  sequences: readonly S[],
  width: number,
  copy: (data: Float64Array, at: number, sequence: S, row: number) => void,
): ArrayTable {
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
