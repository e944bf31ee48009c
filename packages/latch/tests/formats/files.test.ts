/** Saving in one step and reading with errors that name the path, on a real disk, a full one and a failing one. */
import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import ts from 'typescript'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { DataError } from '../../src/core/errors.ts'
import { readFileBytes, writeFileAtomic } from '../../src/formats/fileNode.ts'
import { decodeModel, encodeModel } from '../../src/formats/latch/modelFile.ts'
import type { SavingCalls, WritableFile } from '../../src/formats/fileNode.ts'

const temporary = fs.mkdtempSync(join(tmpdir(), 'latch-files-'))
const OLD = Uint8Array.of(1, 2, 3)
const NEW = new Uint8Array(100_000).fill(7)
let folder: string
let file: string

beforeEach(() => {
  folder = fs.mkdtempSync(join(temporary, 'case-'))
  file = join(folder, 'model.safetensors')
})

afterAll(() => fs.rmSync(temporary, { recursive: true, force: true }))

async function refusal(action: Promise<unknown>): Promise<DataError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DataError)
  return error as DataError
}

describe('saving', () => {
  it('writes a new file and replaces an old one, leaving nothing else', async () => {
    await writeFileAtomic(file, OLD)
    expect(await readFileBytes(file)).toEqual(OLD)
    await writeFileAtomic(file, NEW)
    expect(await readFileBytes(file)).toEqual(NEW)
    await writeFileAtomic(file, new Uint8Array())
    expect(await readFileBytes(file)).toEqual(new Uint8Array())
    expect(fs.readdirSync(folder)).toEqual(['model.safetensors'])
  })

  it('keeps permissions and follows links', async () => {
    fs.writeFileSync(file, OLD)
    fs.chmodSync(file, 0o600)
    const link = join(folder, 'latest')
    fs.symlinkSync(file, link)
    await writeFileAtomic(link, NEW)
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true)
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(await readFileBytes(file)).toEqual(NEW)
  })

  it('is as private as the old file while it is written', async () => {
    fs.writeFileSync(file, OLD)
    fs.chmodSync(file, 0o600)
    let meanwhile = 0
    function* chunks() {
      const temporaryFile = fs.readdirSync(folder).find((name) => name.endsWith('.tmp'))
      meanwhile = fs.statSync(join(folder, temporaryFile!)).mode & 0o777
      yield NEW
    }
    await writeFileAtomic(file, chunks())
    expect([meanwhile, fs.statSync(file).mode & 0o777]).toEqual([0o600, 0o600])
  })

  it.skipIf(process.getuid?.() !== 0)('keeps the owner of the old file', async () => {
    fs.writeFileSync(file, OLD)
    fs.chownSync(file, 65534, 65533)
    fs.chmodSync(file, 0o640)
    await writeFileAtomic(file, NEW)
    const { uid, gid, mode } = fs.statSync(file)
    expect([uid, gid, mode & 0o777]).toEqual([65534, 65533, 0o640])
  })

  it('refuses an empty name, and a link to a file that does not exist', async () => {
    expect((await refusal(writeFileAtomic('', NEW))).message).toContain('an empty name')
    const link = join(folder, 'dangling')
    fs.symlinkSync('nowhere.safetensors', link)
    expect((await refusal(writeFileAtomic(link, NEW))).message).toContain('a link to "nowhere.safetensors"')
    expect(fs.readlinkSync(link)).toBe('nowhere.safetensors')
    expect(fs.readdirSync(folder)).toEqual(['dangling'])
  })

  it('deletes temporary files untouched for a day, of any process, and no other files', async () => {
    const id = '01234567-89ab-cdef-0123-456789abcde'
    const hours = (name: string, age: number): string => {
      const path = join(folder, name)
      fs.writeFileSync(path, OLD)
      fs.utimesSync(path, new Date(), Date.now() / 1000 - age * 3600)
      return name
    }
    hours(`.latch-${id}0.tmp`, 25)
    const kept = [
      hours(`.latch-${id}1.tmp`, 23),
      hours(`.latch-${id}2.tmp.txt`, 1000),
      hours('.latch-notes.tmp', 1000),
    ]
    fs.mkdirSync(join(folder, `.latch-${id}3.tmp`))
    fs.symlinkSync('somewhere', join(folder, `.latch-${id}4.tmp`))
    await writeFileAtomic(file, NEW)
    expect(fs.readdirSync(folder)).toEqual(
      [...kept, `.latch-${id}3.tmp`, `.latch-${id}4.tmp`, 'model.safetensors'].sort(),
    )
    fs.rmSync(join(folder, `.latch-${id}3.tmp`), { recursive: true })
  })

  it('gives one whole file when several save at once', async () => {
    const contents = Array.from({ length: 8 }, (_, i) => new Uint8Array(50_000).fill(i))
    await Promise.all(contents.map((bytes) => writeFileAtomic(file, bytes)))
    const read = await readFileBytes(file)
    expect(read).toEqual(contents[read[0]])
    expect(fs.readdirSync(folder)).toEqual(['model.safetensors'])
  })

  it('refuses a folder, a device, a missing folder, a file as folder', async () => {
    expect((await refusal(writeFileAtomic(folder, NEW))).got).toBe('a folder')
    expect((await refusal(writeFileAtomic('/dev/null', NEW))).got).toBe('a device or pipe')
    const missing = join(folder, 'none', 'm.safetensors')
    expect((await refusal(writeFileAtomic(missing, NEW))).message).toBe(
      `${missing}: expected disk space and permission to save 98 KiB, ` +
        'got a folder that does not exist (ENOENT). Create the folder first.',
    )
    fs.writeFileSync(file, OLD)
    expect((await refusal(writeFileAtomic(join(file, 'm'), NEW))).got).toContain(
      'a file in place of a folder',
    )
  })

  it.skipIf(process.getuid?.() === 0)('refuses a file its owner made read-only', async () => {
    fs.writeFileSync(file, OLD)
    fs.chmodSync(file, 0o400)
    expect((await refusal(writeFileAtomic(file, NEW))).got).toBe('no permission (EACCES)')
  })
})

/** Calls that fail with `code` at the named point; a write fails half-way through. */
function failing(point: 'open' | 'write' | 'sync' | 'close' | 'rename', code: string): SavingCalls {
  const fail = (): never => {
    throw Object.assign(new Error(code), { code })
  }
  const wrap = (inner: WritableFile): WritableFile => ({
    async write(bytes, offset, length) {
      if (point !== 'write') return inner.write(bytes, offset, length)
      await inner.write(bytes, offset, Math.floor(length / 2))
      return fail()
    },
    sync: async () => (point === 'sync' ? fail() : inner.sync()),
    async close() {
      await inner.close()
      if (point === 'close') fail()
    },
  })
  return {
    open: async (path, flags) => (point === 'open' ? fail() : wrap(await open(path, flags))),
    rename: async (from, to) => (point === 'rename' ? fail() : rename(from, to)),
  }
}

describe('a save that fails', () => {
  it.each(['open', 'write', 'sync', 'close', 'rename'] as const)(
    'at %s leaves the old file whole',
    async (point) => {
      fs.writeFileSync(file, OLD)
      const error = await refusal(writeFileAtomic(file, NEW, failing(point, 'ENOSPC')))
      expect(error.message).toBe(
        `${file}: expected disk space and permission to save 98 KiB, got a full disk (ENOSPC). ` +
          'The old file is unchanged. Free some space or choose another folder.',
      )
      expect(await readFileBytes(file)).toEqual(OLD)
      expect(fs.readdirSync(folder)).toEqual(['model.safetensors'])
    },
  )

  it.each([
    ['EACCES', 'no permission (EACCES)'],
    ['EROFS', 'a read-only disk (EROFS)'],
    ['EIO', 'a disk error (EIO)'],
    ['EODD', 'EODD (EODD)'],
  ])('%s is described', async (code, got) => {
    expect((await refusal(writeFileAtomic(file, NEW, failing('write', code)))).got).toBe(got)
    expect(fs.readdirSync(folder)).toEqual([])
  })

  it('passes bugs on as they are', async () => {
    const calls = failing('open', '')
    calls.open = () => Promise.reject(new TypeError('a bug'))
    await expect(writeFileAtomic(file, NEW, calls)).rejects.toThrow(TypeError)
  })
})

/** A disk of 64 KiB, where this machine lets us have one. */
function mountSmallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const disk = fs.mkdtempSync(join(temporary, 'disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' })
    return disk
  } catch {
    return undefined
  }
}

const disk = mountSmallDisk()
afterAll(() => void (disk && execFileSync('umount', [disk])))

describe.skipIf(disk === undefined)('a disk that is really full', () => {
  it('leaves the old file whole and nothing else', async () => {
    const path = join(disk!, 'model.safetensors')
    await writeFileAtomic(path, OLD)
    const error = await refusal(writeFileAtomic(path, NEW))
    expect(error.got).toBe('a full disk (ENOSPC)')
    expect(await readFileBytes(path)).toEqual(OLD)
    expect(fs.readdirSync(disk!)).toEqual(['model.safetensors'])
  })
})

/** The saving module as JavaScript, for a process of its own that can be killed. */
function compileSaver(): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  // A set grows while it is walked: these two, and all that they import.
  const sources = new Set(['formats/fileNode', 'formats/latch/modelFile'])
  for (const name of sources) {
    const source = fs.readFileSync(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8')
    const { outputText } = ts.transpileModule(source, { compilerOptions })
    for (const [, imported] of outputText.matchAll(/from '(\..*)\.ts'/g)) {
      sources.add(posix.join(posix.dirname(name), imported))
    }
    fs.mkdirSync(join(folder, 'js', ...name.split('/').slice(0, -1)), { recursive: true })
    fs.writeFileSync(
      join(folder, 'js', `${name}.mjs`),
      outputText.replaceAll(/(from '\..*)\.ts'/g, "$1.mjs'"),
    )
  }
  const program = join(folder, 'js', 'saver.mjs')
  fs.writeFileSync(
    program,
    `import { writeFileAtomic } from './formats/fileNode.mjs'
     import { encodeModel } from './formats/latch/modelFile.mjs'
     const data = new Float32Array(500_000)
     for (let step = 1; ; step++) {
       const document = { format: 'latch', version: 1, task: 'test', step }
       const weights = { name: 'w', shape: [data.length], dtype: 'F32', data: data.fill(step) }
       await writeFileAtomic(process.argv[2], encodeModel(document, [weights]))
       if (step === 1) console.log('saved')
     }`,
  )
  return program
}

describe('a process killed while saving', () => {
  it('leaves a whole file each time, and temporary files that a save a day later deletes', async () => {
    const program = compileSaver()
    const models = fs.mkdtempSync(join(folder, 'models-'))
    const path = join(models, 'model.safetensors')
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise<void>((resolve, reject) => {
        child.stdout.once('data', () => resolve())
        child.once('exit', () => reject(new Error('the saving program did not save')))
      })
      await sleep(3 + round * 7)
      const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
      child.kill('SIGKILL')
      await ended
      const { document, tensors } = decodeModel(await readFileBytes(path), path)
      expect(new Set<unknown>(tensors.get('w')!.data)).toEqual(new Set([document.step]))
    }
    const left = fs.readdirSync(models).filter((name) => name !== 'model.safetensors')
    for (const name of left) {
      expect(name).toMatch(/^\.latch-[0-9a-f-]{36}\.tmp$/)
      fs.utimesSync(join(models, name), 0, Date.now() / 1000 - 90_000)
    }
    await writeFileAtomic(path, encodeModel({ format: 'latch', version: 1, task: 'test' }, []))
    expect(fs.readdirSync(models)).toEqual(['model.safetensors'])
  })
})

describe('reading', () => {
  it('names files that come near a missing one', async () => {
    for (const name of ['sentiment.safetensors', 'other.txt']) fs.writeFileSync(join(folder, name), OLD)
    const message = async (name: string): Promise<string> =>
      (await refusal(readFileBytes(join(folder, name)))).message.replace(folder, '')
    const suggestion = 'expected a readable file, got no such file. Did you mean "sentiment.safetensors"?'
    expect(await message('sentimant.safetensors')).toBe(`/sentimant.safetensors: ${suggestion}`)
    expect(await message('Sentiment')).toBe(`/Sentiment: ${suggestion}`)
    expect(await message('zebra.csv')).toBe(
      '/zebra.csv: expected a readable file, got no such file. Check the path.',
    )
    expect(await message('none/m.csv')).toContain('got no folder "')
  })

  it('refuses a folder, a device, a file too large', async () => {
    expect((await refusal(readFileBytes(folder))).message).toContain('expected a file, got a folder')
    expect((await refusal(readFileBytes('/dev/null'))).got).toBe('a device or pipe')
    fs.writeFileSync(file, '')
    fs.truncateSync(file, 2 ** 31 + 1)
    expect((await refusal(readFileBytes(file))).message).toContain(
      'expected a file of at most 2 GiB, got 2 GiB',
    )
    fs.writeFileSync(file, NEW)
    expect((await refusal(readFileBytes(file, 1000))).got).toBe('98 KiB')
  })
})
