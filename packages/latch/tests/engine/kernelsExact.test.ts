/**
 * What must hold to the bit, and how near the approximated functions come: matmul tiles, dropout
 * masks, ranges cut anywhere, NaN let through.
 */
import { addUpdates } from '../../src/engine/reference/updates.ts'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import { transposedScratch } from '../../src/engine/kernels.ts'
import { createEngine } from '../../src/engine/createEngine.ts'
import { createReferenceEngine } from '../../src/engine/reference/index.ts'
import { hash32 } from '../../src/core/random.ts'
import type { Call } from './kernelHelpers.ts'
import { packedIndex, runTrial } from './kernelHelpers.ts'

function run(engine: Engine, seed: string, call: Call): void {
  runTrial(engine, seed, call, () => undefined)
}

describe.each(['simd', 'relaxed'] as const)('%s', (build) => {
  const wasm = createEngine({ engine: build })
  const plain = createReferenceEngine('float32', wasm.panel)
  addUpdates(plain.kernels)

  describe('matmul', () => {
    for (const engine of [wasm, plain]) {
      test(`${engine.name}: equals the naive triple loop`, () => {
        for (const [m, n, k] of [
          [1, 1, 1],
          [3, 5, 4],
          [33, 17, 8],
          [8, 33, 17],
        ]) {
          run(engine, `naive ${m} ${n} ${k}`, (t) => {
            const a = t.matrix('a', m, k)
            const c = t.output('c', m, n, { ld: t.pad(n) })
            const values = Array.from({ length: k * n }, () => t.random.between(-2, 2))
            t.kernels.matmul(c.pointer, a.pointer, t.packed('b', k, n, values), m, n, k, a.ld, c.ld, 0)
            const [A, C] = [t.read(a.pointer, m * a.ld), t.read(c.pointer, m * c.ld)]
            for (let i = 0; i < m; i++) {
              for (let j = 0; j < n; j++) {
                let sum = 0
                for (let l = 0; l < k; l++) sum += A[i * a.ld + l] * values[l * n + j]
                expect(Math.abs(C[i * c.ld + j] - sum)).toBeLessThan(2e-5)
              }
            }
          })
        }
      })

      test(`${engine.name}: a row's bits do not depend on the rows around it`, () => {
        for (const [n, k] of [
          [5, 7],
          [12, 33],
          [33, 17],
          [50, 64],
        ]) {
          for (const accumulate of [0, 1] as const) {
            run(engine, `tile ${n} ${k}`, (t) => {
              const [m, a, b] = [33, t.matrix('a', 33, k), t.packed('b', k, n)]
              const all = t.matrix('all', m, n, { ld: t.pad(n), garbage: 0 })
              const single = t.output('single', m, n, { ld: t.pad(n) })
              t.kernels.gatherRows(single.pointer, all.pointer, 0, m, all.ld, single.ld, all.ld)
              t.kernels.matmul(all.pointer, a.pointer, b, m, n, k, a.ld, all.ld, accumulate)
              for (let i = 0; i < m; i++) {
                const [c, row] = [single.pointer + i * single.ld * 4, a.pointer + i * a.ld * 4]
                t.kernels.matmul(c, row, b, 1, n, k, a.ld, single.ld, accumulate)
              }
              expect(t.read(single.pointer, m * single.ld)).toEqual(t.read(all.pointer, m * all.ld))
            })
          }
        }
      })

      test(`${engine.name}: weight gradients are the same bits panel by panel`, () => {
        run(engine, 'panels', (t) => {
          const [m, n, k, W] = [300, 2 * t.W + 5, 19, t.W]
          const [a, dz] = [t.matrix('a', m, k), t.matrix('dz', m, n, { ld: t.pad(n) })]
          const space = t.scratch(transposedScratch(n, k, W))
          const [whole, parts] = [t.packed('whole', k, n), t.packed('parts', k, n)]
          t.kernels.zero(whole, k * t.pad(n))
          t.kernels.zero(parts, k * t.pad(n))
          t.kernels.matmulTransposed(whole, a.pointer, 0, dz.pointer, space, m, n, k, a.ld, dz.ld)
          for (let j = 0; j < n; j += W) {
            const [dw, columns] = [parts + j * k * 4, dz.pointer + j * 4]
            t.kernels.matmulTransposed(
              dw,
              a.pointer,
              0,
              columns,
              space,
              m,
              Math.min(W, n - j),
              k,
              a.ld,
              dz.ld,
            )
          }
          expect(t.read(parts, k * t.pad(n))).toEqual(t.read(whole, k * t.pad(n)))
          expect(t.read(whole, k * t.pad(n))[packedIndex(k - 1, n, k, W)]).toBe(0)
        })
      })
    }
  })

  describe('tanh, sigmoid and exp', () => {
    const points = Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 1000)
    const exact = { tanh: Math.tanh, sigmoid: (x: number) => 1 / (1 + Math.exp(-x)) }

    for (const [kind, name] of [
      [2, 'tanh'],
      [3, 'sigmoid'],
    ] as const) {
      test(`${name} within 5e-7 on [-20, 20]`, () => {
        run(wasm, name, (t) => {
          const [x, y] = [t.floats('x', points.length, { values: points }), t.floats('y', points.length)]
          t.kernels.activate(y, x, points.length, kind)
          const got = t.read(y, points.length)
          const low = kind === 2 ? -1 : 0
          const wrong = points.filter((point, i) => {
            const isClose = Math.abs(got[i] - exact[name](Math.fround(point))) < 5e-7
            return !(isClose && got[i] >= low && got[i] <= 1)
          })
          expect(wrong).toEqual([])
        })
      })
    }

    test('exp, seen through a softmax of two, within 5e-7', () => {
      run(wasm, 'exp', (t) => {
        const values = points.flatMap((point) => [point, 0])
        const [x, p] = [t.floats('x', values.length, { values }), t.floats('p', values.length)]
        t.kernels.softmax(p, x, points.length, 2, 2)
        const got = t.read(p, values.length)
        const wrong = points.filter(
          (point, i) => !(Math.abs(got[2 * i] - exact.sigmoid(Math.fround(point))) < 5e-7),
        )
        expect(wrong).toEqual([])
      })
    })

    test('far from zero they saturate; NaN stays NaN', () => {
      const far = [1e4, -1e4, Infinity, -Infinity, 2 ** 126, -(2 ** 126), NaN]
      const wanted = [
        far.map((x) => Math.max(0, x)),
        far.map(Math.tanh),
        far.map((x) => 1 / (1 + Math.exp(-x))),
      ]
      wanted.forEach((want, i) => {
        run(wasm, 'far', (t) => {
          const [x, y] = [t.floats('x', far.length, { values: far }), t.floats('y', far.length)]
          t.kernels.activate(y, x, far.length, i + 1)
          t.read(y, far.length).forEach((got, j) => {
            const isClose = Math.abs(got - want[j]) < 5e-7 || Math.abs(want[j]) === Infinity
            expect(isClose || Number.isNaN(got), `kind ${i + 1} of ${far[j]}`).toBe(true)
            expect(Number.isNaN(got), `kind ${i + 1} of ${far[j]}`).toBe(Number.isNaN(want[j]))
          })
        })
      })
    })
  })

  describe('dropout', () => {
    for (const engine of [wasm, plain, createReferenceEngine('float64')]) {
      test(`${engine.name} ${engine.precision}: the documented mask`, () => {
        for (const rate of [0, 0.1, 0.5, 0.999]) {
          for (const key of [0, 12345, 0xdeadbeef]) {
            for (const count of [1, 3, 8, 1003]) {
              run(engine, 'dropout', (t) => {
                const [y, x] = [t.floats('y', count), t.floats('x', count, { low: 1, high: 2 })]
                t.kernels.dropout(y, x, count, 0, rate, key)
                const [got, from] = [t.read(y, count), t.read(x, count)]
                const threshold = Math.floor(rate * 2 ** 32)
                for (let i = 0; i < count; i++) {
                  const keep = hash32(hash32(i) ^ key) >= threshold
                  expect(got[i] !== 0).toBe(keep)
                  expect(Math.abs(got[i] * (1 - rate) - (keep ? from[i] : 0))).toBeLessThan(1e-6)
                }
              })
            }
          }
        }
      })
    }
  })

  describe('flat kernels', () => {
    test('an update is the same bits wherever its range is cut', () => {
      const count = 37
      run(wasm, 'cut', (t) => {
        const { kernels: k } = t
        const initial = ['p', 'g', 'm', 'v'].map((what) => t.floats(what, count, { low: 0.1, high: 1 }))
        const step = ([p, g, m, v]: number[], size: number) => {
          k.adam(p, g, m, v, size, 0.01, 0.9, 0.999, 1e-8, 0.1, 1, 0.1, 0.001, 0.5)
          k.sgd(p, g, m, size, 0.01, 0.9, 1, 0.1, 0, 0.5)
          k.rmsprop(p, g, v, size, 0.01, 0.9, 1e-8, 0.1, 0.5)
          k.adagrad(p, g, v, size, 0.01, 1e-8, 0.1, 0.5)
          k.average(m, p, size, 0.9)
        }
        const copy = () =>
          initial.map((from) => {
            const to = t.floats('copy', count)
            k.gatherRows(to, from, 0, 1, count, count, count)
            return to
          })
        const [whole, parts] = [copy(), copy()]
        step(whole, count)
        for (const [from, to] of [
          [0, 1],
          [1, 4],
          [4, 9],
          [9, 37],
        ])
          step(
            parts.map((p) => p + from * 4),
            to - from,
          )
        whole.forEach((pointer, i) => expect(t.read(parts[i], count)).toEqual(t.read(pointer, count)))
      })
    })

    test('sumSquares is not finite as soon as one element is not; clamp keeps NaN', () => {
      for (const engine of [wasm, plain]) {
        for (const bad of [NaN, Infinity, -Infinity]) {
          for (let at = 0; at < 9; at++) {
            run(engine, 'bad', (t) => {
              const values = Array.from({ length: 9 }, (_, i) => (i === at ? bad : i - 4))
              const x = t.floats('x', 9, { values })
              expect(Number.isFinite(t.kernels.sumSquares(x, 9))).toBe(false)
              t.kernels.clamp(x, 9, 2)
              const clamped = values.map((value) => Math.min(2, Math.max(-2, value)))
              expect([...t.read(x, 9)]).toEqual(clamped)
            })
          }
        }
      }
    })

    test('sumSquares of large and many elements is summed in float64', () => {
      run(wasm, 'float64', (t) => {
        const x = t.floats('x', 100_003, { values: new Float64Array(100_003).fill(1e20) })
        expect(t.kernels.sumSquares(x, 100_003) / (100_003 * Math.fround(1e20) ** 2)).toBeCloseTo(1, 10)
      })
    })
  })
})
