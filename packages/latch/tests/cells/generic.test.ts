/**
 * General cells: gradients of whole networks by finite differences in float64, each form alone and several together;
 * the fast cells' numbers where functions are the default ones; streams to the bit; what a trace shows.
 */
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { ACTIVATION_NAMES, type ActivationChoice } from '../../src/cells/activations.ts'
import { lstm } from '../../src/cells/lstm.ts'
import { generalCell, generalCells } from '../../src/cells/general.ts'
import { announceGeneralCells, cellOf, type CellForm } from '../../src/cells/registry.ts'
import { rnnRelu } from '../../src/cells/rnn.ts'
import { createEngine } from '../../src/engine/load.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../src/layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { announceMoreLayers } from '../../src/model/moreLayers.ts'
import { network, type Network, type NetworkOptions } from '../../src/model/network.ts'
import { Random } from '../../src/core/random.ts'
import { UsageError } from '../../src/core/errors.ts'

beforeAll(announceMoreLayers)

const F = 3
const H = 5
const LENGTHS = [4, 6, 1, 4]
const exact: NetworkOptions = { engine: 'reference', precision: 'float64' }

type Form = CellForm & Partial<Omit<RecurrentOptions, 'type'>>

function made(form: Form, options: NetworkOptions = exact, every = false): Network {
  const layers: LayerOptions[] = [
    { type: 'features', width: F },
    { type: 'recurrent', units: H, outputs: every ? 'every' : 'last', ...form },
    { type: 'dense', units: 2 },
  ]
  const net = network(layers, { ...options, inputGradients: true, loss: { type: 'meanSquaredError' } })
  const random = new Random(7, 'general cells')
  for (const p of net.parameters)
    net.store.write(
      p,
      Float64Array.from({ length: p.size }, () => random.between(-0.8, 0.8)),
    )
  return net
}

function features(scale = 1.5): number[] {
  const random = new Random(9, 'features')
  return Array.from({ length: LENGTHS.length * 6 * F }, () => random.between(-scale, scale))
}
const batchOf = (x = features()) => PackedBatch.ofFeatures(x, [LENGTHS.length, 6, F], LENGTHS)
const targets = { values: [0.5, -1, 2, 0.25, -0.3, 1, 0.1, -2] }
const pass = { training: true, record: false, key: 0 }

/** Every number of every parameter, and the input, against central differences. */
function checkGradients(net: Network, x = features()): number {
  const whole = batchOf(x)
  net.prepareTraining()
  net.forward(whole, pass)
  net.zeroGradients()
  net.backward(whole, targets, pass)
  const lossAt = (input: number[]) => {
    const batch = batchOf(input)
    net.forward(batch, pass)
    return net.loss(batch, targets).mean
  }
  const h = 1e-6
  let checked = 0
  const check = (what: string, got: number, above: number, below: number) => {
    const wanted = (above - below) / (2 * h)
    expect(Math.abs(got - wanted), `${what}: ${got}, wanted ${wanted}`).toBeLessThan(
      2e-8 + 2e-7 * Math.abs(wanted),
    )
    checked++
  }
  const input = net.readInputGradient(whole)
  x.forEach((value, i) => {
    if (Math.floor(i / F) % 6 >= LENGTHS[Math.floor(i / F / 6)]) return
    const at = (v: number) => lossAt(x.with(i, v))
    check(`x[${i}]`, input[i], at(value + h), at(value - h))
  })
  for (const p of net.parameters) {
    const analytic = net.store.read(p, 'gradients')
    const values = net.store.read(p)
    values.forEach((value, i) => {
      const at = (v: number) => {
        net.store.write(p, values.with(i, v))
        return lossAt(x)
      }
      check(`${p.name}[${i}]`, analytic[i], at(value + h), at(value - h))
    })
    net.store.write(p, values)
  }
  return checked
}

const leaky: ActivationChoice = { type: 'leakyRelu', alpha: 0.3 }
const FORMS: Record<string, Form> = {
  'rnn softsign': { cell: 'rnn', activation: 'softsign' },
  'rnn clipped': { cell: 'rnn', clip: 0.6 },
  'rnn relu clipped': { cell: 'rnn', activation: 'relu', clip: 0.9 },
  'lstm hard gates': { cell: 'lstm', gateActivation: 'hardSigmoid' },
  'lstm candidate': { cell: 'lstm', activation: leaky, stateActivation: 'tanh' },
  'lstm state': { cell: 'lstm', stateActivation: 'softplus' },
  'lstm state by output': { cell: 'lstm', stateActivation: 'relu6' },
  'lstm clipped': { cell: 'lstm', clip: 0.5 },
  'lstm peepholes': { cell: 'lstm', peepholes: true },
  'lstm coupled': { cell: 'lstm', coupled: true },
  'lstm all at once': {
    cell: 'lstm',
    peepholes: true,
    coupled: true,
    clip: 0.8,
    gateActivation: { type: 'hardSigmoid', alpha: 0.3, beta: 0.4 },
    activation: 'softsign',
    stateActivation: 'silu',
  },
  'lstm peepholes and clip, both ways, own functions': {
    cell: 'lstm',
    peepholes: true,
    clip: 1.1,
    direction: 'bidirectional',
    gateActivation: 'hardSigmoid',
    backward: { gateActivation: 'sigmoid', activation: 'elu', stateActivation: 'softsign' },
  },
  'lstm peepholes, reverse, no bias': { cell: 'lstm', peepholes: true, direction: 'reverse', bias: false },
  'gru after': { cell: 'gru', gateActivation: 'hardSigmoid', activation: 'softsign' },
  'gru after clipped': { cell: 'gru', clip: 0.5 },
  'gru before': { cell: 'gru', reset: 'before', gateActivation: 'hardSigmoid', activation: 'mish' },
  'gru before clipped': { cell: 'gru', reset: 'before', clip: 0.5, direction: 'bidirectional' },
}

describe('gradients of general cells in whole networks', () => {
  it.each(Object.entries(FORMS))('%s', (_, form) => {
    const net = made(form)
    expect(net.recurrent[0].cell.functions).toBeDefined()
    expect(checkGradients(net)).toBeGreaterThan(100)
  })

  it.each(ACTIVATION_NAMES)('%s as gate and candidate of all cells', (type) => {
    const one = ['elu', 'leakyRelu', 'thresholdedRelu'].includes(type) ? { alpha: 0.4 } : {}
    const two = ['hardSigmoid', 'scaledTanh', 'affine'].includes(type) ? { alpha: 0.4, beta: 0.3 } : {}
    const spec = { type, ...one, ...two }
    for (const form of [
      { cell: 'rnn' },
      { cell: 'lstm' },
      { cell: 'gru' },
      { cell: 'gru', reset: 'before' },
    ] as const) {
      const gates = form.cell === 'rnn' ? {} : { gateActivation: spec }
      // e to the power of a sum of powers of e is too steep for differences.
      const steep = type === 'exponential'
      const state = steep && form.cell === 'lstm' ? { stateActivation: 'softsign' as const } : {}
      const net = made({ ...form, ...gates, ...state, activation: spec, clip: steep ? 0.3 : 2.5 })
      for (const p of net.parameters)
        net.store.write(
          p,
          net.store.read(p).map((w) => w * 0.4),
        )
      checkGradients(net, features(0.5))
    }
  })

  it('gradient checkpointing gives the same bits, peepholes too', () => {
    const net = made({ cell: 'lstm', peepholes: true, stateActivation: 'gelu', coupled: true })
    const batch = batchOf()
    const gradients = () => {
      net.prepareTraining()
      net.forward(batch, pass)
      net.zeroGradients()
      net.backward(batch, targets, pass)
      return net.parameters.map((p) => Array.from(net.store.read(p, 'gradients')))
    }
    const whole = gradients()
    net.checkpointSteps = 2
    expect(gradients()).toEqual(whole)
  })
})

describe('general cells with default functions', () => {
  const forms: Form[] = [
    { cell: 'rnn' },
    { cell: 'rnn', activation: 'relu' },
    { cell: 'lstm' },
    { cell: 'lstm', direction: 'bidirectional' },
    { cell: 'gru' },
    { cell: 'gru', reset: 'before' },
  ]

  /** The same network with general cells where fast ones would do: a clip that no number reaches. */
  it.each(forms.map((form) => [JSON.stringify(form), form] as const))('are the fast ones: %s', (_, form) => {
    for (const [options, tolerance] of [
      [exact, 1e-12],
      [{}, 1e-6],
    ] as const) {
      const [fast, general] = [made(form, options), made({ ...form, clip: 1e6 }, options)]
      expect(fast.recurrent[0].cell.functions).toBeUndefined()
      expect(general.recurrent[0].cell.functions).toBeDefined()
      const batch = batchOf()
      const read = (net: Network) => {
        net.prepareTraining()
        net.forward(batch, pass)
        net.zeroGradients()
        const out = Array.from(net.readOutput(batch))
        net.backward(batch, targets, pass)
        return [out, ...net.parameters.map((p) => Array.from(net.store.read(p, 'gradients')))].flat()
      }
      const [a, b] = [read(fast), read(general)]
      expect(b).toHaveLength(a.length)
      a.forEach((x, i) => expect(Math.abs(b[i] - x)).toBeLessThan(tolerance * Math.max(1, Math.abs(x))))
    }
  })

  it('fast cells are taken wherever a form says no more', () => {
    const engine = createEngine(exact)
    const same: CellForm = { cell: 'lstm', activation: { type: 'tanh' }, gateActivation: { type: 'sigmoid' } }
    expect(cellOf({ cell: 'lstm' })).toBe(lstm)
    expect(cellOf(same, engine)).toBe(lstm)
    expect(cellOf({ cell: 'rnn', activation: { type: 'relu' }, gateActivation: 'silu' }, engine)).toBe(
      rnnRelu,
    )
    expect(cellOf({ cell: 'gru', stateActivation: 'relu' }, engine).functions).toBeUndefined()
    expect(cellOf({ cell: 'lstm', stateActivation: 'relu' }, engine).functions!.state.type).toBe('relu')
    expect(() => cellOf({ cell: 'lstm', clip: 3 })).toThrow(UsageError)
    announceGeneralCells((form, on) => generalCell(form, on!))
    expect(cellOf(same, engine).functions!.gate.type).toBe('sigmoid')
    announceGeneralCells(generalCells)
  })

  it('are refused with a remedy where nobody announced them', async () => {
    vi.resetModules()
    const fresh = await import('../../src/cells/registry.ts')
    expect(fresh.cellOf({ cell: 'lstm' }).name).toBe('lstm')
    const general: CellForm[] = [
      { cell: 'lstm', clip: 1 },
      { cell: 'lstm', peepholes: true },
      { cell: 'gru', gateActivation: 'hardSigmoid' },
      { cell: 'rnn', activation: 'elu' },
      { cell: 'lstm', coupled: true },
    ]
    for (const form of general) expect(() => fresh.cellOf(form)).toThrow("import 'latch/formats'")
  })

  it('carry their names and parameters', () => {
    const { recurrent, parameters } = made({
      cell: 'lstm',
      peepholes: true,
      direction: 'bidirectional',
      stateActivation: 'softsign',
    })
    const { cell } = recurrent[0]
    expect(cell).toMatchObject({
      gateNames: lstm.gateNames,
      candidate: 'candidate',
      keepGate: 'forget',
      savedName: 'softsign(cell)',
      biasOne: 'forget',
    })
    const own = parameters.filter(({ name }) => name.includes('weight_ph'))
    expect(own.map(({ name, shape }) => [name, shape])).toEqual([
      ['recurrent.0.weight_ph_l0', [3, H]],
      ['recurrent.0.weight_ph_l0_reverse', [3, H]],
    ])
  })
})

describe('streams of general cells', () => {
  const forms = Object.entries(FORMS).filter(([, { direction }]) => !direction)
  it.each(forms)('%s: to the bit what forward says', (_, form) => {
    for (const options of [{}, exact]) {
      const net = made(form, options, true)
      const x = features()
      const [T, width] = [6, 2]
      const batch = PackedBatch.ofFeatures(x.slice(0, T * F), [1, T, F])
      net.forward(batch)
      const wanted = Array.from(net.readOutput(batch))
      const stream = net.stream()
      const got = Array.from({ length: T }, (__, t) => Array.from(stream.push(x.slice(t * F, (t + 1) * F))))
      expect(got.flat()).toEqual(wanted)
      expect(wanted).toHaveLength(T * width)
    }
  })
})
