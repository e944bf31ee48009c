/** The worker pool where no entry point provides it, as in a page: loaded when work first requests threads, with the same bits. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import { nodeHost } from '../../src/engine/hostNode.ts'

const host = nodeHost()

/** Engines of modules without a worker pool, on a host that counts its workers. */
async function bare() {
  vi.resetModules()
  const { useHost } = await import('../../src/engine/host.ts')
  const { createEngine } = await import('../../src/engine/createEngine.ts')
  const spawn = vi.fn<typeof host.spawn>(host.spawn)
  useHost({ ...host, spawn })
  return { spawn, open: (threads: number) => createEngine({ engine: 'simd', threads }) }
}

/** y += x by parts of 24, and y. */
function added({ kernels, memory, executor }: Engine, parts: number): number[] {
  const [y, x] = [memory.floats(96, 'y'), memory.floats(96, 'x')]
  kernels.zero(y, 96)
  memory.viewFloats(x, 96).set(Float32Array.from({ length: 96 }, (_, i) => Math.sin(i)))
  executor.run(parts, (theirs, part) => {
    const [from, count] = [(96 / parts) * part, 96 / parts]
    theirs.add(y + from * 4, x + from * 4, count)
  })
  return [...memory.viewFloats(y, 96)]
}

describe('a worker pool that is loaded on demand', () => {
  let modules: Awaited<ReturnType<typeof bare>>
  beforeEach(async () => void (modules = await bare()))

  it('is loaded when work requests it, and works as the others do', async () => {
    const engine = modules.open(3)
    engine.executor.request()
    expect(modules.spawn).not.toHaveBeenCalled()
    expect(engine.executor.size).toBe(1)
    await engine.ready()
    expect(engine.executor.size).toBe(3)
    expect(modules.spawn).toHaveBeenCalledTimes(2)
    expect(added(engine, 3)).toEqual(added(modules.open(1), 1))
    engine.dispose()
  })

  it('is not started for an engine that is gone by then', async () => {
    const engine = modules.open(2)
    engine.executor.request()
    engine.dispose()
    const other = modules.open(2)
    other.executor.request()
    await other.ready()
    expect(modules.spawn).toHaveBeenCalledTimes(1)
    expect(other.executor.size).toBe(2)
    expect(engine.executor.size).toBe(1)
    other.dispose()
  })

  it('is not waited for by an engine that was disposed of', async () => {
    const engine = modules.open(2)
    engine.executor.request()
    const waiting = engine.ready()
    engine.dispose()
    await waiting
    expect(engine.threadsNote).toMatch(/^Computes on .*: the engine was disposed of\.$/)
  })

  it('that cannot start its workers leaves the engine alone, and says why', async () => {
    modules.spawn.mockImplementation(() => {
      throw new Error('no workers here')
    })
    const engine = modules.open(2)
    engine.executor.request()
    await engine.ready()
    expect(engine.threadsNote).toMatch(/^Computes on .*: workers could not be started: no workers here\.$/)
    expect(added(engine, 1)[5]).toBe(Math.fround(Math.sin(5)))
  })
})
