/** Where `latch` saves: refused before any work if it cannot, one run per model file, and nothing lost. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comments, csv, json, jsonLines, Workplace } from './cliHelpers.ts'

const place = new Workplace()
const at = (name: string) => place.path(name)
const COLUMNS = ['--text', 'comment', '--label', 'mood']
const QUICK = ['--cell', 'bag', '--epochs', '1']
const SLOW = ['--units', '24', '--epochs', '500', '--patience', 'off', '--checkpoint-every', '0.05']
const train = (...args: string[]) => place.latch(['train', 'data.csv', ...COLUMNS, ...args])

beforeAll(async () => {
  place.write('data.csv', csv(comments(400)))
  expect((await train(...QUICK, '--cell', 'lstm', '--units', '4', '--out', 'done.safetensors')).code).toBe(0)
})
afterAll(() => place.remove())

describe('an output that cannot be written', () => {
  const commands = {
    train: ['train', 'data.csv', ...COLUMNS, ...QUICK],
    import: ['import', 'done.safetensors'],
    export: ['export', 'done.safetensors', '--to', 'onnx'],
    'export to a folder': ['export', 'done.safetensors', '--to', 'tfjs'],
  }
  const outputs: [string, string, string][] = [
    ['an empty name', '', 'an empty name'],
    ['a name over 255 bytes', `${'é'.repeat(130)}.safetensors`, 'a name that is too long'],
    ['a link to nothing', 'dangling', 'a link to "nowhere", which does not exist'],
    ['a file as folder', 'data.csv/m.safetensors', '"data.csv", which is a file'],
  ]
  for (const [command, args] of Object.entries(commands)) {
    it.each(outputs)(`${command} refuses %s before any work`, async (_, out, message) => {
      if (!existsSync(at('dangling')) && !lstatSync(at('dangling'), { throwIfNoEntry: false })) {
        symlinkSync('nowhere', at('dangling'))
      }
      const before = readdirSync(place.folder)
      const { code, stdout, stderr } = await place.latch([...args, '--out', out])
      expect(stderr).toContain(message)
      expect([code === 0, stdout]).toEqual([false, ''])
      expect(readdirSync(place.folder)).toEqual(before)
    })
  }

  it('inspect refuses the same', async () => {
    for (const [, out, message] of outputs.slice(0, 3)) {
      const ran = await place.latch(['inspect', 'done.safetensors', 'a lovely film', '--svg', out])
      expect(ran.stderr).toContain(message)
      expect(ran.code).not.toBe(0)
    }
  })
})

describe('two runs with one model file', () => {
  /** Starts a run and calls `during` once it has written a checkpoint; then ends the run. */
  async function during(out: string[], action: () => Promise<void>, signal: NodeJS.Signals = 'SIGINT') {
    let done: Promise<void> | undefined
    const ran = await place.latch(['train', 'data.csv', ...COLUMNS, ...SLOW, ...out, '--json'], {
      watch(child, stdout) {
        if (done || !stdout.includes('"epoch":2')) return
        done = action().finally(() => child.kill(signal))
      },
    })
    await done
    return ran
  }

  it('refuses the second one while the first is running, by any name of the file', async () => {
    mkdirSync(at('real'))
    symlinkSync('real', at('alias'))
    const first = await during(['--out', 'real/m.safetensors'], async () => {
      for (const out of ['real/m.safetensors', 'alias/m.safetensors']) {
        const second = await train(...QUICK, '--out', out)
        expect(second.stderr).toContain('of a run that is active (process')
        expect(second.stderr).toContain('choose another file with `--out`')
        expect(second.code).toBe(2)
      }
    })
    expect(first.code).toBe(130)
    expect(readdirSync(at('real'))).toEqual(['m.checkpoint.safetensors'])
  })

  it('gives the second one the next default name', async () => {
    await during([], async () => {
      const second = json(
        await train(...QUICK, '--json', '--quiet').then((ran) => ({
          ...ran,
          stdout: `${ran.stdout.trim().split('\n').at(-1)}\n`,
        })),
      )
      expect(second).toMatchObject({ event: 'done', model: 'model-2.safetensors' })
    })
    expect(existsSync(at('model.lock')) || existsSync(at('model-2.lock'))).toBe(false)
  })

  it('removes the lock of a run that was killed, and says so', async () => {
    const killed = await during(['--out', 'killed.safetensors'], () => Promise.resolve(), 'SIGKILL')
    expect(killed.code).toBe(null)
    expect(readFileSync(at('killed.lock'), 'utf8')).toMatch(/^process \d+ on host .*, since 2/)
    const next = await train(...QUICK, '--out', 'killed.safetensors')
    expect(next.stderr).toContain('belonged to a run that has ended, and was removed')
    expect(next.code).toBe(0)
    expect(existsSync(at('killed.lock'))).toBe(false)
  })

  it('never removes any other file', async () => {
    place.write('notes.lock', 'my notes')
    const { code, stderr } = await train(...QUICK, '--out', 'notes.safetensors')
    expect(stderr).toMatch(
      /notes\.lock: expected the lock file of another `latch train`, or none, got another file/,
    )
    expect(code).toBe(2)
    expect(readFileSync(at('notes.lock'), 'utf8')).toBe('my notes')
  })

  it('a run that lost its files to another one saves beside them', async () => {
    const args = ['--units', '24', '--epochs', '4', '--patience', 'off', '--out', 'lost.safetensors']
    let taken = false
    const ran = await place.latch(['train', 'data.csv', ...COLUMNS, ...args, '--json'], {
      watch(_, stdout) {
        if (taken || !stdout.includes('"epoch":1')) return
        taken = true
        rmSync(at('lost.lock'))
        writeFileSync(at('lost.safetensors'), '')
      },
    })
    expect(ran.stderr).toContain(
      'another run took over lost.safetensors; this model is saved in lost-2.safetensors',
    )
    expect(jsonLines(ran).at(-1)).toMatchObject({ event: 'done', model: 'lost-2.safetensors' })
    expect(readFileSync(at('lost.safetensors')).length).toBe(0)
  })
})

describe('a checkpoint that cannot be written', () => {
  it('is one note; training goes on and saves its model', async () => {
    mkdirSync(at('place.checkpoint.safetensors'))
    const args = [
      '--units',
      '24',
      '--epochs',
      '6',
      '--checkpoint-every',
      '0.05',
      '--out',
      'place.safetensors',
    ]
    const { code, stderr } = await train(...args)
    expect(stderr.match(/cannot write a checkpoint; training goes on/g)).toHaveLength(1)
    expect(code).toBe(0)
    expect(existsSync(at('place.safetensors'))).toBe(true)
  })

  it.each([
    ['SIGHUP', 129],
    ['SIGTERM', 143],
  ] as const)('%s writes one, or says that there is none', async (signal, code) => {
    const stopped = async (out: string) => {
      let sent = false
      return place.latch(['train', 'data.csv', ...COLUMNS, ...SLOW, '--out', out, '--json'], {
        watch(child, stdout) {
          if (sent || !stdout.includes('"epoch":1')) return
          sent = true
          child.kill(signal)
        },
      })
    }
    const good = await stopped(`${signal}.safetensors`)
    expect(good.code).toBe(code)
    expect(jsonLines(good).at(-1)).toMatchObject({ checkpoint: `${signal}.checkpoint.safetensors` })
    const bad = await stopped('place.safetensors')
    expect(bad.code).toBe(code)
    expect(jsonLines(bad).at(-1)).toMatchObject({ event: 'interrupted', checkpoint: null })
    expect(bad.stderr).toContain('Stopped without a checkpoint')
  })
})

/** Whether this process may mount a small disk. */
const mayMount = spawnSync('unshare', ['-m', 'true']).status === 0

describe.skipIf(!mayMount)('a small disk', () => {
  it('holds the model at least, though checkpoints do not fit beside it', () => {
    mkdirSync(at('disk'), { recursive: true })
    const script = [
      `mount -t tmpfs -o size=SIZE tmpfs disk`,
      `"$0" "$1" train data.csv ${COLUMNS.join(' ')} --units 24 --epochs 6 --checkpoint-every 0.05 --out disk/m.safetensors 2>&1`,
      'echo "code $?"; ls disk; wc -c < disk/m.safetensors',
    ].join('\n')
    const size = (bytes: string) =>
      execFileSync('unshare', ['-m', 'sh', '-c', script.replace('SIZE', bytes), process.execPath, program], {
        cwd: place.folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    const out = size('160k')
    expect(out).toContain('cannot write a checkpoint; training goes on')
    expect(out).toContain('code 0')
    expect(out).toMatch(/^m\.safetensors$/m)
    expect(out).not.toMatch(/^m\.checkpoint/m)
    expect(out.match(/cannot write/g)).toHaveLength(1)
  })
})

const program = process.env.LATCH_CLI ?? `${import.meta.dirname}/../dist/latch.js`

describe('standard output on a full disk', () => {
  it.skipIf(!existsSync('/dev/full'))('is an error with its reason', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', '"$0" "$1" predict done.safetensors "a lovely film" > /dev/full', process.execPath, program],
      { cwd: place.folder, encoding: 'utf8' },
    )
    expect(stderr).toContain('cannot write to standard output')
    expect(status).toBe(1)
  })
})
