/** Each optimizer, clipping and moving average against the formula worked out number by number, in float64. */
import { describe, expect, it } from 'vitest'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { network } from '../../networks.ts'
import { ExponentialMovingAverage } from '../../../src/training/ema.ts'
import { clipGradients } from '../../../src/training/gradients/clip.ts'
import { completeOptimizer, Optimizer, type OptimizerOptions } from '../../../src/training/optimizer.ts'

const START = [1, -2]
const GRADIENTS = [
  [0.5, -1],
  [0.25, 2],
  [-1, 0.125],
]

/** Two numbers to learn: a dense layer without bias. */
function pair(): Network {
  const layers = [
    { type: 'features', width: 2 },
    { type: 'pool', pooling: 'last' },
    { type: 'dense', units: 1, bias: false },
  ] as const
  const net = network(layers, { engine: 'reference', precision: 'float64' })
  internalsOf(net).store.write(net.parameters[0], START)
  return net
}

const read = (net: Network, region?: string) =>
  Array.from(internalsOf(net).store.read(net.parameters[0], region))

function pathOf(options: OptimizerOptions, rate: number): number[][] {
  const net = pair()
  const optimizer = new Optimizer(net, options)
  return GRADIENTS.map((gradient) => {
    internalsOf(net).store.write(net.parameters[0], gradient, 'gradients')
    optimizer.update(rate)
    return read(net)
  })
}

/** The same for one number, as the papers write it: `rule` gets (p, g, t, memory) and returns the new p. */
type Rule = (p: number, g: number, t: number, memory: { v: number; s: number }) => number

function byHand(rule: Rule): number[][] {
  const columns = START.map((start, j) => {
    const memory = { v: 0, s: 0 }
    let p = start
    return GRADIENTS.map((gradient, t) => (p = rule(p, gradient[j], t + 1, memory)))
  })
  return GRADIENTS.map((_, t) => columns.map((column) => column[t]))
}

const cases: [string, OptimizerOptions, Rule][] = [
  ['sgd', { type: 'sgd' }, (p, g) => p - 0.1 * g],
  ['sgd, decay', { type: 'sgd', weightDecay: 0.2 }, (p, g) => p - 0.1 * (g + 0.2 * p)],
  [
    'sgd, momentum',
    { type: 'sgd', momentum: 0.9 },
    (p, g, t, m) => p - 0.1 * (m.v = t === 1 ? g : 0.9 * m.v + g),
  ],
  [
    'sgd, nesterov',
    { type: 'sgd', momentum: 0.9, nesterov: true },
    (p, g, t, m) => p - 0.1 * (g + 0.9 * (m.v = t === 1 ? g : 0.9 * m.v + g)),
  ],
  [
    'rmsprop',
    { type: 'rmsprop', alpha: 0.9, epsilon: 1e-3 },
    (p, g, _, m) => p - (0.1 * g) / (Math.sqrt((m.s = 0.9 * m.s + 0.1 * g * g)) + 1e-3),
  ],
  ['adagrad', { type: 'adagrad' }, (p, g, _, m) => p - (0.1 * g) / (Math.sqrt((m.s += g * g)) + 1e-10)],
  ['adam', { type: 'adam' }, (p, g, t, m) => p - 0.1 * adamStep(g, t, m)],
  ['adam, decay', { type: 'adam', weightDecay: 0.2 }, (p, g, t, m) => p - 0.1 * adamStep(g + 0.2 * p, t, m)],
  [
    'adamw',
    { type: 'adamw', weightDecay: 0.2 },
    (p, g, t, m) => p * (1 - 0.1 * 0.2) - 0.1 * adamStep(g, t, m),
  ],
]

function adamStep(g: number, t: number, m: { v: number; s: number }): number {
  m.v = 0.9 * m.v + 0.1 * g
  m.s = 0.999 * m.s + 0.001 * g * g
  return m.v / (1 - 0.9 ** t) / (Math.sqrt(m.s / (1 - 0.999 ** t)) + 1e-8)
}

describe('optimizers', () => {
  it.each(cases)('%s', (_, options, rule) => {
    pathOf(options, 0.1).forEach((point, t) => {
      point.forEach((p, j) => expect(p).toBeCloseTo(byHand(rule)[t][j], 12))
    })
  })

  it('agree with numbers on paper', () => {
    // v: 0.5, 0.7, −0.37; p: 1 − 0.05 = 0.95, 0.88, 0.917.
    const path = pathOf({ type: 'sgd', momentum: 0.9 }, 0.1)
    expect(path.map(([p]) => Number(p.toFixed(12)))).toEqual([0.95, 0.88, 0.917])
    // Adam's first step is the learning rate, whatever the gradient.
    expect(pathOf({ type: 'adam' }, 0.1)[0][0]).toBeCloseTo(0.9, 7)
  })

  it('begin anew with zero states', () => {
    const net = pair()
    const run = () => {
      internalsOf(net).store.write(net.parameters[0], START)
      const optimizer = new Optimizer(net, { type: 'adam' })
      for (const gradient of GRADIENTS) {
        internalsOf(net).store.write(net.parameters[0], gradient, 'gradients')
        optimizer.update(0.1)
      }
      return read(net)
    }
    expect(run()).toEqual(run())
  })

  it('have PyTorch’s defaults', () => {
    expect(completeOptimizer({ type: 'adamw' })).toEqual({
      type: 'adamw',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.01,
      amsgrad: false,
    })
    expect(completeOptimizer({ type: 'adagrad' })).toEqual({
      type: 'adagrad',
      epsilon: 1e-10,
      lrDecay: 0,
      initialAccumulatorValue: 0,
      weightDecay: 0,
    })
    expect(completeOptimizer({ type: 'rmsprop' })).toMatchObject({ alpha: 0.99, epsilon: 1e-8 })
  })

  it('refuse what is out of range', () => {
    expect(() => completeOptimizer({ type: 'sgd', momentum: 1 })).toThrow(
      /optimizer\.momentum: expected a number from 0/,
    )
    expect(() => completeOptimizer({ type: 'sgd', nesterov: true })).toThrow(/optimizer\.nesterov/)
    expect(() => completeOptimizer({ type: 'adam', beta2: NaN })).toThrow(/optimizer\.beta2/)
    expect(() => completeOptimizer({ type: 'tiger' } as never)).toThrow(
      /expected sgd, rmsprop, adagrad, adam, adamw, .*radam or lion/,
    )
  })
})

describe('clipping', () => {
  const clipped = (gradient: number[], options: Parameters<typeof clipGradients>[1]) => {
    const net = pair()
    net.prepareTraining()
    internalsOf(net).store.write(net.parameters[0], gradient, 'gradients')
    return { ...clipGradients(net, options), gradient: read(net, 'gradients') }
  }

  it('by norm: a factor for the optimizer', () => {
    expect(clipped([3, -4], { clipNorm: 1 })).toEqual({ norm: 5, scale: 1 / (5 + 1e-6), gradient: [3, -4] })
    expect(clipped([3, -4], { clipNorm: 6 }).scale).toBe(1)
    expect(clipped([3, -4], {}).scale).toBe(1)
  })

  it('by value: in place, and before the norm', () => {
    const got = clipped([3, -4], { clipValue: 3.5, clipNorm: 1 })
    expect(got.gradient).toEqual([3, -3.5])
    expect(got.norm).toBe(5)
    expect(got.scale).toBeCloseTo(1 / Math.hypot(3, 3.5), 6)
  })

  it('shows a norm that is not finite', () => expect(clipped([1, NaN], { clipNorm: 1 }).norm).toBeNaN())
})

describe('moving average', () => {
  it('decays by (1 + step) / (10 + step), at most by the limit, and can be exchanged', () => {
    const net = pair()
    const average = new ExponentialMovingAverage(net, 0.25)
    internalsOf(net).store.write(net.parameters[0], [3, 0])
    average.update(1)
    // 2/11 · 1 + 9/11 · 3, 2/11 · (−2)
    const once = [2 / 11 + 27 / 11, -4 / 11]
    read(net, 'ema').forEach((value, j) => expect(value).toBeCloseTo(once[j], 12))
    average.update(50)
    read(net, 'ema').forEach((value, j) => expect(value).toBeCloseTo(0.25 * once[j] + 0.75 * [3, 0][j], 12))
    const [weights, averaged] = [read(net), read(net, 'ema')]
    average.swap()
    expect([read(net), read(net, 'ema')]).toEqual([averaged, weights])
  })
})
