/** Windows over time as Keras and TensorFlow.js write them: by the name of a padding, over inputs of a fixed number of steps. */
import { windowsOf, isWindowed, type WindowedOptions } from '../../layers/windows/windowed.ts'
import { layerNames } from '../../layers/names.ts'
import type { LayerOptions } from '../../model/config.ts'

/** The name of a layer's padding; null for any that has none, and for a mean over padding. */
export function paddingName(layer: WindowedOptions): 'valid' | 'same' | 'causal' | null {
  const { padding = 'valid' } = layer
  if (typeof padding === 'string') {
    const counts = layer.type === 'averagePool1d' && layer.countPadding && padding === 'same'
    return counts ? null : padding
  }
  const [before, after] = typeof padding === 'number' ? [padding, padding] : padding
  if (before + after === 0) return 'valid'
  if (layer.type === 'averagePool1d' && layer.countPadding) return null
  const { extent, stride } = windowsOf('', layer)
  if (after === 0 && before === extent - 1 && layer.type === 'conv1d') return 'causal'
  const isSame = stride === 1 && before === Math.floor((extent - 1) / 2) && before + after === extent - 1
  return isSame ? 'same' : null
}

/** Whether a layer takes sequences of one length only; `flatten` pads and cuts them. */
export function takesOneLength({ type }: LayerOptions): boolean {
  return type === 'permute' || type === 'reshape' || type === 'repeat'
}

/** The steps of the input where a layer above needs a fixed number of them (those that `isFixed` finds); null: any. */
export function inputSteps(
  layers: readonly LayerOptions[],
  isFixed: (layer: LayerOptions) => boolean = (layer) => 'steps' in layer,
): number | null {
  const at = layers.findIndex(isFixed)
  if (at < 0) return null
  const steps = stepsBelow(layers, at)
  if (steps === null) return null
  return layers.slice(0, at).reduceRight((above, layer) => {
    return isWindowed(layer) ? windowsOf(layer.type, layer).leastBelow(above) : above
  }, steps)
}

/** The steps that a layer of fixed ones needs below it; null: one row a sequence. */
function stepsBelow(layers: readonly LayerOptions[], at: number): number | null {
  const layer = layers[at] as Extract<LayerOptions, { steps: number }>
  if (layer.type !== 'reshape') return layer.steps
  const { per, width } = rowsOf(layers.slice(0, at))
  return per === 'step' ? (layer.steps * layer.width) / width : null
}

/** What the last of these layers leaves. */
function rowsOf(layers: readonly LayerOptions[]): { per: 'step' | 'sequence'; width: number } {
  const made: { per: 'step' | 'sequence'; width: number }[] = []
  const names = layerNames(layers)
  for (const [i, layer] of layers.entries()) {
    let { per, width } = made[i - 1] ?? { per: 'step', width: 0 }
    if (layer.type === 'features') width = layer.width
    else if (layer.type === 'embedding') width = layer.size
    else if (layer.type === 'oneHot') width = layer.vocabulary
    else if (layer.type === 'dense') width = layer.units
    else if (layer.type === 'conv1d') width = layer.filters
    else if (layer.type === 'pool') per = 'sequence'
    else if (layer.type === 'flatten') [per, width] = ['sequence', layer.steps * width]
    else if (layer.type === 'repeat') per = 'step'
    else if (layer.type === 'permute') width = layer.steps
    else if (layer.type === 'reshape') [per, width] = ['step', layer.width]
    else if (layer.type === 'recurrent') {
      const beside = layer.direction === 'bidirectional' && (layer.merge ?? 'concat') === 'concat'
      width = layer.units * (beside ? 2 : 1)
      if (layer.returnSequences === false) per = 'sequence'
    } else if ('inputs' in layer) {
      const inputs = layer.inputs.map((name) => made[names.indexOf(name)])
      const widths = inputs.map((input) => input.width)
      width =
        layer.type === 'concat' ? widths.reduce((a, b) => a + b) : widths.reduce((a, b) => Math.max(a, b))
      per = inputs.some((input) => input.per === 'step') ? 'step' : 'sequence'
    }
    made.push({ per, width })
  }
  return made[made.length - 1]
}

/** A weight (filters, inputs, size) as a kernel (size, inputs, filters). */
export function kernelOf(weight: Float32Array, filters: number, inputs: number, size: number): Float32Array {
  const kernel = new Float32Array(weight.length)
  let from = 0
  for (let n = 0; n < filters; n++)
    for (let c = 0; c < inputs; c++)
      for (let k = 0; k < size; k++) kernel[(k * inputs + c) * filters + n] = weight[from++]
  return kernel
}
