/**
 * The layer cases of Keras 3, Keras 2 and TensorFlow.js, each as the model configuration it stands for, opened by
 * the importer and run: outputs, states, masks, state from call to call, and training.
 */
import { existsSync, readFileSync } from 'node:fs'
import { importKerasConfig, type KerasArray } from '../../../src/formats/keras/read/model.ts'
import type { ImportedModel } from '../../../src/formats/imported.ts'
import type { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { configuredNetwork } from '../../networks.ts'
import type { ConformanceResult } from './result.ts'
import { relativeDifference } from '../../closeTo.ts'

const FOLDER = new URL('../../../../../../shared/conformance/keras/', import.meta.url)

/** Whether the cases lie beside the clone. */
export const kerasCasesAreHere = existsSync(FOLDER)

/** Numbers with a shape, as the files have them. */
export interface Tensor {
  shape: number[]
  data: number[]
}

/** A layer as the files have it: `class` and its options. */
export interface CaseLayer {
  class: string
  [option: string]: unknown
}

/** Reads one of the files. */
export function kerasFile<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T
}

/** A layer and the arrays it has. */
export interface Loaded {
  layer: CaseLayer
  arrays: readonly Tensor[]
}

/** Keras' serialised form of a layer of the files. */
function serialised(
  layer: CaseLayer,
  name?: string,
): { class_name: string; config: Record<string, unknown> } {
  const config: Record<string, unknown> = name ? { name } : {}
  for (const [key, value] of Object.entries(layer)) {
    if (key === 'class') continue
    const nested = (one: unknown) =>
      typeof one === 'object' && one !== null && 'class' in one ? serialised(one as CaseLayer) : one
    config[key] = Array.isArray(value) ? value.map(nested) : nested(value)
  }
  return { class_name: layer.class, config }
}

/** A Sequential model of the layers, opened by the importer. */
export function openLayers(
  layers: readonly Loaded[],
  { shape, version }: { shape: readonly (number | null)[]; version: number },
): ImportedModel {
  const arrays = new Map<string, KerasArray[]>()
  const list = layers.map(({ layer, arrays: own }, i) => {
    const named = own.map(({ shape: s, data }, n) => ({
      name: `${n}`,
      shape: s,
      data: Float32Array.from(data),
    }))
    arrays.set(`layer_${i}`, named)
    return serialised(layer, `layer_${i}`)
  })
  const input = { class_name: 'InputLayer', config: { name: 'input', batch_shape: [null, ...shape] } }
  const config = { class_name: 'Sequential', config: { name: 'case', layers: [input, ...list] } }
  const producer = `Keras ${version}.0.0`
  const about = { source: 'case', format: 'keras' as const, producer, options: {} }
  return importKerasConfig(config, (name) => arrays.get(name) ?? [], about)
}

/** The network of an imported model, ending as Keras' does (no case ends on a softmax). */
export function networkOf(model: ImportedModel): Network {
  return configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
}

/** Every state of the lowest layer, by direction, in Keras' order: h, then c. */
export function finalStates(network: Network, batch: PackedBatch): Float64Array[] {
  const [layer] = internalsOf(network).recurrent
  return layer.loops.flatMap((_, direction) =>
    (['hidden', 'cell'] as const)
      .filter((state) => layer.cell.stateNames.includes(state))
      .map((state) => network.readFinalState(batch, { state, direction })),
  )
}

/** Gives the lowest layer's states in that order. */
export function giveStates(network: Network, batch: PackedBatch, states: readonly ArrayLike<number>[]): void {
  const [layer] = internalsOf(network).recurrent
  const names = (['hidden', 'cell'] as const).filter((state) => layer.cell.stateNames.includes(state))
  states.forEach((values, i) => {
    const [direction, state] = [Math.floor(i / names.length), names[i % names.length]]
    network.writeInitialState(batch, values, { state, direction })
  })
}

/** `expected` within Keras' own bound, or 1e-5. */
export function result(
  suite: string,
  name: string,
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance = 1e-5,
  why = '',
): ConformanceResult {
  const worst = relativeDifference(got, wanted)
  return { suite, name, status: worst <= Math.max(tolerance, 1e-5) ? 'equal' : 'different', worst, why }
}
