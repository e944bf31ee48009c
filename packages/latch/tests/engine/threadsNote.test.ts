/** Fewer threads than requested are reported by the engine, by every training and by the command line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { host, useHost } from '../../src/engine/host.ts'
import { nodeHost } from '../../src/engine/hostNode.ts'
import { createEngine } from '../../src/engine/createEngine.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import type { TrainingEvent } from '../../src/training/events.ts'
import { comments, quick, tiny } from '../tasks/textClassifier/classifierHelpers.ts'
import {
  comments as remarks,
  csv,
  json,
  jsonLines,
  Workplace,
  type Ran,
} from '../../../cli/tests/cliHelpers.ts'
import { oneNumber } from '../tasks/sequenceModel/sequenceFixtures.ts'

const sentence = 'Computes on 1 thread: the reference engine is single-threaded.'

describe('an engine', () => {
  it.each([
    { engine: 'reference', threads: 4 },
    { engine: 'reference', threads: 2, precision: 'float64' },
    { precision: 'float64', threads: 3 },
  ] as const)('says why it has one thread: %o', (options) => {
    expect(createEngine(options)).toMatchObject({ name: 'reference', threads: 1, threadsNote: sentence })
  })

  it.each([
    { engine: 'reference' },
    { engine: 'reference', threads: 1 },
    { precision: 'float64' },
    { engine: 'simd', threads: 1 },
    { engine: 'simd', threads: 2 },
  ] as const)('reports nothing when no more threads were requested: %o', (options) => {
    expect(createEngine(options).threadsNote).toBeNull()
  })

  it('says so of threads that the environment asks for', () => {
    const before = host()
    useHost(nodeHost({ LATCH_THREADS: '3', LATCH_ENGINE: 'reference' }))
    expect(createEngine()).toMatchObject({ threads: 1, threadsNote: sentence })
    useHost(before)
  })
})

describe('a training', () => {
  it('of texts says it in its notes, first of all', async () => {
    const model = textClassifier({ ...tiny, engine: 'reference', threads: 4 })
    const reported: string[][] = []
    const fitOptions = { ...quick, epochs: 1 }
    const report = await model.fit(comments(12, 1), {
      ...fitOptions,
      onEvent: (event) => void (event.type === 'start' && reported.push(event.warnings)),
    })
    expect(report.warnings[0]).toBe(sentence)
    expect(reported[0][0]).toBe(sentence)
    const plain = textClassifier({ ...tiny, engine: 'reference' })
    expect((await plain.fit(comments(12, 1), fitOptions)).warnings).not.toContain(sentence)
  })

  it('of sequences says it as it starts', async () => {
    const events: TrainingEvent[] = []
    for (const threads of [4, undefined]) {
      const model = SequenceModel.fromImported(oneNumber(), { engine: 'reference', threads })
      await model.fit([{ input: [[1, 2, 3]], target: [1] }], {
        epochs: 1,
        onEvent: (event) => events.push(event),
      })
    }
    const notes = events.flatMap((event) => (event.type === 'start' ? [event.threadsNote] : []))
    expect(notes).toEqual([sentence, null])
  })
})

describe('the command line', () => {
  let place: Workplace
  let trained: { plain: Ran; json: Ran }
  const columns = ['--text', 'comment', '--label', 'mood']
  const flags = ['--engine', 'reference', '--threads', '4']
  const note = `note: ${sentence}`
  beforeAll(async () => {
    place = new Workplace()
    place.write('train.csv', csv(remarks(40)))
    const small = ['--units', '4', '--embedding', '4', '--epochs', '1', '--out', 'm.latch']
    const args = ['train', 'train.csv', ...columns, ...small, ...flags]
    trained = { plain: await place.latch(args), json: await place.latch([...args, '--json']) }
  }, 60_000)
  afterAll(() => place.remove())

  it('train says it, in its events too', () => {
    expect(trained.plain.stderr).toContain(note)
    const start = jsonLines(trained.json).find(({ event }) => event === 'start')!
    expect(start.warnings).toContain(sentence)
  })

  it.each([
    ['predict', ['predict', 'm.latch', 'fine']],
    ['inspect', ['inspect', 'm.latch', 'fine']],
    ['evaluate', ['evaluate', 'm.latch', 'train.csv', ...columns]],
  ])('%s says it, but quietly not', async (_, args) => {
    expect((await place.latch([...args, ...flags])).stderr).toContain(note)
    expect((await place.latch([...args, '--engine', 'reference'])).stderr).not.toContain(note)
  })

  it('info says it', async () => {
    expect(json(await place.latch(['info', '--json', ...flags])).threadsNote).toBe(sentence)
  })
})
