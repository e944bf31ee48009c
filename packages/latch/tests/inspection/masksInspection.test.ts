/** Masked batches and reversed layers looked into: traces, losses by sequence, prefixes, edits, streams. */
import { describe, expect, it } from 'vitest'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { influence } from '../../src/inspection/interventions/influence.ts'
import { intervene } from '../../src/inspection/interventions/intervene.ts'
import { prefixOutputs } from '../../src/inspection/trace/prefixes.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { forms, recurrentLayer, made, numbers, softmax } from '../model/recurrentHelpers.ts'

const V = 7
const embedding: LayerOptions = { type: 'embedding', vocabulary: V, size: 5 }
const three: LayerOptions = { type: 'dense', units: 3 }
const masks = [
  [0, 1, 0, 0, 1, 0],
  [1, 0, 1],
  [0, 0],
]
const ids = [
  [1, 2, 3, 4, 5, 6],
  [6, 3, 2],
  [4, 4],
]
const zeroed = ids.map((s, i) => s.map((id, t) => (masks[i][t] ? id : 0)))
const batch = () => PackedBatch.ofIds(ids, masks)
const targets = { classes: [0, 1, 2] }
const one = () => PackedBatch.ofIds([ids[0]], [masks[0]])

describe.each(Object.entries(forms))('%s', (_, form) => {
  it.each(['forward', 'reverse', 'bidirectional'] as const)('%s: a trace of masked steps', (direction) => {
    const net = made([embedding, recurrentLayer(form, { direction, returnSequences: false }), three], {
      loss: softmax,
    })
    const traces = traceBatch(net, batch(), targets)
    traces.forEach(({ layers, loss }, i) => {
      const alone = traceSequence(net, PackedBatch.ofIds([ids[i]], [masks[i]]), { classes: [i] })
      expect(loss).toBeCloseTo(alone.loss, 12)
      layers.forEach(({ steps, direction: way }, l) => {
        const before = (t: number) => steps[way === 'forward' ? t - 1 : t + 1]
        const zeros = new Float64Array(4)
        steps.forEach((step, t) => {
          expect(step.masked === true).toBe(masks[i][t] === 0)
          expect(step.hidden).toEqual(alone.layers[l].steps[t].hidden)
          step.gradient.hiddenVector.forEach((x, j) =>
            expect(x).toBeCloseTo(alone.layers[l].steps[t].gradient.hiddenVector[j], 12),
          )
          if (!step.masked) return
          expect(step.hidden).toEqual(before(t)?.hidden ?? zeros)
          expect(step.cell).toEqual(step.cell && (before(t)?.cell ?? zeros))
          for (const gate of Object.values(step.gradient.gates))
            expect(Math.max(...gate.map(Math.abs))).toBe(0)
          // Outputs are the last ones only: what arrives at a masked step goes on unchanged.
          const { hiddenVector, cellVector } = step.gradient
          const earlier = before(t)?.gradient
          expect(hiddenVector).toEqual(earlier ? earlier.hiddenVector : hiddenVector)
          expect(cellVector).toEqual(cellVector && before(t)?.masked ? earlier.cellVector : cellVector)
        })
      })
    })
  })

  it('a layer in reverse shows each state at its step', () => {
    const [back, on] = (['reverse', 'forward'] as const).map((direction) =>
      made(
        [{ type: 'features', width: 2 }, recurrentLayer(form, { direction, returnSequences: false }), three],
        {
          loss: softmax,
        },
      ),
    )
    const x = numbers(2 * 5, 'x')
    const turned = Float64Array.from(x, (_v, i) => x[(4 - Math.floor(i / 2)) * 2 + (i % 2)])
    const [a, b] = [[back, x] as const, [on, turned] as const].map(([net, values]) =>
      traceSequence(net, PackedBatch.ofFeatures(values, [1, 5, 2]), { classes: [1] }),
    )
    expect(a.layers[0].direction).toBe('backward')
    const strip = ({ steps }: (typeof a.layers)[0]) => steps
    expect(strip(a.layers[0])).toEqual(strip(b.layers[0]).toReversed())
  })

  it('a stream leaves out what the whole sequence leaves out', () => {
    for (const engine of ['reference', 'simd'] as const) {
      const precision = engine === 'simd' ? 'float32' : 'float64'
      const masking = { ...embedding, maskZero: true } as LayerOptions
      const net = made(
        [masking, recurrentLayer(form), recurrentLayer(form), { type: 'pool', pooling: 'mean' }, three],
        {
          engine,
          precision,
        },
      )
      zeroed.forEach((sequence) => {
        const stream = net.stream()
        sequence.forEach((id, t) => {
          const whole = PackedBatch.ofIds([sequence.slice(0, t + 1)])
          const said = Float64Array.from(stream.push(id))
          net.forward(whole)
          expect(said).toEqual(net.readOutput(whole))
        })
      })
    }
  })
})

describe('a given mask stays with the steps', () => {
  it('in losses by sequence', () => {
    const net = made([embedding, recurrentLayer(forms.lstm), three], { loss: softmax })
    const stepClasses = ids.map((s) => s.map((id) => id % 3))
    const traces = traceBatch(net, batch(), { stepClasses })
    traces.slice(0, 2).forEach(({ loss }, i) => {
      const kept = masks[i].flatMap((x, t) => (x ? [t] : []))
      const short = PackedBatch.ofIds([kept.map((t) => ids[i][t])])
      net.forward(short)
      expect(loss).toBeCloseTo(
        net.loss(short, { stepClasses: [kept.map((t) => stepClasses[i][t])] }).mean,
        12,
      )
    })
    expect(traces[2].loss).toBe(0)
  })

  it.each(['forward', 'reverse', 'bidirectional'])('%s: in prefixes, edits and influence', (direction) => {
    const layers = [recurrentLayer(forms['gru after'], { direction, returnSequences: false }), three]
    const given = made([embedding, ...layers], { loss: softmax })
    const own = made([{ ...embedding, maskZero: true } as LayerOptions, ...layers], { loss: softmax })
    expect(prefixOutputs(given, one())).toEqual(prefixOutputs(own, zeroed[0]))
    const drop = [{ type: 'drop', step: 1 }] as never
    const [a, b] = [intervene(given, one(), drop, 1), intervene(own, zeroed[0], drop, 1)]
    expect(a.before.output).toEqual(b.before.output)
    expect(a.after.output).toEqual(b.after.output)
    expect(a.after.prefixes).toEqual(b.after.prefixes)
    expect(a.after.output).not.toEqual(a.before.output)
    const said = (net: typeof own, x: PackedBatch | number[]) => influence(net, x, 1).tokens
    const [mine, theirs] = [said(given, one()), said(own, zeroed[0])]
    expect(mine.map(({ leaveOneOut }) => leaveOneOut)).toEqual(theirs.map(({ leaveOneOut }) => leaveOneOut))
    mine.forEach(({ gradientInput }, t) => expect(gradientInput === 0).toBe(masks[0][t] === 0))
  })
})

it.each([
  ['an embedding', embedding],
  ['one-hot ids', { type: 'oneHot', vocabulary: V } as LayerOptions],
])('gradient flow through masked steps of %s: the state is carried over unchanged', (_, input) => {
  const layer = recurrentLayer(forms.lstm, { returnSequences: false })
  const net = made([input, layer, three], { loss: softmax })
  const { steps } = gradientFlow(net, one(), 0).layers[0]
  const carried = steps.slice(1).map(({ stateJacobian }) => Math.abs(stateJacobian!.spectral - 1) < 1e-10)
  expect(carried).toEqual(masks[0].slice(1).map((valid) => valid === 0))
})
