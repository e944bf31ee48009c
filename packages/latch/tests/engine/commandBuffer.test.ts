/** Recorded kernels: a worker that replays them leaves the same bits as a direct call, for every kernel and argument. */
import { assert, afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import type { Kernels } from '../../src/engine/kernels.ts'
import { createEngine } from '../../src/engine/createEngine.ts'
import {
  CommandBuffer,
  KERNEL_ARITIES,
  RECORDED_KERNELS,
  SLOTS,
} from '../../src/engine/threads/commandBuffer.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { cellSteps } from './cellCases.ts'
import { byCount, byRows, byShape } from './kernelCases.ts'
import { runTrial, type Call } from './kernelHelpers.ts'

const before = { ...parallelism }
beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
afterAll(() => void Object.assign(parallelism, before))

const calls: [string, Call][] = [
  ...Object.entries(byShape).flatMap(([name, call]): [string, Call][] =>
    [1, 5].map((m) => [`${name}, m ${m}`, (t) => call(t, m, 17, 3)]),
  ),
  ...Object.entries(byRows).map(([name, call]): [string, Call] => [name, (t) => call(t, 5, 17)]),
  ...Object.entries(byCount).map(([name, call]): [string, Call] => [name, (t) => call(t, 33, t.kernels)]),
  ...Object.entries(cellSteps).map(([name, call]): [string, Call] => [name, (t) => call(t, 5, 7)]),
]
const replayed = new Set<string>()

/** An engine whose recorded kernels run on a worker, as task 1 of two. */
function onWorker(engine: Engine): Engine {
  const kernels = { ...engine.kernels } as Record<string, (...args: number[]) => unknown>
  for (const name of RECORDED_KERNELS) {
    kernels[name] = (...args) => {
      replayed.add(name)
      expect(args).toHaveLength(KERNEL_ARITIES[name])
      engine.executor.run(2, (theirs, index) => {
        if (index === 1) (theirs as unknown as typeof kernels)[name](...args)
      })
    }
  }
  return { ...engine, kernels: kernels as unknown as Kernels }
}

describe.each(['simd', 'relaxed'] as const)('%s: a worker replays', (name) => {
  const direct = createEngine({ engine: name, threads: 1 })
  const shared = createEngine({ engine: name, threads: 2 })
  beforeAll(() => {
    shared.executor.request()
    assert(shared.executor.size === 2)
  })
  afterAll(() => shared.dispose())

  const bytesAfter = (engine: Engine, seed: string, call: Call) =>
    runTrial(engine, seed, call, (trial) => trial.buffers.map((buffer) => trial.after(buffer)))

  it.each(calls)('%s', (seed, call) => {
    expect(bytesAfter(onWorker(shared), seed, call)).toEqual(bytesAfter(direct, seed, call))
  })

  it('every recorded kernel', () => {
    expect([...replayed].sort()).toEqual([...RECORDED_KERNELS].sort())
  })
})

it('a command keeps every argument in its place', () => {
  const numbers = new Float64Array(SLOTS * RECORDED_KERNELS.length)
  const buffer = new CommandBuffer(numbers)
  const kernels = buffer.kernels as unknown as Record<string, (...args: number[]) => void>
  RECORDED_KERNELS.forEach((name, code) => {
    const args = Array.from({ length: KERNEL_ARITIES[name] }, (_, i) => 100 * code + i + 0.5)
    kernels[name](...args)
    expect([...numbers.subarray(code * SLOTS, code * SLOTS + args.length + 1)]).toEqual([code, ...args])
  })
  expect(buffer.length).toBe(RECORDED_KERNELS.length)
})
