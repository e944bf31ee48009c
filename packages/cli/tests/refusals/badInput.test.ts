/** Broken data and model files: each ends with a message that names the problem and its place. */
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace, comments, csv, json } from '../cliHelpers.ts'

const SMALL = '--units 4 --embedding 4 --epochs 1 --text comment --label mood'.split(' ')

let place: Workplace

beforeAll(async () => {
  place = new Workplace()
  place.write('good.csv', csv(comments(40)))
  place.write('empty.csv', '')
  place.write('header.csv', 'comment,mood\n')
  place.write('line.csv', 'the film was lovely,good\n')
  place.write('row.csv', 'comment,mood\nfine,good\n')
  place.write('two.csv', 'comment,mood\nfine,good\nso so,middling\nmeh,middling\n')
  place.write('one.csv', 'comment,mood\nfine,good\nlovely,good\n')
  place.write('open.csv', 'comment,mood\nfine,good\n"never closed,bad\nmore,good\n')
  place.write('latin.csv', Buffer.from('comment,mood\nfine,good\ncaf\xe9,bad\n', 'latin1'))
  place.write('strange.csv', 'comment,mood\nfine,good\nso so,middling\n')
  place.write('list.jsonl', '[{"comment":"fine","mood":"good"}]\n')
  place.write(
    'long.csv',
    `comment,mood\n${`${'a b '.repeat(200)},good\n${'a b '.repeat(200)},bad\n`.repeat(1000)}`,
  )
  place.write('notes.txt', 'no model\n')
  mkdirSync(place.path('folder'))
  const { code, stderr } = await place.latch(['train', 'good.csv', ...SMALL])
  if (code !== 0) throw new Error(stderr)
})
afterAll(() => place.remove())

/** Arguments, and the message. Each ends with exit code 1 and no stack. */
const FAILURES: [string, string[], RegExp][] = [
  ['missing file', ['train', 'none.csv'], /none\.csv: expected a readable file, got no such file/],
  ['one class only', ['train', 'one.csv'], /at least two different labels, got only "good" in 2 rows/],
  [
    'empty file',
    ['train', 'empty.csv'],
    /empty\.csv: expected a table with at least one row, got an empty table/,
  ],
  ['header alone', ['train', 'header.csv', ...SMALL], /at least one row, got only a header line/],
  [
    'one line only',
    ['train', 'line.csv', '--header', 'no'],
    /line\.csv: expected at least two rows, got one line, read as data\.\n +Add rows: if that line is the header/,
  ],
  [
    'one row only',
    ['compare', 'row.csv', ...SMALL.slice(-4)],
    /row\.csv: expected at least two rows, got 1 row\./,
  ],
  ['a quote never closed', ['train', 'open.csv', ...SMALL], /open\.csv, line 3: .*quote/],
  ['not UTF-8', ['train', 'latin.csv', ...SMALL], /latin\.csv.*UTF-8/],
  [
    'a list for JSON Lines',
    ['train', 'list.jsonl', '--format', 'jsonl'],
    /line 1: expected a JSON object.*\n.*`--format json` to read an array/,
  ],
  [
    'labels of the test unknown',
    ['train', 'good.csv', ...SMALL, '--test', 'strange.csv'],
    /strange\.csv: expected the labels of good\.csv .*got 1 row with the label "middling"/,
  ],
  ['folder of the model missing', ['train', 'good.csv', '--out', 'no/m.safetensors'], /no folder "no"/],
  ['folder as model', ['train', 'good.csv', '--out', 'folder'], /--out folder: .* got a folder/],
  ['no model of that name', ['predict', 'modle.safetensors', 'hi'], /Did you mean "model\.safetensors"\?/],
  ['no model at all', ['predict', 'notes.txt', 'hi'], /notes\.txt/],
  [
    'label unknown to the model',
    ['inspect', 'model.safetensors', 'hi', '--label', 'x'],
    /labels bad, good, got "x"/,
  ],
  [
    'rows unknown to the model',
    ['evaluate', 'model.safetensors', 'two.csv'],
    /two\.csv: expected the labels of model\.safetensors \("bad", "good"\), got 2 rows with the label "middling" \(the first is row 1\)\.\n +Remove these rows/,
  ],
  [
    'memory',
    ['train', 'long.csv', '--units', '256', '--batch', '2000', '--quiet'],
    /request for [\d,]+ MiB\.\n +Shorter sequences(.|\n)*Use `--batch \d+` to use smaller batches/,
  ],
]

/** Options that do not fit the table: wrong usage. */
const COLUMNS: [string, string[], RegExp][] = [
  [
    'missing column',
    ['train', 'good.csv', '--text', 'body'],
    /a column "body", got the columns "comment", "mood"/,
  ],
  [
    'missing number',
    ['train', 'good.csv', '--header', 'no', '--text', '7'],
    /column number 7, got 2 columns/,
  ],
]

describe('each fault has its message', () => {
  it.each(FAILURES)('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await place.latch(args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })

  it.each(COLUMNS)('%s is wrong usage', async (_, args, message) => {
    const { code, stdout, stderr } = await place.latch(args)
    expect(stderr).toMatch(message)
    expect([code, stdout]).toEqual([2, ''])
  })

  it('is also printed as the only JSON event', async () => {
    const ran = await place.latch(['evaluate', 'model.safetensors', 'zebra.csv', '--json'])
    expect(json(ran)).toEqual({
      event: 'error',
      message: 'zebra.csv: expected a readable file, got no such file. Check the path.',
      where: 'zebra.csv',
      fixes: [],
    })
    expect(ran.stderr).toBe(
      'error: zebra.csv: expected a readable file, got no such file.\n       Check the path.\n',
    )
    expect(ran.code).toBe(1)
  })

  it('a finished model given as a checkpoint is invalid usage', async () => {
    const { code, stderr } = await place.latch(['train', 'good.csv', '--resume', 'model.safetensors'])
    expect(stderr).toMatch(/model\.safetensors: expected a checkpoint .*got the model of a finished run/)
    expect(stderr).toContain('Continue training with `latch train --from MODEL`, or start a new run.')
    expect(code).toBe(2)
  })

  it('a model file that was cut names commands, not functions', async () => {
    const bytes = readFileSync(place.path('model.safetensors')).subarray(0, 200)
    place.write('cut.safetensors', bytes)
    for (const args of [
      ['predict', 'cut.safetensors', 'a'],
      ['info', 'cut.safetensors'],
    ]) {
      const { stderr } = await place.latch(args)
      expect(stderr).toMatch(/cut\.safetensors.*got a header length/s)
      expect(stderr.replace(/\s+/g, ' ')).toContain('of another format. `latch import` opens any model.')
    }
    const { stderr } = await place.latch(['import', 'cut.safetensors'])
    expect(stderr.replace(/\s+/g, ' ')).toMatch(/of another format\. ?$/)
  })

  it('a diverging loss is reported with its step, and the last good weights are saved', async () => {
    const args = [
      'train',
      'good.csv',
      ...SMALL,
      '--engine',
      'simd',
      '--optimizer',
      'sgd',
      '--lr',
      '1e38',
      '--clip',
      'off',
    ]
    const { code, stderr } = await place.latch([...args, '--batch', '8', '--out', 'wild.safetensors'])
    expect(stderr).toMatch(/error: .*step \d+.*\n +\w/)
    expect(stderr).toContain('the last good weights are saved in wild.last-good.safetensors')
    expect(code).toBe(1)
    expect((await place.latch(['predict', 'wild.last-good.safetensors', 'hi'])).code).toBe(0)
  })

  it('a rate that ruins the weights in the last update of all saves the weights before it', async () => {
    // One batch, one epoch, nothing held out: no later step shows the weights.
    const once = ['--batch', '64', '--validation', '0', '--engine', 'simd', '--lr', '3e38']
    for (const optimizer of ['adam', 'adamw', 'rmsprop']) {
      const name = `${optimizer}.safetensors`
      const args = ['train', 'good.csv', ...SMALL, ...once, '--optimizer', optimizer, '--out', name]
      const { code, stderr } = await place.latch(args)
      expect(stderr).toMatch(/error: training, epoch 1, step 1 of 1: expected .*finite/)
      expect(code).toBe(1)
      expect((await place.latch(['predict', `${optimizer}.last-good.safetensors`, 'hi'])).code).toBe(0)
      expect((await place.latch(['predict', name, 'hi'])).code).not.toBe(0)
    }
  })

  it('a rate beyond float32 is refused as an option', async () => {
    const { code, stderr } = await place.latch([
      'train',
      'good.csv',
      ...SMALL,
      '--lr',
      '1e300',
      '--engine',
      'simd',
    ])
    expect(stderr).toMatch(/expected a number that float32 can hold.*got 1e\+300\.[^]*--lr 0\.001/)
    expect(code).toBe(2)
  })

  it('a truncated model', async () => {
    writeFileSync(place.path('short.safetensors'), readFileSync(place.path('model.safetensors')))
    truncateSync(place.path('short.safetensors'), 1000)
    const { code, stderr } = await place.latch(['predict', 'short.safetensors', 'hi'])
    expect(stderr).toMatch(/^error: short\.safetensors.*: expected .*, got .*/)
    expect(code).toBe(1)
  })

  it.skipIf(process.getuid?.() === 0)('a folder without write permission', async () => {
    chmodSync(place.path('folder'), 0o500)
    const { code, stderr } = await place.latch(['train', 'good.csv', '--out', 'folder/m.safetensors'])
    expect(stderr).toMatch(/no write permission/)
    expect(code).toBe(1)
  })

  it.skipIf(process.platform !== 'linux')('a folder that takes no file, before training', async () => {
    const { code, stderr } = await place.latch(['train', 'good.csv', '--out', '/proc/m.safetensors'])
    expect(stderr).toMatch(
      /--out \/proc\/m\.safetensors: expected a file in a writable folder, got .* for "\/proc"/,
    )
    expect(stderr).not.toMatch(/epoch/)
    expect(code).toBe(1)
  })
})

describe('skipped data is reported', () => {
  it('rows without text or label are counted', async () => {
    place.write('gaps.csv', `${csv(comments(40))},good\n  ,bad\nno label,\n`)
    const { code, stderr } = await place.latch(['train', 'gaps.csv', ...SMALL])
    expect(code).toBe(0)
    expect(stderr).toContain(
      'note: gaps.csv: skipped 2 rows with an empty text and 1 row with an empty label.',
    )
  })

  it('texts longer than the limit are cut', async () => {
    const { code, stderr } = await place.latch(['train', 'good.csv', ...SMALL, '--max-length', '5'])
    expect(code).toBe(0)
    expect(stderr).toContain('note: 40 texts cut at 5 tokens.')
  })
})
