/**
 * Activation regularisation (Merity et al. 2018): in training the layer adds the gradient of
 * alpha · mean(x²) + beta · mean((x_t − x_{t−1})²) to that of its input, and leaves every value as it is. Means are over
 * all elements of a batch; the second is over neighbouring steps of the same sequence.
 */
import { ShapeError } from '../../core/errors.ts'
import { fieldAt, fieldError, readNumber, type Field } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertValues } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { optional, readOptions } from '../fields.ts'
import { makeEdge, rowsOf } from '../layer.ts'
import type { Context, Edge, Layer, Pass } from '../layer.ts'

/** Penalties on the values that pass, in training; losses are reported without them. */
export interface ActivationPenaltyOptions {
  type: 'activationPenalty'
  /** Factor of the mean square (AR). Default 0. */
  alpha?: number
  /** Factor of the mean square difference of neighbouring steps (TAR, "temporal"). Default 0. */
  beta?: number
}

/** A factor of a penalty. */
export const readFactor = (field: Field) => readNumber(field, { min: 0 })

/** Activation regularisation as data. */
export const activationPenaltyLayer: LayerDefinition<ActivationPenaltyOptions> = {
  type: 'activationPenalty',
  read(field) {
    const options = readOptions<ActivationPenaltyOptions>(field, {
      alpha: optional(readFactor),
      beta: optional(readFactor),
    })
    if (options.alpha || options.beta) return options
    throw fieldError(fieldAt(field, 'alpha'), 'alpha or beta above 0')
  },
  build: (context, name, options, input) => new ActivationPenaltyLayer(context, name, options, input),
}

/**
 * Activation regularisation (AR and TAR, Merity et al. 2018) of the layer below: `activationPenalty({ alpha: 2, beta: 1 })`.
 * It changes training alone.
 */
export function activationPenalty(
  options: Omit<ActivationPenaltyOptions, 'type'>,
): LayerSpec<ActivationPenaltyOptions> {
  return { definition: activationPenaltyLayer, options: { type: 'activationPenalty', ...options } }
}

class ActivationPenaltyLayer implements Layer {
  readonly type = 'activationPenalty'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #alpha: number
  readonly #beta: number

  /** @throws ShapeError for differences of steps over one row a sequence; UnsupportedError over one-hot input */
  constructor(context: Context, name: string, options: ActivationPenaltyOptions, input: Edge) {
    assertValues(name, input)
    const { alpha = 0, beta = 0 } = options
    this.name = name
    this.#context = context
    this.#input = input
    this.#alpha = alpha
    this.#beta = beta
    this.output = makeEdge(input.per, input.width, input.stride)
    if (beta === 0 || input.per === 'step') return
    throw new ShapeError({
      where: name,
      expected: 'a row for every step below `beta`, which compares steps',
      got: 'one row a sequence',
      remedy: 'Put it below the pooling, or give `alpha` alone.',
    })
  }

  plan(): void {
    // Both edges share values and gradients.
    this.output.gradient = this.#input.gradient
  }

  forward(): void {
    this.output.value = this.#input.value
  }

  backward(batch: PackedBatch, { training, weight = 1 }: Pass): void {
    const { gradient, value, stride, width } = this.output
    if (!training || !gradient) return
    const rows = rowsOf(this.output, batch)
    const { memory } = this.#context.engine
    const x = memory.viewFloats(value, rows * stride)
    const dx = memory.viewFloats(gradient, rows * stride)
    if (this.#alpha) {
      const scale = (2 * weight * this.#alpha) / (rows * width)
      for (let r = 0; r < rows; r++)
        for (let at = r * stride; at < r * stride + width; at++) dx[at] += scale * x[at]
    }
    const pairs = batch.rows - batch.sequences
    if (!this.#beta || pairs === 0) return
    const scale = (2 * weight * this.#beta) / (pairs * width)
    const { offsets, batchSizes } = batch
    for (let t = 1; t < batch.steps; t++) {
      for (let b = 0; b < batchSizes[t]; b++) {
        const [now, before] = [(offsets[t] + b) * stride, (offsets[t - 1] + b) * stride]
        for (let j = 0; j < width; j++) {
          const slope = scale * (x[now + j] - x[before + j])
          dx[now + j] += slope
          dx[before + j] -= slope
        }
      }
    }
  }
}
