/** A regressor's network whose output is the number itself: the scaling becomes part of the last layer. */
import { buildNetwork, internalsOf, type Network } from '../../model/network.ts'
import type { TargetScaling } from './learned.ts'
import { regressorLayers } from './network.ts'

/** A copy in which y = W·h + b of the last layer is y = (W·d)·h + (b·d + m) for mean m and deviation d. */
export function unscaledNetwork(network: Network, { mean, deviation }: TargetScaling): Network {
  const { store } = internalsOf(network)
  const parameters = new Map(store.all.map((parameter) => [parameter.name, parameter]))
  const last = store.all.slice(-2).map(({ name }) => name)
  return buildNetwork(network.config, regressorLayers, {
    engine: network.engine.name,
    precision: network.engine.precision,
    threads: 1,
    weights({ name }) {
      const values = store.read(parameters.get(name)!)
      if (!last.includes(name)) return values
      const shift = name.endsWith('bias') ? mean : 0
      return Float64Array.from(values, (value) => value * deviation + shift)
    },
  })
}
