/** A layer's arrays, taken one after the other and checked by name and shape. */
import { FormatError } from '../../../core/errors.ts'

/** A named array of a Keras file. */
export interface KerasArray {
  name: string
  shape: readonly number[]
  data: Float32Array
}

/** The arrays of one layer in Keras' order. */
export class LayerArrays {
  readonly #where: string
  readonly #arrays: readonly KerasArray[]
  #next = 0

  constructor(where: string, arrays: readonly KerasArray[]) {
    this.#where = where
    this.#arrays = arrays
  }

  /** The number of parameters of the layer. */
  get parameters(): number {
    return this.#arrays.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  }

  /** The shape of the array after `skip` others, or null if there is none. */
  shapeAhead(skip = 0): readonly number[] | null {
    return this.#arrays[this.#next + skip]?.shape ?? null
  }

  /** The next array, which must have one of the shapes. @throws FormatError naming layer, expected, got */
  take(what: string, ...shapes: (readonly number[])[]): KerasArray {
    const array = this.#arrays[this.#next++] as KerasArray | undefined
    const fits = array && shapes.some((shape) => shape.join() === array.shape.join())
    if (fits && array.data.length === shapes[0].reduce((a, b) => a * b, 1)) return array
    const expected = `${what} ${shapes.map(shapeText).join(' or ')}`
    throw new FormatError({
      where: this.#where,
      expected,
      got: array ? `${array.name} ${shapeText(array.shape)}` : 'no more arrays',
    })
  }

  /** @throws FormatError for unused arrays */
  done(): void {
    const extra = this.#arrays[this.#next] as KerasArray | undefined
    if (!extra) return
    const expected = `${this.#next} arrays`
    throw new FormatError({
      where: this.#where,
      expected,
      got: `${this.#arrays.length}, ${extra.name} among them`,
    })
  }
}

/** `(96, 288)` */
export function shapeText(shape: readonly number[]): string {
  return `(${shape.join(', ')})`
}
