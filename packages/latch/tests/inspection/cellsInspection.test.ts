/** General cells, layers in reverse and masked steps under inspection: explained to the number, Jacobians and holds by finite differences. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../src/inspection/explain/explain.ts'
import type { TracePlace } from '../../src/inspection/explain/explanation.ts'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { influence } from '../../src/inspection/interventions/influence.ts'
import { intervene } from '../../src/inspection/interventions/intervene.ts'
import { memory } from '../../src/inspection/gradients/memory.ts'
import { spectralRadii } from '../../src/inspection/gradients/spectrum.ts'
import { traceBatch, traceBatchWith } from '../../src/inspection/trace/traceBatch.ts'
import { traceSequence, type SequenceTrace } from '../../src/inspection/trace/trace.ts'
import type { CellStep, StepGradient } from '../../src/inspection/trace/traceTypes.ts'
import { Overrides, type Override } from '../../src/layers/recurrent/overrides.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network, type NetworkOptions } from '../../src/model/network.ts'
import { UnsupportedError, UsageError } from '../../src/core/errors.ts'
import { dense, embedding, idsOf, oneHot, randomNetwork, recurrent, VOCABULARY } from './inspectionHelpers.ts'

const H = 4
const ids = idsOf(5, 1)
const target = { classes: [1] }
const both = { direction: 'bidirectional', returnSequences: true }

const forms: [string, object][] = [
  ['rnn softsign, clipped', { cell: 'rnn', activation: 'softsign', clip: 1.2 }],
  ['lstm, peepholes', { cell: 'lstm', peepholes: true }],
  ['lstm, coupled, clipped', { cell: 'lstm', coupled: true, clip: 0.6, gateActivation: 'hardSigmoid' }],
  [
    'lstm, everything',
    {
      cell: 'lstm',
      peepholes: true,
      clip: 1.2,
      activation: { type: 'elu', alpha: 0.7 },
      stateActivation: 'gelu',
    },
  ],
  [
    'gru after, leaky',
    { cell: 'gru', activation: { type: 'leakyRelu', alpha: 0.3 }, gateActivation: 'hardSigmoid' },
  ],
  ['gru before', { cell: 'gru', reset: 'before', activation: 'silu', clip: 2 }],
  ['rnn, one bias', { cell: 'rnn', bias: 'single' }],
  ['lstm, one bias', { cell: 'lstm', bias: 'single' }],
  ['gru after, one bias', { cell: 'gru', bias: 'single' }],
  ['gru before, one bias', { cell: 'gru', reset: 'before', bias: 'single' }],
  ['lstm in reverse', { cell: 'lstm', direction: 'reverse', peepholes: true }],
]

const nets: [string, LayerOptions[]][] = [
  ...forms.map(([name, form]): [string, LayerOptions[]] => [name, [embedding, recurrent(form), dense]]),
  [
    'both ways with own functions, over a layer in reverse',
    [
      oneHot,
      recurrent({ cell: 'gru', direction: 'reverse', returnSequences: true }),
      recurrent({
        ...both,
        peepholes: true,
        backward: { gateActivation: 'hardSigmoid', activation: 'mish' },
      }),
      { type: 'pool', pooling: 'mean' },
      dense,
    ],
  ],
  [
    'both ways, one bias',
    [oneHot, recurrent({ ...both, bias: 'single' }), { type: 'pool', pooling: 'mean' }, dense],
  ],
  [
    'last of both ways',
    [
      embedding,
      recurrent({ direction: 'bidirectional', clip: 1.5, backward: { activation: 'softplus' } }),
      dense,
    ],
  ],
  [
    'masked, mean',
    [
      { ...embedding, maskZero: true } as LayerOptions,
      recurrent({ ...both, peepholes: true }),
      { type: 'pool', pooling: 'mean' },
      dense,
    ],
  ],
  [
    'masked, sum',
    [
      { ...embedding, maskZero: true } as LayerOptions,
      recurrent({ returnSequences: true }),
      { type: 'pool', pooling: 'sum' },
      dense,
    ],
  ],
  ['masked gru', [{ ...embedding, maskZero: true } as LayerOptions, recurrent({ cell: 'gru' }), dense]],
  [
    'masked rnn',
    [
      { ...embedding, maskZero: true } as LayerOptions,
      recurrent({ cell: 'rnn', activation: 'softsign' }),
      dense,
    ],
  ],
]
const MASKED_IDS = [3, 0, 5, 2, 0, 1]

type AnyTrace = SequenceTrace<StepGradient | null>

function numberAt(trace: AnyTrace, { layer, direction, step, value, unit }: TracePlace): number {
  if (value === 'logit') return trace.output[unit]
  const found = trace.layers.find((l) => l.layer === layer && l.direction === direction)!.steps[
    step
  ] as CellStep
  const gate = (found.gates as Record<string, Float64Array>)[value]
  if (gate) return gate[unit]
  if (value !== 'x') return (found as unknown as Record<string, Float64Array>)[value][unit]
  return found.input.length > 0 ? found.input[unit] : Number(unit === found.inputId)
}

function* placesOf({ layers }: AnyTrace, classes: number): Generator<TracePlace> {
  for (const { layer, direction, units, steps } of layers) {
    for (const [step, { gates, cell, saved, masked }] of steps.entries()) {
      const values = [
        ...Object.keys(gates),
        'candidate',
        'hidden',
        ...(cell ? ['cell'] : []),
        ...(saved ? ['saved'] : []),
      ]
      for (const value of values) {
        // What came of the c that a masked step did not keep is refused, see below.
        if (masked && cell && (value === 'saved' || value === 'output')) continue
        for (let unit = 0; unit < units; unit++) yield { layer, direction, step, value, unit }
      }
    }
  }
  for (const value of ['logit', 'probability'])
    for (let unit = 0; unit < classes; unit++)
      yield { layer: layers.at(-1)!.layer, direction: 'forward', step: 0, value, unit }
}

describe('every number explained', () => {
  it.each(nets)('%s', (name, layers) => {
    const engines: [NetworkOptions, number][] = [
      [{}, 1e-12],
      [{ engine: 'simd', precision: 'float32' }, 2e-6],
    ]
    for (const [options, tolerance] of engines) {
      const made = randomNetwork(layers, options)
      const trace = traceSequence(made, name.startsWith('masked') ? MASKED_IDS : ids, target)
      let count = 0
      for (const place of placesOf(trace, made.output.width)) {
        const found = explain(trace, place)
        const where = JSON.stringify(place)
        expect(Math.abs(found.computed - found.value), `${where} ${found.equation}`).toBeLessThanOrEqual(
          tolerance,
        )
        const traced = place.value === 'probability' ? found.value : numberAt(trace, found.place)
        expect(found.value, where).toBe(traced)
        for (const { name: factorName, value, source } of found.terms.flatMap(({ factors }) => factors)) {
          const isTraced = source.kind === 'trace' && factorName !== '1 − z'
          expect(value, factorName).toBe(isTraced ? numberAt(trace, source) : value)
          if (source.kind !== 'parameter') continue
          const parameter = internalsOf(made).store.find(source.name)
          const at = source.column === null ? source.row : source.row * parameter.shape[1] + source.column
          expect(value, source.name).toBe(internalsOf(made).store.read(parameter)[at])
        }
        count++
      }
      expect(count).toBeGreaterThan(40)
    }
  })

  it('with the names of the functions, and what is clipped', () => {
    const made = randomNetwork(nets[2][1])
    const trace = traceSequence(made, ids, target)
    const input = explain(trace, 2, 'input', 1)
    expect(input.equation).toBe('i = hardSigmoid(clip(W_ii·x + b_ii + W_hi·h₋₁ + b_hi, ±0.6))')
    expect(input).toMatchObject({
      activation: 'hardSigmoid',
      parameters: { alpha: 0.2, beta: 0.5 },
      clip: 0.6,
    })
    expect(explain(trace, 2, 'forget', 1).equation).toBe('f = 1 − i')
    const peeping = traceSequence(randomNetwork(nets[3][1]), ids, target)
    expect(explain(peeping, 2, 'output', 1).equation).toBe(
      'o = σ(clip(W_io·x + b_io + W_ho·h₋₁ + b_ho + P_o∘c, ±1.2))',
    )
    expect(explain(peeping, 2, 'hidden', 1).equation).toBe('h = o∘gelu(c)')
  })

  it('refuses what a trace does not have: merged directions, what masked steps did not keep', () => {
    const merged = randomNetwork([embedding, recurrent({ direction: 'bidirectional', merge: 'sum' }), dense])
    expect(() => explain(traceSequence(merged, ids, target), 0, 'logit', 0)).toThrow(UnsupportedError)
    const masked = traceSequence(
      randomNetwork(nets.find(([name]) => name === 'masked, mean')![1]),
      MASKED_IDS,
      target,
    )
    expect(masked.layers[0].steps.map((step) => step.masked === true)).toEqual(
      MASKED_IDS.map((id) => id === 0),
    )
    expect(() => explain(masked, 1, 'saved', 0)).toThrow(UsageError)
    expect(() => explain(masked, 1, 'output', 0)).toThrow(UsageError)
  })
})

/** A layer's whole state after one step, from the state before, through the network's own pass. */
function jacobian(made: Network, loop: number, id: number, before: Float64Array[]): number[][] {
  const [layer] = internalsOf(made).recurrent
  const names = layer.cell.stateNames as ('hidden' | 'cell')[]
  const batch = PackedBatch.ofIds([[id]])
  const after = (states: Float64Array[]) => {
    names.forEach((state, s) => made.writeInitialState(batch, states[s], { state, direction: loop }))
    made.forward(batch)
    return names.flatMap((state) => Array.from(layer.readFinalState(batch, state, loop)))
  }
  const h = 1e-6
  return names.flatMap((_, s) =>
    Array.from({ length: H }, (__, j) => {
      const moved = (by: number) => before.map((state, i) => (i === s ? state.with(j, state[j] + by) : state))
      const [above, below] = [after(moved(h)), after(moved(-h))]
      return above.map((x, i) => (x - below[i]) / (2 * h))
    }),
  )
}

describe('gradient flow', () => {
  const flowing = nets.filter(([, layers]) => layers.filter(({ type }) => type === 'recurrent').length === 1)
  it.each(flowing)('%s: Jacobians by finite differences', (name, layers) => {
    const made = randomNetwork(layers)
    const text = name.startsWith('masked') ? MASKED_IDS : ids
    const flow = gradientFlow(made, text, 1)
    const [{ layers: recurrentLayers }] = traceBatch(made, PackedBatch.ofIds([text]), target)
    internalsOf(made).recurrent[0].loops.forEach(({ reversed }, loop) => {
      const direction = reversed ? 'backward' : 'forward'
      const { steps } = recurrentLayers.find((l) => l.direction === direction)!
      const found = flow.layers.find((l) => l.direction === direction)!
      text.forEach((id, t) => {
        const before = steps[reversed ? t + 1 : t - 1]
        expect(found.steps[t].stateJacobian === null).toBe(!before)
        if (!before) return
        const states = [before.hidden, ...(before.cell ? [before.cell] : [])]
        const wanted = Math.sqrt(
          jacobian(made, loop, id, states)
            .flat()
            .reduce((sum, x) => sum + x * x, 0),
        )
        expect(Math.abs(found.steps[t].stateJacobian!.frobenius - wanted)).toBeLessThan(1e-7)
        return undefined
      })
      // The chain to the last step read: its first factor is that step's own Jacobian.
      const last = reversed ? 0 : text.length - 1
      expect(found.steps[last].product).toBe(1)
      expect(found.steps[reversed ? 1 : last - 1].product).toBeCloseTo(
        found.steps[last].jacobian!.spectral,
        10,
      )
    })
  })

  it('contributions of all steps add up to 1', () => {
    for (const [name, layers] of flowing) {
      for (const { steps } of gradientFlow(randomNetwork(layers), ids, 1).layers) {
        expect(
          steps.reduce((sum, { contributions }) => sum + contributions.hidden.fraction, 0),
          name,
        ).toBeCloseTo(1, 10)
      }
    }
  })
})

describe('a layer in reverse is one that reads the text turned round', () => {
  const forward = [oneHot, recurrent({ cell: 'lstm', peepholes: true }), dense]
  const reverse = [oneHot, recurrent({ cell: 'lstm', peepholes: true, direction: 'reverse' }), dense]
  const turned = ids.toReversed()
  const [a, b] = [() => randomNetwork(forward), () => randomNetwork(reverse)]

  it('in traces, gradient flows and memory', () => {
    const [x, y] = [traceSequence(a(), turned, target), traceSequence(b(), ids, target)]
    expect(y.layers[0].direction).toBe('backward')
    expect(y.layers[0].steps).toEqual(x.layers[0].steps.toReversed())
    const [flow, back] = [gradientFlow(a(), turned, 1), gradientFlow(b(), ids, 1)]
    const found = flow.layers[0].steps.toReversed()
    back.layers[0].steps.forEach(({ contributions, ...step }, t) => {
      const { contributions: wanted, ...rest } = found[t]
      expect(step).toEqual(rest)
      // Sums in another order.
      expect(contributions.hidden.fraction).toBeCloseTo(wanted.hidden.fraction, 12)
      expect(contributions.input.fraction).toBeCloseTo(wanted.input.fraction, 12)
    })
    expect(back.verdict).toEqual(flow.verdict)
    const [m, n] = [memory(x), memory(y)]
    expect(n[0].unitRetention).toEqual(m[0].unitRetention.toReversed())
    expect(n[0].halfLife).toBe(m[0].halfLife)
  })

  it('in influence, spectra and interventions', () => {
    const [x, y] = [influence(a(), turned, 1), influence(b(), ids, 1)]
    expect(y.tokens.map((token) => token.gradientInput)).toEqual(
      x.tokens.map((token) => token.gradientInput).toReversed(),
    )
    expect(y.tokens.map((token) => token.leaveOneOut)).toEqual(
      x.tokens.map((token) => token.leaveOneOut).toReversed(),
    )
    expect(spectralRadii(b(), { direction: 'backward' })).toHaveLength(4)
    expect(() => spectralRadii(b(), { direction: 'forward' })).toThrow(UsageError)
    const edit = { type: 'gate', gate: 'input', value: 0, units: [1] } as const
    const [p, q] = [
      intervene(a(), turned, [{ ...edit, from: 1, to: 1 }]),
      intervene(b(), ids, [{ ...edit, from: 3, to: 3, direction: 'backward' }]),
    ]
    expect(q.after.output).toEqual(p.after.output)
    expect(q.after.output).not.toEqual(q.before.output)
  })
})

describe('holds in general cells', () => {
  const LSTM = ['input', 'forget', 'candidate', 'output']
  const gatesOf = (form: { cell?: string; coupled?: boolean }) =>
    form.cell === 'rnn'
      ? ['candidate']
      : form.cell === 'gru'
        ? ['reset', 'update', 'candidate']
        : LSTM.filter((gate) => !form.coupled || gate !== 'forget')

  it.each(forms)('%s: exact values, and gradients by finite differences', (_, form) => {
    const made = randomNetwork([embedding, recurrent(form), dense])
    const states = internalsOf(made).recurrent[0].cell.stateNames as ('hidden' | 'cell')[]
    const holds: Override[] = [
      ...gatesOf(form).map((gate, g) => ({
        what: { gate },
        value: 0.2 + 0.15 * g,
        units: [g % H],
        from: 1,
        to: 3,
      })),
      ...states.map((state, s) => ({ what: { state }, value: 0.4 - s, units: [3 - s], from: 2, to: 2 })),
    ].map((one) => ({ layer: 'recurrent.0', direction: 0, ...one }))
    const batch = PackedBatch.ofIds([ids, idsOf(3), idsOf(4, 2)])
    const pass = { training: false, record: true, key: 0, holds: new Overrides(holds) }
    const targets = { classes: [1, 0, 2] }
    const lossAt = () => {
      made.forward(batch, pass)
      return made.loss(batch, targets).mean
    }
    made.prepareTraining()
    lossAt()
    made.zeroGradients()
    made.backward(batch, targets, pass)
    for (const p of made.parameters) {
      const [analytic, values] = [
        internalsOf(made).store.read(p, 'gradients'),
        internalsOf(made).store.read(p),
      ]
      values.forEach((value, i) => {
        const at = (v: number) => {
          internalsOf(made).store.write(p, values.with(i, v))
          return lossAt()
        }
        const wanted = (at(value + 1e-6) - at(value - 1e-6)) / 2e-6
        expect(Math.abs(analytic[i] - wanted), `${p.name}[${i}]`).toBeLessThan(2e-8)
      })
      internalsOf(made).store.write(p, values)
    }
    const [trace] = traceBatchWith(made, batch, null, new Overrides(holds))
    const { steps } = trace.layers[0]
    for (const {
      what,
      value,
      units: [unit],
      from,
      to,
    } of holds) {
      const name = 'gate' in what ? what.gate : what.state
      for (let t = from; t <= to; t++) {
        // A simple RNN's candidate is its state, which may be set after it.
        const set =
          name === 'candidate' && 'rnn' === (form as { cell?: string }).cell
            ? numberAt(trace, {
                layer: 0,
                direction: trace.layers[0].direction,
                step: t,
                value: 'candidate',
                unit,
              })
            : value
        expect(
          steps[t].gates &&
            numberAt(trace, { layer: 0, direction: trace.layers[0].direction, step: t, value: name, unit }),
        ).toBe(set)
      }
    }
  })

  it('allow what the functions can give, and say what they cannot', () => {
    const made = randomNetwork([embedding, recurrent({ coupled: true, activation: 'relu' }), dense])
    const held = (gate: string, value: number) => intervene(made, ids, [{ type: 'gate', gate, value }])
    expect(held('candidate', 5).after.layers[0].steps[1].candidate[0]).toBe(5)
    expect(held('input', 0.25).after.layers[0].steps[1].gates).toMatchObject({
      forget: new Float64Array(H).fill(0.75),
    })
    expect(() => held('candidate', -1)).toThrow('a number from 0 (relu) for candidate')
    expect(() => held('forget', 1)).toThrow('Set `input` to 1 − the value')
  })
})

describe('masked steps in memory', () => {
  it('keep all', () => {
    const made = randomNetwork([{ ...embedding, maskZero: true } as LayerOptions, recurrent({}), dense])
    const [{ retention }] = memory(traceSequence(made, [3, 0, 0, 5], target))
    expect(retention[2][0]).toBe(1)
    expect(retention[3][0]).toBe(retention[3][2])
    expect(retention[3][0]).toBeLessThan(1)
    expect(VOCABULARY).toBeGreaterThan(5)
  })
})
