/** Held gates and set states: exactly their value on every engine, and the gradients of what they make of the loss. */
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { Overrides, type Override } from '../../src/layers/recurrent/overrides.ts'
import type { Pass } from '../../src/layers/layer.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { traceBatchWith } from '../../src/inspection/trace/traceBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'

const V = 7
const ids = [4, 6, 1, 5].map((length, i) => Array.from({ length }, (_, t) => (i * 3 + t * t) % V))
const targets = { classes: [0, 2, 1, 2] }
const exact: EngineOptions = { engine: 'reference', precision: 'float64' }

const recurrent = (options: object): LayerOptions =>
  ({ type: 'recurrent', units: 4, returnSequences: false, ...options }) as LayerOptions

function build(recurrentLayers: LayerOptions[], engine: EngineOptions = exact): Network {
  const layers: LayerOptions[] = [
    { type: 'embedding', vocabulary: V, size: 5 },
    ...recurrentLayers,
    { type: 'dense', units: 3 },
  ]
  const made = network(layers, { ...engine, loss: { type: 'softmaxCrossEntropy' } })
  const random = new Random(3, 'weights')
  for (const p of made.parameters) {
    internalsOf(made).store.write(
      p,
      Float64Array.from({ length: p.size }, () => random.between(-1.1, 1.1)),
    )
  }
  return made
}

const hold = (what: Override['what'], value: number, more: Partial<Override> = {}): Override => ({
  layer: 'recurrent.0',
  direction: 0,
  what,
  units: [0, 2],
  from: 1,
  to: 2,
  value,
  ...more,
})
const passOf = (holds: Override[]): Pass => ({
  training: false,
  record: true,
  key: 0,
  overrides: new Overrides(holds),
})

/** Every gate, then the states, at values inside and at the ends. */
function holdsOf(
  gates: string[],
  states: ('hidden' | 'cell')[] = ['hidden'],
  more: Partial<Override> = {},
): Override[] {
  return [
    ...gates.map((gate, i) => hold({ gate }, [0.3, 0.8, 0.6, 0.1][i], { units: [i % 4], ...more })),
    ...gates.map((gate, i) => hold({ gate }, i % 2, { units: [(i + 1) % 4], from: 3, to: 3, ...more })),
    ...states.map((state, i) => hold({ state }, 0.4 - i, { units: [3], from: 2, to: 2, ...more })),
  ]
}

const LSTM = ['input', 'forget', 'candidate', 'output']
const GRU = ['reset', 'update', 'candidate']
const both = (holds: (more: Partial<Override>) => Override[], layer = 'recurrent.0') =>
  [0, 1].flatMap((direction) => holds({ direction, layer }))
const cases: [string, LayerOptions[], Override[]][] = [
  ['rnn tanh', [recurrent({ cell: 'rnn' })], holdsOf(['candidate'])],
  ['rnn relu', [recurrent({ cell: 'rnn', activation: 'relu' })], holdsOf(['candidate'])],
  ['lstm', [recurrent({ cell: 'lstm' })], holdsOf(LSTM, ['hidden', 'cell'])],
  ['lstm, cell alone', [recurrent({ cell: 'lstm' })], holdsOf([], ['cell'])],
  ['gru, reset after', [recurrent({ cell: 'gru' })], holdsOf(GRU)],
  ['gru, reset before', [recurrent({ cell: 'gru', reset: 'before' })], holdsOf(GRU)],
  [
    'gru before, bidirectional',
    [recurrent({ cell: 'gru', reset: 'before', direction: 'bidirectional' })],
    both((more) => holdsOf(GRU, ['hidden'], more)),
  ],
  [
    'lstm over gru, bidirectional',
    [
      recurrent({ cell: 'lstm', direction: 'bidirectional', returnSequences: true }),
      recurrent({ cell: 'gru', direction: 'bidirectional' }),
    ],
    [
      ...both((more) => holdsOf(LSTM, ['hidden', 'cell'], more)),
      ...both((more) => holdsOf(GRU, ['hidden'], more), 'recurrent.1'),
    ],
  ],
  [
    'lstm, every output pooled',
    [recurrent({ cell: 'lstm', returnSequences: true }), { type: 'pool', pooling: 'mean' }],
    holdsOf(LSTM, ['hidden', 'cell']),
  ],
]

describe('gradients with holds, against finite differences', () => {
  it.each(cases)('%s', (_, layers, holds) => {
    const net = build(layers)
    const batch = PackedBatch.ofIds(ids)
    const pass = passOf(holds)
    net.prepareTraining()
    const loss = () => {
      net.forward(batch, pass)
      return net.loss(batch, targets).mean
    }
    net.zeroGradients()
    loss()
    net.backward(batch, targets, pass)
    const gradients = net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients'))
    let nonZero = 0
    net.parameters.forEach((parameter, i) => {
      const values = internalsOf(net).store.read(parameter)
      const stride = Math.max(1, Math.floor(values.length / 25))
      for (let j = 0; j < values.length; j += stride) {
        const [own, by] = [values[j], 1e-6]
        const at = (value: number) => {
          values[j] = value
          internalsOf(net).store.write(parameter, values)
          return loss()
        }
        const numeric = (at(own + by) - at(own - by)) / (2 * by)
        at(own)
        expect(Math.abs(gradients[i][j] - numeric), `${parameter.name}[${j}]`).toBeLessThan(2e-8)
        if (numeric !== 0) nonZero++
      }
    })
    expect(nonZero).toBeGreaterThan(20)
  })

  it('gradient checkpointing gives the same bits', () => {
    const [, layers, holds] = cases[7]
    const gradients = [null, 2].map((checkpointSteps) => {
      const net = build(layers)
      net.prepareTraining()
      net.checkpointSteps = checkpointSteps
      const batch = PackedBatch.ofIds(ids)
      net.zeroGradients()
      net.forward(batch, passOf(holds))
      net.backward(batch, targets, passOf(holds))
      return net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients'))
    })
    expect(gradients[1]).toEqual(gradients[0])
  })
})

const engines: EngineOptions[] = [
  exact,
  { engine: 'reference', precision: 'float32' },
  { engine: 'simd' },
  { engine: 'relaxed' },
]

describe.each(engines)('values on $engine $precision', (engine) => {
  const single = engine.precision !== 'float64'
  const round = (value: number) => (single ? Math.fround(value) : value)

  it.each(cases)('%s: held and set numbers are the tape’s, in the order of the text', (_, layers, holds) => {
    const net = build(layers, engine)
    const batch = PackedBatch.ofIds(ids)
    const traces = traceBatchWith(net, batch, targets, new Overrides(holds))
    for (const { layer, direction, what, units, from, to, value } of holds) {
      const recurrentLayer = Number(layer.split('.')[1])
      const name = direction === 0 ? 'forward' : 'backward'
      traces.forEach(({ layers: all }) => {
        const { steps } = all.find((one) => one.layer === recurrentLayer && one.direction === name)!
        for (let t = from; t <= Math.min(to, steps.length - 1); t++) {
          const { gates, candidate, ...states } = steps[t]
          const own = { ...gates, candidate } as Record<string, Float64Array>
          for (const unit of units) {
            const isSet = (state: string) =>
              holds.some(
                (h) =>
                  h.layer === layer &&
                  h.direction === direction &&
                  'state' in h.what &&
                  h.what.state === state &&
                  h.units.includes(unit) &&
                  t >= h.from &&
                  t <= h.to,
              )
            // A simple RNN's candidate is its state, which may be set after it.
            const isLater =
              'gate' in what &&
              own.candidate === candidate &&
              Object.keys(gates).length === 0 &&
              isSet('hidden')
            const found = 'state' in what ? states[what.state]![unit] : own[what.gate][unit]
            expect(isLater ? round(value) : found, `${JSON.stringify(what)} ${t}`).toBe(round(value))
          }
        }
      })
    }
  })

  it('gates at 0 and 1 act as 0 and 1 do', () => {
    const net = build([recurrent({ cell: 'lstm' })], engine)
    const all = { units: [0, 1, 2, 3], from: 0, to: 5 }
    const ends: [string, number, number][] = [
      ['forget', 1, 0],
      ['input', 0, 0],
      ['candidate', 1, 1],
      ['candidate', -1, -1],
    ]
    const [kept] = traceBatchWith(
      net,
      PackedBatch.ofIds([ids[1]]),
      { classes: [0] },
      new Overrides([
        hold({ state: 'cell' }, 0.75, { ...all, to: 0 }),
        hold({ gate: 'forget' }, 1, all),
        hold({ gate: 'input' }, 0, all),
        hold({ gate: 'output' }, 1, all),
      ]),
    )
    for (const { cell } of kept.layers[0].steps) expect([...cell!]).toEqual([0.75, 0.75, 0.75, 0.75])
    for (const [gate, value, wanted] of ends.slice(2)) {
      const [trace] = traceBatchWith(
        net,
        PackedBatch.ofIds([ids[1]]),
        { classes: [0] },
        new Overrides([
          hold({ gate }, value, all),
          hold({ gate: 'input' }, 1, all),
          hold({ gate: 'forget' }, 0, all),
        ]),
      )
      for (const { cell } of trace.layers[0].steps) for (const c of cell!) expect(c).toBe(wanted)
    }
    const gru = build([recurrent({ cell: 'gru' })], engine)
    const [still] = traceBatchWith(
      gru,
      PackedBatch.ofIds([ids[1]]),
      { classes: [0] },
      new Overrides([hold({ state: 'hidden' }, 0.5, { ...all, to: 0 }), hold({ gate: 'update' }, 1, all)]),
    )
    for (const { hidden } of still.layers[0].steps) expect([...hidden]).toEqual([0.5, 0.5, 0.5, 0.5])
    const [fresh] = traceBatchWith(
      gru,
      PackedBatch.ofIds([ids[1]]),
      { classes: [0] },
      new Overrides([hold({ gate: 'update' }, 0, all), hold({ gate: 'candidate' }, -1, all)]),
    )
    for (const { hidden } of fresh.layers[0].steps) expect([...hidden]).toEqual([-1, -1, -1, -1])
  })
})

it('runs on one thread where a pass without overrides is shared, to the same bits', async () => {
  const layers = [recurrent({ cell: 'lstm', units: 64 })]
  const long = Array.from({ length: 64 }, (_, i) => Array.from({ length: 40 }, (__, t) => (i + t * t) % V))
  const outputs = await Promise.all(
    [1, 2].map(async (threads) => {
      const net = build(layers, { engine: 'simd', threads })
      await internalsOf(net).engine.ready()
      const batch = PackedBatch.ofIds(long)
      net.prepareTraining()
      const held = [hold({ gate: 'forget' }, 0.5)]
      for (let i = 0; i < 2; i++) net.forward(batch, passOf(held))
      await internalsOf(net).engine.ready()
      net.forward(batch, passOf(held))
      net.zeroGradients()
      net.backward(batch, { classes: long.map((__, i) => i % 3) }, passOf(held))
      return net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients'))
    }),
  )
  expect(outputs[1]).toEqual(outputs[0])
})
