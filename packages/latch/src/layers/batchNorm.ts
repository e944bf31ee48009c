/**
 * Batch normalisation (Ioffe & Szegedy 2015): each column to mean 0 and variance 1, then weight·x + bias. Training takes
 * the statistics of the batch's valid steps, without padding, as PyTorch does over packed data, and keeps a running
 * average of them, which inference uses. Names are PyTorch's: weight, bias, running_mean, running_var, each (width).
 */
import { accessOf } from '../engine/generic/access.ts'
import {
  columnStatistics,
  normaliseColumns,
  normaliseColumnsBackward,
  sumColumns,
  type ColumnStatistics,
  type ColumnSums,
} from '../engine/generic/batchNorm.ts'
import { addSums, type RowShape } from '../engine/generic/rows.ts'
import type { Access } from '../engine/reference/access.ts'
import { readBoolean, readNumber } from '../core/validation.ts'
import { assertValues } from './assertValues.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { optional, readEpsilon, readOptions } from './fields.ts'
import { capacityOf, makeEdge, rowsOf } from './layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, Pass, StreamContext } from './layer.ts'
import type { Rows } from './streamRows.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

/** Each column by the mean and variance of a batch, or by their running average. */
export interface BatchNormOptions {
  type: 'batchNorm'
  /** Added to the variance. Default 1e-5 (PyTorch); Keras has 1e-3. */
  epsilon?: number
  /** Weight of a batch in the running average. Default 0.1 (PyTorch); Keras' `momentum` is 1 less this. */
  momentum?: number
  /** Learned factor. Default true. */
  scale?: boolean
  /** Learned summand. Default true. */
  centre?: boolean
}

const DEFAULTS = { epsilon: 1e-5, momentum: 0.1 }

/** Batch normalisation as data. */
export const batchNormLayer: LayerDefinition<BatchNormOptions> = {
  type: 'batchNorm',
  read: (field) =>
    readOptions(field, {
      epsilon: optional(readEpsilon),
      momentum: optional((momentum) => readNumber(momentum, { min: 0, max: 1 })),
      scale: optional(readBoolean),
      centre: optional(readBoolean),
    }),
  build: (context, name, options, input) => new BatchNormLayer(context, name, options, input),
}

/** Each column to mean 0 and variance 1, by the batch in training and by a running average after it. */
export function batchNorm(options: Omit<BatchNormOptions, 'type'> = {}): LayerSpec<BatchNormOptions> {
  return { definition: batchNormLayer, options: { type: 'batchNorm', ...options } }
}

class BatchNormLayer implements Layer {
  readonly type = 'batchNorm'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly statistics: readonly [mean: Parameter, variance: Parameter]
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #access: Access
  readonly #epsilon: number
  readonly #momentum: number
  readonly #weight: Parameter | null // (width)
  readonly #bias: Parameter | null // (width)
  readonly #current: ColumnStatistics
  readonly #variance: Float64Array // (width)
  readonly #sums: ColumnSums
  /** Rows that the statistics of the last forward pass are of; 0: those of the running average. */
  #count = 0

  /** @throws UnsupportedError over one-hot input */
  constructor(context: Context, name: string, options: BatchNormOptions, input: Edge) {
    assertValues(name, input)
    const { width, stride, per } = input
    const { store } = context
    this.name = name
    this.#context = context
    this.#input = input
    this.#access = accessOf(context.engine)
    this.#epsilon = options.epsilon ?? DEFAULTS.epsilon
    this.#momentum = options.momentum ?? DEFAULTS.momentum
    this.#weight = options.scale === false ? null : store.plain(`${name}.weight`, [width])
    this.#bias = options.centre === false ? null : store.plain(`${name}.bias`, [width])
    this.statistics = [
      store.plain(`${name}.running_mean`, [width]),
      store.plain(`${name}.running_var`, [width]),
    ]
    this.parameters = [this.#weight, this.#bias, ...this.statistics].filter((parameter) => parameter !== null)
    const columns = () => new Float64Array(width)
    this.#current = { mean: columns(), scale: columns() }
    this.#variance = columns()
    this.#sums = { weight: columns(), bias: columns() }
    this.output = makeEdge(per, width, stride)
  }

  initialise(): void {
    const { store } = this.#context
    for (const ones of [this.#weight, this.statistics[1]])
      if (ones) store.write(ones, new Float64Array(ones.size).fill(1))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.output.value = engine.memory.floats(floats, 'normalised rows')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'normalised rows') : 0
  }

  forward(batch: PackedBatch, pass: Pass): void {
    const takes = pass.training && !pass.frozenStatistics?.has(this.name)
    this.#count = takes ? this.#takeBatch(batch) : 0
    if (this.#count === 0) this.#readRunning(this.#current)
    const [weight, bias] = [this.#at(this.#weight), this.#at(this.#bias)]
    const shape = this.#shape(rowsOf(this.output, batch))
    normaliseColumns(this.#access, this.output.value, this.#input.value, weight, bias, this.#current, shape)
  }

  backward(batch: PackedBatch): void {
    const { gradient: dy } = this.output
    const { value: x, gradient: dx } = this.#input
    const shape = this.#shape(rowsOf(this.output, batch))
    sumColumns(this.#access, this.#sums, dy, x, this.#current, shape)
    if (dx)
      normaliseColumnsBackward(
        this.#access,
        dx,
        dy,
        x,
        this.#at(this.#weight),
        this.#current,
        this.#sums,
        shape,
        this.#valid(),
        this.#count,
      )
    if (this.#weight) addSums(this.#access, this.#at(this.#weight, 'gradients'), this.#sums.weight)
    if (this.#bias) addSums(this.#access, this.#at(this.#bias, 'gradients'), this.#sums.bias)
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const y = context.rows(x.width, x.stride)
    const { store } = this.#context
    const statistics = { mean: new Float64Array(x.width), scale: new Float64Array(x.width) }
    let revision = -1
    return {
      output: y,
      run: (rows) => {
        if (revision !== store.revision) this.#readRunning(statistics)
        revision = store.revision
        const [weight, bias] = [this.#at(this.#weight), this.#at(this.#bias)]
        normaliseColumns(this.#access, y.at, x.at, weight, bias, statistics, this.#shape(rows))
      },
    }
  }

  /** Statistics of the batch's valid rows, and with them the running average; returns how many rows there are. */
  #takeBatch(batch: PackedBatch): number {
    const { mean, scale } = this.#current
    const variance = this.#variance
    const shape = this.#shape(rowsOf(this.#input, batch))
    const count = columnStatistics(this.#access, mean, variance, this.#input.value, shape, this.#valid())
    for (let j = 0; j < mean.length; j++) scale[j] = 1 / Math.sqrt(variance[j] + this.#epsilon)
    // One row says nothing of a variance.
    if (count > 1) this.#average(mean, variance, count / (count - 1))
    return count
  }

  #average(mean: Float64Array, variance: Float64Array, unbiased: number): void {
    const momentum = this.#momentum
    const [means, variances] = this.statistics.map((buffer) => this.#view(buffer))
    for (let j = 0; j < mean.length; j++) {
      means[j] += momentum * (mean[j] - means[j])
      variances[j] += momentum * (variance[j] * unbiased - variances[j])
    }
    this.#context.store.noteChange()
  }

  #readRunning({ mean, scale }: ColumnStatistics): void {
    const [means, variances] = this.statistics.map((buffer) => this.#view(buffer))
    for (let j = 0; j < mean.length; j++) {
      mean[j] = means[j]
      scale[j] = 1 / Math.sqrt(variances[j] + this.#epsilon)
    }
  }

  /** Which rows count. */
  #valid(): Uint8Array | null {
    return this.#input.per === 'step' ? (this.#context.index.mask?.steps ?? null) : null
  }

  #shape(rows: number): RowShape {
    return { rows, width: this.output.width, stride: this.output.stride }
  }

  #view(parameter: Parameter) {
    return this.#context.engine.memory.viewFloats(this.#at(parameter), parameter.size)
  }

  #at(parameter: Parameter | null, region?: 'gradients'): number {
    return parameter ? this.#context.store.at(parameter, 0, region) : 0
  }
}
