/** Multi-label classifiers and text regressors from the command line: train, evaluate, predict, inspect, info. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MultiLabelClassifier, TextRegressor } from '../../../latch/src/node.ts'
import { json, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const LABELS = ['late', 'loud', 'rude']
const rows = Array.from({ length: 64 }, (_, i) => {
  const labels = LABELS.filter((_label, c) => (i >> c) & 1)
  const body = ['hotel', 'was', ...labels, i % 3 ? 'today' : 'again'].join(' ')
  return { body, labels, stars: 5 - labels.length }
})
const SMALL =
  '--units 6 --embedding 6 --batch 8 --seed 3 --lr 0.03 --dropout 0 --pooling max --ema off --text body'.split(
    ' ',
  )
const LABEL_FLAGS = ['--task', 'multilabel', '--label', 'labels', ...SMALL]
const STAR_FLAGS = ['--task', 'regress', '--label', 'stars', ...SMALL]

beforeAll(async () => {
  place.write('lists.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
  const lines = rows.map(({ body, labels, stars }) => `${body},${labels.join('|')},${stars}`)
  place.write('rows.csv', ['body,labels,stars', ...lines].join('\n'))
  for (const [data, flags, out] of [
    ['lists.jsonl', LABEL_FLAGS, 'labels.safetensors'],
    ['rows.csv', STAR_FLAGS, 'stars.safetensors'],
  ] as const) {
    const { code, stderr } = await place.latch(['train', data, ...flags, '--epochs', '20', '--out', out])
    expect(stderr).toContain('/20')
    expect(code).toBe(0)
  }
}, 120_000)
afterAll(() => place.remove())

describe('latch train --task multilabel', () => {
  it('is the fit of the library, and evaluates what is held out beside its baseline', async () => {
    const more = ['--epochs', '2', '--json', '--engine', 'simd', '--out', 'again.safetensors']
    const ran = await place.latch(['train', 'lists.jsonl', ...LABEL_FLAGS, ...more])
    expect(ran.code).toBe(0)
    expect(jsonLines(ran).at(-1)).toMatchObject({
      event: 'done',
      labels: LABELS,
      validation: { kind: 'labels', labels: LABELS },
      baseline: { name: 'naive Bayes of each label', metric: 'microF1', part: 'validation' },
    })
    const model = await MultiLabelClassifier.load(place.path('again.safetensors'))
    expect(model.labels).toEqual(LABELS)
    expect(model.settings.labelSeparator).toBe(';')
  })

  it('reads labels with another separator, and says what it found', async () => {
    const flags = [...LABEL_FLAGS, '--label-separator', '|', '--epochs', '1', '--out', 'other.safetensors']
    const { code, stderr, stdout } = await place.latch(['train', 'rows.csv', ...flags])
    expect(code).toBe(0)
    expect(stderr).toContain('8 rows without a label')
    expect(stdout).toContain('3 labels')
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/micro F1 .* against /)
  })

  it('evaluates, predicts, inspects, and describes', async () => {
    const evaluated = await place.latch([
      'evaluate',
      'labels.safetensors',
      'lists.jsonl',
      '--label',
      'labels',
    ])
    expect(evaluated.code).toBe(0)
    expect(evaluated.stdout).toMatch(/micro F1 [^]*all labels right/)
    expect(evaluated.stdout).toMatch(/macro/)
    const texts = ['hotel was rude and loud today', 'hotel was today']
    const ran = await place.latch(['predict', 'labels.safetensors', ...texts, '--json'])
    const [both, none] = jsonLines(ran) as { labels: string[]; probabilities: Record<string, number> }[]
    expect([...both.labels].sort()).toEqual(['loud', 'rude'])
    expect(none.labels).toEqual([])
    expect(Object.keys(both.probabilities)).toEqual(LABELS)
    const piped = await place.latch(['predict', 'labels.safetensors', ...texts])
    expect(piped.stdout.split('\n')[1]).toBe('[]\t[]\thotel was today')
    const top = await place.latch(['predict', 'labels.safetensors', ...texts, '--top', '2'])
    expect(top.stdout.split('\n')[0].split('\t')).toHaveLength(5)
    const inspected = await place.latch(['inspect', 'labels.safetensors', texts[0]])
    expect(inspected.code).toBe(0)
    const info = await place.latch(['info', 'labels.safetensors', '--json'])
    expect(json(info)).toMatchObject({ task: 'multi-label classifier' })
  })

  it('reports rows that it cannot read, and leaves them out if asked', async () => {
    const odd = [rows[1], { body: 'a hotel', labels: ['smoky'] }, rows[2]]
    place.write('odd.jsonl', odd.map((row) => JSON.stringify(row)).join('\n'))
    const args = [
      'evaluate',
      'labels.safetensors',
      'odd.jsonl',
      '--label',
      'labels',
      '--text',
      'body',
      '--json',
    ]
    const refused = await place.latch(args)
    expect(refused.code).toBe(1)
    expect(jsonLines(refused)[0]).toMatchObject({ row: 1, error: expect.stringContaining('got "smoky"') })
    expect(refused.stderr).toMatch(/1 bad of 3 rows\.\s+Use `--skip-bad-rows` to evaluate the other rows\./)
    const kept = await place.latch([...args, '--skip-bad-rows'])
    expect(kept.code).toBe(0)
    expect(jsonLines(kept).at(-1)).toMatchObject({ n: 2, kind: 'labels' })
    expect(kept.stderr).toContain('left out 1 of 3 rows')
  })

  it('names the row and file of a label that the model does not have', async () => {
    place.write('unknown.jsonl', JSON.stringify({ body: 'a hotel', labels: ['smoky'] }))
    const flags = ['--label', 'labels', '--text', 'body']
    const { code, stderr } = await place.latch(['evaluate', 'labels.safetensors', 'unknown.jsonl', ...flags])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/unknown\.jsonl, row 0, [^]*one of the labels late, loud, rude, got "smoky"/)
  })

  it('refuses options of other tasks', async () => {
    const refused = async (...flags: string[]) => (await place.latch(['train', 'rows.csv', ...flags])).stderr
    expect(await refused(...LABEL_FLAGS, '--counts', 'on')).toContain(
      '--task multilabel: expected options of',
    )
    expect(await refused(...LABEL_FLAGS, '--class-weights', 'balanced')).toContain('Omit --class-weights.')
    expect(await refused('--label-separator', ',')).toContain('Add `--task multilabel`')
    expect(await refused('--loss', 'huber')).toContain('Add `--task regress`')
  })
})

describe('latch train --task regress', () => {
  it('predicts numbers and evaluates in their units', async () => {
    const text = 'hotel was rude and late today'
    const ran = await place.latch(['predict', 'stars.safetensors', text, '--json', '--engine', 'simd'])
    const [{ output }] = jsonLines(ran) as { output: number[] }[]
    expect(Math.abs(output[0] - 3)).toBeLessThan(0.8)
    const model = await TextRegressor.load(place.path('stars.safetensors'), { engine: 'simd' })
    expect(model.predict(text).value).toBeCloseTo(output[0], 5)
    const evaluated = await place.latch(['evaluate', 'stars.safetensors', 'rows.csv', '--label', 'stars'])
    expect(evaluated.code).toBe(0)
    expect(evaluated.stdout).toMatch(/mean absolute error [^]*root mean squared error [^]*R² 0\./)
    expect((await place.latch(['inspect', 'stars.safetensors', text])).code).toBe(0)
    expect((await place.latch(['info', 'stars.safetensors'])).code).toBe(0)
  })

  it('leaves out cells that are no numbers if asked', async () => {
    place.write('stars.csv', 'body,stars\na hotel,4\nan inn,many\na hotel was loud,3\n')
    const args = [
      'evaluate',
      'stars.safetensors',
      'stars.csv',
      '--text',
      'body',
      '--label',
      'stars',
      '--json',
    ]
    const refused = await place.latch(args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('stars.csv, row 1, "body", target: expected a finite number, got "many"')
    const kept = await place.latch([...args, '--skip-bad-rows'])
    expect(jsonLines(kept).at(-1)).toMatchObject({ n: 2, kind: 'values' })
    expect(kept.code).toBe(0)
  })

  it('compares with ridge regression and the mean, on the test rows if there are any', async () => {
    const more = ['--loss', 'huber', '--test', 'rows.csv', '--epochs', '1', '--out', 'huber.safetensors']
    const { code, stdout } = await place.latch(['train', 'rows.csv', ...STAR_FLAGS, ...more])
    expect(code).toBe(0)
    expect(stdout).toMatch(/Test: mean absolute error/)
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /ridge regression of word counts: mean absolute error .* always the mean/,
    )
    expect((await TextRegressor.load(place.path('huber.safetensors'))).settings.loss).toBe('huber')
  })

  it('is called by its name where another model is needed', async () => {
    const { code, stderr } = await place.latch(['generate', 'stars.safetensors'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/expected a language model, got a text regressor\./)
  })

  it('names the row of a cell that is not a number', async () => {
    place.write('words.csv', 'body,stars\na hotel,4\nan inn,many\n')
    const { code, stderr } = await place.latch([
      'train',
      'words.csv',
      ...STAR_FLAGS,
      '--out',
      'x.safetensors',
    ])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/words\.csv, row 1, [^]*expected a finite number, got "many"/)
  })
})
