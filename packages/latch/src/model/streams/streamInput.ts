/** The input of streams: a token id or the features of one step, checked, into a row of the arena. */
import type { Arena } from '../../engine/arena.ts'
import { DataError, ShapeError } from '../../core/errors.ts'
import { requireFinite } from '../../core/validation.ts'
import type { EmbeddingOptions } from '../../layers/embedding.ts'
import type { FeaturesOptions } from '../../layers/features.ts'
import type { OneHotOptions } from '../../layers/oneHot.ts'
import type { Rows } from '../../layers/streamRows.ts'

/** What the first layer of a network is. */
export type InputOptions = EmbeddingOptions | OneHotOptions | FeaturesOptions

export class StreamInput {
  /** Features of a step, or ids that there are. */
  readonly width: number
  /** Where ids lie (capacity), 0 for features. */
  readonly ids: number
  /** Where features go (capacity, width), null for ids. */
  features: Rows | null = null
  readonly #memory: Arena
  readonly #capacity: number
  #view: Int32Array

  constructor(memory: Arena, first: InputOptions, capacity: number) {
    this.width = first.type === 'features' ? first.width : first.vocabulary
    this.#memory = memory
    this.#capacity = capacity
    this.ids = first.type === 'features' ? 0 : memory.ints(capacity, `${capacity} streams`)
    this.#view = memory.viewInts(this.ids, this.ids ? capacity : 0)
  }

  /** Views the arena again, after it may have grown. */
  refresh(): void {
    this.#view = this.#memory.viewInts(this.ids, this.ids ? this.#capacity : 0)
  }

  /** One step of one stream: a token id, or its features. @throws ShapeError; DataError for other numbers */
  write(step: number | ArrayLike<number>): void {
    if (typeof step === 'number') this.#writeId(0, step)
    else {
      this.check(step, 1)
      this.#writeFeatures(0, step, 0)
    }
  }

  /** One step of each of `count` streams: ids (count) or features (count·F). @throws ShapeError, DataError */
  writeAll(steps: ArrayLike<number>, count: number): void {
    this.check(steps, count)
    for (let i = 0; i < count; i++) this.writeRow(i, steps, i)
  }

  /** @throws ShapeError unless there is a step for each of `count` streams */
  check(steps: ArrayLike<number>, count: number): void {
    const wanted = this.features === null ? count : count * this.width
    if (typeof steps !== 'object' || steps === null || steps.length !== wanted) this.#throwShape(count, steps)
  }

  /** Stream `from`'s step of a checked `steps` to row `to`. @throws DataError for an id or a number that cannot be read */
  writeRow(to: number, steps: ArrayLike<number>, from: number): void {
    if (this.features === null) this.#writeId(to, steps[from])
    else this.#writeFeatures(to, steps, from * this.width)
  }

  #writeId(row: number, id: number): void {
    if (this.features !== null) this.#throwShape(1, id)
    if (!(id >= 0 && id < this.width) || (id | 0) !== id) throwUnknownId(id, this.width)
    this.#view[row] = id
  }

  #writeFeatures(row: number, steps: ArrayLike<number>, from: number): void {
    if (this.features === null) this.#throwShape(1, steps)
    const { view, stride, width } = this.features
    const to = row * stride
    // x − x is 0 for finite numbers alone. Two sums, since an addition waits for the one before it.
    let even = 0
    let odd = 0
    let j = 0
    for (; j + 1 < width; j += 2) {
      const x = Math.fround(steps[from + j])
      const y = Math.fround(steps[from + j + 1])
      view[to + j] = steps[from + j]
      view[to + j + 1] = steps[from + j + 1]
      even += x - x
      odd += y - y
    }
    if (j < width) {
      const x = Math.fround(steps[from + j])
      view[to + j] = steps[from + j]
      odd += x - x
    }
    if (even + odd !== 0) requireFinite('stream.push, feature ', steps, from, from + width)
  }

  #throwShape(count: number, got: unknown): never {
    const { width, features } = this
    const ids = count === 1 ? 'a token id' : `${count} token ids`
    const values = count === 1 ? `${width} features` : `${count}·${width} features`
    throw new ShapeError({ where: 'stream.push', expected: features ? values : ids, got: describeStep(got) })
  }
}

function describeStep(got: unknown): string {
  if (typeof got === 'number') return `the number ${got}`
  const { length } = Object(got) as { length?: unknown }
  return typeof got === 'object' && typeof length === 'number' ? `a list of ${length}` : String(got)
}

function throwUnknownId(id: number, vocabulary: number): never {
  throw new DataError({
    where: 'stream.push',
    expected: `an id in 0..${vocabulary - 1}`,
    got: String(id),
    remedy: 'Encode with the model’s vocabulary.',
  })
}
