/**
 * Layers without parameters: dropout, pooling over time, and the flattening that a feed-forward net
 * needs, because it knows only inputs of one size.
 */
import { strideOf } from '../engine/engine.ts'
import type { Pointer } from '../engine/kernels.ts'
import { mixKey } from '../core/random.ts'
import { ShapeError } from '../core/errors.ts'
import {
  activation,
  capacityOf,
  rowsOf,
  type Activation,
  type Capacity,
  type Context,
  type Layer,
  type Pass,
} from './layer.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

/** Drops elements in training, at `rate`. */
export interface DropoutOptions {
  type: 'dropout'
  rate: number
}

/** All steps of a sequence → one row. */
export interface PoolOptions {
  type: 'pool'
  /**
   * `attention`: the weighted average whose weights are a softmax over the steps of x·w, with one learned
   * column w (width), `pool.N.weight`.
   */
  pooling: 'last' | 'first' | 'max' | 'mean' | 'sum' | 'attention'
}

/** A fixed number of steps side by side, for nets without a memory. */
export interface FlattenOptions {
  type: 'flatten'
  /** Steps of the fixed length: longer sequences are cut, shorter ones padded with zeros. */
  steps: number
}

/** Inverted dropout (Srivastava et al. 2014): identity outside training. */
export class DropoutLayer implements Layer {
  readonly type = 'dropout'
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  readonly #context: Context
  readonly #input: Activation
  readonly #rate: number
  readonly #name: string
  #own: Pointer = 0

  constructor(context: Context, name: string, options: DropoutOptions, input: Activation) {
    if (input.ids) {
      const expected = 'a layer with values below it'
      throw new ShapeError({ where: name, expected, got: 'one-hot input', remedy: 'Use word dropout there.' })
    }
    this.#context = context
    this.#name = name
    this.#input = input
    this.#rate = options.rate
    this.output = activation(input.per, input.width, input.stride)
  }

  plan(capacity: Capacity, training: boolean): void {
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.#own = training && this.#rate ? this.#context.engine.memory.floats(floats, 'dropout') : 0
    // The mask is applied in place on the way back, so both edges share one gradient.
    this.output.gradient = this.#input.gradient
  }

  forward(batch: PackedBatch, pass: Pass): void {
    const drops = pass.training && this.#rate > 0
    this.output.value = drops ? this.#own : this.#input.value
    if (!drops) return
    const count = rowsOf(this.output, batch) * this.output.stride
    this.#context.kernels.dropout(this.#own, this.#input.value, count, 0, this.#rate, this.#key(pass))
  }

  backward(batch: PackedBatch, pass: Pass): void {
    const { gradient, stride } = this.output
    if (!pass.training || !this.#rate || !gradient) return
    const count = rowsOf(this.output, batch) * stride
    this.#context.kernels.dropout(gradient, gradient, count, 0, this.#rate, this.#key(pass))
  }

  #key(pass: Pass): number {
    return mixKey(pass.key, this.#name) | 0
  }
}

/** Pooling over time: one row a sequence from its steps' rows. */
export class PoolLayer implements Layer {
  readonly type = 'pool'
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  readonly #context: Context
  readonly #input: Activation
  readonly #over: PoolOptions['pooling']
  #winners: Pointer = 0 // (B, width) int32

  constructor(context: Context, name: string, options: PoolOptions, input: Activation) {
    needSteps(name, input)
    this.#context = context
    this.#input = input
    this.#over = options.pooling
    this.output = activation('sequence', input.width, input.stride)
  }

  plan({ sequences: B }: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    this.output.value = memory.floats(B * this.output.stride, 'pooled')
    this.output.gradient = training ? memory.floats(B * this.output.stride, 'pooled') : 0
    this.#winners = this.#over === 'max' ? memory.ints(B * this.output.width, 'pooled') : 0
  }

  forward(batch: PackedBatch): void {
    const { kernels, index } = this.#context
    const { value: y, width: n, stride } = this.output
    const x = this.#input.value
    const B = batch.sequences
    const { lengths, offsets, lastRow } = index
    if (this.#over === 'last') kernels.gatherRows(y, x, lastRow, B, n, stride, stride)
    else if (this.#over === 'max')
      kernels.maxPoolForward(y, this.#winners, x, lengths, offsets, B, n, stride, stride)
    else if (index.mask) index.mask.mean(this.output, this.#input)
    else kernels.meanPoolForward(y, x, lengths, offsets, B, n, stride, stride)
  }

  backward(batch: PackedBatch): void {
    const { kernels, index } = this.#context
    const { gradient: dy, width: n, stride } = this.output
    const dx = this.#input.gradient
    if (!dx) return
    if (this.#over === 'mean' && index.mask) {
      index.mask.meanBack(this.output, this.#input)
      return
    }
    const B = batch.sequences
    const { lengths, offsets, lastRow } = index
    kernels.zero(dx, batch.rows * stride)
    if (this.#over === 'last') kernels.scatterAddRows(dx, lastRow, dy, B, n, stride, stride)
    else if (this.#over === 'max') kernels.maxPoolBackward(dx, dy, this.#winners, B, n, stride, stride)
    else kernels.meanPoolBackward(dx, dy, lengths, offsets, B, n, stride, stride)
  }
}

/** (T, F) of each sequence as one row of steps·F: cut or zero-padded to the fixed length. */
export class FlattenLayer implements Layer {
  readonly type = 'flatten'
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  readonly #context: Context
  readonly #input: Activation
  readonly #steps: number

  constructor(context: Context, name: string, options: FlattenOptions, input: Activation) {
    needSteps(name, input)
    this.#context = context
    this.#input = input
    this.#steps = options.steps
    const width = options.steps * input.width
    this.output = activation('sequence', width, strideOf(context.engine, width))
  }

  plan({ sequences: B }: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    this.output.value = memory.floats(B * this.output.stride, 'flattened')
    this.output.gradient = training ? memory.floats(B * this.output.stride, 'flattened') : 0
  }

  forward(batch: PackedBatch): void {
    const { kernels } = this.#context
    kernels.zero(this.output.value, batch.sequences * this.output.stride)
    const { width, stride, value } = this.#input
    this.#eachStep(batch, (rows, steps, flat) => {
      kernels.gatherRows(this.output.value + flat, value + steps, 0, rows, width, this.output.stride, stride)
    })
  }

  backward(batch: PackedBatch): void {
    const { kernels } = this.#context
    const { width, stride, gradient } = this.#input
    if (!gradient) return
    kernels.zero(gradient, batch.rows * stride)
    this.#eachStep(batch, (rows, steps, flat) => {
      kernels.gatherRows(
        gradient + steps,
        this.output.gradient + flat,
        0,
        rows,
        width,
        stride,
        this.output.stride,
      )
    })
  }

  #eachStep(batch: PackedBatch, visit: (rows: number, stepBytes: number, flatBytes: number) => void): void {
    const size = this.#context.engine.memory.floatBytes
    const steps = Math.min(this.#steps, batch.steps)
    for (let t = 0; t < steps; t++) {
      visit(batch.batchSizes[t], batch.offsets[t] * this.#input.stride * size, t * this.#input.width * size)
    }
  }
}

function needSteps(name: string, input: Activation): void {
  if (input.per === 'step' && !input.ids) return
  throw new ShapeError({ where: name, expected: 'a sequence of steps below it', got: 'one row a sequence' })
}
