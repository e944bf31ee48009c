/**
 * A dense layer on rows: y = f(x·W + b), on every step or every sequence. PyTorch's Linear: weight
 * (units, inputs), bias (units). Activation default linear: what follows is a loss on logits.
 */
import { strideOf } from '../engine/engine.ts'
import type { ActivationChoice } from '../cells/activations.ts'
import { transposedScratch, type Kernels, type Pointer } from '../engine/kernels.ts'
import { taskCount, parallelFor } from '../engine/threads/executor.ts'
import { Random } from '../core/random.ts'
import { glorotUniform } from '../tensors/initializers.ts'
import {
  activation,
  capacityOf,
  rowsOf,
  type Activation,
  type Capacity,
  type Context,
  type Layer,
} from './layer.ts'
import { needValues } from './assertValues.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { partition } from '../tensors/partition.ts'

export const ACTIVATIONS = ['linear', 'relu', 'tanh', 'sigmoid'] as const

/** A fully connected layer, by step or by sequence as its input is. */
export interface DenseOptions {
  type: 'dense'
  units: number
  /** Default linear. The first four names are the fast ones. */
  activation?: ActivationChoice
  bias?: boolean
}

export class DenseLayer implements Layer {
  readonly type = 'dense'
  readonly parameters: readonly Parameter[]
  readonly output: Activation
  readonly #context: Context
  readonly #input: Activation
  readonly #weight: Parameter // (N, K)
  readonly #bias: Parameter | null // (N)
  readonly #kind: number
  #transposed: Pointer = 0

  constructor(context: Context, name: string, options: DenseOptions, input: Activation) {
    needValues(name, input)
    const { store, engine } = context
    this.#context = context
    this.#input = input
    this.#kind = (ACTIVATIONS as readonly unknown[]).indexOf(options.activation ?? 'linear')
    this.#weight = store.matrix(`${name}.weight`, [options.units, input.width])
    this.#bias = options.bias === false ? null : store.plain(`${name}.bias`, [options.units])
    this.parameters = this.#bias ? [this.#weight, this.#bias] : [this.#weight]
    this.output = activation(input.per, options.units, strideOf(engine, options.units))
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
    this.output.gradient = training ? engine.memory.floats(floats, 'dense output') : 0
    this.#transposed = training
      ? engine.memory.floats(this.#input.stride * this.output.width, 'dense weights')
      : 0
  }

  forward(batch: PackedBatch): void {
    const { engine, store } = this.#context
    const { value, width, stride } = this.output
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
  }

  backward(batch: PackedBatch): void {
    const { kernels, store, engine } = this.#context
    const { value, gradient, width, stride } = this.output
    const input = this.#input
    const rows = rowsOf(input, batch)
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
}
