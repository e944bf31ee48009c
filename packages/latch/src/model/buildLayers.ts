/** The layers of a network, built from the bottom up on what they share. */
import type { Engine } from '../engine/engine.ts'
import { BatchIndex } from '../layers/batchIndex.ts'
import type { BuildableSpec } from '../layers/definition.ts'
import type { Context, Layer } from '../layers/layer.ts'
import { LayerNames } from '../layers/names.ts'
import { ParameterStore } from '../tensors/parameters.ts'
import { Scratch } from '../tensors/scratch.ts'

/** What the layers of a network share. */
export function contextOf(engine: Engine, inputGradients: boolean): Context {
  const store = new ParameterStore(engine)
  const [index, scratch] = [new BatchIndex(), new Scratch(engine)]
  return { engine, kernels: engine.kernels, store, index, scratch, keptSteps: 0, inputGradients }
}

/** All layers, lowest first, each named by its type and number. */
export function buildLayers(context: Context, specs: readonly BuildableSpec[]): Layer[] {
  const layers: Layer[] = []
  const names = new LayerNames()
  const all = specs.map(({ options }) => options)
  for (const { definition, options } of specs) {
    const below = layers[layers.length - 1]
    context = below?.timeline?.context ?? context
    layers.push(definition.build(context, names.next(definition.type), options, below?.output, layers, all))
  }
  return layers
}
