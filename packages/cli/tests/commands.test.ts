/** The commands doing their work on small data, one after the other as people use them. */
import { gzipSync } from 'node:zlib'
import { existsSync, readFileSync } from 'node:fs'
import { describeEngine } from '../../latch/src/node.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace, comments, csv, json, jsonLines } from './cliHelpers.ts'
import type { Ran } from './cliHelpers.ts'

const COLUMNS = ['--text', 'comment', '--label', 'mood']
const SMALL = ['--units', '8', '--embedding', '8', '--epochs', '4', '--lr', '0.02', '--ema', 'off']
const AWFUL = 'the film was awful, said my book'
const SUPERB = 'the room was superb, said my shop'
const ESCAPE = '\u001b'

let place: Workplace
let trained: Ran

beforeAll(async () => {
  place = new Workplace()
  place.write('train.csv', csv(comments(200)))
  place.write('test.csv', csv(comments(60, 2)))
  trained = await place.latch(['train', 'train.csv', ...COLUMNS, ...SMALL, '--test', 'test.csv', '--json'])
})
afterAll(() => place.remove())

describe('train', () => {
  it('--json prints JSON Lines alone: start, an epoch each, done', () => {
    expect(trained.code).toBe(0)
    const events = jsonLines(trained)
    expect(events.map(({ event }) => event)).toEqual(['start', 'epoch', 'epoch', 'epoch', 'epoch', 'done'])
    expect(events[0]).toMatchObject({
      engine: describeEngine().name,
      precision: 'float32',
      threads: expect.any(Number),
      labels: ['bad', 'good'],
      trainSize: 180,
      validationSize: 20,
    })
    const done = events[5]
    expect(done).toMatchObject({ model: 'model.safetensors', epochs: 4, best: { accuracy: 1 } })
    expect(done.test).toMatchObject({
      accuracy: 1,
      macroF1: 1,
      n: 60,
      confusion: [
        [30, 0],
        [0, 30],
      ],
    })
    expect(done.baseline).toMatchObject({ name: 'naive Bayes', part: 'test', n: 60 })
    expect(done.seconds).toBeGreaterThan(0)
    expect(existsSync(place.path('model.safetensors'))).toBe(true)
    expect(existsSync(place.path('model.checkpoint.safetensors'))).toBe(false)
  })

  it('prints the best epoch, the test, the baseline, the file and the next commands', async () => {
    const args = [
      'train',
      'train.csv',
      ...COLUMNS,
      ...SMALL,
      '--test',
      'test.csv',
      '--out',
      'summary.safetensors',
    ]
    const { code, stdout, stderr } = await place.latch(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/Trained lstm on 180 rows, 2 labels/)
    expect(stdout).toMatch(/Best epoch \d/)
    expect(stdout).toContain('Test: accuracy 100.0%')
    expect(stdout).toContain('naive Bayes baseline')
    expect(stdout).toMatch(
      /Saved summary\.safetensors\. Next steps:\n {2}\$ node .*latch\.js predict summary\.safetensors '/,
    )
    expect(stderr).toMatch(/epoch +loss +accuracy/)
    expect(stderr).toMatch(/4\/4 +0\.\d{3}/)
    expect(stdout + stderr).not.toContain(ESCAPE)
    // Same data, options and seed: the same bytes.
    expect(readFileSync(place.path('summary.safetensors'))).toEqual(
      readFileSync(place.path('model.safetensors')),
    )
  })

  it('takes columns by number where there is no header, and infers those not given', async () => {
    place.write('bare.csv', csv(comments(60), false))
    const args = [
      'train',
      'bare.csv',
      '--text',
      '0',
      '--label',
      '1',
      ...SMALL,
      '--out',
      'bare.safetensors',
      '--json',
    ]
    const done = jsonLines(await place.latch(args)).at(-1)
    expect(done).toMatchObject({
      event: 'done',
      labels: ['bad', 'good'],
      test: null,
      baseline: { part: 'validation' },
    })
    const inferred = await place.latch([
      'train',
      'train.csv',
      ...SMALL,
      '--out',
      'inferred.safetensors',
      '--json',
    ])
    expect(inferred.stderr).toMatch(/note: .*texts from column "comment"/)
    expect(inferred.code).toBe(0)
  })

  it('reads gzip from standard input', async () => {
    const input = gzipSync(csv(comments(60)))
    const args = [
      'train',
      '-',
      ...COLUMNS,
      ...SMALL,
      '--cell',
      'bag',
      '--out',
      'piped.safetensors',
      '--quiet',
    ]
    const { code, stdout, stderr } = await place.latch(args, { input })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('Trained bag on 54 rows')
  })

  it('takes every kind of option', async () => {
    const options =
      '--cell gru --reset before --layers 2 --bidirectional --pooling max --tokens chars --lowercase --embedding one-hot ' +
      '--min-count 1 --max-vocabulary 30 --max-length 40 --dropout words=0.1,output=0.2 --optimizer sgd:momentum=0.9,nesterov=1 ' +
      '--schedule cosine --warmup 3 --clip off --clip-value 1 --label-smoothing 0 --class-weights good=1,bad=2 --ema 0.9 ' +
      '--patience off --seed 7 --engine reference --precision float64 --validation test.csv --batch 64 --checkpoint-every 100 ' +
      '--accumulation-steps 2 --checkpoint-steps 5 --threads 2 --reproducible'
    const args = [
      'train',
      'train.csv',
      ...COLUMNS,
      '--units',
      '4',
      '--epochs',
      '1',
      '--out',
      'all.safetensors',
      '--json',
    ]
    const ran = await place.latch([...args, ...options.split(' ')])
    expect(jsonLines(ran)[0]).toMatchObject({
      event: 'start',
      engine: 'reference',
      precision: 'float64',
      validationSize: 60,
    })
    expect(ran.code).toBe(0)
    const facts = json(await place.latch(['info', 'all.safetensors', '--json']))
    expect(facts).toMatchObject({
      cell: 'gru',
      layers: 2,
      bidirectional: true,
      tokens: 'chars',
      embedding: 'oneHot',
    })
  })
})

describe('evaluate', () => {
  it('--json is one object with the promised figures', async () => {
    const result = json(
      await place.latch(['evaluate', 'model.safetensors', 'test.csv', ...COLUMNS, '--json']),
    )
    expect(result).toMatchObject({
      accuracy: 1,
      macroF1: 1,
      n: 60,
      confusion: [
        [30, 0],
        [0, 30],
      ],
    })
    expect(result.loss).toBeLessThan(0.5)
    expect(result.perClass).toEqual([
      { label: 'bad', precision: 1, recall: 1, f1: 1, support: 30 },
      { label: 'good', precision: 1, recall: 1, f1: 1, support: 30 },
    ])
  })

  it('shows a table by class and the confusion matrix', async () => {
    const { code, stdout } = await place.latch(['evaluate', 'model.safetensors', 'test.csv', ...COLUMNS])
    expect(code).toBe(0)
    expect(stdout).toMatch(/class +precision +recall +F1 +rows/)
    expect(stdout).toMatch(
      /Confusion \(rows: true class, columns: predicted\)\n +bad +good\nbad +30 +0\ngood +0 +30/,
    )
  })
})

describe('predict', () => {
  it('--json prints an object for each text, in order', async () => {
    const ran = await place.latch(['predict', 'model.safetensors', AWFUL, SUPERB, '--json'])
    const lines = jsonLines(ran)
    expect(lines.map(({ label }) => label)).toEqual(['bad', 'good'])
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(['label', 'probabilities'])
      const { bad, good } = line.probabilities as Record<string, number>
      expect(bad + good).toBeCloseTo(1, 9)
    }
  })

  it('reads standard input, a text a line, with none lost', async () => {
    const input = 'superb film\n\nawful\tthing\nnever seen before words'
    const { code, stdout } = await place.latch(['predict', 'model.safetensors'], { input })
    expect(code).toBe(0)
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(lines.map(([label]) => label).filter((label) => label === 'good' || label === 'bad')).toHaveLength(
      4,
    )
    expect(lines[2][2]).toBe('awful thing')
  })

  it('labels a column of a file', async () => {
    const lines = jsonLines(
      await place.latch([
        'predict',
        'model.safetensors',
        '--file',
        'test.csv',
        '--text',
        'comment',
        '--json',
      ]),
    )
    expect(lines.map(({ label }) => label)).toEqual(comments(60, 2).map(({ mood }) => mood))
  })

  it('is quiet when its reader goes away', async () => {
    const input = 'superb film\n'.repeat(50_000)
    const ran = await place.latch(['predict', 'model.safetensors'], {
      input,
      watch: (child) => child.stdout?.destroy(),
    })
    expect(ran.stderr).toBe('')
    expect(ran.code).toBe(0)
  })
})

describe('inspect', () => {
  it('prints tokens, memory kept, predictions and gradient norms within the width', async () => {
    const { code, stdout } = await place.latch(['inspect', 'model.safetensors', 'the zebra was awful'], {
      env: { COLUMNS: '72' },
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/step +token +keeps +output +‖∂L\/∂h‖ +‖∂L\/∂c‖/)
    expect(stdout).toMatch(/ 1 {2}zebra \? .*%.*%/)
    expect(stdout).toContain('not in the vocabulary')
    expect(stdout).toContain('(mean of the forget')
    for (const line of stdout.split('\n')) expect(Array.from(line).length).toBeLessThanOrEqual(72)
  })

  it('draws long texts in columns', async () => {
    const text = 'the film was awful and the book was superb '.repeat(20)
    const { stdout } = await place.latch(['inspect', 'model.safetensors', text])
    expect(stdout).toMatch(/\nstep 0 +the film was awful/)
    expect(stdout).toMatch(/\noutput +[▁-█ ]+\n/)
    expect(stdout.split('\n').length).toBeLessThan(120)
  })

  it('--json prints the whole trace', async () => {
    const trace = json(
      await place.latch(['inspect', 'model.safetensors', AWFUL, '--label', 'good', '--json']),
    )
    expect(trace).toMatchObject({ cell: 'lstm', label: 'bad', target: 'good' })
    const steps = trace.steps as { token: string; gates: Record<string, number[]>; hidden: number[] }[]
    expect(steps.map(({ token }) => token)).toEqual([
      'the',
      'film',
      'was',
      'awful',
      ',',
      'said',
      'my',
      'book',
    ])
    expect(steps[0].hidden).toHaveLength(8)
    expect(Object.keys(steps[0].gates)).toEqual(['input', 'forget', 'output'])
  })

  it('explains why a bag of words has no steps', async () => {
    const { code, stderr } = await place.latch(['inspect', 'piped.safetensors', 'awful'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/trace: expected a recurrent cell/)
  })
})

describe('compare', () => {
  it('evaluates every model and draws conclusions', async () => {
    const args = ['compare', 'train.csv', ...COLUMNS, ...SMALL, '--epochs', '2', '--json']
    const result = json(await place.latch(args))
    const models = result.models as Record<string, unknown>[]
    expect(models.map(({ model }) => model)).toEqual(['naive Bayes', 'bag', 'ann', 'rnn', 'gru', 'lstm'])
    for (const row of models) {
      for (const part of ['train', 'validation', 'test', 'shuffled']) {
        expect(row[`${part}Accuracy`], `${row.model as string} ${part}`).toBeGreaterThanOrEqual(0)
      }
    }
    // Neither reads order.
    expect(models[0].shuffledAccuracy).toBe(models[0].testAccuracy)
    expect(models[1].shuffledAccuracy).toBe(models[1].testAccuracy)
    expect(result.rows).toEqual({ train: 144, validation: 16, test: 40, testHeldOut: true })
    expect((result.verdict as string[]).join(' ')).toMatch(/naive Bayes baseline.*[Oo]rder/)
  })

  it('prints a table', async () => {
    const args = ['compare', 'train.csv', ...COLUMNS, ...SMALL, '--cell', 'gru', '--test', 'test.csv']
    const { code, stdout } = await place.latch(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/model +parameters +s\/epoch +train +valid\. +test +shuffled/)
    expect(stdout).toMatch(/naive Bayes \(baseline\)/)
    expect(stdout).toMatch(/GRU +[\d,]+ +\d/)
    expect(stdout).not.toContain('held out')
  })
})
