/** An activation as a layer of its own: each number by itself, or softmax over a row. */
import { readActivation, resolveActivation, type ActivationChoice } from '../cells/activations.ts'
import { accessOf } from '../engine/generic/access.ts'
import { genericKernels, type Activator } from '../engine/generic/index.ts'
import { softmaxBackward, softmaxForward } from '../engine/generic/rows.ts'
import type { Engine } from '../engine/engine.ts'
import type { Pointer } from '../engine/kernels.ts'
import { assertValues } from './assertValues.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { readOptions } from './fields.ts'
import { capacityOf, makeEdge, rowsOf } from './layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext } from './layer.ts'
import type { Rows } from './streamRows.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

/** A function of each number, or of a whole row (softmax, logSoftmax). */
export interface ActivationOptions {
  type: 'activation'
  activation: ActivationChoice | 'softmax' | 'logSoftmax'
}

const ROW_FUNCTIONS = ['softmax', 'logSoftmax'] as const

/** The activation layer as data. */
export const activationLayer: LayerDefinition<ActivationOptions> = {
  type: 'activation',
  read: (field) =>
    readOptions(field, {
      activation: (choice) => ROW_FUNCTIONS.find((name) => name === choice.value) ?? readActivation(choice),
    }),
  build: (context, name, options, input) => new ActivationLayer(context, name, options, input),
}

/** A function of each number, or of a row: `activation('softmax')`. */
export function activation(choice: ActivationOptions['activation']): LayerSpec<ActivationOptions> {
  return { definition: activationLayer, options: { type: 'activation', activation: choice } }
}

/** A function over rows (rows, width; stride), x and y alike. */
export interface RowFunction {
  forward(y: Pointer, x: Pointer, rows: number): void
  /** From dy in place to dx. */
  backward(dy: Pointer, x: Pointer, y: Pointer, rows: number): void
}

/** Makes the function of an activation for rows of this width and stride. */
export type MakeRowFunction = typeof rowFunction

/** A function for edges of this width and stride. Columns beyond the width are left alone. */
export function rowFunction(
  engine: Engine,
  choice: ActivationOptions['activation'],
  width: number,
  stride: number,
): RowFunction {
  if (choice !== 'softmax' && choice !== 'logSoftmax')
    return elementwise(engine, genericKernels(engine).activator(resolveActivation(choice)), width, stride)
  const access = accessOf(engine)
  const log = choice === 'logSoftmax'
  return {
    forward: (y, x, rows) => softmaxForward(access, y, x, { rows, width, stride }, log),
    backward: (dy, _x, y, rows) => softmaxBackward(access, dy, dy, y, { rows, width, stride }, log),
  }
}

function elementwise(engine: Engine, f: Activator, width: number, stride: number): RowFunction {
  const { f: floats, shift } = accessOf(engine)
  const rowBytes = stride * engine.memory.floatBytes
  const whole = stride === width
  return {
    forward(y, x, rows) {
      if (whole) f.apply(y, x, rows * width)
      else for (let r = 0; r < rows; r++) f.apply(y + r * rowBytes, x + r * rowBytes, width)
    },
    backward(dy, x, y, rows) {
      const v = floats()
      const [to, from] = [dy >>> shift, (f.slopeByOutput ? y : x) >>> shift]
      if (whole) f.multiplySlopes(v, to, v, from, rows * width)
      else for (let r = 0; r < rows; r++) f.multiplySlopes(v, to + r * stride, v, from + r * stride, width)
    },
  }
}

/** The function of a whole edge. */
export class ActivationLayer implements Layer {
  readonly type = 'activation'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #choice: ActivationOptions['activation']
  readonly #function: RowFunction

  /** @throws UnsupportedError over one-hot input */
  constructor(context: Context, name: string, options: ActivationOptions, input: Edge) {
    assertValues(name, input)
    this.name = name
    this.#context = context
    this.#input = input
    this.#choice = options.activation
    this.#function = rowFunction(context.engine, options.activation, input.width, input.stride)
    this.output = makeEdge(input.per, input.width, input.stride)
  }

  plan(capacity: Capacity): void {
    const { engine, kernels } = this.#context
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.output.value = engine.memory.floats(floats, 'activation')
    kernels.zero(this.output.value, floats)
    // Slopes are multiplied in place on the way back, so both edges share one gradient.
    this.output.gradient = this.#input.gradient
  }

  forward(batch: PackedBatch): void {
    this.#function.forward(this.output.value, this.#input.value, rowsOf(this.output, batch))
  }

  backward(batch: PackedBatch): void {
    const { gradient, value } = this.output
    if (gradient) this.#function.backward(gradient, this.#input.value, value, rowsOf(this.output, batch))
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const y = context.rows(x.width, x.stride)
    const f = rowFunction(this.#context.engine, this.#choice, x.width, x.stride)
    return { output: y, run: (rows) => f.forward(y.at, x.at, rows) }
  }
}
