/** Keras 2's outputs as keras-js recorded them: 39 cases with random weights. */
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import {
  finalStates,
  giveStates,
  kerasCasesAreHere,
  kerasFile,
  networkOf,
  openLayers,
  result,
  type CaseLayer,
  type Tensor,
} from './keras.ts'
import type { ConformanceResult } from './result.ts'

interface Case {
  test: string
  layer: CaseLayer
  input: Tensor
  weights: Tensor[]
  predict_runs: number
  expected: Tensor
}

/** All cases, run. */
export function runKeras2(): ConformanceResult[] {
  if (!kerasCasesAreHere) return []
  return kerasFile<{ cases: Case[] }>('keras2_kerasjs.json').cases.map(runCase)
}

function runCase(one: Case): ConformanceResult {
  const layer = layerOf(one)
  const ids = layer.class === 'Embedding'
  // An embedding alone is no network of Latch: a linear activation that drops nothing stands above it.
  const above = ids ? [{ layer: { class: 'ReLU', negative_slope: 1 }, arrays: [] }] : []
  const model = openLayers([{ layer, arrays: one.weights }, ...above], { shape: one.input.shape, version: 2 })
  const network = networkOf(model)
  const [T, F] = one.input.shape
  const batch = () =>
    ids
      ? PackedBatch.ofIds([one.input.data])
      : PackedBatch.ofFeatures(Float32Array.from(one.input.data), [1, T, F])
  let states: Float64Array[] = []
  let output = new Float64Array()
  for (let run = 0; run < one.predict_runs; run++) {
    const now = batch()
    if (states.length) giveStates(network, now, states)
    network.forward(now)
    output = Float64Array.from(network.readOutput(now))
    if (model.stateful) states = finalStates(network, now)
  }
  network.dispose()
  return result('Keras 2 layers (keras-js)', one.test, output, one.expected.data)
}

/** Some cases have their options as text. */
function layerOf({ layer, weights }: Case): CaseLayer {
  const text = typeof layer.text === 'string' ? layer.text : ''
  if (layer.class === 'TimeDistributed')
    return { class: layer.class, layer: { class: 'Dense', units: weights[0].shape[1] } }
  if (layer.class !== 'Embedding') return layer
  const number = (name: string) => Number(new RegExp(`${name}[= ](\\d+)`).exec(text)![1])
  const maskZero = text.includes('mask_zero=True')
  return {
    class: 'Embedding',
    input_dim: number('input_dim'),
    output_dim: number('output_dim'),
    mask_zero: maskZero,
  }
}
