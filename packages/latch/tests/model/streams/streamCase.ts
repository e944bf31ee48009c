/** What stream tests share: engines at hand, the forms of a cell, networks whose biases show. */
import type { CellForm } from '../../../src/cells/registry.ts'
import type { EngineOptions } from '../../../src/engine/engine.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { network } from '../../networks.ts'
import { supportedEngines } from '../../../src/node.ts'
import { Random } from '../../../src/core/random.ts'

const engines: [string, EngineOptions][] = [
  ['reference float32', { engine: 'reference', precision: 'float32' }],
  ['reference float64', { engine: 'reference', precision: 'float64' }],
  ['simd', { engine: 'simd', threads: 1 }],
  ['relaxed', { engine: 'relaxed', threads: 1 }],
  ['simd, memory that threads share', { engine: 'simd', threads: 2 }],
]
export const offered = engines.filter(([, { engine }]) => supportedEngines().includes(engine!))

export const forms: [string, CellForm][] = [
  ['rnn tanh', { cell: 'rnn' }],
  ['rnn relu', { cell: 'rnn', activation: 'relu' }],
  ['lstm', { cell: 'lstm' }],
  ['gru after', { cell: 'gru', reset: 'after' }],
  ['gru before', { cell: 'gru', reset: 'before' }],
]

/** A network whose biases are not zero, where mistakes in them would not show. */
export function build(layers: readonly LayerOptions[], options: EngineOptions): Network {
  const net = network(layers, { ...options, seed: 4 })
  const random = new Random(8, 'bias')
  for (const parameter of net.parameters.filter(({ name }) => name.includes('bias')))
    internalsOf(net).store.write(
      parameter,
      Float64Array.from({ length: parameter.size }, () => random.between(-0.5, 0.5)),
    )
  return net
}
