/**
 * Layers that read the outputs of several layers below, by name: `concat` and `merge`. On the way back each part is added
 * to what the layers above said about that layer, just before its own turn (`Layer.skipGradients`).
 */
import { ShapeError } from '../../core/errors.ts'
import { fieldError, readList, readString, type Field } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertValues } from '../assertValues.ts'
import type { AnyOptions } from '../definition.ts'
import { capacityOf, rowsOf } from '../layer.ts'
import type { Capacity, Context, Edge, Layer } from '../layer.ts'
import { layerNames } from '../names.ts'

/** Reads the names of layers below. @throws FormatError naming the one that is not there */
export function readInputs(field: Field, below: readonly AnyOptions[], minLength = 1): readonly string[] {
  const names = layerNames(below)
  return readList(field, (item) => readName(item, names), { minLength, maxLength: 1000 })
}

function readName(field: Field, names: readonly string[]): string {
  const name = readString(field, { maxLength: 100 })
  if (names.includes(name)) return name
  throw fieldError(field, `the name of a layer below (${names.join(', ')})`)
}

/** The layers of these names. @throws ShapeError for a name that none has; UnsupportedError for a one-hot layer */
export function findLayers(name: string, inputs: readonly string[], below: readonly Layer[]): Layer[] {
  const names = below.map((layer) => layer.name)
  return inputs.map((wanted) => {
    const layer = below[names.indexOf(wanted)]
    if (!layer)
      throw new ShapeError({ where: name, expected: `layers among ${names.join(', ')}`, got: wanted })
    assertValues(`${name}, ${wanted}`, layer.output)
    return layer
  })
}

/** @throws ShapeError where a layer between these and the one to be changes the number of steps */
export function assertSameSteps(
  name: string,
  inputs: readonly string[],
  layers: readonly Layer[],
  below: readonly Layer[],
): void {
  layers.forEach((layer, i) => {
    const all = below.slice(below.indexOf(layer) + 1).filter(({ timeline }) => timeline)
    const [changes] = all
    if (!changes) return
    // Two permutations, one after the other, give as many steps again.
    const back = all[all.length - 1].timeline!.fixed?.above
    if (back !== undefined && back === changes.timeline!.fixed?.below) return
    throw new ShapeError({
      where: `${name}, ${inputs[i]}`,
      expected: 'as many steps as right below',
      got: `those below ${changes.name}, which changes their number`,
      remedy: "Give that layer padding 'same' and stride 1, or join the outputs below it.",
    })
  })
}

/** What `concat` and `merge` have in common: an output of their own, and gradients that skip the layers between. */
export abstract class SkipLayer implements Layer {
  abstract readonly type: string
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  protected readonly context: Context
  protected readonly layers: readonly Layer[]
  readonly #input: Edge

  constructor(context: Context, name: string, input: Edge, layers: readonly Layer[], output: Edge) {
    this.name = name
    this.context = context
    this.layers = layers
    this.output = output
    this.#input = input
    for (const layer of new Set(layers)) {
      if (layer.output !== input)
        (layer.skipGradients ??= []).push((batch) => this.#back(layer.output, batch))
    }
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, kernels } = this.context
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.output.value = engine.memory.floats(floats, this.type)
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, this.type) : 0
  }

  abstract forward(batch: PackedBatch): void

  /** Adds to the gradient of one input edge. */
  protected abstract addTo(edge: Edge, batch: PackedBatch): void

  /** Only for the layer right below, whose gradient is this layer's to write, whether it is a part or not. */
  backward(batch: PackedBatch): void {
    const input = this.#input
    if (!input.gradient) return
    this.context.kernels.zero(input.gradient, rowsOf(input, batch) * input.stride)
    this.addTo(input, batch)
  }

  #back(edge: Edge, batch: PackedBatch): void {
    if (edge.gradient) this.addTo(edge, batch)
  }
}
