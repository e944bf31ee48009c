/**
 * Masked steps, made and used: `masking` masks the steps of a features input that hold one value only, `zeroMasked`
 * makes the outputs at masked steps zero. (A batch's own mask and a masked embedding are the other sources of masks.)
 */
import { fieldAt, fieldError, readNumber } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { optional, readOptions } from '../fields.ts'
import { capacityOf, makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext, StreamMask } from '../layer.ts'
import type { Rows } from '../streamRows.ts'
import { masks } from './masks.ts'

/** Right after a features input: steps whose features are all `value` are masked, and become zeros. */
export interface MaskingOptions {
  type: 'masking'
  /** Default 0. */
  value?: number
}

/** Outputs at masked steps become zero, the state below goes on (Keras `zero_output_for_mask`). */
export interface ZeroMaskedOptions {
  type: 'zeroMasked'
}

/** Masking as data. */
export const maskingLayer: LayerDefinition<MaskingOptions> = {
  type: 'masking',
  masks,
  read(field, below) {
    if (below.length !== 1 || below[0].type !== 'features') {
      const got = below[below.length - 1].type
      throw fieldError(fieldAt(field, 'type'), 'masking right after a features input only', got)
    }
    return readOptions(field, { value: optional(readNumber) })
  },
  build: (context, name, options, input) => new MaskingLayer(context, name, options, input),
}

/** Masks the steps whose features are all `value`: right after `features`. */
export function masking(options: Omit<MaskingOptions, 'type'> = {}): LayerSpec<MaskingOptions> {
  return { definition: maskingLayer, options: { type: 'masking', ...options } }
}

/** Zeros at masked steps as data. */
export const zeroMaskedLayer: LayerDefinition<ZeroMaskedOptions> = {
  type: 'zeroMasked',
  read: (field) => readOptions(field, {}),
  build: (context, name, _, input) => new ZeroMaskedLayer(context, name, input),
}

/** Makes the outputs at masked steps zero. */
export function zeroMasked(): LayerSpec<ZeroMaskedOptions> {
  return { definition: zeroMaskedLayer, options: { type: 'zeroMasked' } }
}

/** Copies its input but for some rows, which become zeros; on the way back so do their gradients, in place. */
abstract class ZeroingLayer implements Layer {
  abstract readonly type: string
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  #own = 0

  constructor(context: Context, name: string, input: Edge) {
    assertSteps(name, input)
    this.name = name
    this.#context = context
    this.#input = input
    this.output = makeEdge(input.per, input.width, input.stride)
  }

  /** Whether a row becomes zeros. */
  protected abstract zeroes(context: Context, row: Float32Array | Float64Array, at: number): boolean

  plan(capacity: Capacity): void {
    const { memory } = this.#context.engine
    this.#own = memory.floats(capacityOf(this.output, capacity) * this.output.stride, this.type)
    this.output.gradient = this.#input.gradient
  }

  forward(batch: PackedBatch): void {
    this.output.value = this.#own
    this.#view(this.#own, batch).set(this.#view(this.#input.value, batch))
    this.#clear(batch, this.#own)
  }

  backward(batch: PackedBatch): void {
    if (this.output.gradient) this.#clear(batch, this.output.gradient)
  }

  #view(at: number, { rows }: PackedBatch) {
    return this.#context.engine.memory.viewFloats(at, rows * this.output.stride)
  }

  #clear(batch: PackedBatch, target: number): void {
    const { width, stride } = this.output
    const [x, y] = [this.#view(this.#input.value, batch), this.#view(target, batch)]
    for (let row = 0; row < batch.rows; row++) {
      const at = row * stride
      if (this.zeroes(this.#context, x.subarray(at, at + width), row)) y.fill(0, at, at + stride)
    }
  }
}

export class MaskingLayer extends ZeroingLayer {
  readonly type = 'masking'
  readonly masksSteps = true
  readonly #value: number
  readonly #single: boolean

  constructor(context: Context, name: string, options: MaskingOptions, input: Edge) {
    super(context, name, input)
    const { value = 0 } = options
    this.#single = context.engine.precision === 'float32'
    this.#value = this.#single ? Math.fround(value) : value
  }

  protected zeroes(_context: Context, row: Float32Array | Float64Array): boolean {
    return row.every((x) => x === this.#value)
  }

  clearMasked({ features, featureWidth: F }: PackedBatch, valid: Uint8Array): void {
    if (!features) return
    const masked = (x: number) => (this.#single ? Math.fround(x) : x) === this.#value
    for (let r = 0; r < valid.length; r++)
      if (features.subarray(r * F, (r + 1) * F).every(masked)) valid[r] = 0
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    return new ZeroStep(context.rows(x.width, x.stride), x, masks.openStream(context), this.#value)
  }
}

export class ZeroMaskedLayer extends ZeroingLayer {
  readonly type = 'zeroMasked'

  protected zeroes({ index: { mask } }: Context, _row: Float32Array | Float64Array, at: number): boolean {
    return mask !== null && mask.steps[at] === 0
  }

  stream(context: StreamContext, x: Rows): LayerStep | null {
    return context.mask && new ZeroStep(context.rows(x.width, x.stride), x, context.mask, null)
  }
}

/** Copies rows, zeros for masked ones; with a `value`, first masks the rows that hold nothing else. */
class ZeroStep implements LayerStep {
  readonly output: Rows
  readonly #x: Rows
  readonly #mask: StreamMask
  readonly #value: number | null

  constructor(y: Rows, x: Rows, mask: StreamMask, value: number | null) {
    this.output = y
    this.#x = x
    this.#mask = mask
    this.#value = value
  }

  run(rows: number): void {
    const { view: y, width, stride } = this.output
    const x = this.#x.view
    const masked = this.#mask.rows
    for (let r = 0; r < rows; r++) {
      if (this.#value !== null) masked[r] = this.#holdsOnly(this.#value, r * stride) ? 1 : 0
      for (let j = 0; j < width; j++) y[r * stride + j] = masked[r] ? 0 : x[r * stride + j]
    }
  }

  #holdsOnly(value: number, from: number): boolean {
    const { view, width } = this.#x
    for (let j = 0; j < width; j++) if (view[from + j] !== value) return false
    return true
  }
}
