/**
 * Tests the WebAssembly kernels against the reference: same buffers, same call, same result, nothing else touched.
 */
import { addUpdates } from '../../src/engine/reference/updates.ts'
import { describe, test } from 'vitest'
import { createEngine } from '../../src/engine/createEngine.ts'
import { createReferenceEngine } from '../../src/engine/reference/index.ts'
import { byCount, byRows, byShape } from './kernelCases.ts'
import type { Call } from './kernelHelpers.ts'
import { expectSame, SIZES } from './kernelHelpers.ts'

const SUMS = 2e-5

describe.each(['simd', 'relaxed'] as const)('%s kernels equal the reference', (name) => {
  const engine = createEngine({ engine: name })
  const plain = createReferenceEngine('float32', engine.panel)
  addUpdates(plain.kernels)
  const checkSame = (what: string, call: Call, tolerance?: number) =>
    expectSame(engine, plain, what, call, tolerance)

  for (const [name, call] of Object.entries(byShape)) {
    test(name, () => {
      for (const m of SIZES)
        for (const n of SIZES)
          for (const k of SIZES) checkSame(`${name} m ${m} n ${n} k ${k}`, (t) => call(t, m, n, k), SUMS)
    })
  }
  for (const [name, call] of Object.entries(byRows)) {
    test(name, () => {
      for (const m of SIZES) for (const n of SIZES) checkSame(`${name} m ${m} n ${n}`, (t) => call(t, m, n))
    })
  }
  for (const [name, call] of Object.entries(byCount)) {
    test(name, () => {
      for (const count of [...SIZES, 100])
        checkSame(`${name} count ${count}`, (t) => call(t, count, t.kernels))
    })
  }
  test('nothing to do: no rows or no elements', () => {
    const rows = Object.entries(byRows)
    for (const [name, call] of Object.entries(byShape)) checkSame(`${name}, none`, (t) => call(t, 0, 5, 4))
    for (const [name, call] of rows) checkSame(`${name}, none`, (t) => call(t, 0, 5))
    for (const [name, call] of Object.entries(byCount))
      checkSame(`${name}, none`, (t) => call(t, 0, t.kernels))
  })
  test('a matmulTransposed longer than its block', () => {
    checkSame('long', (t) => byShape.matmulTransposed(t, 600, 29, 31), 2e-4)
    checkSame('long', (t) => byShape['matmulTransposed, by index'](t, 600, 29, 31), 2e-4)
  })
})
