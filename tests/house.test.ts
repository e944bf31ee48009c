/** The house: who imports whom, how long things are, what every file says of itself. First on made-up trees. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { browserViolations, importViolations } from './house/imports.ts'
import { machinePaths, styleViolations, undocumented, unknownCommands } from './house/style.ts'
import { readTree, root, show, SourceTree, type Violation } from './house/tree.ts'

const lines = (count: number, line = 'x++') => `${line}\n`.repeat(count)
const brokenImports = (files: Record<string, string>) => show(importViolations(new SourceTree(files)))
const brokenStyle = (files: Record<string, string>) => show(styleViolations(new SourceTree(files)))

describe('the import rule catches', () => {
  const cell = { 'src/cells/lstm.ts': 'export const lstm = 1\n' }

  test('nothing in a tree that keeps it', () => {
    const tree = {
      'src/tensor/errors.ts': '',
      'src/engine/memory.ts': "import { E } from '../tensor/errors.ts'\nnew WebAssembly.Memory({})\n",
      'src/data/tablesNode.ts': "import 'node:fs'\n",
      'src/cells/lstm.ts': "import type { Pointer } from '../engine/memory.ts'\n",
      'src/index.ts': "export * from './cells/lstm.ts'\n",
      'src/node.ts': "export * from './index.ts'\nexport * from './data/tablesNode.ts'\n",
      'cli/latch.ts': "import '../src/node.ts'\nimport { Command } from 'commander'\n",
      'kernels/lstm.ts': "import { F } from './simd'\n",
      'kernels/simd.ts': 'export const F = 4\n',
    }
    expect(brokenImports(tree)).toEqual([])
  })

  test('an upward edge, with file, line and edge', () => {
    const tree = { ...cell, 'src/engine/load.ts': "\nimport { lstm } from '../cells/lstm.ts'\n" }
    expect(brokenImports(tree)).toEqual([
      'src/engine/load.ts:2 upward edge: engine → cells (src/engine/load.ts → src/cells/lstm.ts)',
    ])
  })

  test.each([
    ['a type import', "import type { lstm } from '../cells/lstm.ts'"],
    ['a re-export', "export { lstm } from '../cells/lstm.ts'"],
    ['a dynamic import', "const cell = await import('../cells/lstm.ts')"],
    ['an import type', "let cell: typeof import('../cells/lstm.ts')"],
    ['an import for its effect', "import '../cells/lstm.ts'"],
  ])('an upward edge written as %s', (_, text) => {
    expect(brokenImports({ ...cell, 'src/tensor/shape.ts': text })[0]).toContain(
      'upward edge: tensor → cells',
    )
  })

  test('a sibling edge', () => {
    const tree = {
      'src/training/fit.ts': "import '../inspection/trace.ts'\n",
      'src/inspection/trace.ts': '',
      'src/data/words.ts': "import '../datasets/negation.ts'\n",
      'src/datasets/negation.ts': '',
    }
    expect(brokenImports(tree)).toEqual([
      'src/training/fit.ts:1 sibling edge: training → inspection (src/training/fit.ts → src/inspection/trace.ts)',
      'src/data/words.ts:1 sibling edge: data → datasets (src/data/words.ts → src/datasets/negation.ts)',
    ])
  })

  test('a cycle inside one floor', () => {
    const tree = {
      'src/cells/a.ts': "import './b.ts'\n",
      'src/cells/b.ts': "import type { C } from './c.ts'\n",
      'src/cells/c.ts': "\n\nimport './a.ts'\n",
    }
    expect(brokenImports(tree)).toEqual([
      'src/cells/c.ts:3 cycle: src/cells/a.ts → src/cells/b.ts → src/cells/c.ts → src/cells/a.ts',
    ])
  })

  test('a door that imports the command line', () => {
    const tree = { 'src/index.ts': "import '../cli/latch.ts'\n", 'cli/latch.ts': '' }
    expect(brokenImports(tree)[0]).toContain('upward edge: index → cli')
  })

  test('a studio that goes past the doors, or whose rooms look up', () => {
    const tree = {
      'src/cells/lstm.ts': '',
      'studio/src/views/Text.svelte':
        "<!-- A view. -->\n<script>\n  import { lstm } from '../../../src/cells/lstm.ts'\n</script>\n",
      'studio/src/state/runs.ts': "import '../views/Text.svelte'\nimport { network } from 'latch'\n",
    }
    expect(brokenImports(tree)).toEqual([
      'studio/src/views/Text.svelte:3 doors: studio/src/views/Text.svelte → src/cells/lstm.ts; import latch or latch/…',
      'studio/src/state/runs.ts:1 upward edge: studio studio/src/state/runs.ts → studio/src/views/Text.svelte',
    ])
  })

  test('kernels that look outside, and others that look into them', () => {
    expect(
      brokenImports({ 'kernels/a.ts': "import '../src/tensor/e.ts'", 'src/tensor/e.ts': '' })[0],
    ).toContain('kernels alone: kernels/a.ts → src/tensor/e.ts')
    expect(brokenImports({ 'kernels/a.ts': "import 'long'" })[0]).toContain('kernels alone')
    expect(
      brokenImports({ 'kernels/a.ts': '', 'src/engine/e.ts': "import '../../kernels/a.ts'" })[0],
    ).toContain('kernels alone')
  })

  test('WebAssembly, built kernels and addresses above the engine', () => {
    const broken = (text: string) =>
      brokenImports({ 'src/model/network.ts': text, 'src/engine/kernels.ts': 'export type Pointer = number' })
    expect(broken('// WebAssembly is only named here')).toEqual([])
    expect(broken('WebAssembly.validate(bytes)')[0]).toContain('engine only: touches WebAssembly')
    expect(broken("import '../engine/wasm/simd.ts'")[0]).toContain('engine only')
    expect(broken("import type { Pointer } from '../engine/kernels.ts'")[0]).toContain(
      'takes the type Pointer',
    )
    expect(broken('const at = base + 4 * memory.floatBytes')[0]).toContain('calculates an address')
  })

  test('node: modules in browser-safe files, missing files and homeless files', () => {
    expect(brokenImports({ 'src/data/tables.ts': "import 'node:fs'" })[0]).toContain('browser-safe')
    expect(brokenImports({ 'src/data/tables.ts': "import './gone.ts'" })[0]).toContain(
      'no such file: src/data/gone.ts',
    )
    expect(brokenImports({ 'src/attic/box.ts': '' })[0]).toContain('belongs to no floor')
  })

  test('a dependency or a node: module that the browser door reaches', () => {
    const tree = new SourceTree({
      'src/index.ts': "export * from './data/a.ts'",
      'src/data/a.ts': "import './b.ts'",
      'src/data/b.ts': "import 'csv-parse'\nimport { open } from 'node:fs/promises'",
    })
    const by = 'reached by src/index.ts → src/data/a.ts → src/data/b.ts'
    expect(show(browserViolations(tree))).toEqual([
      `src/data/b.ts:1 browser entry: imports csv-parse, ${by}`,
      `src/data/b.ts:2 browser entry: imports node:fs/promises, ${by}`,
    ])
    expect(show(browserViolations(tree, 'src/data/a.ts', ['csv-parse']))).toEqual([
      'src/data/b.ts:2 browser entry: imports node:fs/promises, reached by src/data/a.ts → src/data/b.ts',
    ])
    expect(show(browserViolations(new SourceTree({})))[0]).toContain('does not exist')
    const lazy = new SourceTree({ 'src/index.ts': "await import('./a.ts')", 'src/a.ts': "import 'fflate'" })
    expect(browserViolations(lazy)).toHaveLength(1)
    expect(browserViolations(lazy, 'src/index.ts', [], false)).toEqual([])
  })
})

describe('the house style catches', () => {
  test('a file of 401 lines, and not one of 400', () => {
    expect(brokenStyle({ 'tests/a.test.ts': lines(400) })).toEqual([])
    expect(brokenStyle({ 'tests/a.test.ts': lines(401) })[0]).toContain('file length: 401 lines')
  })

  test.each([
    ['function', `function long() {\n${lines(59)}}`, 'long: 61 lines'],
    ['method', `class A {\n  long() {\n${lines(59)}}\n}`, 'long: 61 lines'],
    ['arrow function', `const long = () => {\n${lines(59)}}`, 'long: 61 lines'],
    ['callback', `all.map((x) => {\n${lines(59)}})`, 'a function: 61 lines'],
  ])('a %s of 61 lines', (_, text, words) => {
    expect(brokenStyle({ 'cli/a.ts': text })[0]).toContain(`function length: ${words}, at most 60`)
    expect(brokenStyle({ 'cli/a.ts': text.replace('x++\n', '') })).toEqual([])
  })

  test('100 lines in a kernel, named functions for themselves, no describe', () => {
    expect(brokenStyle({ 'kernels/a.ts': `function long() {\n${lines(98)}}` })).toEqual([])
    expect(brokenStyle({ 'kernels/a.ts': `function long() {\n${lines(99)}}` })[0]).toContain(
      '101 lines, at most 100',
    )
    const method = `f() {\n${lines(40)}},\n`
    expect(brokenStyle({ 'cli/a.ts': `function all() {\nreturn {\n${method}${method}}\n}` })).toEqual([])
    expect(brokenStyle({ 'tests/a.test.ts': `describe('a', () => {\n${lines(80)}})` })).toEqual([])
    expect(brokenStyle({ 'tests/a.test.ts': `test('a', () => {\n${lines(80)}})` })).toHaveLength(1)
  })

  test('a missing and a long header in src/', () => {
    const header = (count: number) => `/**\n${lines(count, ' * why')} */\nlet x = 0\n`
    expect(brokenStyle({ 'src/tensor/a.ts': header(5) })).toEqual([])
    expect(brokenStyle({ 'src/tensor/a.ts': header(6) })[0]).toContain('header: 6 lines, at most 5')
    expect(brokenStyle({ 'src/tensor/a.ts': 'let x = 0\n' })[0]).toContain('header: no comment at the top')
  })

  test('a file name without a meaning', () => {
    expect(brokenStyle({ 'cli/utils.ts': '' })[0]).toContain('file name')
    expect(brokenStyle({ 'tests/helpers.ts': '' })[0]).toContain('file name')
  })

  test('a public name without a word about it, wherever it is declared', () => {
    const tree = new SourceTree({
      'src/index.ts': "export { a, b } from './a.ts'\nexport * from './c.ts'\nexport const own = 1\n",
      'src/a.ts': "/** Said. */\nexport const a = 1\nexport { b } from './b.ts'\n",
      'src/b.ts': 'export function b() {}\nexport function hidden() {}\n',
      'src/c.ts': '/** Said. */\nexport interface C {}\nexport type D = number\n',
    })
    expect(show(undocumented(tree))).toEqual([
      'src/b.ts:1 docstring: b has none',
      'src/c.ts:3 docstring: D has none',
      'src/index.ts:3 docstring: own has none',
    ])
  })

  test('paths of somebody’s machine', () => {
    const home = ['', 'home', 'ada', 'latch'].join('/')
    const broken = (text: string) => machinePaths(new SourceTree({ 'README.md': text }))
    expect(broken(`cd ${home}`)).toHaveLength(1)
    expect(broken('cd ../shared/data; see https://example.org/home/page')).toEqual([])
  })

  test('a command that the README invents', () => {
    const broken = (text: string) => unknownCommands('README.md', text, { test: 'vitest', build: 'tsc' })
    expect(broken('`npm test`, `npm run build`, `npm run -s build`')).toEqual([])
    expect(show(broken('\n`npm start`'))).toEqual(['README.md:2 command: npm start is not in package.json'])
    expect(broken('npm run fly')).toHaveLength(1)
  })
})

describe('this house', () => {
  const source = readTree(['src', 'cli', 'studio/src', 'kernels', 'examples', 'demo'])
  const nothing = (violations: readonly Violation[]) => expect(show(violations)).toEqual([])

  test('has all its rooms', () => expect(source.paths.length).toBeGreaterThan(50))
  test('keeps the import rule', () => nothing(importViolations(source)))
  test('has a door a browser can open', () => nothing(browserViolations(source)))
  test('has a door to tables, with csv-parse in its browser build', () => {
    nothing(browserViolations(source, 'src/tables.ts', ['csv-parse/browser/esm/sync']))
  })
  test('has a door to inspection without any dependency', () => {
    nothing(browserViolations(source, 'src/inspection.ts'))
  })
  test('has a door to formats, whose readers bring what they need when they are met', () => {
    const brings = [
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/codegenv2',
      '@bufbuild/protobuf/wire',
      '@bufbuild/protobuf/wkt',
      'fflate',
    ]
    nothing(browserViolations(source, 'src/formats.ts', brings))
    nothing(browserViolations(source, 'src/formats.ts', [], false))
  })
  test('keeps the style', () => {
    nothing(
      styleViolations(
        readTree(['src', 'cli', 'studio/src', 'kernels', 'examples', 'demo', 'tests', 'scripts', 'bench']),
      ),
    )
  })
  test('documents what it exports', () => {
    nothing(undocumented(source))
    nothing(undocumented(source, 'src/tables.ts'))
    nothing(undocumented(source, 'src/inspection.ts'))
    nothing(undocumented(source, 'src/formats.ts'))
    nothing(undocumented(source, 'src/formatsNode.ts'))
  })

  test('names no machine', () => {
    const folders = [
      'src',
      'cli',
      'studio/src',
      'kernels',
      'examples',
      'demo',
      'tests',
      'scripts',
      'bench',
      'docs',
      '.ci',
    ]
    const { files } = readTree(folders, /^run$|\.(ts|mjs|md|json|jsonl|html|css|sh|csv)$/)
    const pages = readdirSync(root).filter((name) => /\.(md|json|ts)$/.test(name))
    const atRoot = pages.map((name): [string, string] => [name, readFileSync(join(root, name), 'utf8')])
    nothing(machinePaths(new SourceTree(new Map([...files, ...atRoot]))))
  })

  test('has the commands its pages name', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const page of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'CHANGELOG.md']) {
      nothing(unknownCommands(page, readFileSync(join(root, page), 'utf8'), scripts))
    }
  })
})
