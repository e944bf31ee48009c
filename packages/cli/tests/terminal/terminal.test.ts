/** What a terminal sees: its width, the live line of a measurement, Ctrl-C, and what to type next. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { evaluateWithProgress, type Evaluated } from '../../src/training/evaluation.ts'
import { Output } from '../../src/terminal/output.ts'
import { LiveLine } from '../../src/training/progress.ts'
import { displayWidth, fit } from '../../src/terminal/glyphWidth.ts'
import { programName } from '../../src/terminal/programName.ts'
import { drawSummary } from '../../src/training/summary.ts'
import type { Summary } from '../../src/training/summary.ts'
import type { ModelEvaluateOptions as Options } from '../../../latch/src/node.ts'

const ROWS = { rows: [{ text: 'a', label: 'b' }], columns: { text: 'text', label: 'label' } }
const RESULT = { accuracy: 1 } as never

let written = ''

/** Both streams as a terminal of so many columns. */
function terminal(columns: number): Output {
  for (const stream of [process.stdout, process.stderr]) {
    Object.defineProperty(stream, 'isTTY', { value: true, configurable: true })
    Object.defineProperty(stream, 'columns', { value: columns, configurable: true })
  }
  return new Output({ json: false, quiet: false })
}

function modelThat(evaluate: (options: Options) => unknown): Evaluated {
  return {
    columns: { input: 'text', target: 'label' },
    evaluate: (async (_rows: unknown, options: Options = {}) =>
      evaluate(options)) as unknown as Evaluated['evaluate'],
  }
}

beforeEach(() => {
  written = ''
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.stubEnv('COLUMNS', '')
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
})
afterEach(() => {
  for (const stream of [process.stdout, process.stderr]) {
    Reflect.deleteProperty(stream, 'isTTY')
    Reflect.deleteProperty(stream, 'columns')
  }
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

describe('a terminal that reports 0 columns has 80', () => {
  it('for results and notes', () => {
    const output = terminal(0)
    expect(output.width).toBe(80)
    output.note('eight words that are well within one line')
    expect(written.trimEnd().split('\n')).toHaveLength(1)
  })

  it('for the live line', () => {
    const live = new LiveLine(terminal(0))
    vi.setSystemTime(Date.now() + 1000)
    live.draw((width) => `width ${width}`)
    expect(written).toContain('width 79')
  })
})

describe('an evaluation', () => {
  it('shows its progress after a delay, and clears the line', async () => {
    const model = modelThat(({ onProgress }) => {
      onProgress?.(0.1)
      vi.setSystemTime(Date.now() + 1000)
      onProgress?.(0.42)
      return RESULT
    })
    expect(await evaluateWithProgress(model, ROWS, terminal(80))).toBe(RESULT)
    expect(written).toContain('evaluating')
    expect(written).toContain('42%')
    expect(written).not.toContain('10%')
    expect(written.endsWith('\r\u001b[K')).toBe(true)
  })

  it('ends at Ctrl-C with its exit code', async () => {
    const before = process.exitCode
    const listening = process.listenerCount('SIGINT')
    const model = modelThat(({ signal }) => {
      process.emit('SIGINT')
      signal?.throwIfAborted()
      return RESULT
    })
    expect(await evaluateWithProgress(model, ROWS, terminal(80))).toBeUndefined()
    expect(process.exitCode).toBe(130)
    process.exitCode = before
    expect(written).toContain('Stopping')
    expect(process.listenerCount('SIGINT')).toBe(listening)
  })

  it('rethrows every other error', async () => {
    const model = modelThat(() => {
      throw new Error('no memory')
    })
    await expect(evaluateWithProgress(model, ROWS, terminal(80))).rejects.toThrow('no memory')
  })
})

describe('one of a thing', () => {
  it('is a row, a token, an epoch; a higher training loss is explained', () => {
    const report = { trainSize: 1, labels: ['a'], vocabulary: 1, parameters: 1, epochs: 1, seconds: 1 }
    const columns = { text: 'text', label: 'label' }
    const more = { stopped: 'epochs', best: { epoch: 1, accuracy: 1, loss: 0.1 }, validationSize: 1 }
    const summaryWith = (trainLoss: number) => ({
      cell: 'lstm',
      report: { ...report, ...more, history: [{ trainLoss }] },
      path: 'm',
      sample: 'a',
      data: '-',
      columns,
      reading: {},
    })
    const draw = (trainLoss: number) =>
      drawSummary(summaryWith(trainLoss) as unknown as Summary, terminal(0).colors, 300)
    const drawn = draw(0.1)
    expect(drawn).toMatch(/on 1 row, 1 label, 1 token, 1 parameter \(1 epoch, .*\n.* on 1 validation row\./)
    expect(drawn).not.toContain('dropout')
    expect(draw(0.2)).toContain(
      'The training loss is higher because dropout and label smoothing apply to it alone.',
    )
  })
})

describe('what to type is', () => {
  let folder: string

  beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), 'latch-name-')))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function script(...path: string[]): string {
    const file = join(folder, ...path, 'packages', 'cli', 'dist', 'latch.js')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '')
    return file
  }

  it('npx latch in a clone, and the script from elsewhere', () => {
    const file = script('clone')
    const clone = join(folder, 'clone')
    expect(programName({ script: file, folder: clone, npm: undefined })).toBe('npx latch')
    expect(programName({ script: file, folder: join(clone, 'dist'), npm: undefined })).toBe('npx latch')
    expect(programName({ script: file, folder, npm: undefined })).toBe(`node ${file}`)
  })

  it('latch where it is installed, npx latch where npx runs it', () => {
    const link = join(folder, 'latch')
    symlinkSync(script('lib', 'node_modules', 'latch'), link)
    expect(programName({ script: link, folder, npm: undefined })).toBe('latch')
    expect(programName({ script: link, folder, npm: 'exec' })).toBe('npx latch')
  })
})

describe('a very long label', () => {
  it.each(['a', 'é\u0301', '漢', '\u0301'])('of %j is cut for the terminal, and at once', (sign) => {
    const label = sign.repeat(170_000 / sign.length)
    const start = performance.now()
    expect(fit(label, 12).length).toBeLessThanOrEqual(64 * 12 + 1)
    displayWidth(label)
    expect(performance.now() - start).toBeLessThan(3000)
  })

  it('a short one is whole', () => {
    expect(fit('漢字', 4)).toBe('漢字')
    expect(fit('漢字', 3)).toBe('漢…')
    expect(displayWidth('é漢'.repeat(3000))).toBe(9000)
  })
})
