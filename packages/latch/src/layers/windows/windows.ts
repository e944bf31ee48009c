/**
 * Windows over the steps of a sequence, as convolutions and local poolings have them: which steps each one covers, by
 * kernel size, stride, dilation and padding, and how many windows a sequence has.
 */
import { ShapeError, UnsupportedError } from '../../core/errors.ts'
import { fieldError, readArray, readInteger, type Field } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Context, ReceptiveField } from '../layer.ts'
import { joinFields } from './receptiveFields.ts'
import type { LengthChange } from './timeline.ts'

/**
 * Steps of padding on both sides: a number (PyTorch), `[before, after]` (ONNX), or what these stand for (Keras):
 * `valid` none, `same` as many steps as before (over the stride), `causal` all of it before, so that no window looks ahead.
 */
export type Padding = 'valid' | 'same' | 'causal' | number | readonly [before: number, after: number]

/** Which steps windows cover. */
export interface WindowOptions {
  /** Steps of a window. */
  kernelSize: number
  /** Steps from one window to the next. */
  stride?: number
  /** Steps from one step of a window to the next. Default 1. */
  dilation?: number
  /** Default `valid`. */
  padding?: Padding
}

const MAX_STEPS = 2 ** 16

export const readKernelSize = (field: Field) => readInteger(field, { min: 1, max: MAX_STEPS })

/** Reads a padding; `causal` and other fields by what the layer has. */
export function readPadding(field: Field, names: readonly ('valid' | 'same' | 'causal')[]): Padding {
  const { value } = field
  const found = names.find((name) => name === value)
  if (found) return found
  const steps = { min: 0, max: MAX_STEPS }
  if (typeof value === 'number') return readInteger(field, steps)
  if (!Array.isArray(value) || value.length !== 2) {
    const words = names.map((name) => `"${name}"`).join(', ')
    throw fieldError(field, `${words}, a number of steps, or two of them`)
  }
  const [before, after] = readArray(field).map((side) => readInteger(side, steps))
  return [before, after]
}

/** The windows of a layer. */
export class Windows implements LengthChange {
  readonly size: number
  readonly stride: number
  readonly dilation: number
  /** Steps from the first step of a window to the last, both included. */
  readonly extent: number
  readonly spare: number
  readonly name: string
  readonly #padding: Padding
  /** Steps of padding before and after, unless they depend on the length. */
  readonly #sides: readonly [number, number]

  constructor(name: string, { kernelSize, stride = 1, dilation = 1, padding = 'valid' }: WindowOptions) {
    this.name = name
    this.size = kernelSize
    this.stride = stride
    this.dilation = dilation
    this.extent = (kernelSize - 1) * dilation + 1
    this.#padding = padding
    const whole = this.extent - 1
    if (typeof padding === 'number') this.#sides = [padding, padding]
    else if (typeof padding === 'object') this.#sides = padding
    else if (padding === 'valid') this.#sides = [0, 0]
    else if (padding === 'causal') this.#sides = [whole, 0]
    else this.#sides = [Math.floor(whole / 2), Math.ceil(whole / 2)]
    const [before, after] = this.#sides
    this.spare = (padding === 'same' ? -1 : before + after - this.extent) + stride
  }

  /** Whether every sequence has as many windows as steps. */
  get keepsLengths(): boolean {
    const [before, after] = this.#sides
    return this.stride === 1 && before + after === this.extent - 1
  }

  /** Whether a window ends with the step it belongs to, so that a stream can compute it. */
  get isCausal(): boolean {
    return this.keepsLengths && this.#sides[1] === 0
  }

  lengthOf(steps: number): number {
    if (this.#padding === 'same') return Math.ceil(steps / this.stride)
    const [before, after] = this.#sides
    return Math.floor((steps + before + after - this.extent) / this.stride) + 1
  }

  leastBelow(steps: number): number {
    const [before, after] = this.#sides
    const fixed = this.#padding === 'same' ? 1 : this.extent - before - after
    return Math.max(1, (steps - 1) * this.stride + fixed)
  }

  /** Steps of padding before and after every sequence; null where they depend on its length. */
  get sides(): readonly [before: number, after: number] | null {
    return this.#padding === 'same' && this.stride > 1 ? null : this.#sides
  }

  /** Steps of padding before a sequence of so many steps. */
  paddingBefore(steps: number): number {
    if (this.#padding !== 'same' || this.stride === 1) return this.#sides[0]
    const whole = (this.lengthOf(steps) - 1) * this.stride + this.extent - steps
    return Math.floor(Math.max(0, whole) / 2)
  }

  /** Those of all steps of each window. */
  receptiveFields(below: readonly ReceptiveField[]): ReceptiveField[] {
    const before = this.paddingBefore(below.length)
    return Array.from({ length: this.lengthOf(below.length) }, (_, t) => {
      const places = Array.from(
        { length: this.size },
        (__, k) => t * this.stride - before + k * this.dilation,
      )
      return joinFields(places.map((place) => below[place] ?? null))
    })
  }

  throwTooShort(sequence: number, steps: number): never {
    throw new ShapeError({
      where: `${this.name}, sequence ${sequence}`,
      expected: `at least ${this.leastBelow(1)} steps for one window`,
      got: String(steps),
      remedy: "Use padding 'same', or leave out shorter sequences.",
    })
  }

  /**
   * For each window of a batch and each of its steps the row that lies there, or −1 for padding: `rows` (size, windows).
   * `above` is the batch of the windows.
   */
  writeRows(rows: Int32Array, batch: PackedBatch, above: PackedBatch): void {
    const { size, stride, dilation } = this
    for (let b = 0; b < batch.sequences; b++) {
      const steps = batch.lengths[b]
      const before = this.paddingBefore(steps)
      for (let t = 0; t < above.lengths[b]; t++) {
        const window = above.offsets[t] + b
        for (let k = 0; k < size; k++) {
          const step = t * stride - before + k * dilation
          const inside = step >= 0 && step < steps
          rows[k * above.rows + window] = inside ? batch.offsets[step] + b : -1
        }
      }
    }
  }

  /** For each row of a batch and each place in a window the window that has the row there, or −1: `rows` (size, R). */
  writeWindows(rows: Int32Array, batch: PackedBatch, above: PackedBatch): void {
    const { size, stride, dilation } = this
    for (let b = 0; b < batch.sequences; b++) {
      const before = this.paddingBefore(batch.lengths[b])
      for (let t = 0; t < batch.lengths[b]; t++) {
        const row = batch.offsets[t] + b
        for (let k = 0; k < size; k++) {
          const first = t + before - k * dilation
          const window = first / stride
          const exists = first >= 0 && first % stride === 0 && window < above.lengths[b]
          rows[k * batch.rows + row] = exists ? above.offsets[window] + b : -1
        }
      }
    }
  }
}

/** @throws UnsupportedError for a batch with masked steps */
export function assertUnmasked(name: string, { index }: Context): void {
  if (!index.mask) return
  throw new UnsupportedError({
    where: name,
    expected: 'a batch without masked steps',
    got: 'one that masks some',
    remedy: 'Give sequences of their own lengths in place of padding.',
  })
}

/** Why no stream can run windows that look ahead, or that skip steps. */
export function wholeSequenceOf(what: string): { got: string; remedy: string } {
  return {
    got: `${what} whose windows look ahead or skip steps`,
    remedy: "Use conv1d with padding 'causal' and stride 1.",
  }
}
