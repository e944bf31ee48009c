/** `latch train --log` and `--plot`, and `latch predict --top`. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TrainingLog } from '../../src/training/log.ts'
import { Output } from '../../src/terminal/output.ts'
import { comments, csv, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const at = (name: string) => place.path(name)
const read = (name: string) => readFileSync(at(name), 'utf8')
const TABLE = csv(comments(40))
const QUICK = '--cell bag --text comment --label mood'.split(' ')
const train = (...args: string[]) => place.latch(['train', 'data.csv', ...QUICK, ...args])
const NAMES = [
  'epoch',
  'trainLoss',
  'trainAccuracy',
  'validationLoss',
  'validationAccuracy',
  'learningRate',
  'gradientNorm',
  'seconds',
]

let history: Record<string, unknown>[]
let notes = ''

beforeAll(async () => {
  place.write('data.csv', TABLE)
  const files = '--out m.safetensors --log log.csv --plot plot.svg --epochs 3 --json'.split(' ')
  const ran = await train(...files)
  expect(ran.code).toBe(0)
  notes = ran.stderr
  history = jsonLines(ran).find(({ event }) => event === 'done')!.history as typeof history
  expect(
    (await train(...'--out n.safetensors --log log.jsonl --epochs 3 --validation 0'.split(' '))).code,
  ).toBe(0)
})
afterAll(() => place.remove())

describe('the log', () => {
  it('as CSV has a header and a line for each epoch, with the numbers of the report', () => {
    const [header, ...lines] = read('log.csv').trimEnd().split('\n')
    expect(header).toBe(NAMES.join(','))
    expect(history).toHaveLength(3)
    expect(lines).toEqual(history.map((epoch) => NAMES.map((name) => epoch[name] ?? '').join(',')))
  })

  it('as JSON Lines has the same names; what was not measured is null', () => {
    const epochs = read('log.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(epochs.map((epoch) => Object.keys(epoch))).toEqual([NAMES, NAMES, NAMES])
    expect(epochs.map(({ epoch, validationLoss }) => [epoch, validationLoss])).toEqual([
      [1, null],
      [2, null],
      [3, null],
    ])
  })

  it('goes on where the checkpoint of a resumed run is, and keeps the epochs before', async () => {
    place.write('old.csv', `${NAMES.join(',')}\n1,0.5,,,,0.1,1,2\n2,0.4,,,,0.1,1,2\n3,0.3,,,,0.1,1,2\n`)
    const log = new TrainingLog({ log: at('old.csv') }, new Output({ json: false, quiet: true }))
    log.show({ type: 'start', resumed: { epochs: 2, step: 1 } } as never)
    log.show({ type: 'epoch', epoch: 3, trainLoss: 0.2 } as never)
    await log.finish(undefined)
    expect(read('old.csv')).toBe(`${NAMES.join(',')}\n1,0.5,,,,0.1,1,2\n2,0.4,,,,0.1,1,2\n3,0.2,,,,,,\n`)
  })

  it('that cannot be written is a note, once; so is the plot', async () => {
    mkdirSync(at('gone'))
    const said: string[] = []
    class Heard extends Output {
      override note(words: string): void {
        said.push(words)
      }
    }
    const flags = { log: at('gone/log.csv'), plot: at('gone/plot.svg') }
    const log = new TrainingLog(flags, new Heard({ json: false, quiet: false }))
    rmSync(at('gone'), { recursive: true })
    const epoch = { ...history[0], type: 'epoch' }
    log.show(epoch as never)
    log.show(epoch as never)
    await log.finish({ history: [epoch as never], best: null })
    expect(said.map((words) => words.split(';')[0])).toEqual([
      'cannot write the log',
      'cannot write the plot',
    ])
  })
})

it('the plot is a picture of Latch, and a note says where it is', () => {
  expect(read('plot.svg')).toContain('<title>Training history of 3 epochs</title>')
  expect(notes).toContain('wrote plot.svg: loss and accuracy by epoch.')
})

describe('the files of a run', () => {
  it.each([
    ['--log', 'log.txt', 'a name that ends in .csv or .jsonl'],
    ['--plot', 'plot.png', 'a name that ends in .svg'],
  ])('%s %s is refused before training', async (option, name, why) => {
    const { code, stdout, stderr } = await train(option, name, '--out', 'new.safetensors')
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(why)
    expect(existsSync(at('new.safetensors'))).toBe(false)
  })

  it.each([
    ['--log', 'data.csv', 'the table that this command reads'],
    ['--log', 'table.csv', 'a new file, or a training log written by Latch'],
    ['--plot', 'mine.svg', 'a new file, or an SVG picture written by Latch'],
    ['--log', 'missing/log.csv', 'no folder "missing"'],
  ])('%s %s is not written over', async (option, name, why) => {
    place.write('table.csv', TABLE)
    place.write('mine.svg', '<svg/>')
    const before = existsSync(at(name)) && read(name)
    const { code, stderr } = await train(option, name, '--out', 'new.safetensors')
    expect(code).toBeGreaterThan(0)
    expect(stderr).toContain(why)
    expect(stderr).not.toContain('with `--out`')
    expect(existsSync(at(name)) && read(name)).toBe(before)
    expect(existsSync(at('new.safetensors'))).toBe(false)
  })

  it('replaces a log and a plot of an earlier run, and says so', async () => {
    copyFileSync(at('log.csv'), at('again.csv'))
    const { code, stderr } = await train(
      ...'--out m.safetensors --log again.csv --plot plot.svg --epochs 1'.split(' '),
    )
    expect(code).toBe(0)
    expect(stderr).toContain('again.csv exists and will be replaced')
    expect(read('again.csv').trimEnd().split('\n')).toHaveLength(2)
    expect(read('plot.svg')).toContain('<title>Training history of 1 epoch</title>')
  })
})

describe('predict --top', () => {
  const predict = (...args: string[]) => place.latch(['predict', 'm.safetensors', ...args])

  it('prints labels and probabilities in columns, the likeliest first', async () => {
    const { stdout, code } = await predict('--top', '2', 'a lovely film', 'an awful meal')
    expect(code).toBe(0)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(rows.map(({ length }) => length)).toEqual([5, 5])
    expect(rows.map(([first, , second]) => [first, second].sort())).toEqual([
      ['bad', 'good'],
      ['bad', 'good'],
    ])
    expect(
      rows.map(([, p, , q]) => [Number(p) >= Number(q), Math.abs(Number(p) + Number(q) - 1) < 1e-6]),
    ).toEqual([
      [true, true],
      [true, true],
    ])
  })

  it('has as many columns for a row that cannot be read', async () => {
    const { stdout } = await place.latch(['predict', 'm.safetensors', '--top', '5'], {
      input: new Uint8Array([...Buffer.from('fine\n'), 0xff, 0xfe, 0xfd, 10]),
    })
    const lengths = stdout
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.split('\t').length)
    expect(lengths).toEqual([5, 5])
  })

  it('adds `top` to JSON', async () => {
    const [one] = jsonLines(await predict('--top', '1', '--json', 'a lovely film'))
    const { label, probabilities, top } = one as Record<string, never>
    expect(top).toEqual([{ label, probability: probabilities[label] }])
    expect(jsonLines(await predict('--json', 'a lovely film'))[0]).not.toHaveProperty('top')
  })

  it.each(['0', '-1', '1.5', 'two'])('refuses %s', async (top) => {
    const { code, stderr } = await predict(`--top=${top}`, 'a film')
    expect(code).toBe(2)
    expect(stderr).toContain('--top')
  })
})
