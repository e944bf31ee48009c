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

test('the checks see what they look for', () => {
  expect(pathsOf('docs/a.md', 'in `packages/latch/gone.ts` and [b](b.md)')).toEqual([
    'packages/latch/gone.ts',
    'docs/b.md',
  ])
  expect(scriptsOf('npm run fly && npm test')).toEqual(['fly', 'test'])
})
