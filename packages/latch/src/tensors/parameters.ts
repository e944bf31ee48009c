/**
 * Named parameters, all in one region of the arena: values, gradients and each optimizer state have
 * the same layout, so that one kernel call updates the whole network. Names, shapes and order in the API
 * are PyTorch's; inside, matrices are packed (see engine/kernels.ts).
 */
import { hash32 } from '../core/random.ts'
import type { Engine } from '../engine/engine.ts'
import type { Pointer } from '../engine/kernels.ts'
import { ShapeError, UsageError } from '../core/errors.ts'

/** A block of rows of a PyTorch matrix (N, K) that lies packed as (K, rows), `offset` floats into the region. */
interface PackedPart {
  readonly firstRow: number
  readonly rows: number
  readonly offset: number
}

/** One named tensor that training changes; `network.readParameter(name)` gives its numbers. */
export interface ParameterInfo {
  /** The layer's name and PyTorch's: `recurrent.0.weight_ih_l0`. */
  readonly name: string
  /** PyTorch's shape: (N, K) for matrices, (N) for vectors, (V, E) for an embedding. */
  readonly shape: readonly number[]
  /** Numbers in it, without padding. */
  readonly size: number
}

/** A parameter with its place in a region. */
export interface Parameter extends ParameterInfo {
  /** Packed blocks, or null where it is row-major. */
  readonly parts: readonly PackedPart[] | null
  /** Floats into the region. */
  readonly offset: number
}

export type RegionName = string

const ROUND = 16

/** The named parameters of a network, their gradients and optimizer states. */
export class ParameterStore {
  readonly #engine: Engine
  readonly #parameters: Parameter[] = []
  readonly #regions = new Map<RegionName, Pointer>()
  #count = 0
  #revision = 0
  #fingerprint = 0
  /** The revision that the fingerprint is of. */
  #hashed = -1

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get engine(): Engine {
    return this.#engine
  }

  get all(): readonly Parameter[] {
    return this.#parameters
  }

  /** Increases whenever weights may have changed, so that a reader knows whether its copy is current. */
  get revision(): number {
    return this.#revision
  }

  /** Called by code that changes weights in place, without `write` or `copy`. */
  noteChange(): void {
    this.#revision++
  }

  /** A hash of the weights, the same on every engine. */
  get fingerprint(): number {
    if (this.#hashed === this.#revision) return this.#fingerprint
    this.#hashed = this.#revision
    this.#fingerprint = 0
    // The smallest differences that predictions show.
    for (const parameter of this.all)
      for (const weight of this.read(parameter))
        this.#fingerprint = hash32(this.#fingerprint + weight * 2 ** 30)
    return this.#fingerprint
  }

  /** Floats of a region, padding included. */
  get count(): number {
    return this.#count
  }

  /** Declares a matrix (N, K), packed in blocks of `blocks` rows (default: one block of N). */
  matrix(name: string, shape: readonly [number, number], blocks: readonly number[] = [shape[0]]): Parameter {
    const W = this.#engine.panel
    const offset = this.#count
    let firstRow = 0
    const parts = blocks.map((rows) => {
      const part = { firstRow, rows, offset: this.#count }
      firstRow += rows
      this.#count += round(Math.ceil(rows / W) * W * shape[1])
      return part
    })
    return this.#add({ name, shape, size: shape[0] * shape[1], parts, offset })
  }

  /** Declares a vector or a row-major table. */
  plain(name: string, shape: readonly number[]): Parameter {
    const size = shape.reduce((a, b) => a * b, 1)
    const offset = this.#count
    this.#count += round(size)
    return this.#add({ name, shape, size, parts: null, offset })
  }

  #add(parameter: Parameter): Parameter {
    if (this.#regions.size > 0) throw new Error('parameters are declared before the first region is reserved')
    this.#parameters.push(parameter)
    return parameter
  }

  /** Reserves (once) a region of the parameters' layout, zeroed, and returns where it begins. */
  region(name: RegionName): Pointer {
    const known = this.#regions.get(name)
    if (known !== undefined) return known
    const pointer = this.#engine.memory.floats(this.#count, `${name} of ${this.#count} parameters`)
    this.#engine.kernels.zero(pointer, this.#count)
    this.#regions.set(name, pointer)
    return pointer
  }

  has(name: RegionName): boolean {
    return this.#regions.has(name)
  }

  /** Copies one region onto another. */
  copy(to: RegionName, from: RegionName): void {
    const target = this.region(to)
    const source = this.region(from)
    const { memory } = this.#engine
    memory.viewFloats(target, this.#count).set(memory.viewFloats(source, this.#count))
    if (to === 'weights') this.noteChange()
  }

  /** Address of a parameter (or of its part) in a region. */
  at(parameter: Parameter, part = 0, region: RegionName = 'weights'): Pointer {
    const offset = parameter.parts ? parameter.parts[part].offset : parameter.offset
    return this.#regions.get(region)! + offset * this.#engine.memory.floatBytes
  }

  /** A parameter's numbers in PyTorch's order; it is one of `all`. */
  read(parameter: ParameterInfo, region: RegionName = 'weights'): Float32Array | Float64Array {
    const base = this.region(region)
    const all = this.#engine.memory.viewFloats(base, this.#count)
    const out =
      this.#engine.precision === 'float32'
        ? new Float32Array(parameter.size)
        : new Float64Array(parameter.size)
    this.#eachElement(parameter, (native, inside) => (out[native] = all[inside]))
    return out
  }

  /** Writes one of the parameters, given in PyTorch's order. */
  write(parameter: ParameterInfo, data: ArrayLike<number>, region: RegionName = 'weights'): void {
    if (data.length !== parameter.size) {
      throw new ShapeError({
        where: parameter.name,
        expected: `${parameter.size} numbers for shape (${parameter.shape.join(', ')})`,
        got: `${data.length}`,
      })
    }
    const base = this.region(region)
    const all = this.#engine.memory.viewFloats(base, this.#count)
    this.#eachElement(parameter, (native, inside) => (all[inside] = data[native]))
    if (region === 'weights') this.noteChange()
  }

  find(name: string): Parameter {
    const found = this.#parameters.find((p) => p.name === name)
    if (found) return found
    throw new UsageError({
      where: 'network parameters',
      expected: `one of ${this.#parameters.map((p) => p.name).join(', ')}`,
      got: name,
    })
  }

  #eachElement(info: ParameterInfo, visit: (native: number, inside: number) => void): void {
    const parameter = info as Parameter
    if (!parameter.parts) {
      for (let i = 0; i < parameter.size; i++) visit(i, parameter.offset + i)
      return
    }
    const W = this.#engine.panel
    const K = parameter.shape[1]
    for (const { firstRow, rows, offset } of parameter.parts) {
      for (let n = 0; n < rows; n++) {
        const column = offset + Math.floor(n / W) * K * W + (n % W)
        for (let k = 0; k < K; k++) visit((firstRow + n) * K + k, column + k * W)
      }
    }
  }
}

function round(floats: number): number {
  return Math.ceil(floats / ROUND) * ROUND
}
