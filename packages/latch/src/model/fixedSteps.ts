/** Layers that work on a fixed number of steps, and the steps that the input of a network has for them. */
import { layerNames } from '../layers/names.ts'
import { isWindowed, windowsOf } from '../layers/windows/windowed.ts'
import type { LayerOptions } from './config.ts'

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
