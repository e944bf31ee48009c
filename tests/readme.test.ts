/** README's programs and commands, compiled and run word for word, in the order of the page. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { negationComments } from '../packages/latch/src/datasets.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, text]) => text)
const programs = blocks('ts')
const commands = blocks('sh').flatMap((text) =>
  text.split('\n').filter((line) => line.startsWith('npx latch ')),
)

/** Where programs lie while they are compiled and run: inside the repository, so that packages are found. */
const folder = join(root, 'build', `readme-${process.pid}`)
const files = programs.map((text, i) => {
  const [first] = /'latch[\w/]*'/.exec(text) ?? ['no import']
  return [`program ${i}, ${first}`, join(folder, `program${i}.ts`), text] as const
})
const before = process.cwd()
const workplace = mkdtempSync(join(tmpdir(), 'latch-readme-'))

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  for (const [, path, text] of files) writeFileSync(path, text)
  const rows = negationComments({ count: 300, seed: 1 }).map(({ text, label }) => `"${text}",${label}`)
  writeFileSync(join(workplace, 'comments.csv'), ['comment,sentiment', ...rows, ''].join('\n'))
  process.chdir(workplace)
})
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true, force: true })
  rmSync(workplace, { recursive: true, force: true })
})

it('has programs and commands', () => {
  expect(programs.length).toBeGreaterThanOrEqual(4)
  expect(commands.length).toBeGreaterThanOrEqual(7)
})

describe('commands', () => {
  it.each(commands)('%s', (line) => {
    const args = [...line.replace('npx latch ', '').matchAll(/'([^']*)'|(\S+)/g)].map(([, a, b]) => a ?? b)
    const command = join(root, 'packages/cli/dist/latch.js')
    const out = execFileSync(process.execPath, [command, ...args], { encoding: 'utf8', stdio: 'pipe' })
    expect(out.length).toBeGreaterThan(10)
  })
})

describe('programs', () => {
  it('compile', () => {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    const unused = { noUnusedLocals: false, noUnusedParameters: false }
    const program = ts.createProgram(
      files.map(([, path]) => path),
      { ...options, ...unused, noEmit: true },
    )
    const found = ts.getPreEmitDiagnostics(program).filter(({ file }) => file?.fileName.includes('readme-'))
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  })

  it.each(files)('%s runs', async (_, path, text) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    await import(path)
    const printed = log.mock.calls.flat()
    log.mockRestore()
    expect(printed).toHaveLength(text.split('console.log').length - 1)
    const loss = printed.find((value) => typeof value === 'number')
    expect(loss ?? 0).toBeLessThan(0.01)
  })
})
