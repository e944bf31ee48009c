/** Layers with windows over time, as exporters see them. */
import type { AnyOptions } from '../definition.ts'
import type { Conv1dOptions } from './conv1d.ts'
import type { AveragePool1dOptions, MaxPool1dOptions } from './localPool.ts'
import { Windows } from './windows.ts'

/** A convolution or a local pooling. */
export type WindowedOptions = Conv1dOptions | MaxPool1dOptions | AveragePool1dOptions

export function isWindowed(layer: AnyOptions): layer is WindowedOptions {
  return layer.type === 'conv1d' || layer.type === 'maxPool1d' || layer.type === 'averagePool1d'
}

/** The windows of a layer, with its defaults. */
export function windowsOf(name: string, layer: WindowedOptions): Windows {
  const stride = layer.stride ?? (layer.type === 'conv1d' ? 1 : layer.kernelSize)
  return new Windows(name, { ...layer, stride })
}
