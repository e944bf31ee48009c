/** Threads change speed, never a bit: the same weights with 1, 2, 3 and 5 of them, for every cell and batch. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { workerPool } from '../../src/engine/threads/workerPool.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { host as currentHost, useHost, type HostWorker } from '../../src/engine/host.ts'
import { nodeHost } from '../../src/engine/hostNode.ts'
import { createEngine } from '../../src/engine/createEngine.ts'
import {
  lostError,
  MAX_THREADS,
  parallelism,
  type Task,
  type Executor,
} from '../../src/engine/threads/executor.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { WorkerError } from '../../src/core/errors.ts'
import { Random } from '../../src/core/random.ts'
import { Optimizer } from '../../src/training/optimizer.ts'

const before = { ...parallelism }
beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
afterAll(() => void Object.assign(parallelism, before))

const forms = {
  rnn: { cell: 'rnn' },
  lstm: { cell: 'lstm' },
  'gru after': { cell: 'gru', reset: 'after' },
  'gru before': { cell: 'gru', reset: 'before' },
} as const
const pass = { training: true, record: false, key: 5 }
const STEPS = 3

/** Ids, an embedding, two layers of both directions, dropout, and an output at every step or one. */
function wide(form: object, returnSequences: boolean): LayerOptions[] {
  const recurrent = { type: 'recurrent', units: 13, direction: 'bidirectional', ...form }
  return [
    { type: 'embedding', vocabulary: 50, size: 9 },
    { type: 'dropout', rate: 0.3 },
    { ...recurrent, returnSequences: true },
    { ...recurrent, returnSequences },
    { type: 'dense', units: 7, activation: 'tanh' },
    { type: 'dense', units: 4 },
  ] as LayerOptions[]
}

function batchOf(lengths: readonly number[]): PackedBatch {
  const random = new Random(3, 'ids')
  return PackedBatch.ofIds(lengths.map((n) => Array.from({ length: n }, () => random.integer(50))))
}

/** Weights after a few steps, and how many jobs workers did. */
function trained(layers: LayerOptions[], lengths: readonly number[], engine: EngineOptions) {
  const net = network(layers, { ...engine, seed: 2, loss: { type: 'softmaxCrossEntropy' } })
  const batch = batchOf(lengths)
  const shared = counting(net)
  const optimizer = new Optimizer(net, { type: 'adam' })
  const classes = lengths.map((_, i) => i % 4)
  const stepClasses = lengths.map((n) => Array.from({ length: n }, (_, t) => t % 4))
  for (let i = 0; i < STEPS; i++) {
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, net.output.per === 'step' ? { stepClasses } : { classes }, pass)
    optimizer.update(0.01)
  }
  net.forward(batch)
  const weights = net.parameters.map((p) => [...new Uint8Array(internalsOf(net).store.read(p).buffer)])
  return { bits: [weights, net.readOutput(batch)], jobs: shared.jobs }
}

/** Counts the work that went to more than one thread. */
function counting(net: Network): { jobs: number } {
  const counter = { jobs: 0 }
  const executor = internalsOf(net).engine.executor as Executor
  const run = executor.run.bind(executor)
  executor.run = (parts: number, body: Task) => {
    if (parts > 1) counter.jobs++
    run(parts, body)
  }
  return counter
}

describe.each(['simd', 'relaxed'] as const)('engine %s', (engine) => {
  describe.each(Object.entries(forms))('%s', (_, form) => {
    const cases: [string, LayerOptions[], number[]][] = [
      ['ragged batch, one output', wide(form, false), [5, 19, 1, 12, 19, 7, 3]],
      ['equal batch, an output per step', wide(form, true), [11, 11, 11, 11]],
      ['many blocks', wide(form, false), [300, 299, 120]],
      [
        'one-hot ids',
        [
          { type: 'oneHot', vocabulary: 50 },
          { type: 'recurrent', units: 20, returnSequences: false, ...form },
          { type: 'dense', units: 4 },
        ],
        [9, 4, 9],
      ],
      [
        'one long sequence of many units',
        [
          { type: 'embedding', vocabulary: 50, size: 9 },
          { type: 'recurrent', units: 260, returnSequences: false, ...form },
          { type: 'dense', units: 4 },
        ],
        [40],
      ],
    ]
    it.each(cases)('%s', (_name, layers, lengths) => {
      const alone = trained(layers, lengths, { engine, threads: 1 })
      expect(alone.jobs).toBe(0)
      for (const threads of [2, 3, 5]) {
        const together = trained(layers, lengths, { engine, threads })
        expect(together.jobs).toBeGreaterThan(STEPS)
        expect(together.bits).toEqual(alone.bits)
      }
    })
  })
})

describe('a thread pool', () => {
  it('says how many threads it has, and starts them when work asks', async () => {
    Object.assign(parallelism, { eager: false })
    const engine = createEngine({ engine: 'simd', threads: 3 })
    expect(engine).toMatchObject({ threads: 3, threadsNote: null })
    await engine.ready()
    expect(engine.executor.size).toBe(1)
    engine.executor.request()
    await engine.ready()
    expect(engine.executor.size).toBe(3)
    Object.assign(parallelism, { eager: true })
  })

  it('runs each task once, and waits at barriers', () => {
    const engine = createEngine({ engine: 'simd', threads: 4 })
    engine.executor.request()
    const at = engine.memory.floats(64, 'x')
    const view = engine.memory.viewFloats(at, 64).fill(1)
    engine.executor.run(4, (kernels, part, sync) => {
      kernels.add(at + part * 64, at + part * 64, 16)
      sync()
      // Each adds its neighbour's, which is complete only after the barrier.
      if (part === 0) kernels.add(at, at + 3 * 64, 16)
      sync()
      if (part === 3) kernels.add(at + 64, at, 16)
    })
    expect([...view]).toEqual([...Array(16).fill(4), ...Array(16).fill(6), ...Array(32).fill(2)])
  })

  describe('that loses a worker', () => {
    const workers: HostWorker[] = []
    beforeAll(() => {
      const host = nodeHost()
      useHost({
        ...host,
        spawn(main, events) {
          workers.push(host.spawn(main, events))
          return workers[workers.length - 1]
        },
      })
    })
    afterAll(() => useHost(nodeHost()))

    /** A network at work on two threads of its own. */
    function atWork() {
      workerPool({ host: currentHost, parallelism, lostError, maxThreads: MAX_THREADS }).shutDown(null)
      workers.length = 0
      const net = network(wide({ cell: 'lstm' }, false), { threads: 2 })
      const batch = batchOf([5, 6, 7])
      net.forward(batch)
      expect(internalsOf(net).engine.executor.size).toBe(2)
      return { net, batch, expected: net.readOutput(batch) }
    }

    function goesOnAlone({ net, batch, expected }: ReturnType<typeof atWork>, why: string): void {
      net.forward(batch)
      expect(internalsOf(net).engine.executor.size).toBe(1)
      expect(net.readOutput(batch)).toEqual(expected)
      expect(net.engine.threadsNote).toContain(why)
    }

    it('between two passes: says so once, then goes on alone', async () => {
      const work = atWork()
      workers[0].terminate()
      await vi.waitFor(() => expect(internalsOf(work.net).engine.executor.size).toBe(1))
      expect(() => work.net.forward(work.batch)).toThrow(WorkerError)
      goesOnAlone(work, 'a worker stopped')
    })

    it('in the midst of a pass: gives up in the end instead of waiting for ever', () => {
      const work = atWork()
      parallelism.stallTimeoutMs = 500
      workers[0].terminate()
      // The event loop does not turn, so only the missing progress shows that the worker died.
      expect(() => {
        for (;;) work.net.forward(work.batch)
      }).toThrow(/no worker made progress for 0.5 seconds/)
      goesOnAlone(work, 'no worker made progress')
      parallelism.stallTimeoutMs = before.stallTimeoutMs
    })
  })
})
