/** Outputs of several layers below as one, number by number: residual connections, gates, attention. */
import { accessOf } from '../../engine/generic/access.ts'
import type { Access } from '../../engine/reference/access.ts'
import { strideOf } from '../../engine/engine.ts'
import { ShapeError } from '../../core/errors.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { oneOf, readOptions } from '../fields.ts'
import {
  makeEdge,
  type Context,
  type Edge,
  type Layer,
  type LayerStep,
  type StreamContext,
} from '../layer.ts'
import { assertSameSteps, findLayers, readInputs, SkipLayer } from './skipLayer.ts'
import type { Rows } from '../streamRows.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** How numbers become one; `subtract` takes two layers. */
export const MERGE_OPERATIONS = ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'] as const
export type MergeOperation = (typeof MERGE_OPERATIONS)[number]

/**
 * The named layers' outputs, number by number. All have one width, or a single column that stands for all; what is one row
 * a sequence stands for each of its steps where others have rows by step.
 */
export interface MergeOptions {
  type: 'merge'
  operation: MergeOperation
  inputs: readonly string[]
}

/** Merging as data. */
export const mergeLayer: LayerDefinition<MergeOptions> = {
  type: 'merge',
  read: (field, below) =>
    readOptions(field, {
      operation: oneOf(...MERGE_OPERATIONS),
      inputs: (list) => readInputs(list, below, 2),
    }),
  build: (context, name, options, input, below) => new MergeLayer(context, name, options, input, below),
}

/** Outputs of layers below, number by number: `merge('add', ['features.0', 'recurrent.0'])`. */
export function merge(operation: MergeOperation, inputs: readonly string[]): LayerSpec<MergeOptions> {
  return { definition: mergeLayer, options: { type: 'merge', operation, inputs } }
}

/** Why there is no stream where a row of the whole sequence stands for each step. */
const MEETS_STEPS = {
  got: 'a merge layer, where a row of the whole sequence meets each step',
  remedy: 'Pass whole sequences to forward.',
}

/** The numbers that `combine` and `slope` see of one place, one for each input. */
type Numbers = Float64Array

/** One number of many, in the order of the inputs. */
function combine(operation: MergeOperation, x: Numbers): number {
  let y = x[0]
  for (let i = 1; i < x.length; i++) {
    if (operation === 'multiply') y *= x[i]
    else if (operation === 'subtract') y -= x[i]
    else if (operation === 'maximum') y = x[i] > y || Number.isNaN(x[i]) ? x[i] : y
    else if (operation === 'minimum') y = x[i] < y || Number.isNaN(x[i]) ? x[i] : y
    else y += x[i]
  }
  return operation === 'average' ? y / x.length : y
}

/** ∂y/∂x[k]. Of equal numbers the first is the largest and the smallest. */
function slope(operation: MergeOperation, x: Numbers, k: number): number {
  switch (operation) {
    case 'add':
      return 1
    case 'subtract':
      return k === 0 ? 1 : -1
    case 'average':
      return 1 / x.length
    case 'multiply': {
      let product = 1
      for (let i = 0; i < x.length; i++) if (i !== k) product *= x[i]
      return product
    }
    default:
      return x.indexOf(combine(operation, x)) === k ? 1 : 0
  }
}

export class MergeLayer extends SkipLayer {
  readonly type = 'merge'
  readonly needsWholeSequence?: { got: string; remedy: string }
  readonly #operation: MergeOperation
  readonly #access: Access
  readonly #numbers: Numbers
  /** Where the numbers of a row begin, of each input. */
  readonly #places: Int32Array

  /** @throws UnsupportedError for a one-hot layer; ShapeError for layers whose widths differ */
  constructor(
    context: Context,
    name: string,
    { inputs, operation }: MergeOptions,
    input: Edge,
    below: readonly Layer[],
  ) {
    const layers = findLayers(name, inputs, below)
    if (operation === 'subtract' && layers.length !== 2)
      throw new ShapeError({ where: name, expected: 'two layers to subtract', got: `${layers.length}` })
    const edges = layers.map(({ output }) => output)
    const width = edges.reduce((most, edge) => Math.max(most, edge.width), 0)
    layers.forEach(({ output }, i) => {
      if (output.width === width || output.width === 1) return
      throw new ShapeError({
        where: `${name}, ${inputs[i]}`,
        expected: `${width} numbers a row, or one`,
        got: `${output.width}`,
      })
    })
    const per = edges.some((edge) => edge.per === 'step') ? 'step' : 'sequence'
    if (per === 'step') assertSameSteps(name, inputs, layers, below)
    super(context, name, input, layers, makeEdge(per, width, strideOf(context.engine, width)))
    if (per === 'step' && edges.some((edge) => edge.per === 'sequence')) this.needsWholeSequence = MEETS_STEPS
    this.#operation = operation
    this.#access = accessOf(context.engine)
    this.#numbers = new Float64Array(layers.length)
    this.#places = new Int32Array(layers.length)
  }

  forward(batch: PackedBatch): void {
    const { value, stride, width } = this.output
    const v = this.#access.f()
    const to = value >>> this.#access.shift
    this.#eachRow(batch, (row) => {
      for (let j = 0; j < width; j++) {
        this.#gather(v, j)
        v[to + row * stride + j] = combine(this.#operation, this.#numbers)
      }
    })
  }

  protected addTo(edge: Edge, batch: PackedBatch): void {
    const { gradient, stride, width } = this.output
    const { shift } = this.#access
    const v = this.#access.f()
    const [from, shiftBy] = [gradient >>> shift, (edge.gradient >>> shift) - (edge.value >>> shift)]
    this.#eachRow(batch, (row) => {
      for (let j = 0; j < width; j++) {
        const dy = v[from + row * stride + j]
        this.#gather(v, j)
        this.layers.forEach(({ output }, k) => {
          if (output !== edge) return
          const at = this.#places[k] + shiftBy + (edge.width === 1 ? 0 : j)
          v[at] += dy * slope(this.#operation, this.#numbers, k)
        })
      }
    })
  }

  /** The numbers of column j, from the places of a row. */
  #gather(v: ArrayLike<number>, j: number): void {
    for (let k = 0; k < this.layers.length; k++)
      this.#numbers[k] = v[this.#places[k] + (this.layers[k].output.width === 1 ? 0 : j)]
  }

  /** Visits each row of the output, with the places of its inputs set. */
  #eachRow(batch: PackedBatch, visit: (row: number) => void): void {
    const { shift } = this.#access
    const set = (row: number, b: number) => {
      this.layers.forEach(({ output: { per, value, stride } }, k) => {
        this.#places[k] = (value >>> shift) + (per === this.output.per ? row : b) * stride
      })
      visit(row)
    }
    if (this.output.per === 'sequence') for (let b = 0; b < batch.sequences; b++) set(b, b)
    else
      for (let t = 0; t < batch.steps; t++)
        for (let b = 0; b < batch.batchSizes[t]; b++) set(batch.offsets[t] + b, b)
  }

  stream(context: StreamContext): LayerStep {
    const parts = this.layers.map((layer) => context.outputOf(layer))
    return new MergeStep(context.rows(this.output.width), parts, this.#operation)
  }
}

/** Rows as one. */
class MergeStep implements LayerStep {
  readonly output: Rows
  readonly #parts: readonly Rows[]
  readonly #operation: MergeOperation
  readonly #numbers: Numbers

  constructor(y: Rows, parts: readonly Rows[], operation: MergeOperation) {
    this.output = y
    this.#parts = parts
    this.#operation = operation
    this.#numbers = new Float64Array(parts.length)
  }

  run(rows: number): void {
    const { view: y, stride, width } = this.output
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < width; j++) {
        for (let k = 0; k < this.#parts.length; k++) {
          const { view, stride: from, width: own } = this.#parts[k]
          this.#numbers[k] = view[r * from + (own === 1 ? 0 : j)]
        }
        y[r * stride + j] = combine(this.#operation, this.#numbers)
      }
    }
  }
}
