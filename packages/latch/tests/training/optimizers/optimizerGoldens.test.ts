/** Every optimizer with every option equals PyTorch's (Lion the paper's), update by update; threads change no bit. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../../src/engine/engine.ts'
import { parallelism } from '../../../src/engine/threads/executor.ts'
import { internalsOf, type Network, type NetworkOptions } from '../../../src/model/network.ts'
import {
  completeOptimizer,
  DEFAULT_LEARNING_RATES,
  Optimizer,
  optimizerRegions,
  type OptimizerOptions,
} from '../../../src/training/optimizer.ts'
import { expectClose } from '../../closeTo.ts'
import { network } from '../../networks.ts'
import { everyOptimizer } from './everyOptimizer.ts'
import { bitsOf } from '../trainingHelpers.ts'

interface Tensor {
  shape: number[]
  data: number[]
}

interface Goldens {
  rate: number
  start: Tensor
  gradients: Tensor
  defaults: Record<string, { learningRate: number; options: Record<string, number | boolean> }>
  cases: { options: OptimizerOptions; path: Tensor }[]
}

const goldens = JSON.parse(
  readFileSync(new URL('../../golden/optimizers.json', import.meta.url), 'utf8'),
) as Goldens
const count = goldens.start.data.length

const engines: (EngineOptions & { tolerance: number })[] = [
  { engine: 'simd', precision: 'float32', tolerance: 5e-6 },
  { engine: 'relaxed', precision: 'float32', tolerance: 5e-6 },
  { engine: 'reference', precision: 'float32', tolerance: 5e-6 },
  { engine: 'reference', precision: 'float64', tolerance: 2e-11 },
]

/** A dense layer of `width` weights. */
function weightsOnly(width: number, engine: NetworkOptions): Network {
  const layers = [
    { type: 'features', width },
    { type: 'pool', pooling: 'last' },
    { type: 'dense', units: 1, bias: false },
  ] as const
  return network(layers, engine)
}

const titled = goldens.cases.map((item) => [JSON.stringify(item.options), item] as const)

describe.each(engines)('$engine $precision', ({ tolerance, ...engine }) => {
  it.each(titled)('%s', (_, { options, path }) => {
    const net = weightsOnly(count, engine)
    const [weights] = net.parameters
    internalsOf(net).store.write(weights, goldens.start.data)
    const optimizer = new Optimizer(net, options)
    for (let step = 0; step * count < path.data.length; step++) {
      const own = [step * count, (step + 1) * count] as const
      internalsOf(net).store.write(weights, goldens.gradients.data.slice(...own), 'gradients')
      optimizer.update(goldens.rate)
      expectClose(internalsOf(net).store.read(weights), path.data.slice(...own), tolerance)
    }
  })

  it.each(titled)('%s: a factor of the gradients', (_, { options, path }) => {
    const net = weightsOnly(count, engine)
    const [weights] = net.parameters
    internalsOf(net).store.write(weights, goldens.start.data)
    const optimizer = new Optimizer(net, options)
    const doubled = goldens.gradients.data.slice(0, count).map((gradient) => 2 * gradient)
    internalsOf(net).store.write(weights, doubled, 'gradients')
    optimizer.update(goldens.rate, 0.5)
    expectClose(internalsOf(net).store.read(weights), path.data.slice(0, count), tolerance)
  })
})

describe('defaults', () => {
  it.each(Object.entries(goldens.defaults))('%s', (type, { learningRate, options }) => {
    const complete = completeOptimizer({ type } as OptimizerOptions)
    expect(complete).toEqual({ type, ...options })
    // PyTorch once asked for the rate of SGD; its later default is a tenth of this one.
    const factor = type === 'sgd' ? 10 : 1
    expect(DEFAULT_LEARNING_RATES[complete.type]).toBeCloseTo(factor * learningRate, 12)
  })

  it('lion: the paper’s', () => {
    expect(completeOptimizer({ type: 'lion' })).toEqual({
      type: 'lion',
      beta1: 0.9,
      beta2: 0.99,
      weightDecay: 0,
    })
  })
})

describe('threads', () => {
  const width = 4096
  const updated = (options: OptimizerOptions, threads: number) => {
    const net = weightsOnly(width, { engine: 'simd', threads, seed: 3 })
    const optimizer = new Optimizer(net, options)
    for (let step = 0; step < 6; step++) {
      const gradients = Array.from({ length: width }, (_, i) => Math.sin(i * 0.37 + step))
      internalsOf(net).store.write(net.parameters[0], gradients, 'gradients')
      optimizer.update(0.01, 0.7)
    }
    const bits = [bitsOf(net), ...optimizerRegions(optimizer.options).map((region) => bitsOf(net, region))]
    net.dispose()
    return bits
  }

  it.each(everyOptimizer)('%s: the same bits', (_, options) => {
    const usual = { ...parallelism }
    Object.assign(parallelism, { minWork: 1, eager: true })
    try {
      expect(updated(options, 3)).toEqual(updated(options, 1))
    } finally {
      Object.assign(parallelism, usual)
    }
  })
})

describe('options out of range', () => {
  const refused: [OptimizerOptions, RegExp][] = [
    [
      { type: 'sgd', momentum: 0.9, dampening: 0.1, nesterov: true },
      /optimizer\.nesterov: expected dampening 0/,
    ],
    [{ type: 'sgd', dampening: 0.1 }, /optimizer\.dampening: expected a momentum above 0/],
    [{ type: 'rmsprop', momentum: 1 }, /optimizer\.momentum: expected a number from 0 to below 1, got 1/],
    [{ type: 'rmsprop', centered: 1 as never }, /optimizer\.centered: expected true or false, got 1/],
    [{ type: 'adagrad', lrDecay: -1 }, /optimizer\.lrDecay/],
    [{ type: 'adagrad', initialAccumulatorValue: NaN }, /optimizer\.initialAccumulatorValue/],
    [{ type: 'adam', amsgrad: 'yes' as never }, /optimizer\.amsgrad: expected true or false/],
    [{ type: 'adadelta', rho: 1 }, /optimizer\.rho/],
    [{ type: 'adamax', beta1: 1 }, /optimizer\.beta1/],
    [{ type: 'nadam', momentumDecay: -0.1 }, /optimizer\.momentumDecay/],
    [{ type: 'radam', decoupledWeightDecay: 0 as never }, /optimizer\.decoupledWeightDecay/],
    [{ type: 'lion', beta2: '0.9' as never }, /optimizer\.beta2/],
    [{ type: 'toString' as never }, /optimizer\.type: expected sgd, .* or lion, got toString/],
  ]

  it.each(refused)('%o', (options, message) => expect(() => completeOptimizer(options)).toThrow(message))
})
