/** A classifier and its engine: threads change no byte, checkpoints keep their engine, memory goes when asked. */
import { internalsOf } from '../../../src/model/network.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useHost, type HostWorker } from '../../../src/engine/host.ts'
import { nodeHost } from '../../../src/engine/hostNode.ts'
import { supportedEngines } from '../../../src/engine/load.ts'
import { parallelism } from '../../../src/engine/threads/executor.ts'
import { UsageError, WorkerError } from '../../../src/core/errors.ts'
import type { ModelFitEvent } from '../../../src/tasks/fit/fitOptions.ts'
import { TextClassifier, textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ClassifierFitOptions } from '../../../src/tasks/textClassifier/learned.ts'
import { comments, hex, quick, thrown, tiny, trained } from './classifierHelpers.ts'

const rows = comments(60, 1)
const busy = {
  validation: 0.2,
  epochs: 2,
  labelSmoothing: 0.1,
  clipValue: 0.5,
} satisfies Partial<ClassifierFitOptions>

describe('threads', () => {
  const before = { ...parallelism }
  // All work is shared, however small.
  beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
  afterAll(() => void Object.assign(parallelism, before))

  const kinds = [
    ['as it is', {}],
    ['with accumulation and sparse embedding updates', { accumulationSteps: 3, sparseEmbeddings: true }],
  ] as const
  it.each(kinds)('1, 2, 3 and 5 give the same bytes: %s', async (_, more) => {
    const bytes: string[] = []
    for (const threads of [1, 2, 3, 5]) {
      const model = textClassifier({ ...tiny, dropout: 0.2, threads })
      const events: ModelFitEvent[] = []
      await model.fit(rows, { ...quick, ...busy, ...more, onEvent: (event) => events.push(event) })
      const { engine } = internalsOf(model.network)
      expect(events[0]).toMatchObject({ type: 'start', engine: engine.name, threads: engine.threads })
      const working = engine.name === 'reference' ? 1 : threads
      expect([engine.threads, engine.executor.size]).toEqual([working, working])
      bytes.push(hex(model.toBytes()))
    }
    expect(new Set(bytes).size).toBe(1)
  })

  it('one lost in training ends the run, with good weights and one thread to go on with', async () => {
    const host = nodeHost()
    const workers: HostWorker[] = []
    const spawn: typeof host.spawn = (...args) => workers[workers.push(host.spawn(...args)) - 1]
    useHost({ ...host, spawn })
    const [model, events, saved]: [TextClassifier, string[], Uint8Array[]] = [
      textClassifier({ ...tiny, engine: 'simd', threads: 7 }),
      [],
      [],
    ]
    const onEvent = (event: ModelFitEvent) => {
      events.push(event.type === 'stop' ? event.reason : event.type)
      if (event.type === 'epoch' && event.epoch === 2) for (const worker of workers) worker.terminate()
    }
    const checkpoint = { everySteps: 1, write: (bytes: Uint8Array) => void saved.push(bytes) }
    const options = { ...quick, ...busy, epochs: 400, patience: null }
    const error = await thrown(() => model.fit(rows, { ...options, onEvent, checkpoint }))
    useHost(host)
    expect(error).toBeInstanceOf(WorkerError)
    expect(error.message).toMatch(/^engine threads: expected .*Resume from the last checkpoint/)
    expect(events.at(-1)).toBe('failed')
    expect(Object.values(model.predict('great soup').probabilities).every(Number.isFinite)).toBe(true)
    expect(internalsOf(model.network).engine.executor.size).toBe(1)
    // What was saved goes on as if nothing had happened.
    const finish = async (bytes: Uint8Array | undefined) => {
      const fresh = textClassifier({ ...tiny, engine: 'simd', threads: 1 })
      await fresh.fit(rows, { ...options, epochs: 3, resume: bytes, checkpoint: { write() {} } })
      return hex(fresh.toBytes())
    }
    const third = saved.find((_, i) => i === 2 * 6 + 1)
    expect(await finish(third)).toBe(await finish(undefined))
  })
})

describe('a checkpoint', () => {
  const checkpointOf = async (engine: 'simd' | 'reference' | 'relaxed', more = {}) => {
    const saved: Uint8Array[] = []
    const checkpoint = { everySteps: 3, write: (bytes: Uint8Array) => void saved.push(bytes) }
    const model = await trained({ engine, ...more }, { ...busy, epochs: 1, checkpoint }, rows)
    return { bytes: saved[0], whole: hex(model.toBytes()) }
  }

  it.each(supportedEngines())(
    'of %s goes on with it, and says so where it is not the usual',
    async (engine) => {
      const { bytes, whole } = await checkpointOf(engine)
      const { model, fitOptions } = await TextClassifier.fromCheckpoint(bytes, 'run', { threads: 2 })
      expect(model.network.engine.name).toBe(engine)
      const { warnings: notes } = await model.fit(rows, { ...fitOptions, resume: bytes } as never)
      expect(model.network.engine.name).toBe(engine)
      expect(hex(model.toBytes())).toBe(whole)
      const usual = textClassifier(tiny)
      await usual.fit(rows, { ...quick, epochs: 1 })
      const { name } = usual.network.engine
      const note = `Resumes with engine ${engine}, which the run was started with (a new run would use ${name}).`
      expect(notes.includes(note)).toBe(engine !== name)
    },
  )

  it('of float64 goes on in float64', async () => {
    const { bytes, whole } = await checkpointOf('reference', { precision: 'float64' })
    const { model, fitOptions } = await TextClassifier.fromCheckpoint(bytes)
    await model.fit(rows, { ...fitOptions, resume: bytes } as never)
    expect(internalsOf(model.network).engine).toMatchObject({ name: 'reference', precision: 'float64' })
    expect(hex(model.toBytes())).toBe(whole)
  })

  it('is refused by another engine, by name', async () => {
    const { bytes } = await checkpointOf('simd')
    const { model, fitOptions } = await TextClassifier.fromCheckpoint(bytes, 'run', { engine: 'reference' })
    const error = await thrown(() => model.fit(rows, { ...fitOptions, resume: bytes } as never))
    expect(error.message).toMatch(/document\.engine: expected "reference", got "simd"\. Engines differ/)
  })

  it.skipIf(!supportedEngines().includes('relaxed'))('of relaxed is refused by reproducible', async () => {
    const { bytes } = await checkpointOf('relaxed')
    const error = await thrown(() => TextClassifier.fromCheckpoint(bytes, 'run', { reproducible: true }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(
      /^run, reproducible: expected .*'simd' or 'reference', got .*'relaxed'\. Resume/,
    )
  })

  it('may have other checkpointSteps', async () => {
    const { bytes, whole } = await checkpointOf('simd')
    const { model, fitOptions } = await TextClassifier.fromCheckpoint(bytes)
    await model.fit(rows, { ...fitOptions, resume: bytes, checkpointSteps: 2 } as never)
    expect(model.network.checkpointSteps).toBe(2)
    expect(hex(model.toBytes())).toBe(whole)
  })
})

describe('gradient checkpointing', () => {
  it('change no byte', async () => {
    const [whole, parts] = [
      await trained({}, busy, rows),
      await trained({}, { ...busy, checkpointSteps: 3 }, rows),
    ]
    expect(parts.network.checkpointSteps).toBe(3)
    expect(hex(parts.toBytes())).toBe(hex(whole.toBytes()))
  })

  it.each([0, 2.5])('of %s steps are refused', async (checkpointSteps) => {
    const error = await thrown(() => trained({}, { checkpointSteps }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(/checkpointSteps: expected a positive integer/)
  })
})

describe('dispose', () => {
  it('frees the memory; any later use fails with a message', async () => {
    const model = await trained({}, { epochs: 1 })
    const { engine } = internalsOf(model.network)
    const bytes = model.toBytes()
    model.dispose()
    model.dispose()
    expect(engine.memory.viewFloats(0, 16)).toHaveLength(0)
    const uses: (() => unknown)[] = [
      () => model.predict('great'),
      () => model.trace('great'),
      () => model.toBytes(),
      () => model.network,
      () => model.labels,
      () => model.evaluate(rows, quick),
      () => model.fit(rows, quick),
    ]
    for (const use of uses) {
      const error = await thrown(use)
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toMatch(/^textClassifier: expected an open model, got a disposed model\. Load/)
    }
    expect(TextClassifier.fromBytes(bytes).predict('great soup').label).toBeDefined()
  })

  it('is refused while training', async () => {
    const model = textClassifier(tiny)
    const training = model.fit(rows, { ...quick, epochs: 1 })
    expect(() => model.dispose()).toThrow(/^dispose: expected one training at a time/)
    await training
    model.dispose()
    expect(() => model.predict('great')).toThrow(UsageError)
  })
})
