/** A layer's arrays, taken one after the other and checked by name and shape. */
import { cellOfClass, GATE_ORDERS } from '../../gateOrders.ts'
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

/** Where Keras 1 has the gates of today's order among a layer's arrays: each has a kernel, a recurrent kernel and a bias. */
function separatePlaces(className: string): number[] {
  const cell = cellOfClass('keras', className)
  const own = cell ? GATE_ORDERS.keras1[cell] : undefined
  if (!cell || !own) return []
  return GATE_ORDERS.keras[cell]!.map((gate) => 3 * own.indexOf(gate))
}

/** One array for all gates, where Keras 1 has one for each. Source: preprocess_weights_for_loading of Keras 2. */
export function joinedGates(type: string, arrays: readonly KerasArray[]): readonly KerasArray[] {
  const [, outer, className] = /^(?:(Bidirectional)\()?(\w+)\)?$/.exec(type) ?? []
  const places = separatePlaces(className)
  const count = 3 * places.length
  if (count === 0 || arrays.length !== (outer ? 2 * count : count)) return arrays
  const begins = outer ? [0, count] : [0]
  const parts = begins.flatMap((begin) =>
    [0, 1, 2].map((part) => places.map((place) => arrays[begin + place + part])),
  )
  return parts.every(haveOneShape) ? parts.map(joinedColumns) : arrays
}

function haveOneShape([first, ...others]: readonly KerasArray[]): boolean {
  return others.every(({ shape }) => shapeText(shape) === shapeText(first.shape))
}

function joinedColumns(parts: readonly KerasArray[]): KerasArray {
  const [{ name, shape }] = parts
  const rows = shape.length === 2 ? shape[0] : 1
  const widths = parts.map(({ data }) => data.length / rows)
  const width = widths.reduce((a, b) => a + b, 0)
  const data = new Float32Array(rows * width)
  let at = 0
  parts.forEach((part, i) => {
    for (let row = 0; row < rows; row++)
      data.set(part.data.subarray(row * widths[i], (row + 1) * widths[i]), row * width + at)
    at += widths[i]
  })
  return { name, shape: shape.length === 2 ? [rows, width] : [width], data }
}

/** `(96, 288)` */
export function shapeText(shape: readonly number[]): string {
  return `(${shape.join(', ')})`
}
