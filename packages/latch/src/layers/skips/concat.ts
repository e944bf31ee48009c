/** Outputs of several layers below side by side, for networks with skip connections. */
import { strideOf } from '../../engine/engine.ts'
import { ShapeError } from '../../core/errors.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions } from '../fields.ts'
import { makeEdge, rowsOf } from '../layer.ts'
import type { Context, Edge, Layer, LayerStep, StreamContext } from '../layer.ts'
import { assertSameSteps, findLayers, readInputs, SkipLayer } from './skipLayer.ts'
import type { Rows } from '../streamRows.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/**
 * The named layers' outputs (`embedding.0`, `recurrent.1`), side by side in this order; all by step or all by sequence. With
 * one name, the output of that layer again, for a branch that begins there.
 */
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
  read: (field, below) => readOptions(field, { inputs: (list) => readInputs(list, below) }),
  build: (context, name, options, input, below) => new ConcatLayer(context, name, options, input, below),
}

/** Outputs of layers below side by side: `concat(['embedding.0', 'recurrent.0'])`. */
export function concat(inputs: readonly string[]): LayerSpec<ConcatOptions> {
  return { definition: concatLayer, options: { type: 'concat', inputs } }
}

export class ConcatLayer extends SkipLayer {
  readonly type = 'concat'
  readonly #parts: readonly Part[]

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
    const parts = layers.map(({ output: edge }, i): Part => {
      if (edge.per !== first.per) throwMixedEdges(`${name}, ${inputs[i]}`, first, edge)
      const column = width
      width += edge.width
      return { edge, column }
    })
    if (first.per === 'step') assertSameSteps(name, inputs, layers, below)
    super(context, name, input, layers, makeEdge(first.per, width, strideOf(context.engine, width)))
    this.#parts = parts
  }

  forward(batch: PackedBatch): void {
    const { kernels, engine } = this.context
    const { value, stride } = this.output
    const rows = rowsOf(this.output, batch)
    for (const { edge, column } of this.#parts) {
      const to = value + column * engine.memory.floatBytes
      kernels.gatherRows(to, edge.value, 0, rows, edge.width, stride, edge.stride)
    }
  }

  protected addTo(edge: Edge, batch: PackedBatch): void {
    const { kernels, engine } = this.context
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
      this.layers.map((layer) => context.outputOf(layer)),
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

function throwMixedEdges(where: string, first: Edge, edge: Edge): never {
  const words = ({ per }: Edge) => (per === 'step' ? 'a row for each step' : 'one row a sequence')
  throw new ShapeError({
    where,
    expected: `${words(first)}, as the first layer has`,
    got: words(edge),
    remedy: 'Pool the steps first, or give recurrent layers returnSequences: true.',
  })
}
