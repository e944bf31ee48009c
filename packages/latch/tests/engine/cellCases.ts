/** Calls of every cell's kernels, forward and backward, for m rows and H units. */
import type { Matrix, Trial } from './kernelHelpers.ts'

type Step = (t: Trial, m: number, H: number) => void

export const cellSteps: Record<string, Step> = {
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
