/** Networks as tests write them: JSON, with every layer there is. */
import type { LossOptions } from '../src/layers/loss.ts'
import { allLayers } from '../src/model/allLayers.ts'
import type { LayerOptions, NetworkConfig } from '../src/model/config.ts'
import { networkFromConfig, type Network, type NetworkOptions } from '../src/model/network.ts'

/** A network of these layers. */
export function network(
  layers: readonly LayerOptions[],
  { loss, ...options }: NetworkOptions & { loss?: LossOptions } = {},
): Network {
  return configuredNetwork({ layers, loss }, options)
}

/** A network of a whole configuration. */
export function configuredNetwork(config: NetworkConfig, options: NetworkOptions = {}): Network {
  return networkFromConfig(config, allLayers, options)
}
