/** What commands write over: never their inputs, never a file of another program, unless `--force`; links hide nothing. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  rmSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkOutputs } from '../src/terminal/outputFiles.ts'
import { isOwnFile, type OwnKind } from '../src/terminal/ownFiles.ts'
import { markedPng } from '../src/inspect/pictures/pngMark.ts'
import { identify } from '../../latch/src/formats/identify.ts'
import { importFile } from '../../latch/src/formatsNode.ts'
import { UsageError } from '../../latch/src/core/errors.ts'
import { comments, csv, Workplace } from './cliHelpers.ts'

const place = new Workplace()
const at = (name: string) => place.path(name)
const read = (name: string) => readFileSync(at(name))
const TABLE = csv(comments(40))
const QUICK = ['--cell', 'bag', '--epochs', '1', '--quiet']
const COLUMNS = ['--text', 'comment', '--label', 'mood']
const train = (...args: string[]) => place.latch(['train', 'data.csv', ...COLUMNS, ...QUICK, ...args])

beforeAll(async () => {
  for (const name of ['data.csv', 'test.csv', 'validation.csv']) place.write(name, TABLE)
  expect((await train('--out', 'model.safetensors')).code).toBe(0)
  expect((await train('--cell', 'gru', '--units', '4', '--out', 'gru.safetensors')).code).toBe(0)
})
afterAll(() => place.remove())

describe('train', () => {
  it.each([
    ['the table', 'data.csv', [], 'the table that this command reads'],
    ['the table of --test', 'test.csv', ['--test', 'test.csv'], 'the table of `--test`'],
    [
      'the table of --validation',
      'validation.csv',
      ['--validation', 'validation.csv'],
      'the table of `--validation`',
    ],
  ])('refuses to write over %s, also by links, before it trains', async (_, file, args, why) => {
    const link = `link-to-${file}`
    if (!existsSync(at(link))) {
      symlinkSync(file, at(link))
      linkSync(at(file), at(`hard-${file}`))
    }
    for (const out of [file, `./${file}`, link, `hard-${file}`]) {
      const { code, stderr, stdout } = await train(...args, '--out', out)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(`--out ${out}`)
      expect(stderr).toContain(why)
      expect(stderr).toContain('--force')
      expect(read(file).toString()).toBe(TABLE)
      expect(lstatSync(at(link)).isSymbolicLink()).toBe(true)
    }
  })

  it('refuses standard input that is the same file', async () => {
    const { spawnSync } = await import('node:child_process')
    const { openSync } = await import('node:fs')
    const program = new URL('../dist/latch.js', import.meta.url).pathname
    const args = [program, 'train', '-', ...COLUMNS, ...QUICK, '--out', 'data.csv']
    const stdio = [openSync(at('data.csv'), 'r'), 'pipe', 'pipe'] as const
    const ran = spawnSync(process.execPath, args, { cwd: place.folder, stdio: [...stdio], encoding: 'utf8' })
    expect(ran.status).toBe(2)
    expect(read('data.csv').toString()).toBe(TABLE)
  })

  it('refuses a checkpoint or last good weights over an input', async () => {
    for (const name of ['run.checkpoint.safetensors', 'run.last-good.safetensors']) {
      copyFileSync(at('data.csv'), at(name))
      const args = ['train', name, '--format', 'csv', ...COLUMNS, ...QUICK, '--out', 'run.safetensors']
      const { code, stderr } = await place.latch(args)
      expect([code, stderr]).toEqual([2, expect.stringContaining(name)])
      expect(read(name).toString()).toBe(TABLE)
      rmSync(at(name))
    }
  })

  it('refuses the file of --resume as --out', async () => {
    copyFileSync(at('model.safetensors'), at('old.checkpoint.safetensors'))
    const args = ['--resume', 'old.checkpoint.safetensors', '--out', 'old.checkpoint.safetensors']
    const { code, stderr } = await place.latch(['train', 'data.csv', ...args])
    expect([code, stderr]).toEqual([2, expect.stringContaining('the checkpoint of `--resume`')])
  })

  it('refuses a file that Latch did not write, and takes an empty one', async () => {
    for (const [name, content] of [
      ['notes.txt', 'my notes'],
      ['weights.safetensors', '\x02\0\0\0\0\0\0\0{}'],
    ]) {
      place.write(name, content)
      const { code, stderr } = await train('--out', name)
      expect([code, stderr]).toEqual([2, expect.stringContaining('a file not written by Latch')])
      expect(read(name).toString()).toBe(content)
    }
    place.write('empty.safetensors', '')
    expect((await train('--out', 'empty.safetensors')).code).toBe(0)
  })

  it('replaces what --force says, inputs too', async () => {
    copyFileSync(at('data.csv'), at('mine.csv'))
    const { code } = await place.latch([
      'train',
      'mine.csv',
      ...COLUMNS,
      ...QUICK,
      '--out',
      'mine.csv',
      '--force',
    ])
    expect(code).toBe(0)
    expect(identify(read('mine.csv'), 'mine')).toBe('latch')
  })

  it('replaces a model that --out names and says so; the default name counts up and says so', async () => {
    const args = ['train', 'data.csv', ...COLUMNS, '--cell', 'bag', '--epochs', '1']
    const named = await place.latch([...args, '--out', 'model.safetensors'])
    expect([named.code, named.stderr]).toEqual([
      0,
      expect.stringContaining('model.safetensors exists and will be replaced'),
    ])
    const before = read('model.safetensors')
    for (const number of [2, 3]) {
      const { code, stderr, stdout } = await place.latch(args)
      expect(code).toBe(0)
      expect(stderr).toContain(`model.safetensors exists; writing model-${number}.safetensors instead`)
      expect(stdout).toContain(`model-${number}.safetensors`)
    }
    expect(read('model.safetensors')).toEqual(before)
  })
})

describe('import, export and inspect', () => {
  it('import refuses its inputs, by links too, with the files beside the model', async () => {
    expect((await place.latch(['export', 'model.safetensors', '--to', 'tfjs', '--out', 'web'])).code).toBe(0)
    symlinkSync('web/model.json', at('json-link'))
    place.write('words.json', '["a"]')
    const shard = 'web/weights.bin'
    expect(existsSync(at(shard))).toBe(true)
    for (const [out, ...args] of [
      ['web/model.json'],
      ['json-link'],
      [shard],
      ['words.json', '--vocabulary', 'words.json'],
    ]) {
      const before = read(out)
      const { code, stderr } = await place.latch(['import', 'web', ...args, '--out', out])
      // A shard is not a Latch model: this is checked before it is known as an input.
      const why = out === shard ? 'not written by Latch' : 'an input file'
      expect([code, stderr]).toEqual([2, expect.stringContaining(why)])
      expect(read(out)).toEqual(before)
    }
  })

  it('import and export count up by themselves', async () => {
    for (const args of [
      ['import', 'web'],
      ['export', 'model.safetensors', '--to', 'onnx'],
    ]) {
      const first = await place.latch(args)
      const { code, stderr } = await place.latch(args)
      expect([first.code, code]).toEqual([0, 0])
      expect(first.stderr).not.toContain('exists')
      expect(stderr).toMatch(/exists; writing \w+-2\.\w+ instead/)
    }
  })

  it.each(['onnx', 'torch', 'keras', 'tfjs'])(
    'export to %s replaces its own and refuses other files',
    async (to) => {
      const out = `exported.${to}`
      const run = (...args: string[]) =>
        place.latch(['export', 'model.safetensors', '--to', to, '--out', out, ...args])
      expect((await run()).code).toBe(0)
      const again = await run()
      expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('exists and will be replaced')])
      const file = to === 'tfjs' ? `${out}/model.json` : out
      writeFileSync(at(file), 'mine')
      const refused = await run()
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringContaining('a file not written by Latch'),
      ])
      expect(read(file).toString()).toBe('mine')
      expect((await run('--force')).code).toBe(0)
      const model = await importFile(at(out))
      expect(model.labels).toHaveLength(2)
    },
  )

  it('export to a folder refuses shards that its model.json does not name', async () => {
    mkdirSync(at('other'))
    place.write('other/weights.bin', 'mine')
    const { code } = await place.latch(['export', 'model.safetensors', '--to', 'tfjs', '--out', 'other'])
    expect(code).toBe(2)
    expect(existsSync(at('other/model.json'))).toBe(false)
  })

  it.each(['--svg', '--png', '--html'])(
    'inspect %s replaces its own picture and refuses other files',
    async (flag) => {
      const run = (name: string, ...args: string[]) =>
        place.latch([
          'inspect',
          'gru.safetensors',
          'the film was fine',
          '--layout',
          'rows',
          flag,
          name,
          ...args,
        ])
      const first = await run(`picture${flag}`)
      if (flag === '--html' && first.stderr.includes('npm run build')) return
      expect([first.code, (await run(`picture${flag}`)).code]).toEqual([0, 0])
      symlinkSync('gru.safetensors', at(`model${flag}`))
      place.write('mine.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>')
      for (const name of ['gru.safetensors', `model${flag}`, 'mine.svg', 'data.csv']) {
        const before = read(name)
        const { code, stderr } = await run(name)
        expect([code, stderr]).toEqual([2, expect.stringContaining(`${flag} ${name}`)])
        expect(read(name)).toEqual(before)
      }
    },
  )
})

describe('outputs among each other, and kinds', () => {
  it('may not be one file, however it is named', async () => {
    place.write('a.svg', '')
    symlinkSync('a.svg', at('b.svg'))
    const outputs = ['a.svg', 'b.svg'].map((name) => ({ where: name, path: at(name), kind: 'svg' as const }))
    await expect(checkOutputs(outputs, [])).rejects.toThrow(UsageError)
    await expect(checkOutputs(outputs, [])).rejects.toThrow('the file of a.svg')
    const fresh = ['new', './new'].map((name) => ({ where: name, path: at(name), kind: 'svg' as const }))
    await expect(checkOutputs(fresh, [])).rejects.toThrow('the file of new')
  })

  it('broken and foreign files of every kind are not Latch’s', async () => {
    const kinds: OwnKind[] = ['safetensors', 'onnx', 'keras', 'tfjs', 'html', 'svg', 'png']
    const contents = ['x', '{}', '[]', 'null', 'PK\x03\x04', '<html></html>', '\x89PNG', '\xff'.repeat(40)]
    for (const content of contents) {
      place.write('foreign', Buffer.from(content, 'latin1'))
      for (const kind of kinds) expect(await isOwnFile(at('foreign'), kind)).toBe(false)
    }
  })

  it('a model of 3 GiB is known by its header alone', async () => {
    copyFileSync(at('model.safetensors'), at('large.safetensors'))
    truncateSync(at('large.safetensors'), 3 * 2 ** 30)
    expect(await isOwnFile(at('large.safetensors'), 'safetensors')).toBe(true)
    place.write('long.safetensors', Buffer.from([255, 255, 255, 255, 255, 255, 255, 127, 123, 125]))
    expect(await isOwnFile(at('long.safetensors'), 'safetensors')).toBe(false)
    expect(await isOwnFile(at('none.safetensors'), 'safetensors')).toBe(false)
  })

  it('weights beside an empty model.json belong to no model', async () => {
    mkdirSync(at('empty'))
    place.write('empty/model.json', '')
    place.write('empty/weights.bin', 'weights')
    const output = { where: '--out empty', path: at('empty/weights.bin'), kind: 'tfjs' } as const
    await expect(checkOutputs([output], [])).rejects.toThrow(UsageError)
  })

  it('a PNG keeps its pixels beside the note', () => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    )
    const marked = Buffer.from(markedPng(png))
    expect(marked.subarray(0, 33)).toEqual(png.subarray(0, 33))
    expect(marked.subarray(-(png.length - 33))).toEqual(png.subarray(33))
    expect(marked.readUInt32BE(33)).toBe('Software\0Latch'.length)
  })
})
