/** Finite differences in float64 against every backward kernel of the reference. */
import { describe, expect, test } from 'vitest'
import type { Pointer } from '../../src/engine/kernels.ts'
import { createReferenceEngine } from '../../src/engine/reference/index.ts'
import { Random } from '../../src/core/random.ts'

const { kernels: k, memory } = createReferenceEngine('float64')
const random = new Random('gradients')
const [m, H, ldh, ldd] = [3, 5, 7, 11]
const SIZE = m * 64

/** `width` of every `ld` floats, random; the rest NaN, which nothing may read. */
function rows(width: number, ld: number, low = -1, high = 1, count = m): Pointer {
  const pointer = memory.floats(count * ld, 'test')
  memory.viewFloats(pointer, count * ld).fill(NaN)
  for (let i = 0; i < count; i++) {
    const row = memory.viewFloats(pointer + i * ld * 8, width)
    for (let j = 0; j < width; j++) row[j] = random.between(low, high)
  }
  return pointer
}

function ints(values: number[]): Pointer {
  const pointer = memory.ints(values.length, 'test')
  memory.viewInts(pointer, values.length).set(values)
  return pointer
}

function copyOf(from: Pointer): Pointer {
  const to = memory.floats(SIZE, 'copy')
  memory.viewFloats(to, SIZE).set(memory.viewFloats(from, SIZE))
  return to
}

/** Σ a∘b over (m, width). */
function dot(a: Pointer, lda: number, b: Pointer, ldb: number, width: number): number {
  let sum = 0
  for (let i = 0; i < m; i++) {
    const [x, y] = [memory.viewFloats(a + i * lda * 8, width), memory.viewFloats(b + i * ldb * 8, width)]
    for (let j = 0; j < width; j++) sum += x[j] * y[j]
  }
  return sum
}

/** Every ∂loss/∂x[i][j] by central difference against dx, relative error below 1e-6. */
function check(
  x: Pointer,
  dx: Pointer,
  width: number,
  ld: number,
  loss: () => number,
  count = m,
  ldx = ld,
): void {
  const h = 1e-5
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) {
      const at = memory.viewFloats(x + (i * ld + j) * 8, 1)
      const held = at[0]
      at[0] = held + h
      const above = loss()
      at[0] = held - h
      const below = loss()
      at[0] = held
      const numeric = (above - below) / (2 * h)
      const analytic = memory.viewFloats(dx + (i * ldx + j) * 8, 1)[0]
      const error = Math.abs(numeric - analytic) / Math.max(Math.abs(numeric), Math.abs(analytic), 1e-3)
      if (!(error < 1e-6)) expect.fail(`[${i}][${j}]: analytic ${analytic}, numeric ${numeric}`)
    }
  }
}

/** Runs a check and gives its memory back. Everything is reserved in bulk so that views stay valid. */
function gradient(name: string, checkGradient: () => void): void {
  test(name, () => {
    const mark = memory.mark()
    checkGradient()
    memory.release(mark)
  })
}

memory.release(
  (() => {
    const mark = memory.mark()
    memory.floats(1 << 20, 'reserve')
    return mark
  })(),
)

describe('simple recurrent step', () => {
  for (const relu of [0, 1] as const) {
    for (const withDout of [true, false]) {
      gradient(`${relu ? 'relu' : 'tanh'}${withDout ? ', with dout' : ''}`, () => {
        const ldz = 6
        const [z, h, dh] = [rows(H, ldz), rows(H, ldh), rows(H, ldh)]
        const [carry, dout] = [copyOf(dh), withDout ? rows(H, ldd) : 0]
        const loss = () => {
          k.rnnForward(h, z, m, H, ldz, ldh, relu)
          return dot(carry, ldh, h, ldh, H) + (dout ? dot(dout, ldd, h, ldh, H) : 0)
        }
        loss()
        const dz = rows(H, ldz)
        k.rnnBackward(dz, dh, dout, h, m, H, ldz, ldh, ldd, relu)
        check(z, dz, H, ldz, loss)
        check(h, dh, H, ldh, () => dot(carry, ldh, h, ldh, H) + (dout ? dot(dout, ldd, h, ldh, H) : 0))
      })
    }
  }
})

describe('LSTM step', () => {
  for (const full of [true, false]) {
    gradient(full ? 'with dout and dcTotal' : 'without', () => {
      const ldz = 4 * H + 3
      const [z, cPrev] = [rows(4 * H, ldz, -2, 2), rows(H, ldh)]
      const [h, c, tc, dh, dc] = Array.from({ length: 5 }, () => rows(H, ldh))
      const [dh0, dc0, dout] = [copyOf(dh), copyOf(dc), full ? rows(H, ldd) : 0]
      let gates = z
      const loss = () => {
        gates = copyOf(z)
        k.lstmForward(h, c, tc, gates, cPrev, m, H, ldz, ldh)
        return dot(dh0, ldh, h, ldh, H) + dot(dc0, ldh, c, ldh, H) + (dout ? dot(dout, ldd, h, ldh, H) : 0)
      }
      loss()
      const [dz, dcTotal] = [rows(4 * H, ldz), full ? rows(H, ldh) : 0]
      k.lstmBackward(dz, dh, dc, dcTotal, dout, gates, cPrev, tc, m, H, ldz, ldh, ldd)
      const forget = gates
      check(z, dz, 4 * H, ldz, loss)
      check(cPrev, dc, H, ldh, loss)
      if (!full) return
      // the carry is dcTotal∘f
      for (let i = 0; i < m; i++) {
        const [carry, total] = [
          memory.viewFloats(dc + i * ldh * 8, H),
          memory.viewFloats(dcTotal + i * ldh * 8, H),
        ]
        const f = memory.viewFloats(forget + (i * ldz + H) * 8, H)
        for (let j = 0; j < H; j++) expect(carry[j]).toBe(total[j] * f[j])
      }
    })
  }
})

describe('GRU step', () => {
  const ldz = 3 * H + 2

  for (const full of [true, false]) {
    gradient(`reset after${full ? ', with dout and dhTotal' : ''}`, () => {
      const [zx, zh, hPrev] = [rows(3 * H, ldz, -2, 2), rows(3 * H, ldz, -2, 2), rows(H, ldh)]
      const [h, hn, dh] = [rows(H, ldh), rows(H, ldh), rows(H, ldh)]
      const [dh0, dout] = [copyOf(dh), full ? rows(H, ldd) : 0]
      let gates = zx
      const loss = () => {
        gates = copyOf(zx)
        k.gruForward(h, hn, gates, zh, hPrev, m, H, ldz, ldh)
        return dot(dh0, ldh, h, ldh, H) + (dout ? dot(dout, ldd, h, ldh, H) : 0)
      }
      loss()
      const [dzx, dzh, dhTotal] = [rows(3 * H, ldz), rows(3 * H, ldz), full ? rows(H, ldh) : 0]
      k.gruBackward(dzx, dzh, dh, dhTotal, dout, gates, hn, hPrev, m, H, ldz, ldh, ldd)
      check(zx, dzx, 3 * H, ldz, loss)
      check(zh, dzh, 3 * H, ldz, loss)
      check(hPrev, dh, H, ldh, loss)
      if (full) check(h, dhTotal, H, ldh, () => dot(dh0, ldh, h, ldh, H) + dot(dout, ldd, h, ldh, H))
    })

    gradient(`reset before, both stages${full ? ', with dout and dhTotal' : ''}`, () => {
      const [z, hPrev, Wn] = [rows(3 * H, ldz, -2, 2), rows(H, ldh), rows(H, H, -1, 1, H)]
      const [h, rh, drh, dh] = Array.from({ length: 4 }, () => rows(H, ldh))
      const [dh0, dout] = [copyOf(dh), full ? rows(H, ldd) : 0]
      let gates = z
      const loss = () => {
        gates = copyOf(z)
        k.gruResetForward(rh, gates, hPrev, m, H, ldz, ldh)
        product(gates + 2 * H * 8, ldz, rh, ldh, (l, j) => memory.viewFloats(Wn, H * H)[l * H + j])
        k.gruCandidateForward(h, gates, hPrev, m, H, ldz, ldh)
        return dot(dh0, ldh, h, ldh, H) + (dout ? dot(dout, ldd, h, ldh, H) : 0)
      }
      loss()
      const [dz, dhTotal] = [rows(3 * H, ldz), full ? rows(H, ldh) : 0]
      k.gruCandidateBackward(dz, dh, dhTotal, dout, gates, hPrev, m, H, ldz, ldh, ldd)
      k.zero(drh, m * ldh)
      product(drh, ldh, dz + 2 * H * 8, ldz, (l, j) => memory.viewFloats(Wn, H * H)[j * H + l])
      k.gruResetBackward(dz, dh, drh, gates, hPrev, m, H, ldz, ldh)
      check(z, dz, 3 * H, ldz, loss)
      check(hPrev, dh, H, ldh, loss)
      if (full) check(h, dhTotal, H, ldh, () => dot(dh0, ldh, h, ldh, H) + dot(dout, ldd, h, ldh, H))
    })
  }

  /** out (m, H) += a (m, H) · w. */
  function product(
    out: Pointer,
    ldo: number,
    a: Pointer,
    lda: number,
    w: (l: number, j: number) => number,
  ): void {
    for (let i = 0; i < m; i++) {
      const [y, x] = [memory.viewFloats(out + i * ldo * 8, H), memory.viewFloats(a + i * lda * 8, H)]
      for (let j = 0; j < H; j++) for (let l = 0; l < H; l++) y[j] += x[l] * w(l, j)
    }
  }
})

describe('pooling over time', () => {
  const total = 8
  const layout = () => [ints([4, 3, 1]), ints([0, 3, 5, 7])]

  gradient('max', () => {
    const [lengths, offsets] = layout()
    const [x, y, dy, dx] = [rows(H, ldh, -1, 1, total), rows(H, ldd), rows(H, ldd), rows(H, ldh, 0, 0, total)]
    const arg = memory.ints(m * H, 'arg')
    const loss = () => {
      k.maxPoolForward(y, arg, x, lengths, offsets, m, H, ldd, ldh)
      return dot(dy, ldd, y, ldd, H)
    }
    loss()
    k.maxPoolBackward(dx, dy, arg, m, H, ldh, ldd)
    check(x, dx, H, ldh, loss, total)
  })

  gradient('mean', () => {
    const [lengths, offsets] = layout()
    const [x, y, dy, dx] = [rows(H, ldh, -1, 1, total), rows(H, ldd), rows(H, ldd), rows(H, ldh, 0, 0, total)]
    const loss = () => {
      k.meanPoolForward(y, x, lengths, offsets, m, H, ldd, ldh)
      return dot(dy, ldd, y, ldd, H)
    }
    k.meanPoolBackward(dx, dy, lengths, offsets, m, H, ldh, ldd)
    check(x, dx, H, ldh, loss, total)
  })
})

describe('activations', () => {
  for (const [kind, name] of [
    [1, 'relu'],
    [2, 'tanh'],
    [3, 'sigmoid'],
  ] as const) {
    gradient(name, () => {
      const [x, y, dy, dx] = [rows(H, H, -2, 2), rows(H, H), rows(H, H), rows(H, H)]
      const loss = () => {
        k.activate(y, x, m * H, kind)
        return dot(dy, H, y, H, H)
      }
      loss()
      k.activateBackward(dx, dy, y, m * H, kind)
      check(x, dx, H, H, loss)
    })
  }
})

describe('losses', () => {
  for (const smoothing of [0, 0.1]) {
    for (const weighted of [true, false]) {
      gradient(
        `softmax cross-entropy, smoothing ${smoothing}${weighted ? ', weights' : ''}, a row left out`,
        () => {
          const [x, dx, weights] = [rows(H, ldh, -3, 3), rows(H, ldh), weighted ? rows(H, H, 0.2, 3, 1) : 0]
          const targets = ints([2, -1, 4])
          k.softmaxCrossEntropy(dx, x, targets, weights, m, H, ldh, smoothing, 0.5)
          check(x, dx, H, ldh, () => k.softmaxCrossEntropy(0, x, targets, weights, m, H, ldh, smoothing, 0.5))
          expect([...memory.viewFloats(dx + ldh * 8, H)]).toEqual(Array(H).fill(0))
        },
      )
    }
    gradient(`binary cross-entropy, smoothing ${smoothing}, weights`, () => {
      const [x, dx, targets] = [rows(H, ldh, -3, 3), rows(H, ldh), rows(H, H, 0, 1)]
      const call = (out: Pointer) => k.binaryCrossEntropy(out, x, targets, m, H, ldh, smoothing, 0.7, 2, 0.5)
      call(dx)
      check(x, dx, H, ldh, () => call(0))
    })
  }
  for (const [kind, name] of ['squared', 'absolute', 'Huber'].entries()) {
    gradient(`${name} error`, () => {
      const [x, dx, targets] = [rows(H, ldh, -2, 2), rows(H, ldh), rows(H, H, -2, 2)]
      const call = (out: Pointer) => k.regressionLoss(out, x, targets, m, H, ldh, kind, 0.8, 0.5)
      call(dx)
      check(x, dx, H, ldh, () => call(0))
    })
  }

  gradient('known values: one row of each', () => {
    const [x, dx, targets] = [rows(2, 2, 0, 0, 1), rows(2, 2, 0, 0, 1), rows(2, 2, 1, 1, 1)]
    expect(k.softmaxCrossEntropy(dx, x, ints([1]), 0, 1, 2, 2, 0, 1)).toBeCloseTo(Math.log(2), 14)
    expect([...memory.viewFloats(dx, 2)]).toEqual([0.5, -0.5])
    expect(k.binaryCrossEntropy(dx, x, targets, 1, 2, 2, 0, 1, 1, 1)).toBeCloseTo(2 * Math.log(2), 14)
    expect([0, 1, 2].map((kind) => k.regressionLoss(dx, x, targets, 1, 2, 2, kind, 0.5, 1))).toEqual([
      2, 2, 0.75,
    ])
  })
})
