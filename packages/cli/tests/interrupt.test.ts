/** Ctrl-C: a checkpoint, the command that resumes, and bit-identical results. */
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace, comments, csv, jsonLines } from './cliHelpers.ts'
import type { Ran } from './cliHelpers.ts'

const OPTIONS = '--text comment --label mood --units 24 --epochs 12 --patience off --seed 3'.split(' ')
const LATER = ['--out', 'later.safetensors']

let place: Workplace

beforeAll(() => {
  place = new Workplace()
  place.write('train.csv', csv(comments(1200)))
  place.write('test.csv', csv(comments(20, 2)))
})
afterAll(() => place.remove())

/** Sends a signal as soon as the second epoch is done. */
function interrupted(signal: NodeJS.Signals): Promise<Ran> {
  let sent = false
  return place.latch(['train', 'train.csv', ...OPTIONS, ...LATER, '--test', 'test.csv', '--json'], {
    watch(child, stdout) {
      if (sent || !stdout.includes('"epoch":2')) return
      sent = true
      child.kill(signal)
    },
  })
}

describe('a run that is interrupted', () => {
  it('prints the command that resumes it, with the same bits as an uninterrupted run', async () => {
    const whole = await place.latch(['train', 'train.csv', ...OPTIONS, '--json'])
    expect(whole.code).toBe(0)
    const stopped = await interrupted('SIGINT')
    expect(stopped.code).toBe(130)
    const again =
      'train train.csv --text comment --label mood --test test.csv --epochs 12 --out later.safetensors --resume later.checkpoint.safetensors'
    expect(stopped.stderr).toMatch(new RegExp(`To resume:\\n  node .*latch\\.js ${again}\\n`))
    expect(jsonLines(stopped).at(-1)).toEqual({
      event: 'interrupted',
      checkpoint: 'later.checkpoint.safetensors',
      resume: expect.stringMatching(new RegExp(`^node .*latch\\.js ${again}$`)),
    })
    expect(existsSync(place.path('later.safetensors'))).toBe(false)
    // The model's name follows from the checkpoint's.
    const short = again.replace('--out later.safetensors ', '')
    const resumed = await place.latch([...short.split(' '), '--json'])
    expect(resumed.stderr).toBe('')
    expect(resumed.code).toBe(0)
    const events = jsonLines(resumed)
    // The signal arrives when it arrives: in the third epoch or later.
    expect(events[0]).toMatchObject({ event: 'start', resumed: { epochs: expect.any(Number) } })
    expect((events[0] as { resumed: { epochs: number } }).resumed.epochs).toBeGreaterThanOrEqual(2)
    expect(events.at(-1)).toMatchObject({ event: 'done', epochs: 12, test: { n: 20 } })
    expect(readFileSync(place.path('later.safetensors'))).toEqual(
      readFileSync(place.path('model.safetensors')),
    )
    expect(existsSync(place.path('later.checkpoint.safetensors'))).toBe(false)
  })

  it('keeps its checkpoint, and a new run notes that it exists', async () => {
    expect((await interrupted('SIGTERM')).code).toBe(143)
    const other = await place.latch([
      'train',
      'test.csv',
      ...OPTIONS.slice(0, 4),
      '--resume',
      'later.checkpoint.safetensors',
    ])
    expect(other.stderr).toMatch(/Resume with the same train data/)
    expect(other.code).toBe(1)
    const fresh = await place.latch(['train', 'test.csv', '--epochs', '1', ...LATER])
    expect(fresh.stderr).toContain('later.checkpoint.safetensors of an earlier run will be replaced')
    expect(fresh.code).toBe(0)
  })

  it('asks for the same data if it came from standard input', async () => {
    let sent = false
    const { code, stderr } = await place.latch(
      ['train', '-', ...OPTIONS, '--out', 'piped.safetensors', '--json'],
      {
        input: csv(comments(1200)),
        watch(child, stdout) {
          if (sent || !stdout.includes('"epoch":2')) return
          sent = true
          child.kill('SIGINT')
        },
      },
    )
    expect(code).toBe(130)
    expect(stderr).toMatch(/To resume, with the same data on standard input:\n {2}node .*latch\.js train - /)
  })
})
