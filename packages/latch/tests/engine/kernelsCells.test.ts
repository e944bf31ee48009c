/** Holds the WASM cell steps, forward and backward, against the plain twin. */
import { describe, expect, test } from 'vitest'
import { createEngine } from '../../src/engine/load.ts'
import { createReferenceEngine } from '../../src/engine/reference/index.ts'
import type { Matrix, Trial } from './kernelRig.ts'
import { expectSame, SIZES } from './kernelRig.ts'

type Step = (t: Trial, m: number, H: number) => void

const steps: Record<string, Step> = {
  'rnnForward, tanh': (t, m, H) => rnnForward(t, m, H, 0),
  'rnnForward, relu': (t, m, H) => rnnForward(t, m, H, 1),
  'rnnBackward, tanh': (t, m, H) => rnnBackward(t, m, H, 0, true),
  'rnnBackward, relu': (t, m, H) => rnnBackward(t, m, H, 1, true),
  'rnnBackward, no dout': (t, m, H) => rnnBackward(t, m, H, 0, false),
  lstmForward(t, m, H) {
    const [z, cPrev] = [t.matrix('z', m, 4 * H, { low: -6, high: 6 }), t.matrix('cPrev', m, H)]
    const [h, c, tc] = ['h', 'c', 'tc'].map((what) => t.output(what, m, H))
    t.kernels.lstmForward(h.pointer, c.pointer, tc.pointer, z.pointer, cPrev.pointer, m, H, z.ld, h.ld)
  },
  lstmBackward: (t, m, H) => lstmBackward(t, m, H, true),
  'lstmBackward, without dcTotal and dout': (t, m, H) => lstmBackward(t, m, H, false),
  gruForward(t, m, H) {
    const [zx, zh] = ['zx', 'zh'].map((what) => t.matrix(what, m, 3 * H, { low: -4, high: 4 }))
    const [h, hn, hPrev] = [t.output('h', m, H), t.output('hn', m, H), t.matrix('hPrev', m, H)]
    t.kernels.gruForward(h.pointer, hn.pointer, zx.pointer, zh.pointer, hPrev.pointer, m, H, zx.ld, h.ld)
  },
  gruBackward: (t, m, H) => gruBackward(t, m, H, true),
  'gruBackward, without dhTotal and dout': (t, m, H) => gruBackward(t, m, H, false),
  gruResetForward(t, m, H) {
    const [rh, z, hPrev] = [t.output('rh', m, H), t.matrix('z', m, 3 * H), t.matrix('hPrev', m, H)]
    t.kernels.gruResetForward(rh.pointer, z.pointer, hPrev.pointer, m, H, z.ld, rh.ld)
  },
  gruCandidateForward(t, m, H) {
    const [h, z, hPrev] = [t.output('h', m, H), gates(t, m, 3 * H), t.matrix('hPrev', m, H)]
    t.kernels.gruCandidateForward(h.pointer, z.pointer, hPrev.pointer, m, H, z.ld, h.ld)
  },
  gruCandidateBackward: (t, m, H) => gruCandidateBackward(t, m, H, true),
  'gruCandidateBackward, without dhTotal and dout': (t, m, H) => gruCandidateBackward(t, m, H, false),
  gruResetBackward(t, m, H) {
    const [dz, dh, drh] = [t.matrix('dz', m, 3 * H), t.matrix('dh', m, H), t.matrix('drh', m, H)]
    const [z, hPrev] = [gates(t, m, 3 * H), t.matrix('hPrev', m, H)]
    t.kernels.gruResetBackward(
      dz.pointer,
      dh.pointer,
      drh.pointer,
      z.pointer,
      hPrev.pointer,
      m,
      H,
      dz.ld,
      dh.ld,
    )
  },
}

describe.each(['simd', 'relaxed'] as const)('%s cell steps equal the plain twin', (build) => {
  const engine = createEngine({ engine: build })
  const plain = createReferenceEngine('float32', engine.panel)

  for (const [name, step] of Object.entries(steps)) {
    test(name, () => {
      for (const m of SIZES) {
        for (const H of SIZES) expectSame(engine, plain, `${name} m ${m} H ${H}`, (t) => step(t, m, H))
      }
    })
  }
})

/** Activated gates: in (0, 1). */
function gates(t: Trial, m: number, width: number): Matrix {
  return t.matrix('gates', m, width, { low: 0.05, high: 0.95 })
}

function rnnForward(t: Trial, m: number, H: number, relu: 0 | 1): void {
  const [h, z] = [t.output('h', m, H), t.matrix('z', m, H, { ld: H + 2 })]
  t.kernels.rnnForward(h.pointer, z.pointer, m, H, z.ld, h.ld, relu)
}

/** dh, its dout or none, and what a backward step reads it by. */
function carry(t: Trial, m: number, H: number, full: boolean) {
  const [dh, total] = [t.matrix('dh', m, H), full ? t.output('total', m, H).pointer : 0]
  const dout = full ? t.matrix('dout', m, H, { ld: 2 * H + 1 }) : { pointer: 0, ld: 0 }
  return { dh, total, dout }
}

function rnnBackward(t: Trial, m: number, H: number, relu: 0 | 1, full: boolean): void {
  const dz = t.output('dz', m, H, { ld: H + 2 })
  const { dh, dout } = carry(t, m, H, false)
  const second = full ? t.matrix('dout', m, H, { ld: 2 * H + 1 }) : dout
  const h = t.matrix('h', m, H, { low: -1, high: 1 })
  t.kernels.rnnBackward(
    dz.pointer,
    dh.pointer,
    second.pointer,
    h.pointer,
    m,
    H,
    dz.ld,
    dh.ld,
    second.ld,
    relu,
  )
}

function lstmBackward(t: Trial, m: number, H: number, full: boolean): void {
  const [dz, dc, z] = [t.output('dz', m, 4 * H), t.matrix('dc', m, H), gates(t, m, 4 * H)]
  const { dh, total, dout } = carry(t, m, H, full)
  const [cPrev, tc] = [t.matrix('cPrev', m, H), t.matrix('tc', m, H, { low: -1, high: 1 })]
  t.kernels.lstmBackward(
    dz.pointer,
    dh.pointer,
    dc.pointer,
    total,
    dout.pointer,
    z.pointer,
    cPrev.pointer,
    tc.pointer,
    m,
    H,
    dz.ld,
    dh.ld,
    dout.ld,
  )
}

function gruBackward(t: Trial, m: number, H: number, full: boolean): void {
  const [dzx, dzh, z] = [t.output('dzx', m, 3 * H), t.output('dzh', m, 3 * H), gates(t, m, 3 * H)]
  const { dh, total, dout } = carry(t, m, H, full)
  const [hn, hPrev] = [t.matrix('hn', m, H), t.matrix('hPrev', m, H)]
  t.kernels.gruBackward(
    dzx.pointer,
    dzh.pointer,
    dh.pointer,
    total,
    dout.pointer,
    z.pointer,
    hn.pointer,
    hPrev.pointer,
    m,
    H,
    dzx.ld,
    dh.ld,
    dout.ld,
  )
}

function gruCandidateBackward(t: Trial, m: number, H: number, full: boolean): void {
  const [dz, z, hPrev] = [t.matrix('dz', m, 3 * H), gates(t, m, 3 * H), t.matrix('hPrev', m, H)]
  const { dh, total, dout } = carry(t, m, H, full)
  t.kernels.gruCandidateBackward(
    dz.pointer,
    dh.pointer,
    total,
    dout.pointer,
    z.pointer,
    hPrev.pointer,
    m,
    H,
    dz.ld,
    dh.ld,
    dout.ld,
  )
}

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
