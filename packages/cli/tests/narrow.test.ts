/** A terminal of 40 columns: help, tables, progress and messages fit. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest'
import { maximum } from 'latch/inspection'
import { Workplace, comments, csv } from './cliHelpers.ts'
import { displayWidth } from '../src/terminal/glyphWidth.ts'
import { wrapHelp } from '../src/terminal/helpText.ts'
import { Output } from '../src/terminal/output.ts'
import { TrainingProgress } from '../src/training/progress.ts'
import { drawTable } from '../src/training/reports.ts'

const COLUMNS = { COLUMNS: '40' }
const widest = (text: string): number => maximum(text.split('\n').map(displayWidth))

let place: Workplace

beforeAll(async () => {
  place = new Workplace()
  place.write('data.csv', csv(comments(40)))
  const quick = '--epochs 2 --units 4 --embedding 4 --text comment --label mood --out m.safetensors'
  const { code, stderr } = await place.latch(['train', 'data.csv', ...quick.split(' ')])
  if (code !== 0) throw new Error(stderr)
})
afterAll(() => place.remove())

describe('with COLUMNS=40', () => {
  it.each(['', 'train', 'predict', 'compare', 'import', 'studio'])('help %s', async (command) => {
    const { code, stdout } = await place.latch([...(command ? [command] : []), '--help'], { env: COLUMNS })
    expect(code).toBe(0)
    // Usage lines, terms and words in quotes are not broken.
    const lines = stdout.split('\n').filter((line) => !/^Usage|^ {2}[-\w].*[<[]|words=|"|='|JSON/.test(line))
    expect(widest(lines.join('\n'))).toBeLessThanOrEqual(40)
  })

  it.each([
    ['evaluate', 'm.safetensors', 'data.csv', '--text', 'comment', '--label', 'mood'],
    ['info', 'm.safetensors'],
    ['inspect', 'm.safetensors', 'the film was lovely'],
    ['compare', 'data.csv', '--text', 'comment', '--label', 'mood', '--cell', 'bag', '--epochs', '1'],
  ])('%s', async (...args) => {
    const { code, stdout } = await place.latch(args, { env: COLUMNS })
    expect(code).toBe(0)
    expect(widest(stdout)).toBeLessThanOrEqual(40)
  })
})

it('a table leaves out its least columns', () => {
  const colors = new Output({ json: false, quiet: true }).colors
  const rows = [['long name', '1', '2', '3']]
  const draw = (width: number) =>
    drawTable(rows, { head: ['a', 'b', 'c', 'd'], colors, width, drop: [1, 3] })
      .split('\n')[0]
      .split(/ +/)
  expect([draw(18), draw(17), draw(14), draw(1)]).toEqual([
    ['a', 'b', 'c', 'd'],
    ['a', 'c', 'd'],
    ['a', 'c'],
    ['a', 'c'],
  ])
})

it('commands of help go on behind a backslash, and words in quotes are whole', () => {
  const text = 'Prose that is\nlonger than twenty.\n\nExamples:\n  $ latch predict m "a b c d e f"'
  expect(wrapHelp(text, 24).split('\n')).toEqual([
    'Prose that is longer',
    'than twenty.',
    '',
    'Examples:',
    '  $ latch predict m \\',
    '      "a b c d e f"',
  ])
})

describe('on a terminal of 40 columns', () => {
  let written = ''
  beforeEach(() => {
    written = ''
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written += String(text)
      return true
    })
    Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true })
    Object.defineProperty(process.stderr, 'columns', { value: 40, configurable: true })
  })
  afterEach(() => {
    vi.restoreAllMocks()
    Reflect.deleteProperty(process.stderr, 'isTTY')
    Reflect.deleteProperty(process.stderr, 'columns')
  })

  it('the engine and the epochs', () => {
    const progress = new TrainingProgress(new Output({ json: false, quiet: false }))
    progress.show({ type: 'start', engine: 'relaxed', precision: 'float32', threads: 2 } as never)
    const numbers = {
      trainLoss: 0.5,
      trainAccuracy: 1,
      validationLoss: 0.5,
      validationAccuracy: 1,
      seconds: 1,
    }
    progress.show({ type: 'epoch', epoch: 30, epochs: 30, ...numbers, best: true } as never)
    expect(widest(written)).toBeLessThanOrEqual(40)
    expect(written).toContain('engine relaxed, float32, up to 2 threads')
    expect(written).toMatch(/val\. acc\./)
  })

  it('errors', () => {
    new Output({ json: false, quiet: false }).error(
      `${'a few words '.repeat(9)}`,
      'Do what is said here, all of it',
    )
    expect(widest(written)).toBeLessThanOrEqual(40)
  })
})

it('words without quotes are answered one by one, and a note says how to make them one text', async () => {
  const { stderr, stdout } = await place.latch(['predict', 'm.safetensors', 'I', 'love', 'you'])
  expect(stderr).toMatch(/note: 3 texts of one word each; for one text, quote it: .* 'I love you'/)
  expect(stdout.trim().split('\n')).toHaveLength(3)
  expect((await place.latch(['predict', 'm.safetensors', 'I love you', 'well done'])).stderr).toBe('')
})

it.skipIf(process.platform !== 'linux')(
  'a full disk behind standard output is said, with exit code 1',
  async () => {
    const { openSync, closeSync } = await import('node:fs')
    const { spawnSync } = await import('node:child_process')
    const full = openSync('/dev/full', 'w')
    const program = new URL('../dist/latch.js', import.meta.url).pathname
    for (const args of [['--help'], ['info', '--json'], ['train', '--help']]) {
      const ran = spawnSync(process.execPath, [program, ...args], { stdio: ['ignore', full, 'pipe'] })
      expect(String(ran.stderr)).toMatch(/cannot write to standard output: ENOSPC/)
      expect(ran.status).toBe(1)
    }
    closeSync(full)
  },
)
