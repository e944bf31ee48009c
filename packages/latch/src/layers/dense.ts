/**
 * A dense layer on rows: y = f(x·W + b), on every step or every sequence. PyTorch's Linear: weight
 * (units, inputs), bias (units). Activation default linear: what follows is a loss on logits.
 */
import { strideOf } from '../engine/engine.ts'
import { readActivation, sameActivation, type ActivationChoice } from '../cells/activations.ts'
import { transposedScratch, type Kernels, type Pointer } from '../engine/kernels.ts'
import { taskCount, parallelFor } from '../engine/threads/executor.ts'
import { Random } from '../core/random.ts'
import { ShapeError } from '../core/errors.ts'
import { fieldAt, fieldError, readBoolean, readChoice, type Field } from '../core/validation.ts'
import { glorotUniform } from '../tensors/initializers.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { partition } from '../tensors/partition.ts'
import { rowFunction, type MakeRowFunction, type RowFunction } from './activation.ts'
import { assertValues } from './assertValues.ts'
import type { AnyOptions, LayerDefinition, LayerSpec } from './definition.ts'
import { optional, readOptions, readWidth } from './fields.ts'
import { capacityOf, makeEdge, rowsOf } from './layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext } from './layer.ts'
import type { Rows } from './streamRows.ts'

/** Activations that the engine's kernels compute. */
const FAST_ACTIVATIONS = ['linear', 'relu', 'tanh', 'sigmoid'] as const
type FastActivation = (typeof FAST_ACTIVATIONS)[number]

/** A fully connected layer, by step or by sequence as its input is. */
export interface DenseOptions {
  type: 'dense'
  units: number
  /** Default linear. `genericDense` takes more than linear, relu, tanh and sigmoid. */
  activation?: ActivationChoice
  /** Default true. */
  bias?: boolean
  /**
   * Whether its weight is the table of the network's embedding (Press & Wolf 2017): one parameter with two uses, whose
   * gradients add up. The layer has as many units as the vocabulary, and its input is as wide as the table. Default false.
   */
  tied?: boolean
}

const readers = { units: readWidth, bias: optional(readBoolean) }
const readFast = optional((name: Field) => readChoice(name, FAST_ACTIVATIONS))

/** The dense layer as data. */
export const denseLayer: LayerDefinition<DenseOptions> = {
  type: 'dense',
  read: (field) => readOptions(field, { ...readers, activation: readFast }),
  build: (context, name, options, input) => new DenseLayer(context, name, options, input),
}

/** The dense layer whose weight may be the embedding's table, as data. */
export const tiedDenseLayer: LayerDefinition<DenseOptions> = {
  type: 'dense',
  read: (field, below) =>
    readTied(
      readOptions(field, { ...readers, activation: readFast, tied: optional(readBoolean) }),
      field,
      below,
    ),
  build: (context, name, options, input, below) => buildTied(context, name, options, input, below),
}

/** The dense layer with any activation as data. */
export const genericDenseLayer: LayerDefinition<DenseOptions> = {
  type: 'dense',
  read: (field, below) =>
    readTied(
      readOptions(field, { ...readers, activation: optional(readActivation), tied: optional(readBoolean) }),
      field,
      below,
    ),
  build: (context, name, options, input, below) =>
    buildTied(context, name, options, input, below, rowFunction),
}

/** @throws FormatError naming the field, for a tied layer that no embedding fits */
function readTied(options: DenseOptions, field: Field, below: readonly AnyOptions[]): DenseOptions {
  if (!options.tied) return options
  const [first, ...others] = below as readonly { type: string; vocabulary?: number; tied?: boolean }[]
  if (first?.type !== 'embedding')
    throw fieldError(fieldAt(field, 'tied'), 'false in a network without an embedding')
  if (others.some(({ tied }) => tied)) throw fieldError(fieldAt(field, 'tied'), 'one tied layer a network')
  if (first.vocabulary !== options.units)
    throw fieldError(fieldAt(field, 'units'), `${first.vocabulary}, the vocabulary of the tied embedding`)
  return options
}

/** A layer with weights of its own or the embedding's table. @throws ShapeError for an input of another width */
function buildTied(
  context: Context,
  name: string,
  options: DenseOptions,
  input: Edge,
  [first]: readonly Layer[],
  makeRowFunction?: MakeRowFunction,
): DenseLayer {
  if (!options.tied) return new DenseLayer(context, name, options, input, makeRowFunction)
  const size = first.output.width
  if (input.width === size)
    return new TiedDenseLayer(context, name, options, input, makeRowFunction, first.parameters[0])
  throw new ShapeError({
    where: `${name}, tied to ${first.name}`,
    expected: `an input as wide as the embedding (${size})`,
    got: `${input.width}`,
    remedy: `Put \`dense(${size})\` below it as a projection, or give the embedding size ${input.width}.`,
  })
}

/** A fully connected layer: `dense(3)`, `dense(16, { activation: 'relu' })`, `dense(5000, { tied: true })`. */
export function dense(
  units: number,
  options: { activation?: FastActivation; bias?: boolean; tied?: boolean } = {},
): LayerSpec<DenseOptions> {
  const definition = options.tied === undefined ? denseLayer : tiedDenseLayer
  return { definition, options: { type: 'dense', units, ...options } }
}

/** A fully connected layer with any activation: `genericDense(8, { activation: { type: 'elu', alpha: 0.5 } })`. */
export function genericDense(
  units: number,
  options: Pick<DenseOptions, 'activation' | 'bias' | 'tied'> = {},
): LayerSpec<DenseOptions> {
  return { definition: genericDenseLayer, options: { type: 'dense', units, ...options } }
}

export class DenseLayer implements Layer {
  readonly type = 'dense'
  readonly name: string
  parameters: readonly Parameter[]
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #weight: Parameter // (N, K)
  readonly #bias: Parameter | null // (N)
  /** Number of the engine's activation, and the function where it is none of the engine's. */
  readonly #kind: number
  readonly #function: RowFunction | null
  readonly #makeFunction: ((stride: number) => RowFunction) | null
  #transposed: Pointer = 0
  /** x·W + b where a function follows that needs it on the way back; else the output's own place. */
  #linear: Pointer = 0

  /** `makeRowFunction` makes the activations that are none of the engine's; `weight` may be another layer's. */
  constructor(
    context: Context,
    name: string,
    options: DenseOptions,
    input: Edge,
    makeRowFunction?: MakeRowFunction,
    weight: Parameter = context.store.matrix(`${name}.weight`, [options.units, input.width]),
  ) {
    assertValues(name, input)
    const { store, engine } = context
    this.#context = context
    this.#input = input
    this.name = name
    this.#weight = weight
    this.#bias = options.bias === false ? null : store.plain(`${name}.bias`, [options.units])
    this.parameters = this.#bias ? [weight, this.#bias] : [weight]
    this.output = makeEdge(input.per, options.units, strideOf(engine, options.units))
    const { activation = 'linear' } = options
    const kind = FAST_ACTIVATIONS.findIndex((fast) => sameActivation(fast, activation))
    this.#kind = Math.max(kind, 0)
    this.#makeFunction =
      kind < 0 ? (stride) => makeRowFunction!(engine, activation, options.units, stride) : null
    this.#function = this.#makeFunction?.(this.output.stride) ?? null
    context.scratch.need(transposedScratch(options.units, input.width, engine.panel))
  }

  initialise(seed: number): void {
    const [units, inputs] = this.#weight.shape
    const random = new Random(seed, 'initial', this.#weight.name)
    this.#context.store.write(this.#weight, glorotUniform(units, inputs, random))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine } = this.#context
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.output.value = engine.memory.floats(floats, 'dense output')
    this.#linear = this.#function ? engine.memory.floats(floats, 'dense output') : this.output.value
    if (this.#function) this.#context.kernels.zero(this.output.value, floats)
    const { inPlace, value } = this.output
    // A function's way back needs the values.
    const own = !inPlace || this.#kind || this.#function
    this.output.gradient = training ? (own ? engine.memory.floats(floats, 'dense output') : value) : 0
    this.#transposed = training
      ? engine.memory.floats(this.#input.stride * this.output.width, 'dense weights')
      : 0
  }

  forward(batch: PackedBatch): void {
    const { engine, store } = this.#context
    const { width, stride } = this.output
    const value = this.#linear
    const input = this.#input
    const rows = rowsOf(input, batch)
    const size = engine.memory.floatBytes
    const bias = this.#bias ? store.at(this.#bias) : 0
    const weights = store.at(this.#weight)
    parallelFor(engine.executor, rows, 1, rows * width * input.width, (kernels, from, to) => {
      const [y, x] = [value + from * stride * size, input.value + from * input.stride * size]
      kernels.fillRows(y, bias, 0, to - from, width, stride)
      kernels.matmul(y, x, weights, to - from, width, input.width, input.stride, stride, 1)
      if (this.#kind) kernels.activate(y, y, (to - from) * stride, this.#kind)
    })
    this.#function?.forward(this.output.value, value, rows)
  }

  backward(batch: PackedBatch): void {
    const { kernels, store, engine } = this.#context
    const { value, gradient, width, stride } = this.output
    const input = this.#input
    const rows = rowsOf(input, batch)
    this.#function?.backward(gradient, this.#linear, value, rows)
    if (this.#kind) kernels.activateBackward(gradient, gradient, value, rows * stride, this.#kind)
    if (input.gradient) kernels.packTransposed(this.#transposed, store.at(this.#weight), input.width, width)
    const parts = taskCount(engine.executor, rows * width * input.width, Infinity)
    engine.executor.run(parts, (theirs, part) => {
      this.#weightGradients(theirs, rows, part, parts)
      if (input.gradient) this.#inputGradients(theirs, rows, part, parts)
    })
  }

  /** dW = xᵀ·dy and db, by panels. */
  #weightGradients(kernels: Kernels, rows: number, part: number, parts: number): void {
    const { store, engine } = this.#context
    const { gradient, width, stride } = this.output
    const { value: x, width: K, stride: ldx } = this.#input
    const size = engine.memory.floatBytes
    const [first, end] = partition(width, engine.panel, part, parts)
    if (end <= first) return
    const dy = gradient + first * size
    if (this.#bias)
      kernels.sumRows(store.at(this.#bias, 0, 'gradients') + first * size, dy, rows, end - first, stride)
    const dw = store.at(this.#weight, 0, 'gradients') + first * K * size
    kernels.matmulTransposed(dw, x, 0, dy, this.#context.scratch.of(part), rows, end - first, K, ldx, stride)
  }

  /** dx = dy·Wᵀ, by rows. */
  #inputGradients(kernels: Kernels, rows: number, part: number, parts: number): void {
    const { gradient, width, stride } = this.output
    const { gradient: dx, width: K, stride: ldx } = this.#input
    const size = this.#context.engine.memory.floatBytes
    const [first, end] = partition(rows, 1, part, parts)
    if (end <= first) return
    const dy = gradient + first * stride * size
    kernels.matmul(dx + first * ldx * size, dy, this.#transposed, end - first, K, width, stride, ldx, 0)
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const { kernels, store } = this.#context
    const output = context.rows(this.output.width)
    const { at: y, width, stride } = output
    const bias = this.#bias ? store.at(this.#bias) : 0
    const weights = store.at(this.#weight)
    const activation = this.#makeFunction?.(stride)
    const linear = activation ? context.rows(width).at : y
    const kind = this.#kind
    return {
      output,
      run(rows) {
        kernels.fillRows(linear, bias, 0, rows, width, stride)
        kernels.matmul(linear, x.at, weights, rows, width, x.width, x.stride, stride, 1)
        if (kind) kernels.activate(y, y, rows * stride, kind)
        activation?.forward(y, linear, rows)
      },
    }
  }
}

/** Its weight belongs to the embedding, which initialises it. */
class TiedDenseLayer extends DenseLayer {
  constructor(...parts: ConstructorParameters<typeof DenseLayer>) {
    super(...parts)
    this.parameters = this.parameters.slice(1)
  }

  override initialise(): void {}
}
