/** Tests the WebAssembly cell steps, forward and backward, against the reference. */
import { describe, expect, test } from 'vitest'
import { createEngine } from '../../src/engine/createEngine.ts'
import { createReferenceEngine } from '../../src/engine/reference/index.ts'
import { cellSteps } from './cellCases.ts'
import { expectSame, SIZES } from './kernelHelpers.ts'

describe.each(['simd', 'relaxed'] as const)('%s cell steps equal the reference', (build) => {
  const engine = createEngine({ engine: build })
  const plain = createReferenceEngine('float32', engine.panel)

  for (const [name, step] of Object.entries(cellSteps)) {
    test(name, () => {
      for (const m of SIZES) {
        for (const H of SIZES) expectSame(engine, plain, `${name} m ${m} H ${H}`, (t) => step(t, m, H))
      }
    })
  }
})

describe('cell steps by hand, one unit', () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
  const { kernels: k, memory } = createReferenceEngine('float64')
  const put = (...values: number[]) => {
    const pointer = memory.floats(values.length, 'test')
    memory.viewFloats(pointer, values.length).set(values)
    return pointer
  }
  const get = (pointer: number) => memory.viewFloats(pointer, 1)[0]

  test('LSTM: gates in the order i f g o', () => {
    const [h, c, tc] = [put(0), put(0), put(0)]
    k.lstmForward(h, c, tc, put(0.1, -0.2, 0.3, -0.4), put(0.5), 1, 1, 4, 1)
    const state = sigmoid(-0.2) * 0.5 + sigmoid(0.1) * Math.tanh(0.3)
    expect(get(c)).toBeCloseTo(state, 14)
    expect(get(tc)).toBeCloseTo(Math.tanh(state), 14)
    expect(get(h)).toBeCloseTo(sigmoid(-0.4) * Math.tanh(state), 14)
  })

  test('GRU, reset after: gates in the order r z n, z keeps the old state', () => {
    const [h, hn] = [put(0), put(0)]
    k.gruForward(h, hn, put(0.1, -0.2, 0.3), put(0.4, 0.6, -0.7), put(0.5), 1, 1, 3, 1)
    const [z, n] = [sigmoid(-0.2 + 0.6), Math.tanh(0.3 + sigmoid(0.1 + 0.4) * -0.7)]
    expect(get(hn)).toBe(-0.7)
    expect(get(h)).toBeCloseTo(z * 0.5 + (1 - z) * n, 14)
  })

  test('GRU, reset before: the candidate sees r∘h', () => {
    const [h, rh, z, before] = [put(0), put(0), put(0.1, -0.2, 0.3), put(0.5)]
    k.gruResetForward(rh, z, before, 1, 1, 3, 1)
    expect(get(rh)).toBeCloseTo(sigmoid(0.1) * 0.5, 14)
    k.gruCandidateForward(h, z, before, 1, 1, 3, 1)
    const [keep, n] = [sigmoid(-0.2), Math.tanh(0.3)]
    expect(get(h)).toBeCloseTo(keep * 0.5 + (1 - keep) * n, 14)
  })
})
