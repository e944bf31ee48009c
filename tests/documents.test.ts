/** The documents: their length, and that every path and every npm script they name exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const internals = readdirSync(join(root, 'docs/internals')).map((name) => `docs/internals/${name}`)
const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md', ...internals]

/** Paths in backticks and code blocks that begin with a folder of the repository, and targets of links. */
function pathsOf(page: string, text: string): string[] {
  const named = [...text.matchAll(/(?<![\w/.])((?:packages|scripts|tests|bench|docs|\.ci)\/[\w./-]*\w)/g)]
  const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
  return [
    ...named
      .map(([, path]) => path)
      .filter((path) => !text.includes(`${path}-*`) && !text.includes(`${path}*`)),
    ...links.map(([, target]) => join(dirname(page), target)),
  ]
}

/** Names of npm scripts that a text tells the reader to run. */
function scriptsOf(text: string): string[] {
  const run = [...text.matchAll(/npm run (?:--silent |-s )?([\w:]+)/g)].map(([, name]) => name)
  return [...run, ...[...text.matchAll(/npm (start|test)\b/g)].map(([, name]) => name)]
}

test('ARCHITECTURE.md has at most 150 lines', () => {
  expect(read('ARCHITECTURE.md').split('\n').length - 1).toBeLessThanOrEqual(150)
})

test('there are pages about the internals', () => expect(internals.length).toBeGreaterThanOrEqual(8))

describe.each(pages)('%s', (page) => {
  const text = read(page)

  it('names paths that exist', () => {
    const missing = pathsOf(page, text).filter((path) => !existsSync(join(root, path)))
    expect(missing).toEqual([])
  })

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(scriptsOf(text).filter((name) => !(name in scripts))).toEqual([])
  })
})

/** Functions, classes and constants that a report of docs/api lists. */
const valuesOf = (report: string) =>
  [...report.matchAll(/^### `(\w+)`\n\n```ts\n(?:function|class|const) /gm)].map(([, name]) => name)

test('every function, class and constant of the library is named in a page for its users', () => {
  const listed = readdirSync(join(root, 'docs/api')).flatMap((name) => valuesOf(read(`docs/api/${name}`)))
  const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  const text = ['README.md', ...guides.map((name) => `docs/${name}`)].map(read).join('\n')
  expect(listed.length).toBeGreaterThan(100)
  expect(listed.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([])
})

test('the checks see what they look for', () => {
  expect(valuesOf('### `a`\n\n```ts\nfunction a(): void;\n```\n\n### `B`\n\n```ts\ninterface B {\n')).toEqual(
    ['a'],
  )
  expect(pathsOf('docs/a.md', 'in `packages/latch/gone.ts` and [b](b.md)')).toEqual([
    'packages/latch/gone.ts',
    'docs/b.md',
  ])
  expect(scriptsOf('npm run fly && npm test')).toEqual(['fly', 'test'])
})
