/** Classifiers of pairs of texts from the command line: train, resume, evaluate, predict, info, and what is refused. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TextPairClassifier } from '../../../latch/src/node.ts'
import { sameNumber } from '../../../latch/tests/tasks/textPairClassifier/pairHelpers.ts'
import { json, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const rows = sameNumber(600)
const held = sameNumber(60, 2)
const table = (pairs: typeof rows) =>
  ['id,question1,question2,is', ...pairs.map(({ a, b, label }, i) => `${i},${a},${b},${label}`), ''].join(
    '\n',
  )
const COLUMNS = ['--text', 'question1,question2', '--label', 'is']
const SMALL =
  '--task pairs --cell gru --units 24 --embedding 16 --dropout 0 --min-count 1 --lr 0.01 --seed 1 --threads 1'.split(
    ' ',
  )
const MODEL = 'pairs.safetensors'

beforeAll(async () => {
  place.write('rows.csv', table(rows))
  place.write('held.csv', table(held))
  place.write('held.jsonl', held.map((row) => JSON.stringify(row)).join('\n'))
  place.write('unlabelled.csv', ['a,b', ...held.map(({ a, b }) => `${a},${b}`), ''].join('\n'))
  const flags = [...SMALL, ...COLUMNS, '--epochs', '20', '--combine', 'symmetric', '--out', MODEL]
  const { code, stdout, stderr } = await place.latch(['train', 'rows.csv', ...flags])
  expect(stderr).toContain('/20')
  expect(stdout.replace(/\s+/g, ' ')).toMatch(/The network is better than naive Bayes: accuracy .* against /)
  // The suggested command has both texts of a pair.
  expect(stdout).toMatch(/predict pairs\.safetensors '[^']+' '[^']+'/)
  expect(stdout).not.toContain('inspect')
  expect(code).toBe(0)
}, 120_000)
afterAll(() => place.remove())

describe('latch train --task pairs', () => {
  it('is the fit of the library, beside its baseline on the test rows', async () => {
    const flags = [...SMALL, ...COLUMNS, '--epochs', '2', '--json', '--out', 'again.safetensors']
    const ran = await place.latch(['train', 'rows.csv', '--test', 'held.csv', ...flags])
    expect(ran.code).toBe(0)
    expect(jsonLines(ran).at(-1)).toMatchObject({
      event: 'done',
      labels: ['different', 'same'],
      test: { n: 60 },
      baseline: { name: 'naive Bayes', metric: 'accuracy', part: 'test', n: 60 },
    })
    const model = await TextPairClassifier.load(place.path('again.safetensors'))
    expect(model.settings).toMatchObject({ cell: 'gru', combine: 'concat' })
    expect(model.summary().textColumn).toBe('question1,question2')
  })

  it('finds the columns a, b and label, and three of any name', async () => {
    const flags = [...SMALL, '--epochs', '1', '--json', '--out', 'other.safetensors', '--force']
    expect((await place.latch(['train', 'held.jsonl', ...flags])).code).toBe(0)
    place.write(
      'three.csv',
      ['first,second,what', ...held.map(({ a, b, label }) => `${a},${b},${label}`), ''].join('\n'),
    )
    const ran = await place.latch(['train', 'three.csv', '--header', 'yes', ...flags])
    expect(ran.code).toBe(0)
    const model = await TextPairClassifier.load(place.path('other.safetensors'))
    expect(model.summary().textColumn).toBe('first,second')
    expect(ran.stderr).toContain('texts from columns "first" and "second", labels from column "what"')
    place.write(
      'early.csv',
      ['first,label,second', ...held.map(({ a, b, label }) => `${a},${label},${b}`), ''].join('\n'),
    )
    const early = await place.latch(['train', 'early.csv', '--header', 'yes', ...flags])
    expect(early.stderr).toContain('texts from columns "first" and "second", labels from column "label"')
  })

  it('resumes after Ctrl-C to the same bytes', async () => {
    const flags = [...SMALL, ...COLUMNS, '--epochs', '40', '--patience', 'off', '--engine', 'simd', '--json']
    const whole = await place.latch(['train', 'rows.csv', ...flags, '--out', 'whole.safetensors'])
    expect(whole.code).toBe(0)
    let sent = false
    const cut = await place.latch(['train', 'rows.csv', ...flags, '--out', 'cut.safetensors'], {
      watch: (child, stdout) => {
        if (sent || !stdout.includes('"epoch":3')) return
        sent = true
        child.kill('SIGINT')
      },
    })
    expect(cut.code).toBe(130)
    const { resume } = jsonLines(cut).at(-1) as { resume: string }
    expect(resume).toContain('--task pairs --text question1,question2 --label is')
    const words = resume.slice(resume.indexOf(' train ') + 1).split(' ')
    expect((await place.latch(words)).code).toBe(0)
    expect(readFileSync(place.path('cut.safetensors'))).toEqual(readFileSync(place.path('whole.safetensors')))
  }, 60_000)

  it('refuses what pairs do not have, by name', async () => {
    const refused = async (...more: string[]) =>
      (await place.latch(['train', 'rows.csv', '--task', 'pairs', ...more])).stderr.replace(/\s+/g, ' ')
    expect(await refused('--counts', 'on')).toContain('expected options of a classifier of pairs of texts')
    expect(await refused('--embedding', 'one-hot')).toContain('Omit --embedding one-hot.')
    expect(await refused('--text', 'question1', '--label', 'is')).toContain(
      '--text: expected the two columns',
    )
    expect(await refused('--text', 'question1,question1', '--label', 'is')).toContain(
      'expected different columns',
    )
    expect(await refused()).toContain('Name them with `--text A,B` and `--label C`.')
    const { stderr } = await place.latch(['train', 'rows.csv', '--combine', 'concat'])
    expect(stderr).toContain('Add `--task pairs`')
  })
})

describe('a saved classifier of pairs', () => {
  it('is evaluated on its own columns, on others and on a file without a label', async () => {
    const own = await place.latch(['evaluate', MODEL, 'held.csv', '--label', 'is', '--json'])
    expect(json(own)).toMatchObject({ n: 60 })
    expect((json(own) as { accuracy: number }).accuracy).toBeGreaterThanOrEqual(0.9)
    const named = await place.latch([
      'evaluate',
      MODEL,
      'held.jsonl',
      '--text',
      'a,b',
      '--label',
      'label',
      '--json',
    ])
    expect(json(named)).toEqual(json(own))
    const none = await place.latch(['evaluate', MODEL, 'unlabelled.csv'])
    expect(none.code).not.toBe(0)
    expect(none.stderr.replace(/\s+/g, ' ')).toContain('Name them with `--text A,B` and `--label C`.')
  })

  it('predicts arguments, tables and lines alike', async () => {
    const model = await TextPairClassifier.load(place.path(MODEL), { engine: 'simd' })
    const wanted = model.predict(held).map(({ label }) => label)
    const labels = (ran: Awaited<ReturnType<Workplace['latch']>>) =>
      (jsonLines(ran) as { label: string }[]).map(({ label }) => label)
    const more = ['--json', '--engine', 'simd']
    const [{ a, b }] = held
    expect(labels(await place.latch(['predict', MODEL, a, b, ...more]))).toEqual([wanted[0]])
    const arguments4 = [a, b, held[1].a, held[1].b]
    expect(labels(await place.latch(['predict', MODEL, ...arguments4, ...more]))).toEqual(wanted.slice(0, 2))
    expect(labels(await place.latch(['predict', MODEL, '--file', 'held.csv', ...more]))).toEqual(wanted)
    const named = ['--file', 'held.jsonl', '--text', 'a,b']
    expect(labels(await place.latch(['predict', MODEL, ...named, ...more]))).toEqual(wanted)
    expect(labels(await place.latch(['predict', MODEL, '--file', 'unlabelled.csv', ...more]))).toEqual(wanted)
    const input = held.map((pair) => `${pair.a}\t${pair.b}`).join('\n')
    expect(labels(await place.latch(['predict', MODEL, ...more], { input }))).toEqual(wanted)
    const piped = await place.latch(['predict', MODEL, a, b])
    expect(piped.stdout.trim().split('\t')).toEqual([wanted[0], expect.any(String), `${a} / ${b}`])
  })

  it('reports a line without two texts in its place, and refuses half a pair', async () => {
    const ran = await place.latch(['predict', MODEL, '--json'], { input: 'one\t1\nalone\ntwo\t2\n' })
    expect(ran.code).toBe(1)
    expect(jsonLines(ran)[1]).toMatchObject({
      row: 1,
      error: expect.stringContaining(
        'line 2: expected two texts with a tab between them, got "alone"',
      ) as string,
    })
    const half = await place.latch(['predict', MODEL, 'one', '1', 'two'])
    expect(half.code).toBe(2)
    expect(half.stderr).toContain('expected two texts for each pair, got 3')
  })

  it('is described, and refuses inspection and other formats by name', async () => {
    const info = await place.latch(['info', MODEL, '--json'])
    expect(json(info)).toMatchObject({ task: 'classifier of pairs of texts', input: 'pairs of texts' })
    const inspected = await place.latch(['inspect', MODEL, 'one'])
    expect(inspected.code).not.toBe(0)
    expect(inspected.stderr).toContain('got a classifier of pairs of texts')
    const exported = await place.latch(['export', MODEL, '--to', 'onnx', '--out', 'm.onnx'])
    expect(exported.stderr).toContain('pairEmbedding.0')
  })
})
