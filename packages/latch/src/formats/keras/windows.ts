/** Windows over time as Keras and TensorFlow.js write them: by the name of a padding. */
import { windowsOf, type WindowedOptions } from '../../layers/windows/windowed.ts'

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

/** A weight (filters, inputs, size) as a kernel (size, inputs, filters). */
export function kernelOf(weight: Float32Array, filters: number, inputs: number, size: number): Float32Array {
  const kernel = new Float32Array(weight.length)
  let from = 0
  for (let n = 0; n < filters; n++)
    for (let c = 0; c < inputs; c++)
      for (let k = 0; k < size; k++) kernel[(k * inputs + c) * filters + n] = weight[from++]
  return kernel
}
