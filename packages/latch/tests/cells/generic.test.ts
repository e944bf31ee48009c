/**
 * Generic cells: gradients of whole networks by finite differences in float64, each form alone and several together;
 * the fast cells' numbers where functions are the default ones; streams to the bit; what a trace shows.
 */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { ACTIVATION_NAMES, type ActivationChoice } from '../../src/cells/activations.ts'
import type { CellDefinition } from '../../src/cells/cell.ts'
import { lstmCell } from '../../src/cells/lstm/lstm.ts'
import {
  cells,
  cellOptionReaders,
  cellOf,
  findCell,
  genericCells,
  type CellForm,
  type CellOptions,
  type OptionsOfAll,
} from '../../src/cells/registry.ts'
import { rnnCell } from '../../src/cells/rnn/rnn.ts'
import { createEngine } from '../../src/engine/createEngine.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../src/layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network, type NetworkOptions } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
import { UnsupportedError } from '../../src/core/errors.ts'
import { fieldAt, rootField } from '../../src/core/validation.ts'

const F = 3
const H = 5
const LENGTHS = [4, 6, 1, 4]
const exact: NetworkOptions = { engine: 'reference', precision: 'float64' }

type Form = CellForm & Partial<Omit<RecurrentOptions, 'type'>>

function made(form: Form, options: NetworkOptions = exact, every = false): Network {
  const layers: LayerOptions[] = [
    { type: 'features', width: F },
    { type: 'recurrent', units: H, returnSequences: every, ...form },
    { type: 'dense', units: 2 },
  ]
  const net = network(layers, { ...options, inputGradients: true, loss: { type: 'meanSquaredError' } })
  const random = new Random(7, 'generic cells')
  for (const p of net.parameters)
    internalsOf(net).store.write(
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
    const analytic = internalsOf(net).store.read(p, 'gradients')
    const values = internalsOf(net).store.read(p)
    values.forEach((value, i) => {
      const at = (v: number) => {
        internalsOf(net).store.write(p, values.with(i, v))
        return lossAt(x)
      }
      check(`${p.name}[${i}]`, analytic[i], at(value + h), at(value - h))
    })
    internalsOf(net).store.write(p, values)
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

describe('gradients of generic cells in whole networks', () => {
  it.each(Object.entries(FORMS))('%s', (_, form) => {
    const net = made(form)
    expect(internalsOf(net).recurrent[0].cell.generic).toBe(true)
    expect(checkGradients(net)).toBeGreaterThan(100)
  })

  it.each(ACTIVATION_NAMES)('%s as gate and candidate of all cells', (type) => {
    const one = ['elu', 'leakyRelu', 'thresholdedRelu'].includes(type) ? { alpha: 0.4 } : {}
    const two = ['hardSigmoid', 'scaledTanh', 'affine'].includes(type)
      ? { alpha: 0.4, beta: 0.3 }
      : type === 'hardTanh'
        ? { alpha: -0.4, beta: 0.3 }
        : {}
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
        internalsOf(net).store.write(
          p,
          internalsOf(net)
            .store.read(p)
            .map((w) => w * 0.4),
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
      return net.parameters.map((p) => Array.from(internalsOf(net).store.read(p, 'gradients')))
    }
    const whole = gradients()
    net.checkpointSteps = 2
    expect(gradients()).toEqual(whole)
  })
})

describe('generic cells with default functions', () => {
  const forms: Form[] = [
    { cell: 'rnn' },
    { cell: 'rnn', activation: 'relu' },
    { cell: 'lstm' },
    { cell: 'lstm', direction: 'bidirectional' },
    { cell: 'gru' },
    { cell: 'gru', reset: 'before' },
  ]

  /** The same network with generic cells where fast ones would do: a clip that no number reaches. */
  it.each(forms.map((form) => [JSON.stringify(form), form] as const))('are the fast ones: %s', (_, form) => {
    for (const [options, tolerance] of [
      [exact, 1e-12],
      [{}, 1e-6],
    ] as const) {
      const [fast, generic] = [made(form, options), made({ ...form, clip: 1e6 }, options)]
      expect(internalsOf(fast).recurrent[0].cell.generic).toBe(false)
      expect(internalsOf(generic).recurrent[0].cell.generic).toBe(true)
      const batch = batchOf()
      const read = (net: Network) => {
        net.prepareTraining()
        net.forward(batch, pass)
        net.zeroGradients()
        const out = Array.from(net.readOutput(batch))
        net.backward(batch, targets, pass)
        return [
          out,
          ...net.parameters.map((p) => Array.from(internalsOf(net).store.read(p, 'gradients'))),
        ].flat()
      }
      const [a, b] = [read(fast), read(generic)]
      expect(b).toHaveLength(a.length)
      a.forEach((x, i) => expect(Math.abs(b[i] - x)).toBeLessThan(tolerance * Math.max(1, Math.abs(x))))
    }
  })

  it('the fast cell is taken wherever a form says no more', () => {
    const engine = createEngine(exact)
    const same: CellForm = { cell: 'lstm', activation: { type: 'tanh' }, gateActivation: { type: 'sigmoid' } }
    const lstm = lstmCell.create({}, engine)
    expect(cellOf({ cell: 'lstm' }, engine)).toBe(lstm)
    expect(cellOf(same, engine)).toBe(lstm)
    expect(cellOf({ cell: 'rnn', activation: { type: 'relu' }, gateActivation: 'silu' }, engine)).toBe(
      rnnCell.create({ activation: 'relu' }, engine),
    )
    expect(cellOf({ cell: 'gru', stateActivation: 'relu' }, engine).generic).toBe(false)
    const other = cellOf({ cell: 'lstm', stateActivation: 'relu' }, engine)
    expect(other).toMatchObject({ generic: true, functions: { state: { type: 'relu' } } })
  })

  it.each<CellForm>([
    { cell: 'lstm', clip: 1 },
    { cell: 'lstm', peepholes: true },
    { cell: 'lstm', coupled: true },
    { cell: 'lstm', stateActivation: 'relu' },
    { cell: 'gru', gateActivation: 'hardSigmoid' },
    { cell: 'gru', clip: 2 },
    { cell: 'rnn', activation: 'elu' },
    { cell: 'rnn', clip: 3 },
  ])('the fast cell refuses what only the generic one computes: %o', (form) => {
    const engine = createEngine(exact)
    const [, name] = /^(.)/.exec(form.cell)!
    const generic = `generic${name.toUpperCase()}${form.cell.slice(1)}`
    expect(() => findCell(cells, form.cell).create(form, engine)).toThrow(UnsupportedError)
    expect(() => findCell(cells, form.cell).create(form, engine)).toThrow(generic)
    expect(findCell(genericCells, form.cell).create(form, engine).generic).toBe(true)
  })

  it('reads the options of a cell, and refuses those of the others by name', () => {
    const read = (
      cell: string,
      options: object,
      list: Parameters<typeof cellOptionReaders>[0] = genericCells,
    ) => {
      const field = rootField(options, 'layers[1]')
      const readers = cellOptionReaders(list, cell)
      return Object.keys(options).map((name) => readers[name](fieldAt(field, name)))
    }
    expect(read('gru', { reset: 'before', activation: { type: 'elu', alpha: 0.5 }, clip: 3 })).toEqual([
      'before',
      { type: 'elu', alpha: 0.5 },
      3,
    ])
    expect(() => read('lstm', { reset: 'before' })).toThrow('layers[1].reset')
    expect(() => read('lstm', { reset: 'before' })).toThrow('only "gru" cells have it')
    expect(() => read('rnn', { gateActivation: 'relu' })).toThrow('only "lstm" and "gru" cells have it')
    expect(() => read('lstm', { activation: 'relu' }, cells)).toThrow('tanh')
    expect(() => read('rnn', { clip: 0 })).toThrow('a limit above 0')
    expect(() => findCell(cells, 'tree')).toThrow(`one of ${cells.map(({ name }) => name).join(', ')}`)
  })

  it('carry their names and parameters', () => {
    const net = made({
      cell: 'lstm',
      peepholes: true,
      direction: 'bidirectional',
      stateActivation: 'softsign',
    })
    const { parameters } = net
    const { cell } = internalsOf(net).recurrent[0]
    expect(cell).toMatchObject({
      gateNames: lstmCell.gateNames,
      candidate: 'candidate',
      keepGate: 'forget',
      savedName: 'softsign(cell)',
      unitForgetBias: true,
    })
    const own = parameters.filter(({ name }) => name.includes('weight_ph'))
    expect(own.map(({ name, shape }) => [name, shape])).toEqual([
      ['recurrent.0.weight_ph_l0', [3, H]],
      ['recurrent.0.weight_ph_l0_reverse', [3, H]],
    ])
  })
})

describe('streams of generic cells', () => {
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

it('a cell that takes fewer values of a shared option does not narrow the option of the others', () => {
  type Narrow = CellDefinition<'narrow', 'candidate', 'hidden', { activation?: 'tanh'; own?: number }>
  type Together = OptionsOfAll<Narrow | (typeof genericCells)[number]>
  expectTypeOf<Together['activation']>().toEqualTypeOf<CellOptions['activation']>()
  expectTypeOf<Together['own']>().toEqualTypeOf<number | undefined>()
})
