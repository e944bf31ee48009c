/** Layers beyond the core against PyTorch: one network of them all, and single layers on shared cases. */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { expectClose } from '../closeTo.ts'
interface Tensor {
  shape: number[]
  data: number[]
}

const engines: [string, EngineOptions, number][] = [
  ['reference float64', { engine: 'reference', precision: 'float64' }, 1e-10],
  ['reference float32', { engine: 'reference' }, 2e-6],
  ['simd', { engine: 'simd', threads: 1 }, 2e-6],
]
const pass = { training: true, record: false, key: 0 }

/** Largest difference, relative to the largest number wanted where that is above 1. */
function expectNear(
  got: ArrayLike<number>,
  wanted: readonly number[],
  tolerance: number,
  what: string,
): void {
  expectClose(got, wanted, tolerance * Math.max(1, ...wanted.map(Math.abs)), what)
}

function backward(net: Network, batch: PackedBatch, seed: readonly number[]): Float64Array {
  net.prepareTraining()
  net.forward(batch, pass)
  const output = net.readOutput(batch)
  net.zeroGradients()
  backwardFrom(net, batch, seed, pass)
  return output
}

describe('one network of them all', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../golden/moreLayers.json', import.meta.url), 'utf8'),
  ) as Record<'x' | 'coefficients' | 'output' | 'dx', Tensor> &
    Record<'weights' | 'gradients', Record<string, Tensor>> & { lengths: number[] }
  const layers: LayerOptions[] = [
    { type: 'features', width: 4 },
    { type: 'recurrent', cell: 'lstm', units: 5 },
    { type: 'layerNorm', epsilon: 1e-3 },
    { type: 'activation', activation: 'gelu' },
    { type: 'concat', inputs: ['features.0', 'activation.0'] },
    { type: 'recurrent', cell: 'gru', units: 3 },
    { type: 'concat', inputs: ['recurrent.1', 'layerNorm.0'] },
    { type: 'pool', pooling: 'attention' },
    { type: 'dense', units: 4, activation: 'silu' },
    { type: 'dense', units: 3 },
    { type: 'activation', activation: 'logSoftmax' },
  ]

  it.each(engines)('%s', (_, options, tolerance) => {
    const weights = ({ name }: { name: string }) => golden.weights[name].data
    const net = network(layers, { ...options, weights, inputGradients: true })
    const batch = PackedBatch.ofFeatures(
      golden.x.data,
      golden.x.shape as [number, number, number],
      golden.lengths,
    )
    expectNear(backward(net, batch, golden.coefficients.data), golden.output.data, tolerance, 'output')
    expectNear(net.readInputGradient(batch), golden.dx.data, tolerance, 'dx')
    for (const parameter of net.parameters) {
      const { name } = parameter
      expect(parameter.shape).toEqual(golden.gradients[name].shape)
      expectNear(
        internalsOf(net).store.read(parameter, 'gradients'),
        golden.gradients[name].data,
        tolerance,
        name,
      )
    }
  })
})

const shared = new URL('../../../../../shared/conformance/torch/functions.json', import.meta.url)

describe.skipIf(!existsSync(shared))('single layers on shared cases', () => {
  const cases = (existsSync(shared) ? JSON.parse(readFileSync(shared, 'utf8')).cases : []) as {
    name: string
    inputs: Record<string, Tensor>
    expected_f64: { value: Tensor; grad: Record<string, Tensor> }
  }[]
  const layers: Record<string, LayerOptions> = {
    layer_norm: { type: 'layerNorm' },
    softmax: { type: 'activation', activation: 'softmax' },
    log_softmax: { type: 'activation', activation: 'logSoftmax' },
    leaky_relu: { type: 'activation', activation: 'leakyRelu' },
    softplus: { type: 'activation', activation: 'softplus' },
    softsign: { type: 'activation', activation: 'softsign' },
    elu: { type: 'activation', activation: 'elu' },
    silu: { type: 'activation', activation: 'silu' },
    gelu: { type: 'activation', activation: 'gelu' },
    hardtanh: { type: 'activation', activation: 'hardTanh' },
    tanh: { type: 'activation', activation: 'tanh' },
  }
  const runs = engines.flatMap(([engine, options, tolerance]) =>
    Object.entries(layers).map(
      ([name, layer]) => [`${name}, ${engine}`, name, layer, options, tolerance] as const,
    ),
  )

  it.each(runs)('%s', (_, name, layer, options, tolerance) => {
    const { inputs, expected_f64: wanted } = cases.find((given) => given.name === name)!
    const { x } = inputs
    const [rows, width] = x.shape
    const net = network([{ type: 'features', width }, layer], {
      ...options,
      inputGradients: true,
      weights: (parameter) => inputs[parameter.name.split('.').at(-1)!].data,
    })
    const batch = PackedBatch.ofFeatures(x.data, [1, rows, width])
    const seed = Array.from(x.data, (__, i) => 0.5 + 0.1 * i)
    expectNear(backward(net, batch, seed), wanted.value.data, tolerance, 'value')
    expectNear(net.readInputGradient(batch), wanted.grad.x.data, tolerance, 'dx')
    for (const parameter of net.parameters) {
      const short = parameter.name.split('.').at(-1)!
      expectNear(
        internalsOf(net).store.read(parameter, 'gradients'),
        wanted.grad[short].data,
        tolerance,
        short,
      )
    }
  })
})
