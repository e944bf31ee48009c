/**
 * Steps of a stream whose network masks some of them, as forward treats masked steps: layers keep their states and
 * repeat their outputs, means leave them out. One byte a row says whether the step at hand counts.
 */
import type { Arena } from '../engine/arena.ts'
import type { StreamPlace } from './catalogue.ts'
import type { Carried, Rows } from './streamRows.ts'
import type { LayerStep } from './streamSteps.ts'

/** Of the step at hand: 1 where a row is masked. (capacity) */
export type StreamMask = Uint8Array

const masks = new WeakMap<StreamPlace, StreamMask>()

/** The mask of a place, null where every step counts. */
export function maskOf(place: StreamPlace): StreamMask | null {
  return masks.get(place) ?? null
}

/** The mask of a place whose steps may be masked from here on. */
export function openMask(place: StreamPlace): StreamMask {
  const mask = new Uint8Array(place.capacity)
  masks.set(place, mask)
  return mask
}

/** Masks the steps whose id is 0. */
export class IdMaskStep implements LayerStep {
  readonly #memory: Arena
  readonly #ids: number
  readonly #mask: StreamMask

  constructor(memory: Arena, ids: number, mask: StreamMask) {
    this.#memory = memory
    this.#ids = ids
    this.#mask = mask
  }

  run(rows: number): void {
    const ids = this.#memory.viewInts(this.#ids, rows)
    for (let r = 0; r < rows; r++) this.#mask[r] = ids[r] === 0 ? 1 : 0
  }
}

/** Copies rows, zeros for masked ones; with a `value`, first masks the rows that are nothing but it. */
export class ZeroStep implements LayerStep {
  readonly #y: Rows
  readonly #x: Rows
  readonly #mask: StreamMask
  readonly #value: number | null

  constructor(y: Rows, x: Rows, mask: StreamMask, value: number | null) {
    this.#y = y
    this.#x = x
    this.#mask = mask
    this.#value = value
  }

  run(rows: number): void {
    const { view: y, width, stride } = this.#y
    const x = this.#x.view
    for (let r = 0; r < rows; r++) {
      if (this.#value !== null) this.#mask[r] = this.#holdsOnly(this.#value, r * stride) ? 1 : 0
      for (let j = 0; j < width; j++) y[r * stride + j] = this.#mask[r] ? 0 : x[r * stride + j]
    }
  }

  #holdsOnly(value: number, from: number): boolean {
    const { view, width } = this.#x
    for (let j = 0; j < width; j++) if (view[from + j] !== value) return false
    return true
  }
}

/** A layer that keeps the states of masked rows. */
export class MaskedRecurrentStep implements LayerStep {
  readonly #layer: LayerStep
  readonly #states: readonly Rows[]
  readonly #kept: readonly Float64Array[]
  readonly #mask: StreamMask

  constructor(layer: LayerStep, states: readonly Rows[], mask: StreamMask) {
    this.#layer = layer
    this.#states = states
    this.#kept = states.map(({ width }) => new Float64Array(mask.length * width))
    this.#mask = mask
  }

  run(rows: number): void {
    this.#move(rows, true)
    this.#layer.run(rows)
    this.#move(rows, false)
  }

  #move(rows: number, out: boolean): void {
    for (let k = 0; k < this.#states.length; k++) {
      const { view, width, stride } = this.#states[k]
      const kept = this.#kept[k]
      for (let r = 0; r < rows; r++) {
        if (!this.#mask[r]) continue
        for (let j = 0; j < width; j++) {
          if (out) kept[r * width + j] = view[r * stride + j]
          // As forward adds what is kept to 0, so that −0 becomes 0.
          else view[r * stride + j] = 0 + kept[r * width + j]
        }
      }
    }
  }
}

/** What a mean so far is made of. */
interface MeanParts {
  sums: Carried
  /** Steps that counted. */
  counts: Carried
  /** Whether the engine's pooling kernel sums in float32. */
  single: boolean
}

/** The mean over the steps that counted so far. */
export class MaskedMeanStep implements LayerStep {
  readonly #y: Rows
  readonly #x: Rows
  readonly #mask: StreamMask
  readonly #parts: MeanParts

  constructor(y: Rows, x: Rows, mask: StreamMask, parts: MeanParts) {
    this.#y = y
    this.#x = x
    this.#mask = mask
    this.#parts = parts
  }

  run(rows: number): void {
    const { single } = this.#parts
    const [sums, counts] = [this.#parts.sums.view, this.#parts.counts.view]
    const { width, stride, view: y } = this.#y
    const x = this.#x.view
    for (let r = 0; r < rows; r++) {
      const counted = this.#mask[r] ? 0 : 1
      counts[r] += counted
      for (let j = 0; j < width; j++) {
        const sum = counted ? sums[r * width + j] + x[r * stride + j] : sums[r * width + j]
        sums[r * width + j] = single ? Math.fround(sum) : sum
        y[r * stride + j] = sums[r * width + j] / (counts[r] || 1)
      }
    }
  }
}
