/**
 * Outputs of several layers below side by side, for networks with skip connections. On the way back each part is
 * added to what the layers above said about that layer, just before its own turn (`Layer.skipGradients`).
 */
import { strideOf } from '../engine/engine.ts'
import { ShapeError } from '../core/errors.ts'
import { fieldError, readList, readString, type Field } from '../core/validation.ts'
import { assertValues } from './assertValues.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { readOptions } from './fields.ts'
import { capacityOf, makeEdge, rowsOf } from './layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext } from './layer.ts'
import { layerNames } from './names.ts'
import type { Rows } from './streamRows.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

/** The named layers' outputs (`embedding.0`, `recurrent.1`), side by side in this order; all by step or all by sequence. */
export interface ConcatOptions {
  type: 'concat'
  inputs: readonly string[]
}

/** An edge that is read, and the column where it goes. */
interface Part {
  edge: Edge
  column: number
}

/** Concatenation as data. */
export const concatLayer: LayerDefinition<ConcatOptions> = {
  type: 'concat',
  read(field, below) {
    const names = layerNames(below)
    const inputs = (list: Field) =>
      readList(list, (item) => readName(item, names), { minLength: 1, maxLength: 1000 })
    return readOptions(field, { inputs })
  },
  build: (context, name, options, input, below) => new ConcatLayer(context, name, options, input, below),
}

/** Outputs of layers below side by side: `concat(['embedding.0', 'recurrent.0'])`. */
export function concat(inputs: readonly string[]): LayerSpec<ConcatOptions> {
  return { definition: concatLayer, options: { type: 'concat', inputs } }
}

function readName(field: Field, names: readonly string[]): string {
  const name = readString(field, { maxLength: 100 })
  if (names.includes(name)) return name
  throw fieldError(field, `the name of a layer below (${names.join(', ')})`)
}

export class ConcatLayer implements Layer {
  readonly type = 'concat'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #parts: readonly Part[]
  readonly #layers: readonly Layer[]

  /** @throws UnsupportedError for a one-hot layer; ShapeError for a mix of steps and whole sequences, or an unknown layer */
  constructor(
    context: Context,
    name: string,
    { inputs }: ConcatOptions,
    input: Edge,
    below: readonly Layer[],
  ) {
    const layers = findLayers(name, inputs, below)
    const [{ output: first }] = layers
    let width = 0
    const parts: Part[] = []
    layers.forEach(({ output: edge }, i) => {
      assertValues(`${name}, ${inputs[i]}`, edge)
      if (edge.per !== first.per) throwMixedEdges(`${name}, ${inputs[i]}`, first, edge)
      if (edge.per === 'step') assertSameSteps(`${name}, ${inputs[i]}`, layers[i], below)
      parts.push({ edge, column: width })
      width += edge.width
    })
    this.name = name
    this.#context = context
    this.#input = input
    this.#parts = parts
    this.#layers = layers
    this.output = makeEdge(first.per, width, strideOf(context.engine, width))
    for (const layer of new Set(layers)) {
      if (layer.output !== input)
        (layer.skipGradients ??= []).push((batch) => this.#addTo(layer.output, batch))
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

  #addTo(edge: Edge, batch: PackedBatch): void {
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

  stream(context: StreamContext): LayerStep {
    return new ConcatStep(
      context.rows(this.output.width),
      this.#layers.map((layer) => context.outputOf(layer)),
    )
  }
}

/** Rows side by side. */
class ConcatStep implements LayerStep {
  readonly output: Rows
  readonly #parts: readonly Rows[]

  constructor(y: Rows, parts: readonly Rows[]) {
    this.output = y
    this.#parts = parts
  }

  run(rows: number): void {
    const { view: y, stride } = this.output
    let column = 0
    for (let p = 0; p < this.#parts.length; p++) {
      const { view: x, width, stride: from } = this.#parts[p]
      for (let r = 0; r < rows; r++)
        for (let j = 0; j < width; j++) y[r * stride + column + j] = x[r * from + j]
      column += width
    }
  }
}

function findLayers(name: string, inputs: readonly string[], below: readonly Layer[]): Layer[] {
  const names = below.map((layer) => layer.name)
  return inputs.map((wanted) => {
    const layer = below[names.indexOf(wanted)]
    if (layer) return layer
    throw new ShapeError({ where: name, expected: `layers among ${names.join(', ')}`, got: wanted })
  })
}

/** @throws ShapeError for a layer below one that changes the number of steps */
function assertSameSteps(where: string, layer: Layer, below: readonly Layer[]): void {
  const changes = below.slice(below.indexOf(layer) + 1).find(({ timeline }) => timeline)
  if (!changes) return
  throw new ShapeError({
    where,
    expected: 'as many steps as right below',
    got: `those below ${changes.name}, which changes their number`,
    remedy: "Give that layer padding 'same' and stride 1, or concatenate below it.",
  })
}

function throwMixedEdges(where: string, first: Edge, edge: Edge): never {
  const words = ({ per }: Edge) => (per === 'step' ? 'a row for each step' : 'one row a sequence')
  throw new ShapeError({
    where,
    expected: `${words(first)}, as the first layer has`,
    got: words(edge),
    remedy: 'Pool the steps first, or give recurrent layers returnSequences: true.',
  })
}
