/** Layers that read from the end, and two directions merged: against finite differences and against themselves. */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import {
  checkGradients,
  exact,
  forms,
  gradientsOf,
  recurrentLayer,
  made,
  numbers,
  softmax,
} from '../model/recurrentHelpers.ts'

const V = 7
const lengths = [4, 6, 1, 4]
const ids = lengths.map((length, i) => Array.from({ length }, (_, t) => (i * 3 + t * t + 1) % V))
const embedding: LayerOptions = { type: 'embedding', vocabulary: V, size: 5 }
const oneHot: LayerOptions = { type: 'oneHot', vocabulary: V }
const three: LayerOptions = { type: 'dense', units: 3 }
const batch = PackedBatch.ofIds(ids)
const classes = { classes: [0, 2, 1, 2] }
const stepClasses = { stepClasses: ids.map((s) => s.map((id, t) => (id + t) % 3)) }
const merges = ['concat', 'sum', 'multiply', 'average'] as const

describe('gradients', () => {
  it.each(Object.entries(forms))('%s in reverse', (_, form) => {
    for (const input of [embedding, oneHot]) {
      const last = made(
        [input, recurrentLayer(form, { direction: 'reverse', returnSequences: false }), three],
        {
          loss: softmax,
        },
      )
      checkGradients(last, batch, classes)
      const every = made(
        [input, recurrentLayer(form, { direction: 'reverse' }), recurrentLayer(form), three],
        {
          loss: softmax,
        },
      )
      checkGradients(every, batch, stepClasses)
    }
  })

  it.each(merges)('two directions by %s', (merge) => {
    for (const form of [forms.lstm, forms['gru after']]) {
      const both = recurrentLayer(form, { direction: 'bidirectional', merge })
      const last = recurrentLayer(form, { direction: 'bidirectional', merge, returnSequences: false })
      checkGradients(
        made([embedding, both, recurrentLayer(form), three], { loss: softmax }),
        batch,
        stepClasses,
      )
      checkGradients(made([embedding, both, last, three], { loss: softmax }), batch, classes)
    }
  })

  it('functions of the second direction', () => {
    const backward = { activation: 'softsign', gateActivation: 'hardSigmoid' }
    const both = recurrentLayer(forms.lstm, { direction: 'bidirectional', backward })
    const net = made([embedding, both, three], { loss: softmax })
    checkGradients(net, batch, stepClasses)
    expect(internalsOf(net).recurrent[0].loops[0].cell).not.toBe(internalsOf(net).recurrent[0].loops[1].cell)
    const same = made([embedding, recurrentLayer(forms.lstm, { direction: 'bidirectional' }), three])
    net.forward(batch)
    same.forward(batch)
    expect(net.readOutput(batch)).not.toEqual(same.readOutput(batch))
  })
})

describe.each(['reference', 'simd', 'relaxed'] as const)('on %s', (engine) => {
  it.each(Object.entries(forms))(
    '%s in reverse is the layer over reversed sequences, to the bit',
    (_, form) => {
      const [back, on] = (['reverse', 'forward'] as const).map((direction) =>
        made([{ type: 'features', width: 3 }, recurrentLayer(form, { direction })], {
          ...exact,
          engine,
          precision: engine === 'reference' ? 'float64' : 'float32',
        }),
      )
      expect(back.parameters.map((p) => p.name)).toEqual(on.parameters.map((p) => p.name))
      const [B, T, F] = [3, 5, 3]
      const x = numbers(B * T * F, 'x')
      const turned = Float64Array.from(
        x,
        (_v, i) => x[(Math.floor(i / (T * F)) * T + (T - 1 - (Math.floor(i / F) % T))) * F + (i % F)],
      )
      const [one, other] = [x, turned].map((values) => PackedBatch.ofFeatures(values, [B, T, F]))
      back.forward(one)
      on.forward(other)
      const [y, z] = [back.readOutput(one), on.readOutput(other)]
      const H = 4
      y.forEach((value, i) => {
        const [b, t, j] = [Math.floor(i / (T * H)), Math.floor(i / H) % T, i % H]
        expect(value).toBe(z[(b * T + T - 1 - t) * H + j])
      })
      expect(back.readFinalState(one)).toEqual(on.readFinalState(other))
    },
  )

  it('merges what the directions say side by side', () => {
    const options = { engine, precision: engine === 'reference' ? 'float64' : 'float32' } as const
    for (const returnSequences of [true, false]) {
      const nets = merges.map((merge) =>
        made(
          [embedding, recurrentLayer(forms.lstm, { direction: 'bidirectional', returnSequences, merge })],
          options,
        ),
      )
      const [sides, ...merged] = nets.map((net) => {
        net.forward(batch)
        return net.readOutput(batch)
      })
      const f = engine === 'reference' ? (x: number) => x : Math.fround
      const of = [
        (a: number, b: number) => a + b,
        (a: number, b: number) => a * b,
        (a: number, b: number) => (a + b) / 2,
      ]
      merged.forEach((values, m) =>
        values.forEach((value, i) => {
          const at = Math.floor(i / 4) * 8 + (i % 4)
          expect(value).toBe(f(of[m](sides[at], sides[at + 4])))
        }),
      )
    }
  })

  it('gradient checkpointing gives the same bits', () => {
    const long = PackedBatch.ofIds(
      Array.from({ length: 40 }, (_, i) =>
        Array.from({ length: 1 + ((i * 37) % 60) }, (_v, t) => (i + t) % V),
      ),
    )
    const targets = { classes: Array.from({ length: 40 }, (_, i) => i % 3) }
    const layers = [
      embedding,
      recurrentLayer(forms.lstm, { direction: 'reverse' }),
      recurrentLayer(forms['gru before'], {
        direction: 'bidirectional',
        merge: 'multiply',
        returnSequences: false,
      }),
      three,
    ]
    const net = made(layers, {
      engine,
      precision: engine === 'reference' ? 'float64' : 'float32',
      loss: softmax,
    })
    const pass = { training: true, record: false, key: 2 }
    const whole = gradientsOf(net, long, targets, pass)
    for (const checkpointSteps of [1, 13]) {
      net.checkpointSteps = checkpointSteps
      expect(gradientsOf(net, long, targets, pass)).toEqual(whole)
    }
  })
})

describe('a layer in reverse', () => {
  const reverse = made([
    embedding,
    recurrentLayer(forms.lstm, { direction: 'reverse', returnSequences: false }),
  ])

  it('ends at step 0', () => {
    const every = made([embedding, recurrentLayer(forms.lstm, { direction: 'reverse' })])
    every.forward(batch)
    reverse.forward(batch)
    const [steps, last] = [every.readOutput(batch), reverse.readOutput(batch)]
    lengths.forEach((_, b) =>
      expect(last.slice(b * 4, b * 4 + 4)).toEqual(steps.slice(b * 6 * 4, b * 6 * 4 + 4)),
    )
    expect(reverse.readFinalState(batch)).toEqual(last)
  })

  it('starts from given states and gives them gradients', () => {
    const start = numbers(4 * 4, 'start')
    const lossOf = (states: Float64Array) => {
      reverse.prepareTraining()
      reverse.writeInitialState(batch, states)
      reverse.forward(batch, { training: true, record: false, key: 0 })
      return reverse.readOutput(batch).reduce((sum, x) => sum + x * x, 0) / 2
    }
    lossOf(start)
    reverse.zeroGradients()
    backwardFrom(reverse, batch, reverse.readOutput(batch), { training: true, record: false, key: 0 })
    const found = internalsOf(reverse).recurrent[0].readInitialGradient(batch, 'hidden', 0)
    start.forEach((x, i) => {
      const at = (value: number) => lossOf(start.map((old, j) => (j === i ? value : old)))
      expect(found[i]).toBeCloseTo((at(x + 1e-5) - at(x - 1e-5)) / 2e-5, 8)
    })
  })

  it('has no stream', () => {
    expect(() => reverse.stream()).toThrow(/reads from the end/)
  })
})
