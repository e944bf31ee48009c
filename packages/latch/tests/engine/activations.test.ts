/** Activations of every name against PyTorch's values and slopes, far from zero too, and slopes against finite differences. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ACTIVATION_NAMES, resolveActivation, type ActivationSpec } from '../../src/cells/activations.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { genericKernels } from '../../src/engine/generic/index.ts'
import { createEngine } from '../../src/engine/createEngine.ts'
import { UnsupportedError } from '../../src/core/errors.ts'

interface Golden {
  spec: ActivationSpec
  x: number[]
  y: number[]
  slope: number[]
}
const { cases } = JSON.parse(
  readFileSync(new URL('../golden/activations.json', import.meta.url), 'utf8'),
) as {
  cases: Golden[]
}

const engines = [
  ['reference float64', createEngine({ engine: 'reference', precision: 'float64' }), 1e-14],
  ['reference float32', createEngine({ engine: 'reference' }), 3e-7],
  ['default', createEngine({}), 3e-7],
] as const

function place(engine: Engine, values: readonly number[]): number {
  const at = engine.memory.floats(values.length + 8, 'test')
  engine.memory.viewFloats(at, values.length).set(values)
  return at
}

/** Values, slopes, and slopes of a gradient that is 2 everywhere. */
function compute(engine: Engine, spec: ActivationSpec, values: readonly number[]) {
  const mark = engine.memory.mark()
  const n = values.length
  const kernels = genericKernels(engine)
  const settled = resolveActivation(spec)
  const [x, y, dy, dx] = [values, values, values.map(() => 2), values].map((v) => place(engine, v))
  kernels.activateForward(y, x, n, settled)
  const byOutput = kernels.slopeByOutput(settled)
  kernels.activateBackward(dx, dy, byOutput ? 0 : x, byOutput ? y : 0, n, settled)
  const read = (at: number) => Array.from(engine.memory.viewFloats(at, n))
  const out = { y: read(y), slope: read(dx).map((d) => d / 2), dy: read(dy) }
  engine.memory.release(mark)
  return out
}

/** Relative to the largest that is at stake: the wanted value, or 1 below it. */
function expectNear(got: number, wanted: number, tolerance: number, what: string): void {
  expect(Math.abs(got - wanted), `${what}: ${got}, wanted ${wanted}`).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(wanted)),
  )
}

describe.each(engines)('activations on %s', (_, engine, tolerance) => {
  it.each(cases.map((c) => [JSON.stringify(c.spec), c] as const))('%s', (__, { spec, x, y, slope }) => {
    const got = compute(engine, spec, x)
    // Exponentials lose what their argument lost.
    const wide = spec.type === 'exponential' ? 20 * tolerance : 4 * tolerance
    x.forEach((at, i) => {
      expectNear(got.y[i], y[i], wide, `f(${at})`)
      expectNear(got.slope[i], slope[i], wide, `f′(${at})`)
    })
    expect(got.dy.every((d) => d === 2)).toBe(true)
  })

  it('works in place, and past a growth of the memory', () => {
    const kernels = genericKernels(engine)
    const spec = resolveActivation('hardSigmoid')
    const before = place(engine, [-1, 0, 1])
    kernels.activateForward(before, before, 3, spec)
    place(engine, new Array<number>(2 ** 18).fill(0))
    const after = place(engine, [-1, 0, 1])
    kernels.activateForward(after, after, 3, spec)
    const read = (at: number) => Array.from(engine.memory.viewFloats(at, 3))
    expect(read(after)).toEqual(read(before))
    expect(read(after)[1]).toBe(0.5)
  })
})

describe('slopes by finite differences', () => {
  const engine = engines[0][1]
  const more: ActivationSpec[] = [
    { type: 'elu', alpha: -0.5 },
    { type: 'hardSigmoid', alpha: -0.3, beta: 0.4 },
    { type: 'scaledTanh', alpha: 0, beta: 1 },
    { type: 'gelu', alpha: 1 },
  ]
  const specs: ActivationSpec[] = [...ACTIVATION_NAMES.map((type) => ({ type })), ...more]
  it.each(specs.map((spec) => [JSON.stringify(spec), spec] as const))('%s', (_, spec) => {
    const x = Array.from({ length: 40 }, (__, i) => -7.03 + 0.351 * i)
    const { slope } = compute(engine, spec, x)
    const h = 1e-6
    const above = compute(
      engine,
      spec,
      x.map((v) => v + h),
    ).y
    const below = compute(
      engine,
      spec,
      x.map((v) => v - h),
    ).y
    x.forEach((at, i) => expectNear(slope[i], (above[i] - below[i]) / (2 * h), 2e-8, `f′(${at})`))
  })

  it('knows every name, and says which it does not', () => {
    for (const type of ACTIVATION_NAMES) expect(() => compute(engine, { type }, [1])).not.toThrow()
    for (const type of ['swishy', 'toString', '__proto__']) {
      expect(() => genericKernels(engine).activator({ type, alpha: 0, beta: 0 })).toThrow(UnsupportedError)
    }
  })
})
