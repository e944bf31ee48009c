/**
 * Full and read-only disks, users without rights, mounted files, links and two containers: a command says why it cannot
 * save, and every file of the user stays whole. What this machine does not allow (mounts, other users) is skipped.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataError, type TextClassifier } from 'latch'
import { saveModel, type Job } from '../src/training/run.ts'
import { savedPaths } from '../src/training/savedPaths.ts'
import { comments, csv, Workplace } from './cliHelpers.ts'

const program = process.env.LATCH_CLI ?? join(import.meta.dirname, '..', 'dist', 'latch.js')
const place = new Workplace()
const at = (name: string) => place.path(name)
const TRAIN = ['train', 'data.csv', '--text', 'comment', '--label', 'mood', '--units', '4']
const QUICK = [...TRAIN, '--epochs', '1']
const SLOW = [...TRAIN, '--units', '24', '--epochs', '8', '--patience', 'off', '--checkpoint-every', '0.02']
const latch = (...args: string[]) => place.latch(args)
let model: Buffer

beforeAll(async () => {
  place.write('data.csv', csv(comments(200)))
  expect((await latch(...QUICK, '--out', 'model.safetensors')).code).toBe(0)
  model = readFileSync(at('model.safetensors'))
})
afterAll(() => place.remove())

const succeeds = (command: string, args: readonly string[]) => spawnSync(command, args).status === 0
/** Whether this process may mount disks of its own. */
const mayMount = succeeds('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'])
const mayContain =
  succeeds('unshare', ['--pid', '--uts', '--fork', 'hostname', 'box']) && succeeds('pkill', ['--version'])
/** How to run as a user without rights. */
const AS_NOBODY =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : ['env']
const mayDrop = succeeds(AS_NOBODY[0], [...AS_NOBODY.slice(1), process.execPath, program, '--help'])

/** Runs lines of a shell with mounts of its own, in which `latch` is the command line. */
function shell(...lines: string[]): string {
  const script = [
    `latch() { "${process.execPath}" "${program}" "$@" 2>&1 && c=0 || c=$?; echo "code $c"; }`,
    ...lines,
  ]
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-ec', script.join('\n')], {
    cwd: place.folder,
    encoding: 'utf8',
    env: { ...process.env, npm_command: '' },
  })
  expect(stderr).toBe('')
  return stdout
}

describe.skipIf(!mayMount)('a full disk', () => {
  /** A disk with an old model and so many free bytes. */
  const disk = (free: string) => [
    'mkdir -p disk && mount -t tmpfs -o size=256k tmpfs disk',
    'cp model.safetensors disk/m.safetensors && cp model.safetensors disk/m.onnx',
    `head -c 1000000 /dev/zero > disk/filler 2>/dev/null || true; truncate -s -${free} disk/filler`,
  ]

  it.each([
    ['export', 'latch export model.safetensors --to onnx --out disk/m.onnx --force'],
    ['export', 'latch export model.safetensors --to keras --out disk/new.keras'],
    ['export to a folder', 'latch export model.safetensors --to tfjs --out disk/web'],
    ['import', 'latch import model.safetensors --out disk/m.safetensors'],
    ['inspect', 'latch inspect model.safetensors "a lovely film" --svg disk/picture.svg'],
    ['train', `latch ${QUICK.join(' ')} --out disk/m.safetensors`],
  ])('%s says so and leaves the old file: %s', (_, command) => {
    const out = shell(...disk('4096'), command, 'cmp model.safetensors disk/m.safetensors', 'ls -A disk')
    expect(out).toMatch(/got a full disk/)
    expect(out).toContain('code 1')
    const left = out.slice(out.indexOf('code 1')).split('\n').slice(1).filter(Boolean)
    expect(left.filter((name) => name !== 'web')).toEqual(['filler', 'm.onnx', 'm.safetensors'])
  })
})

describe('a model that does not fit even where its checkpoint was', () => {
  it('leaves the checkpoint as it was, and the command that goes on from it', async () => {
    place.write('full.checkpoint.safetensors', 'all that was learned')
    const lines: string[] = []
    const cause = Object.assign(new Error('full'), { code: 'ENOSPC' })
    const full = new DataError({ where: 'full', expected: 'space', got: 'a full disk' }, { cause })
    const job = {
      paths: savedPaths(at('full.safetensors')),
      lock: { isHeld: async () => true },
      output: { log: (line: string) => lines.push(line) },
      resumeCommand: 'latch train …',
      hasCheckpoint: true,
    } as unknown as Job
    const unsaved = { save: () => Promise.reject(full) } as unknown as TextClassifier
    await expect(saveModel(unsaved, job)).rejects.toBe(full)
    expect(readFileSync(at('full.checkpoint.safetensors'), 'utf8')).toBe('all that was learned')
    expect(lines.join()).toMatch(/could not be saved; the last checkpoint is .*\n {2}latch train …/)
  })
})

describe.skipIf(!mayMount)('a read-only disk', () => {
  it.each([
    ['train', `latch ${QUICK.join(' ')} --out disk/new.safetensors`],
    ['export', 'latch export model.safetensors --to tfjs --out disk/web'],
    ['import', 'latch import model.safetensors --out disk/m.safetensors'],
    ['inspect', 'latch inspect model.safetensors "a lovely film" --png disk/picture.png'],
  ])('%s refuses it before any work', (_, command) => {
    const out = shell(
      'mkdir -p disk && mount -t tmpfs tmpfs disk && cp model.safetensors disk/m.safetensors',
      'mount -o remount,ro disk',
      command,
    )
    expect(out).toMatch(/expected a file in a writable folder, got\s+a read-only disk/)
    expect(out).toContain('code 1')
    expect(out).not.toContain('epoch')
  })

  it('reads what is on it', () => {
    const out = shell(
      'mkdir -p disk && mount -t tmpfs tmpfs disk && cp model.safetensors disk/m.safetensors',
      'mount -o remount,ro disk',
      'latch predict disk/m.safetensors "a lovely film"',
    )
    expect(out).toContain('code 0')
  })
})

describe.skipIf(!mayMount)('a file that is mounted by itself', () => {
  it('is refused before any work, since no save can replace it', () => {
    const out = shell(
      'cp model.safetensors "mounted here" && cp model.safetensors source',
      'mount --bind source "mounted here"',
      `latch ${QUICK.join(' ')} --out "mounted here"`,
      'cmp model.safetensors "mounted here"',
    )
    expect(out).toContain('a file that is mounted by itself')
    expect(out).toContain('code 1')
    expect(out).not.toContain('epoch')
  })
})

describe.skipIf(!mayDrop)('a folder without write permission', () => {
  const asNobody = (...args: string[]) =>
    spawnSync(AS_NOBODY[0], [...AS_NOBODY.slice(1), process.execPath, program, ...args], {
      cwd: place.folder,
      encoding: 'utf8',
    })

  it('is refused before any work, and so is a read-only file', () => {
    chmodSync(place.folder, 0o755)
    mkdirSync(at('closed'))
    copyFileSync(at('model.safetensors'), at('closed/m.safetensors'))
    chmodSync(at('closed/m.safetensors'), 0o444)
    chmodSync(at('closed'), 0o555)
    for (const out of ['closed/new.safetensors', 'closed/m.safetensors']) {
      for (const args of [QUICK, ['import', 'model.safetensors']]) {
        const { status, stdout, stderr } = asNobody(...args, '--out', out)
        expect(stderr).toContain('got no write permission')
        expect([status, stdout]).toEqual([1, ''])
      }
    }
    expect(readFileSync(at('closed/m.safetensors'))).toEqual(model)
    expect(readdirSync(at('closed'))).toEqual(['m.safetensors'])
  })
})

describe('links', () => {
  it('a checkpoint that links to the model, or is a finished model, is refused', async () => {
    copyFileSync(at('model.safetensors'), at('a.safetensors'))
    symlinkSync('a.safetensors', at('a.checkpoint.safetensors'))
    const linked = await latch(...QUICK, '--out', 'a.safetensors')
    expect(linked.stderr).toContain('the file of --out a.safetensors')
    copyFileSync(at('model.safetensors'), at('b.checkpoint.safetensors'))
    const finished = await latch(...QUICK, '--out', 'b.safetensors')
    expect(finished.stderr.replaceAll(/\s+/g, ' ')).toContain(
      'the checkpoint b.checkpoint.safetensors: expected a new file, or a checkpoint written by Latch, got another file',
    )
    expect([linked.code, finished.code]).toEqual([2, 2])
    for (const name of ['a.safetensors', 'b.checkpoint.safetensors'])
      expect(readFileSync(at(name))).toEqual(model)
  })

  it('a lock that links to nothing, or is a folder, ends the command', async () => {
    symlinkSync('nowhere', at('c.lock'))
    mkdirSync(at('d.lock'))
    for (const name of ['c', 'd']) {
      const { code, stderr } = await latch(...QUICK, '--out', `${name}.safetensors`)
      expect(stderr).toContain('expected the lock file of another `latch train`, or none, got another file')
      expect(code).toBe(2)
    }
  })

  it('--out through a link replaces what it links to, other names of the old file keep it', async () => {
    mkdirSync(at('far'))
    copyFileSync(at('model.safetensors'), at('far/e.safetensors'))
    symlinkSync('far/e.safetensors', at('e.safetensors'))
    linkSync(at('far/e.safetensors'), at('kept.safetensors'))
    expect((await latch(...QUICK, '--seed', '9', '--out', 'e.safetensors')).code).toBe(0)
    expect(readFileSync(at('far/e.safetensors'))).not.toEqual(model)
    expect(readFileSync(at('kept.safetensors'))).toEqual(model)
    expect(readdirSync(at('far'))).toEqual(['e.safetensors'])
  })

  it('last good weights replace no file', async () => {
    copyFileSync(at('model.safetensors'), at('f.last-good.safetensors'))
    const wild = ['--optimizer', 'sgd', '--lr', '1e38', '--clip', 'off', '--engine', 'simd']
    const { code, stderr } = await latch(...TRAIN, ...wild, '--batch', '8', '--out', 'f.safetensors')
    expect(code).toBe(1)
    expect(stderr).toContain('the last good weights are saved in f.last-good-2.safetensors')
    expect(readFileSync(at('f.last-good.safetensors'))).toEqual(model)
  })
})

describe.skipIf(!mayContain)('two containers with the same host name and process number', () => {
  /** A process that is number 1 of a host of that name. */
  function contained(...args: string[]) {
    const script = 'hostname box; exec "$@"'
    const inside = ['--pid', '--uts', '--fork', '--kill-child', 'sh', '-c', script, 'sh', process.execPath]
    const child = spawn('unshare', [...inside, ...args], { cwd: place.folder })
    const ran = {
      child,
      stderr: '',
      code: new Promise<number | null>((done) => void child.on('close', done)),
    }
    child.stderr.on('data', (text) => (ran.stderr += String(text)))
    return ran
  }

  it('train to one file: the second is refused, the first one goes on and saves', async () => {
    const args = [program, ...SLOW, '--epochs', '1000000', '--out', 'shared.safetensors']
    const runs = [contained(...args), contained(...args)]
    const [refused, active] = await Promise.race(
      [runs, [...runs].reverse()].map((both) => both[0].code.then(() => both)),
    )
    expect(await refused.code).toBe(2)
    expect(refused.stderr).toContain('(process 1 on host box')
    spawnSync('pkill', ['-INT', '-P', String(active.child.pid)])
    expect(await active.code).toBe(130)
    expect((await latch('info', 'shared.checkpoint.safetensors')).code).toBe(0)
    expect(
      readdirSync(place.folder).filter((name) => /^shared\.(?!checkpoint\.safe)|\.tmp$/.test(name)),
    ).toEqual([])
  })

  it('save to one file at the same time: it is always whole', async () => {
    const saver = join(import.meta.dirname, '..', '..', '..', 'scripts', 'kill', 'saver.mjs')
    expect((await latch(...QUICK, '--seed', '9', '--out', 'other.safetensors')).code).toBe(0)
    const models = [at('model.safetensors'), at('other.safetensors')]
    const runs = [0, 1].map(() => contained(saver, 'latch', at('both.safetensors'), ...models))
    await Promise.all(runs.map(({ child }) => new Promise((done) => child.stdout.once('data', done))))
    const whole = models.map((name) => readFileSync(name))
    for (let i = 0; i < 50; i++) {
      const found = readFileSync(at('both.safetensors'))
      expect(whole.some((bytes) => bytes.equals(found))).toBe(true)
      await sleep(5)
    }
    for (const { child } of runs) child.kill('SIGKILL')
    await Promise.all(runs.map(({ code }) => code))
    expect(runs.map(({ stderr }) => stderr)).toEqual(['', ''])
  })
})
