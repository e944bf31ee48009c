/**
 * Layer normalisation (Ba et al. 2016): each row to mean 0 and variance 1, then weight·x + bias. Parameters by
 * PyTorch's names: weight (width), bias (width).
 */
import { accessOf } from '../engine/generic/access.ts'
import { addSums, layerNormBackward, layerNormForward, type LayerNormSums } from '../engine/generic/rows.ts'
import type { Access } from '../engine/reference/access.ts'
import { readBoolean } from '../core/validation.ts'
import { assertValues } from './assertValues.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { optional, readEpsilon, readOptions } from './fields.ts'
import { capacityOf, makeEdge, rowsOf } from './layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext } from './layer.ts'
import type { Rows } from './streamRows.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

/** Each row by its own mean and variance. */
export interface LayerNormOptions {
  type: 'layerNorm'
  /** Added to the variance. Default 1e-5 (PyTorch); Keras has 1e-3. */
  epsilon?: number
  /** Learned factor. Default true. */
  scale?: boolean
  /** Learned summand. Default true. */
  centre?: boolean
}

/** Added to the variance unless said otherwise. */
export const LAYER_NORM_EPSILON = 1e-5

/** Layer normalisation as data. */
export const layerNormLayer: LayerDefinition<LayerNormOptions> = {
  type: 'layerNorm',
  read: (field) =>
    readOptions(field, {
      epsilon: optional(readEpsilon),
      scale: optional(readBoolean),
      centre: optional(readBoolean),
    }),
  build: (context, name, options, input) => new LayerNormLayer(context, name, options, input),
}

/** Each row to mean 0 and variance 1, then a learned factor and summand. */
export function layerNorm(options: Omit<LayerNormOptions, 'type'> = {}): LayerSpec<LayerNormOptions> {
  return { definition: layerNormLayer, options: { type: 'layerNorm', ...options } }
}

export class LayerNormLayer implements Layer {
  readonly type = 'layerNorm'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #access: Access
  readonly #epsilon: number
  readonly #weight: Parameter | null // (width)
  readonly #bias: Parameter | null // (width)
  readonly #sums: LayerNormSums

  /** @throws UnsupportedError over one-hot input */
  constructor(context: Context, name: string, options: LayerNormOptions, input: Edge) {
    assertValues(name, input)
    const { width, stride, per } = input
    this.name = name
    this.#context = context
    this.#input = input
    this.#access = accessOf(context.engine)
    this.#epsilon = options.epsilon ?? LAYER_NORM_EPSILON
    this.#weight = options.scale === false ? null : context.store.plain(`${name}.weight`, [width])
    this.#bias = options.centre === false ? null : context.store.plain(`${name}.bias`, [width])
    this.parameters = [this.#weight, this.#bias].filter((parameter) => parameter !== null)
    this.#sums = { weight: new Float64Array(width), bias: new Float64Array(width) }
    this.output = makeEdge(per, width, stride)
  }

  initialise(): void {
    const { store } = this.#context
    if (this.#weight) store.write(this.#weight, new Float64Array(this.#weight.size).fill(1))
    if (this.#bias) store.write(this.#bias, new Float64Array(this.#bias.size))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.output.value = engine.memory.floats(floats, 'normalised rows')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'normalised rows') : 0
  }

  forward(batch: PackedBatch): void {
    const { value, width, stride } = this.output
    const shape = { rows: rowsOf(this.output, batch), width, stride }
    const [weight, bias] = [this.#at(this.#weight), this.#at(this.#bias)]
    layerNormForward(this.#access, value, this.#input.value, weight, bias, shape, this.#epsilon)
  }

  backward(batch: PackedBatch): void {
    const { gradient, width, stride } = this.output
    const shape = { rows: rowsOf(this.output, batch), width, stride }
    const { value: x, gradient: dx } = this.#input
    const weight = this.#at(this.#weight)
    layerNormBackward(this.#access, this.#sums, dx, gradient, x, weight, shape, this.#epsilon)
    if (this.#weight) addSums(this.#access, this.#at(this.#weight, 'gradients'), this.#sums.weight)
    if (this.#bias) addSums(this.#access, this.#at(this.#bias, 'gradients'), this.#sums.bias)
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const y = context.rows(x.width, x.stride)
    const shape = { rows: 0, width: x.width, stride: x.stride }
    const [weight, bias] = [this.#at(this.#weight), this.#at(this.#bias)]
    return {
      output: y,
      run: (rows) => {
        shape.rows = rows
        layerNormForward(this.#access, y.at, x.at, weight, bias, shape, this.#epsilon)
      },
    }
  }

  #at(parameter: Parameter | null, region?: string): number {
    return parameter ? this.#context.store.at(parameter, 0, region) : 0
  }
}
