/** Layers with windows over time, as exporters see them. */
import type { Conv1dOptions } from '../layers/windows/conv1d.ts'
import type { AveragePool1dOptions, MaxPool1dOptions } from '../layers/windows/localPool.ts'
import { Windows } from '../layers/windows/windows.ts'
import type { LayerOptions } from '../model/config.ts'

/** A convolution or a local pooling. */
export type WindowedOptions = Conv1dOptions | MaxPool1dOptions | AveragePool1dOptions

export function isWindowed(layer: LayerOptions): layer is WindowedOptions {
  return layer.type === 'conv1d' || layer.type === 'maxPool1d' || layer.type === 'averagePool1d'
}

/** The windows of a layer, with its defaults. */
export function windowsOf(name: string, layer: WindowedOptions): Windows {
  const stride = layer.stride ?? (layer.type === 'conv1d' ? 1 : layer.kernelSize)
  return new Windows(name, { ...layer, stride })
}
