/**
 * Calls of every kernel at given sizes: what the tests of builds and of worker threads run. Padding holds NaN wherever
 * the ABI says that it is never read.
 */
import type { Kernels } from '../../src/engine/kernels.ts'
import { transposedScratch } from '../../src/engine/kernels.ts'
import type { Trial } from './kernelHelpers.ts'

type Shape = (t: Trial, m: number, n: number, k: number) => number | void

/** name → call; each runs at every (m, n), with k going through the sizes too. */
export const byShape: Record<string, Shape> = {
  matmul(t, m, n, k) {
    const c = t.output('c', m, n, { ld: t.pad(n) + 3, writableTo: t.pad(n), garbage: NaN })
    const a = t.matrix('a', m, k)
    t.kernels.matmul(c.pointer, a.pointer, t.packed('b', k, n), m, n, k, a.ld, c.ld, 0)
  },
  'matmul, accumulating'(t, m, n, k) {
    const c = t.matrix('c', m, n, { ld: t.pad(n) + 3, writableTo: t.pad(n), garbage: 1e6 })
    const a = t.matrix('a', m, k)
    t.kernels.matmul(c.pointer, a.pointer, t.packed('b', k, n), m, n, k, a.ld, c.ld, 1)
  },
  matmulTransposed(t, m, n, k) {
    const [a, dz, dw] = [
      t.matrix('a', m, k),
      t.matrix('dz', m, n, { ld: t.pad(n) + 3 }),
      t.packed('dw', k, n),
    ]
    const space = t.scratch(transposedScratch(n, k, t.W))
    t.kernels.matmulTransposed(dw, a.pointer, 0, dz.pointer, space, m, n, k, a.ld, dz.ld)
  },
  'matmulTransposed, by index'(t, m, n, k) {
    const [a, dz, dw] = [t.matrix('a', 7, k), t.matrix('dz', m, n, { ld: t.pad(n) }), t.packed('dw', k, n)]
    const space = t.scratch(transposedScratch(n, k, t.W))
    const index = t.ints('index', draw(t, m, 0, 7))
    t.kernels.matmulTransposed(dw, a.pointer, index, dz.pointer, space, m, n, k, a.ld, dz.ld)
  },
  packTransposed(t, m, n, k) {
    if (m === 1) t.kernels.packTransposed(t.packed('out', n, k), t.packed('w', k, n), k, n)
  },
  gatherRows(t, m, n, k) {
    const [out, table] = [t.output('out', m, n), t.matrix('table', k, n)]
    const ids = t.ints('ids', draw(t, m, -1, k))
    t.kernels.gatherRows(out.pointer, table.pointer, ids, m, n, out.ld, table.ld)
  },
  scatterAddRows(t, m, n, k) {
    const [table, dy] = [t.matrix('table', k, n), t.matrix('dy', m, n)]
    const ids = t.ints('ids', draw(t, m, -1, k))
    t.kernels.scatterAddRows(table.pointer, ids, dy.pointer, m, n, table.ld, dy.ld)
  },
  gatherPanels(t, m, n, k) {
    const z = t.matrix('z', m, n, { ld: t.pad(n) + 3, writableTo: t.pad(n), garbage: 1e6 })
    t.kernels.gatherPanels(z.pointer, t.packed('w', k, n), t.ints('ids', draw(t, m, 0, k)), m, n, k, z.ld)
  },
  scatterAddPanels(t, m, n, k) {
    const z = t.matrix('dz', m, n, { ld: t.pad(n) + 3 })
    t.kernels.scatterAddPanels(
      t.packed('dw', k, n),
      z.pointer,
      t.ints('ids', draw(t, m, 0, k)),
      m,
      n,
      k,
      z.ld,
    )
  },
}

type Rows = (t: Trial, m: number, n: number) => number | void

export const byRows: Record<string, Rows> = {
  'fillRows, two biases'(t, m, n) {
    fill(t, m, n, t.floats('b1', n), t.floats('b2', n))
  },
  'fillRows, the first'(t, m, n) {
    fill(t, m, n, t.floats('b1', n), 0)
  },
  'fillRows, the second'(t, m, n) {
    fill(t, m, n, 0, t.floats('b2', n))
  },
  'fillRows, none'(t, m, n) {
    fill(t, m, n, 0, 0)
  },
  sumRows(t, m, n) {
    const [db, dz] = [t.floats('db', n), t.matrix('dz', m, n)]
    t.kernels.sumRows(db, dz.pointer, m, n, dz.ld)
  },
  'gatherRows, no ids'(t, m, n) {
    const [out, table] = [t.output('out', m, n), t.matrix('table', m, n, { ld: n + 1 })]
    t.kernels.gatherRows(out.pointer, table.pointer, 0, m, n, out.ld, table.ld)
  },
  'scatterAddRows, no ids'(t, m, n) {
    const [table, dy] = [t.matrix('table', m, n, { ld: n + 1 }), t.matrix('dy', m, n)]
    t.kernels.scatterAddRows(table.pointer, 0, dy.pointer, m, n, table.ld, dy.ld)
  },
  softmax(t, m, n) {
    const [p, x] = [t.output('p', m, n), t.matrix('x', m, n, { low: -30, high: 30 })]
    t.kernels.softmax(p.pointer, x.pointer, m, n, p.ld)
  },
  maxPool(t, B, n) {
    const { lengths, offsets, rows } = packedSequences(t, B)
    // Few distinct values, so that ties happen.
    const values = Array.from({ length: rows * n }, () => t.random.integer(4) - 2)
    const [y, x, arg] = [
      t.output('y', B, n),
      t.matrix('x', rows, n, { values }),
      t.ints('arg', Array(B * n).fill(-9)),
    ]
    t.kernels.maxPoolForward(y.pointer, arg, x.pointer, lengths, offsets, B, n, y.ld, x.ld)
    const [dx, dy] = [t.matrix('dx', rows, n), t.matrix('dy', B, n, { ld: n + 2 })]
    t.kernels.maxPoolBackward(dx.pointer, dy.pointer, arg, B, n, dx.ld, dy.ld)
  },
  meanPool(t, B, n) {
    const { lengths, offsets, rows } = packedSequences(t, B)
    const [y, x] = [t.output('y', B, n), t.matrix('x', rows, n)]
    t.kernels.meanPoolForward(y.pointer, x.pointer, lengths, offsets, B, n, y.ld, x.ld)
    const [dx, dy] = [t.matrix('dx', rows, n), t.matrix('dy', B, n, { ld: n + 2 })]
    t.kernels.meanPoolBackward(dx.pointer, dy.pointer, lengths, offsets, B, n, dx.ld, dy.ld)
  },
  softmaxCrossEntropy: (t, m, c) => crossEntropy(t, m, c, { weights: true, dx: true, smoothing: 0.1 }),
  'softmaxCrossEntropy, plain': (t, m, c) =>
    crossEntropy(t, m, c, { weights: false, dx: true, smoothing: 0 }),
  'softmaxCrossEntropy, no dx': (t, m, c) =>
    crossEntropy(t, m, c, { weights: true, dx: false, smoothing: 0.2 }),
  binaryCrossEntropy(t, m, c) {
    const [dx, x] = [t.output('dx', m, c), t.matrix('x', m, c, { low: -15, high: 15 })]
    const targets = t.floats('targets', m * c, { values: draw(t, m * c, 0, 2) })
    return t.kernels.binaryCrossEntropy(dx.pointer, x.pointer, targets, m, c, x.ld, 0.1, 0.5, 3, 0.25)
  },
  'regressionLoss, squared': (t, m, c) => regression(t, m, c, 0),
  'regressionLoss, absolute': (t, m, c) => regression(t, m, c, 1),
  'regressionLoss, Huber': (t, m, c) => regression(t, m, c, 2),
}

export type Flat = (t: Trial, count: number, k: Kernels) => number | void

export const byCount: Record<string, Flat> = {
  ...activations(),
  add: (t, count, k) => k.add(t.floats('y', count), t.floats('x', count), count),
  zero: (t, count, k) => k.zero(t.floats('x', count), count),
  dropout: (t, count, k) => k.dropout(t.floats('y', count), t.floats('x', count), count, 7, 0.3, 0xdeadbeef),
  'sgd, plain': (t, count, k) =>
    k.sgd(t.floats('p', count), t.floats('g', count), 0, count, 0.1, 0, 0, 0, 0, 1),
  'sgd, first step': (t, count, k) => {
    const [p, g, v] = [
      t.floats('p', count),
      t.floats('g', count),
      t.output('v', 1, count, { ld: count }).pointer,
    ]
    k.sgd(p, g, v, count, 0.1, 0.9, 0, 0.01, 1, 0.5)
  },
  'sgd, momentum': (t, count, k) =>
    state(t, count, (p, g, v) => k.sgd(p, g, v, count, 0.1, 0.9, 0, 0.01, 0, 0.5)),
  'sgd, Nesterov': (t, count, k) =>
    state(t, count, (p, g, v) => k.sgd(p, g, v, count, 0.1, 0.9, 1, 0.01, 0, 0.5)),
  rmsprop: (t, count, k) =>
    state(t, count, (p, g, s) => k.rmsprop(p, g, s, count, 0.01, 0.99, 1e-8, 0.01, 0.5)),
  adagrad: (t, count, k) => state(t, count, (p, g, s) => k.adagrad(p, g, s, count, 0.01, 1e-10, 0.01, 0.5)),
  adam: (t, count, k) => adam(t, count, k, 0),
  adamW: (t, count, k) => adam(t, count, k, 1),
  sumSquares: (t, count, k) => k.sumSquares(t.floats('x', count), count),
  clamp: (t, count, k) => k.clamp(t.floats('x', count), count, 0.7),
  average: (t, count, k) => k.average(t.floats('avg', count), t.floats('p', count), count, 0.99),
}

/** `count` random integers in [low, high). */
function draw(t: Trial, count: number, low: number, high: number): number[] {
  return Array.from({ length: count }, () => low + t.random.integer(high - low))
}

function fill(t: Trial, m: number, n: number, b1: number, b2: number): void {
  const z = t.output('z', m, n, { ld: t.pad(n) + 3, writableTo: t.pad(n) })
  t.kernels.fillRows(z.pointer, b1, b2, m, n, z.ld)
}

/** B sequences of at most 5 steps, longest first, packed. */
function packedSequences(t: Trial, B: number) {
  const lengths = draw(t, B, 1, 6).sort((a, b) => b - a)
  const offsets: number[] = []
  let rows = 0
  for (let step = 0; step < lengths[0]; step++) {
    offsets.push(rows)
    rows += lengths.filter((length) => length > step).length
  }
  return { lengths: t.ints('lengths', lengths), offsets: t.ints('offsets', offsets), rows }
}

function crossEntropy(
  t: Trial,
  m: number,
  c: number,
  { weights, dx, smoothing }: { weights: boolean; dx: boolean; smoothing: number },
): number {
  const x = t.matrix('x', m, c, { low: -20, high: 20 })
  const out = dx ? t.output('dx', m, c).pointer : 0
  const targets = t.ints('targets', draw(t, m, -1, c))
  const w = weights ? t.floats('weights', c, { low: 0.2, high: 3 }) : 0
  return t.kernels.softmaxCrossEntropy(out, x.pointer, targets, w, m, c, x.ld, smoothing, 0.25)
}

function regression(t: Trial, m: number, c: number, kind: number): number {
  const [dx, x, targets] = [t.output('dx', m, c), t.matrix('x', m, c), t.floats('targets', m * c)]
  return t.kernels.regressionLoss(dx.pointer, x.pointer, targets, m, c, x.ld, kind, 0.8, 0.25)
}

function activations(): Record<string, Flat> {
  const calls: Record<string, Flat> = {}
  for (const [i, name] of ['relu', 'tanh', 'sigmoid'].entries()) {
    calls[`activate ${name}`] = (t, count, k) => {
      k.activate(t.output('y', 1, count, { ld: count }).pointer, t.floats('x', count), count, i + 1)
      const place = t.floats('in place', count)
      k.activate(place, place, count, i + 1)
    }
    calls[`activateBackward ${name}`] = (t, count, k) => {
      const [dx, dy] = [t.output('dx', 1, count, { ld: count }).pointer, t.floats('dy', count)]
      const y = t.floats('y', count, { low: -1, high: 1 })
      k.activateBackward(dx, dy, y, count, i + 1)
      k.activateBackward(dy, dy, y, count, i + 1)
    }
  }
  return calls
}

function state(t: Trial, count: number, step: (p: number, g: number, s: number) => void): void {
  step(t.floats('p', count), t.floats('g', count), t.floats('state', count, { low: 0.1, high: 2 }))
}

function adam(t: Trial, count: number, k: Kernels, decoupled: 0 | 1): void {
  const [p, g, m] = [t.floats('p', count), t.floats('g', count), t.floats('m', count)]
  const v = t.floats('v', count, { low: 0.1, high: 2 })
  k.adam(p, g, m, v, count, 0.01, 0.9, 0.999, 1e-8, 0.1, decoupled, 0.271, 0.003, 0.5)
}
