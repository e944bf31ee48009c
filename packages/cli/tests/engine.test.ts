/** The engine: selected on the command line, printed in every header, kept by a checkpoint. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync, rmSync } from 'node:fs'
import { describeEngine, supportedEngines, textClassifier } from '../../latch/src/node.ts'
import { Workplace, comments, csv, json, jsonLines } from './cliHelpers.ts'

const COLUMNS = ['--text', 'comment', '--label', 'mood']
const SMALL = ['--units', '8', '--embedding', '8', '--epochs', '2', '--ema', 'off']
const rows = comments(80)
const { name: usual } = describeEngine()
const hasRelaxed = supportedEngines().includes('relaxed')

let place: Workplace

beforeAll(() => {
  place = new Workplace()
  place.write('train.csv', csv(rows))
})
afterAll(() => place.remove())

const train = (...more: string[]) => place.latch(['train', 'train.csv', ...COLUMNS, ...SMALL, ...more])

describe('a host that limits virtual memory', () => {
  it('is named, and the engine that needs none', async () => {
    const limit = { memory: 4_000_000 }
    const args = ['train', 'train.csv', ...COLUMNS, ...SMALL]
    // Later versions of V8 do without the guard regions of a memory.
    const { code, stderr } = await place.latch(args, limit)
    const error = /^error: .*/m.exec(stderr)?.[0] ?? ''
    expect(error).toMatch(code === 0 ? /^$/ : /engine: expected about 10 GB of virtual memory/)
    expect(stderr).not.toMatch(/^ +at /m)
    const ran = await place.latch([...args, '--engine', 'reference', '--force', '--quiet'], limit)
    expect([ran.stderr, ran.code]).toEqual(['', 0])
  })
})

describe('the engine is printed', () => {
  it('in the header of a training, with precision and threads', async () => {
    const plain = await train('--reproducible', '--threads', '2')
    expect(plain.code).toBe(0)
    expect(plain.stderr).toMatch(/^engine simd, float32, up to 2 threads\n +epoch +loss/m)
    const exact = await train('--precision', 'float64', '--threads', '1')
    expect(exact.stderr).toMatch(/^engine reference, float64, 1 thread$/m)
    expect((await train('--quiet')).stderr).toBe('')
  })

  it('once in a comparison, and in its JSON', async () => {
    const args = ['compare', 'train.csv', ...COLUMNS, ...SMALL, '--cell', 'bag,rnn', '--reproducible']
    const printed = await place.latch(args)
    expect(printed.code).toBe(0)
    expect(printed.stderr.match(/engine simd, float32/g)).toHaveLength(1)
    const ran = await place.latch([...args, '--threads', '3', '--json'])
    expect(json(ran)).toMatchObject({ engine: 'simd', precision: 'float32', threads: 3 })
  })

  it('by info, with the available engines and the reason', async () => {
    const facts = json(await place.latch(['info', '--json', '--reproducible', '--threads', '3']))
    expect(facts).toMatchObject({ engine: 'simd', engines: supportedEngines(), threads: 3 })
    expect(facts.why).toMatch(/selected by --reproducible$/)
    const reference = json(await place.latch(['info', '--json', '--engine', 'reference']))
    expect(reference).toMatchObject({
      engine: 'reference',
      threads: 1,
      why: 'plain TypeScript: selected by --engine',
    })
  })
})

describe('the engine is selected', () => {
  it('by every command that computes; threads change no byte', async () => {
    for (const threads of ['1', '2', '3', '5']) {
      const ran = await train('--threads', threads, '--out', `t${threads}.safetensors`, '--json')
      expect(jsonLines(ran)[0]).toMatchObject({ event: 'start', engine: usual })
    }
    const bytes = [1, 2, 3, 5].map((n) => readFileSync(place.path(`t${n}.safetensors`)).toString('hex'))
    expect(new Set(bytes).size).toBe(1)
    const flags = ['--engine', 'reference', '--threads', '2', '--json']
    const note = 'note: Computes on 1 thread: the reference engine is single-threaded.\n'
    for (const args of [
      ['predict', 't1.safetensors', 'the film was superb'],
      ['inspect', 't1.safetensors', 'the film was superb'],
      ['evaluate', 't1.safetensors', 'train.csv', ...COLUMNS],
      ['info', 't1.safetensors'],
    ]) {
      const ran = await place.latch([...args, ...flags])
      expect([ran.code, ran.stderr]).toEqual([0, args[0] === 'info' ? '' : note])
    }
  })

  it('sparse embedding updates, gradient accumulation and gradient checkpointing reach the training', async () => {
    const bytes = async (...flags: string[]) => {
      const ran = await train(...flags, '--out', 'one.safetensors', '--json')
      expect(ran.code).toBe(0)
      return [jsonLines(ran)[0].stepsPerEpoch, readFileSync(place.path('one.safetensors')).toString('hex')][1]
    }
    const plain = await bytes()
    expect(await bytes('--checkpoint-steps', '3')).toBe(plain)
    expect(await bytes('--sparse-embeddings')).not.toBe(plain)
    expect(await bytes('--accumulation-steps', '2')).not.toBe(plain)
    const rejected = await train('--sparse-embeddings', '--embedding', 'one-hot')
    expect(rejected.stderr).toMatch(/sparseEmbeddings: expected false for a network without an embedding/)
    expect(rejected.code).toBe(2)
  })
})

describe('a checkpoint', () => {
  const resume = (...more: string[]) =>
    place.latch([
      'train',
      'train.csv',
      ...COLUMNS,
      '--resume',
      'run.checkpoint.safetensors',
      '--out',
      'run.safetensors',
      '--json',
      ...more,
    ])

  /** A run's first checkpoint, and the bytes it ends with. */
  async function begin(engine: 'relaxed' | 'simd' | 'reference'): Promise<Buffer> {
    const saved: Uint8Array[] = []
    const model = textClassifier({ units: 8, embedding: 8, engine, threads: 1 })
    const checkpoint = { everySteps: 2, write: (bytes: Uint8Array) => void saved.push(bytes) }
    await model.fit(rows, { text: 'comment', label: 'mood', epochs: 2, checkpoint })
    place.write('run.checkpoint.safetensors', saved[0])
    // Of the previous run; replacing it would print a note.
    rmSync(place.path('run.safetensors'), { force: true })
    return Buffer.from(model.toBytes())
  }

  it.each(supportedEngines())('of %s resumes on it, with any number of threads', async (engine) => {
    const whole = await begin(engine)
    const ran = await resume('--threads', '2')
    expect(ran.code).toBe(0)
    const note = `note: Resumes with engine ${engine}, which the run was started with (a new run would use ${usual}).\n`
    const fewer = 'note: Computes on 1 thread: the reference engine is single-threaded.\n'
    expect(ran.stderr).toBe((engine === usual ? '' : note) + (engine === 'reference' ? fewer : ''))
    expect(jsonLines(ran)[0]).toMatchObject({ engine, resumed: { epochs: 0, step: 2 } })
    expect(readFileSync(place.path('run.safetensors')).equals(whole)).toBe(true)
  })

  it('is rejected by another engine', async () => {
    await begin('simd')
    const ran = await resume('--engine', 'reference')
    expect(ran.stderr).toMatch(/document\.engine: expected "reference", got "simd"\.\n +Engines differ/)
    expect(ran.code).toBe(1)
  })

  it.skipIf(!hasRelaxed)('of relaxed is rejected by --reproducible', async () => {
    await begin('relaxed')
    const ran = await resume('--reproducible')
    expect(ran.stderr).toMatch(/reproducible: expected a checkpoint of engine 'simd'/)
    expect(ran.code).toBe(2)
  })
})
