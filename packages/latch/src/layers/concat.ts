/**
 * Outputs of several layers below side by side, for networks with skip connections. On the way back each part is
 * added to what the layers above said about that layer, just before its own turn (`Layer.taps`).
 */
import { strideOf } from '../engine/engine.ts'
import { ShapeError } from '../core/errors.ts'
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

/** The named layers' outputs (`embedding.0`, `recurrent.1`), side by side in this order; all by step or all by sequence. */
export interface ConcatOptions {
  type: 'concat'
  inputs: readonly string[]
}

/** An edge that is read, and the column where it goes. */
interface Part {
  edge: Activation
  column: number
}

/** The names of layers from their types: `recurrent.1` is the second recurrent layer. */
export function layerNames(types: readonly string[]): string[] {
  const counts = new Map<string, number>()
  return types.map((type) => {
    const number = counts.get(type) ?? 0
    counts.set(type, number + 1)
    return `${type}.${number}`
  })
}

export class ConcatLayer implements Layer {
  readonly type = 'concat'
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  /** The layers that are read, in the order of their columns. */
  readonly sources: readonly Layer[]
  readonly #context: Context
  readonly #input: Activation
  readonly #parts: readonly Part[]

  /** @throws UnsupportedError for a one-hot layer; ShapeError for steps beside rows of whole sequences, or no such layer */
  constructor(
    context: Context,
    name: string,
    { inputs: of }: ConcatOptions,
    input: Activation,
    below: readonly Layer[],
  ) {
    const layers = layersOf(name, of, below)
    this.sources = layers
    const [{ output: first }] = layers
    let width = 0
    const parts: Part[] = []
    layers.forEach(({ output: edge }, i) => {
      needValues(`${name}, ${of[i]}`, edge)
      if (edge.per !== first.per) refuseMix(`${name}, ${of[i]}`, first, edge)
      parts.push({ edge, column: width })
      width += edge.width
    })
    this.#context = context
    this.#input = input
    this.#parts = parts
    this.output = activation(first.per, width, strideOf(context.engine, width))
    for (const layer of new Set(layers)) {
      if (layer.output !== input) (layer.taps ??= []).push((batch) => this.#addTo(layer.output, batch))
    }
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.output.value = engine.memory.floats(floats, 'concatenated')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'concatenated') : 0
  }

  forward(batch: PackedBatch): void {
    const { kernels, engine } = this.#context
    const { value, stride } = this.output
    const rows = rowsOf(this.output, batch)
    for (const { edge, column } of this.#parts) {
      const to = value + column * engine.memory.floatBytes
      kernels.gatherRows(to, edge.value, 0, rows, edge.width, stride, edge.stride)
    }
  }

  /** Only for the layer right below, whose gradient is this layer's to write, whether it is a part or not. */
  backward(batch: PackedBatch): void {
    const input = this.#input
    if (!input.gradient) return
    this.#context.kernels.zero(input.gradient, rowsOf(input, batch) * input.stride)
    this.#addTo(input, batch)
  }

  #addTo(edge: Activation, batch: PackedBatch): void {
    if (!edge.gradient) return
    const { kernels, engine } = this.#context
    const { gradient, stride } = this.output
    const rows = rowsOf(edge, batch)
    for (const part of this.#parts) {
      if (part.edge !== edge) continue
      const from = gradient + part.column * engine.memory.floatBytes
      kernels.scatterAddRows(edge.gradient, 0, from, rows, edge.width, edge.stride, stride)
    }
  }
}

function layersOf(name: string, of: readonly string[], below: readonly Layer[]): Layer[] {
  const names = layerNames(below.map(({ type }) => type))
  return of.map((wanted) => {
    const layer = below[names.indexOf(wanted)]
    if (layer) return layer
    throw new ShapeError({ where: name, expected: `layers among ${names.join(', ')}`, got: wanted })
  })
}

function refuseMix(where: string, first: Activation, edge: Activation): never {
  const words = ({ per }: Activation) => (per === 'step' ? 'a row for each step' : 'one row a sequence')
  throw new ShapeError({
    where,
    expected: `${words(first)}, as the first layer has`,
    got: words(edge),
    remedy: 'Pool the steps first, or give recurrent layers returnSequences: true.',
  })
}
