/**
 * The programs of README and of the guides, compiled and run word for word, in the order of the pages, with what they say
 * they print; and README's commands.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { negationComments } from '../packages/latch/src/datasets.ts'
import { asPrinted, commentsOf, describesPrinted } from './printed.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const blocks = (page: string, language: string) =>
  [
    ...readFileSync(join(root, page), 'utf8').matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g')),
  ].map(([, text]) => text)
const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const pages = ['README.md', ...guides.map((name) => `docs/${name}`)]
const commands = blocks('README.md', 'sh').flatMap((text) =>
  text.split('\n').filter((line) => line.startsWith('npx latch ')),
)

/** Where programs lie while they are compiled and run: inside the repository, so that packages are found. */
const folder = join(root, 'build', `readme-${process.pid}`)
const programs = pages.flatMap((page) =>
  blocks(page, 'ts').map((text, i) => {
    const name = `${page.replaceAll(/\W/g, '-')}-${i}`
    return { name: `${page}, program ${i}`, path: join(folder, `${name}.ts`), text }
  }),
)
/** Files that the reader is to bring, and pages. */
const BROUGHT =
  /'(?!comments\.|program\.)[\w./-]+\.(?:json|txt|onnx|keras|h5|safetensors|pt|wasm)'|document\./
const before = process.cwd()
const workplace = mkdtempSync(join(tmpdir(), 'latch-readme-'))

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  for (const { path, text } of programs) writeFileSync(path, text)
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
  expect(programs.length).toBeGreaterThanOrEqual(20)
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
      programs.map(({ path }) => path),
      { ...options, ...unused, noEmit: true },
    )
    const found = ts.getPreEmitDiagnostics(program).filter(({ file }) => file?.fileName.includes('readme-'))
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  })

  it.each(programs.filter(({ text }) => !BROUGHT.test(text)))('$name runs', async ({ path, text }) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
    await import(path).finally(() => write.mockRestore())
    const printed = log.mock.calls.map(asPrinted)
    const loss = log.mock.calls.flat().find((value) => typeof value === 'number')
    log.mockRestore()
    const comments = commentsOf(text)
    expect(printed).toHaveLength(comments.length)
    const others = printed.filter((value, i) => comments[i] && !describesPrinted(comments[i], value))
    expect(others).toEqual([])
    const said = /\/\/ below ([\d.]+)/.exec(text)
    expect(said ? loss : 0).toBeLessThan(Number(said?.[1] ?? 1))
  })
})
