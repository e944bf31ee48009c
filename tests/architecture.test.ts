/** The architecture: who imports whom, how long files and functions are, their headers. First on made-up trees. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { browserViolations, importViolations } from './architecture/imports.ts'
import { cells, genericCells } from '../packages/latch/src/cells/registry.ts'
import * as latch from '../packages/latch/src/index.ts'
import { CLASS_FORMATS, classNames } from '../packages/latch/src/formats/gateOrders.ts'
import {
  cellImportsOutside,
  cellNamesOutside,
  machinePaths,
  styleViolations,
  undocumented,
  unknownCommands,
} from './architecture/style.ts'
import { readTree, root, show, SourceTree, type Violation } from './architecture/tree.ts'

const lines = (count: number, line = 'x++') => `${line}\n`.repeat(count)
const brokenImports = (files: Record<string, string>) => show(importViolations(new SourceTree(files)))
const brokenStyle = (files: Record<string, string>) => show(styleViolations(new SourceTree(files)))

describe('the terminal rule catches', () => {
  const file = 'packages/cli/src/commands/a.ts'
  test.each([
    ['console', 'console.log(label)'],
    ['stdout', 'process.stdout.write(label)'],
    ['stderr', 'const { stderr } = process\nstderr.write(label)'],
    ['emitWarning', 'process.emitWarning(label)'],
    ['writeSync', 'writeSync(2, label)'],
  ])('%s outside the class Output', (name, text) => {
    const found = brokenStyle({ [file]: `/** A file. */\n${text}\n` })
    expect(found[0]).toMatch(new RegExp(`^${file}:\\d terminal: uses ${name}; use .Output.`))
  })

  test('a write there that does not escape', () => {
    const output = 'packages/cli/src/terminal/output.ts'
    const write = (text: string) =>
      brokenStyle({ [output]: `/** A file. */\nprocess.stdout.write(${text})\n` })
    expect(write('escapeText(text)')).toEqual([])
    expect(write('text')).toEqual([`${output}:2 terminal: writes without \`escapeText\``])
  })
})

describe('the import rule catches', () => {
  const cell = { 'packages/latch/src/cells/lstm.ts': 'export const lstm = 1\n' }

  test('nothing in a tree that keeps it', () => {
    const tree = {
      'packages/latch/src/core/errors.ts': '',
      'packages/latch/src/engine/memory.ts':
        "import { E } from '../core/errors.ts'\nnew WebAssembly.Memory({})\n",
      'packages/latch/src/data/tablesNode.ts': "import 'node:fs'\n",
      'packages/latch/src/cells/lstm.ts': "import type { Pointer } from '../engine/memory.ts'\n",
      'packages/latch/src/index.ts': "export * from './cells/lstm.ts'\n",
      'packages/latch/src/node.ts': "export * from './index.ts'\nexport * from './data/tablesNode.ts'\n",
      'packages/cli/src/latch.ts': "import 'latch'\nimport { Command } from 'commander'\n",
      'packages/latch/kernels/lstm.ts': "import { F } from './simd'\n",
      'packages/latch/kernels/simd.ts': 'export const F = 4\n',
    }
    expect(brokenImports(tree)).toEqual([])
  })

  test('an upward edge, with file, line and edge', () => {
    const tree = {
      ...cell,
      'packages/latch/src/engine/load.ts': "\nimport { lstm } from '../cells/lstm.ts'\n",
    }
    expect(brokenImports(tree)).toEqual([
      'packages/latch/src/engine/load.ts:2 upward edge: engine → cells (packages/latch/src/engine/load.ts → packages/latch/src/cells/lstm.ts)',
    ])
  })

  test.each([
    ['a type import', "import type { lstm } from '../cells/lstm.ts'"],
    ['a re-export', "export { lstm } from '../cells/lstm.ts'"],
    ['a dynamic import', "const cell = await import('../cells/lstm.ts')"],
    ['an import type', "let cell: typeof import('../cells/lstm.ts')"],
    ['an import for its effect', "import '../cells/lstm.ts'"],
  ])('an upward edge written as %s', (_, text) => {
    expect(brokenImports({ ...cell, 'packages/latch/src/core/shape.ts': text })[0]).toContain(
      'upward edge: core → cells',
    )
  })

  test('a sibling edge', () => {
    const tree = {
      'packages/latch/src/training/fit.ts': "import '../inspection/trace.ts'\n",
      'packages/latch/src/inspection/trace.ts': '',
      'packages/latch/src/data/words.ts': "import '../datasets/negation.ts'\n",
      'packages/latch/src/datasets/negation.ts': '',
    }
    expect(brokenImports(tree)).toEqual([
      'packages/latch/src/training/fit.ts:1 sibling edge: training → inspection (packages/latch/src/training/fit.ts → packages/latch/src/inspection/trace.ts)',
      'packages/latch/src/data/words.ts:1 sibling edge: data → datasets (packages/latch/src/data/words.ts → packages/latch/src/datasets/negation.ts)',
    ])
  })

  test('a format that imports another, but for the one whose files hold it', () => {
    const formats = 'packages/latch/src/formats'
    const tree = {
      [`${formats}/keras/merges.ts`]: '',
      [`${formats}/onnx/write.ts`]: "import '../keras/merges.ts'\n",
      [`${formats}/tfjs/write.ts`]: "import '../keras/merges.ts'\nimport '../open.ts'\n",
      [`${formats}/open.ts`]: "await import('./onnx/write.ts')\n",
    }
    expect(brokenImports(tree)).toEqual([
      `${formats}/onnx/write.ts:1 sibling edge: format ${formats}/onnx/write.ts → ${formats}/keras/merges.ts`,
    ])
  })

  test('a cycle inside one layer', () => {
    const tree = {
      'packages/latch/src/cells/a.ts': "import './b.ts'\n",
      'packages/latch/src/cells/b.ts': "import type { C } from './c.ts'\n",
      'packages/latch/src/cells/c.ts': "\n\nimport './a.ts'\n",
    }
    expect(brokenImports(tree)).toEqual([
      'packages/latch/src/cells/c.ts:3 cycle: packages/latch/src/cells/a.ts → packages/latch/src/cells/b.ts → packages/latch/src/cells/c.ts → packages/latch/src/cells/a.ts',
    ])
  })

  test('an entry point that imports the command line', () => {
    const tree = {
      'packages/latch/src/index.ts': "import '../../cli/src/latch.ts'\n",
      'packages/cli/src/latch.ts': '',
    }
    expect(brokenImports(tree)[0]).toContain('upward edge: entry points → cli')
  })

  test('a studio that bypasses the entry points, or whose folders import from above', () => {
    const tree = {
      'packages/latch/src/cells/lstm.ts': '',
      'packages/studio/src/views/Text.svelte':
        "<!-- A view. -->\n<script>\n  import { lstm } from '../../../latch/src/cells/lstm.ts'\n</script>\n",
      'packages/studio/src/state/runs.ts': "import '../views/Text.svelte'\nimport { network } from 'latch'\n",
      'packages/studio/src/lessons/Lesson1.svelte': "<script>\n  import '../views/Text.svelte'\n</script>\n",
      'packages/studio/src/other/a.ts': "import '../state/runs.ts'\n",
    }
    expect(brokenImports(tree)).toEqual([
      'packages/studio/src/views/Text.svelte:3 entry points: packages/studio/src/views/Text.svelte → packages/latch/src/cells/lstm.ts; import latch or latch/…',
      'packages/studio/src/state/runs.ts:1 upward edge: studio packages/studio/src/state/runs.ts → packages/studio/src/views/Text.svelte',
      'packages/studio/src/lessons/Lesson1.svelte:2 sibling edge: studio packages/studio/src/lessons/Lesson1.svelte → packages/studio/src/views/Text.svelte',
      'packages/studio/src/other/a.ts:1 layers: the studio folder other belongs to no layer; name it in STUDIO_LAYERS',
    ])
  })

  test('kernels that import from outside, and others that import kernels', () => {
    expect(
      brokenImports({
        'packages/latch/kernels/a.ts': "import '../src/core/e.ts'",
        'packages/latch/src/core/e.ts': '',
      })[0],
    ).toContain('kernels: packages/latch/kernels/a.ts → packages/latch/src/core/e.ts')
    expect(brokenImports({ 'packages/latch/kernels/a.ts': "import 'long'" })[0]).toContain('kernels:')
    expect(
      brokenImports({
        'packages/latch/kernels/a.ts': '',
        'packages/latch/src/engine/e.ts': "import '../../kernels/a.ts'",
      })[0],
    ).toContain('kernels:')
  })

  test('WebAssembly, built kernels and addresses above the engine', () => {
    const broken = (text: string) =>
      brokenImports({
        'packages/latch/src/model/network.ts': text,
        'packages/latch/src/engine/kernels.ts': 'export type Pointer = number',
      })
    expect(broken('// WebAssembly is only named here')).toEqual([])
    expect(broken('WebAssembly.validate(bytes)')[0]).toContain('engine only: touches WebAssembly')
    expect(broken("import '../engine/wasm/simd.ts'")[0]).toContain('engine only')
    expect(broken("import type { Pointer } from '../engine/kernels.ts'")[0]).toContain(
      'takes the type Pointer',
    )
    expect(broken('const at = base + 4 * memory.floatBytes')[0]).toContain('calculates an address')
  })

  test('node: modules in browser-safe files, missing files and files of no layer', () => {
    expect(brokenImports({ 'packages/latch/src/data/tables.ts': "import 'node:fs'" })[0]).toContain(
      'browser-safe',
    )
    expect(brokenImports({ 'packages/latch/src/data/tables.ts': "import './gone.ts'" })[0]).toContain(
      'no such file: packages/latch/src/data/gone.ts',
    )
    expect(brokenImports({ 'packages/latch/src/attic/box.ts': '' })[0]).toContain('belongs to no layer')
  })

  test('a dependency or a node: module that the browser entry point reaches', () => {
    const tree = new SourceTree({
      'packages/latch/src/index.ts': "export * from './data/a.ts'",
      'packages/latch/src/data/a.ts': "import './b.ts'",
      'packages/latch/src/data/b.ts': "import 'csv-parse'\nimport { open } from 'node:fs/promises'",
    })
    const by =
      'reached by packages/latch/src/index.ts → packages/latch/src/data/a.ts → packages/latch/src/data/b.ts'
    expect(show(browserViolations(tree))).toEqual([
      `packages/latch/src/data/b.ts:1 browser entry: imports csv-parse, ${by}`,
      `packages/latch/src/data/b.ts:2 browser entry: imports node:fs/promises, ${by}`,
    ])
    expect(show(browserViolations(tree, 'packages/latch/src/data/a.ts', ['csv-parse']))).toEqual([
      'packages/latch/src/data/b.ts:2 browser entry: imports node:fs/promises, reached by packages/latch/src/data/a.ts → packages/latch/src/data/b.ts',
    ])
    expect(show(browserViolations(new SourceTree({})))[0]).toContain('does not exist')
    const lazy = new SourceTree({
      'packages/latch/src/index.ts': "await import('./a.ts')",
      'packages/latch/src/a.ts': "import 'fflate'",
    })
    expect(browserViolations(lazy)).toHaveLength(1)
    expect(browserViolations(lazy, 'packages/latch/src/index.ts', [], false)).toEqual([])
  })
})

describe('the style rules catch', () => {
  test('a file of 501 lines, and not one of 500', () => {
    expect(brokenStyle({ 'tests/a.test.ts': lines(500) })).toEqual([])
    expect(brokenStyle({ 'tests/a.test.ts': lines(501) })[0]).toContain('file length: 501 lines')
  })

  test.each([
    ['function', `function long() {\n${lines(89)}}`, 'long: 91 lines'],
    ['method', `class A {\n  long() {\n${lines(89)}}\n}`, 'long: 91 lines'],
    ['arrow function', `const long = () => {\n${lines(89)}}`, 'long: 91 lines'],
    ['callback', `all.map((x) => {\n${lines(89)}})`, 'a function: 91 lines'],
  ])('a %s of 91 lines', (_, text, words) => {
    expect(brokenStyle({ 'examples/a.ts': text })[0]).toContain(`function length: ${words}, at most 90`)
    expect(brokenStyle({ 'examples/a.ts': text.replace('x++\n', '') })).toEqual([])
  })

  test('120 lines in a kernel, named functions for themselves, no describe', () => {
    expect(brokenStyle({ 'packages/latch/kernels/a.ts': `function long() {\n${lines(118)}}` })).toEqual([])
    expect(brokenStyle({ 'packages/latch/kernels/a.ts': `function long() {\n${lines(119)}}` })[0]).toContain(
      '121 lines, at most 120',
    )
    const method = `f() {\n${lines(60)}},\n`
    expect(brokenStyle({ 'examples/a.ts': `function all() {\nreturn {\n${method}${method}}\n}` })).toEqual([])
    expect(brokenStyle({ 'tests/a.test.ts': `describe('a', () => {\n${lines(100)}})` })).toEqual([])
    expect(brokenStyle({ 'tests/a.test.ts': `test('a', () => {\n${lines(100)}})` })).toHaveLength(1)
  })

  test('a missing and a long header in src/', () => {
    const header = (count: number) => `/**\n${lines(count, ' * why')} */\nlet x = 0\n`
    expect(brokenStyle({ 'packages/latch/src/core/a.ts': header(5) })).toEqual([])
    expect(brokenStyle({ 'packages/latch/src/core/a.ts': header(6) })[0]).toContain(
      'header: 6 lines, at most 5',
    )
    expect(brokenStyle({ 'packages/latch/src/core/a.ts': 'let x = 0\n' })[0]).toContain(
      'header: no comment at the top',
    )
  })

  test('a file name without a meaning', () => {
    expect(brokenStyle({ 'examples/utils.ts': '' })[0]).toContain('file name')
    expect(brokenStyle({ 'tests/helpers.ts': '' })[0]).toContain('file name')
  })

  test('a public name without a word about it, wherever it is declared', () => {
    const tree = new SourceTree({
      'packages/latch/src/index.ts':
        "export { a, b } from './a.ts'\nexport * from './c.ts'\nexport const own = 1\n",
      'packages/latch/src/a.ts': "/** Said. */\nexport const a = 1\nexport { b } from './b.ts'\n",
      'packages/latch/src/b.ts': 'export function b() {}\nexport function hidden() {}\n',
      'packages/latch/src/c.ts': '/** Said. */\nexport interface C {}\nexport type D = number\n',
    })
    expect(show(undocumented(tree))).toEqual([
      'packages/latch/src/b.ts:1 docstring: b has none',
      'packages/latch/src/c.ts:3 docstring: D has none',
      'packages/latch/src/index.ts:3 docstring: own has none',
    ])
  })

  test('paths of one machine', () => {
    const home = ['', 'home', 'ada', 'latch'].join('/')
    const broken = (text: string) => machinePaths(new SourceTree({ 'README.md': text }))
    expect(broken(`cd ${home}`)).toHaveLength(1)
    expect(broken('cd ../shared/data; see https://example.org/home/page')).toEqual([])
  })

  test('a cell that is called by its name outside its folder', () => {
    const tree = {
      'packages/latch/src/cells/lstm/lstm.ts': "export const name = 'lstm'\n",
      'packages/latch/src/model/network.ts': "\nif (cell === 'lstm') x++ // 'gru'\n",
      'packages/cli/src/latch.ts': "const names = ['LSTM', `gru`]\n",
    }
    expect(show(cellNamesOutside(new SourceTree(tree), ['lstm', 'gru']))).toEqual([
      "packages/latch/src/model/network.ts:2 cell by name: 'lstm': derive it from cells/registry.ts",
      "packages/cli/src/latch.ts:1 cell by name: 'gru': derive it from cells/registry.ts",
    ])
  })

  test('an import of one cell outside the registry and the factories', () => {
    const tree = {
      'packages/latch/src/cells/lstm/lstm.ts': 'export const lstm = 1\n',
      'packages/latch/src/cells/registry.ts': "import { lstm } from './lstm/lstm.ts'\n",
      'packages/latch/src/layers/recurrent/factories.ts': "import { lstm } from '../../cells/lstm/lstm.ts'\n",
      'packages/latch/src/model/stream.ts': "\nimport { lstm } from '../cells/lstm/lstm.ts'\n",
    }
    expect(show(cellImportsOutside(new SourceTree(tree)))).toEqual([
      'packages/latch/src/model/stream.ts:2 cell by name: imports the cell lstm: derive it from cells/registry.ts',
    ])
  })

  test('a class name of a cell outside the table of formats', () => {
    const tree = {
      'packages/latch/src/formats/gateOrders.ts': "const names = { lstm: 'LSTM' }\n",
      'packages/latch/src/formats/onnx/read.ts': "\nif (op === 'LSTM') x++ // GRU\nconst by = { GRU: x }\n",
      'packages/latch/src/formats/keras/read.ts': 'const a = /^(LSTM|GRU)$/\nconst b = `${n} of an LSTM`\n',
      'packages/latch/src/formats/keras/fine.ts': "const a = 'ConvLSTM2D'\n",
      'packages/cli/src/latch.ts': "const names = ['GRU']\n",
    }
    expect(show(cellNamesOutside(new SourceTree(tree), [], ['LSTM', 'GRU']))).toEqual([
      'packages/latch/src/formats/onnx/read.ts:2 class name of a cell: LSTM: derive it from formats/gateOrders.ts',
      'packages/latch/src/formats/onnx/read.ts:3 class name of a cell: GRU: derive it from formats/gateOrders.ts',
      'packages/latch/src/formats/keras/read.ts:1 class name of a cell: LSTM: derive it from formats/gateOrders.ts',
      'packages/latch/src/formats/keras/read.ts:2 class name of a cell: LSTM: derive it from formats/gateOrders.ts',
    ])
  })

  test('a command that the README invents', () => {
    const broken = (text: string) => unknownCommands('README.md', text, { test: 'vitest', build: 'tsc' })
    expect(broken('`npm test`, `npm run build`, `npm run -s build`')).toEqual([])
    expect(show(broken('\n`npm start`'))).toEqual(['README.md:2 command: npm start is not in package.json'])
    expect(broken('npm run fly')).toHaveLength(1)
  })
})

describe('this repository', () => {
  const source = readTree([
    'packages/latch/src',
    'packages/cli/src',
    'packages/studio/src',
    'packages/latch/kernels',
    'examples',
    'demo',
  ])
  const expectNone = (violations: readonly Violation[]) => expect(show(violations)).toEqual([])

  test('has all its folders', () => expect(source.paths.length).toBeGreaterThan(50))
  test('keeps the import rule', () => expectNone(importViolations(source)))
  test('has an entry point for browsers', () => expectNone(browserViolations(source)))
  test('reads tables with the browser build of csv-parse, and guesses encodings with chardet', () => {
    const brings = ['csv-parse/browser/esm/sync', 'chardet']
    expectNone(browserViolations(source, 'packages/latch/src/tables.ts', brings))
  })
  test.each(['index', 'node', 'training', 'inspection', 'datasets'])('needs no dependency in %s', (name) => {
    const entry = `packages/latch/src/${name}.ts`
    expectNone(
      browserViolations(source, entry).filter(({ message }) => name !== 'node' || !/ node:/.test(message)),
    )
  })
  test('loads readers of formats, and what they need, when they are first used', () => {
    const brings = [
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/codegenv2',
      '@bufbuild/protobuf/wire',
      '@bufbuild/protobuf/wkt',
      'fflate',
    ]
    expectNone(browserViolations(source, 'packages/latch/src/formats.ts', brings))
    expectNone(browserViolations(source, 'packages/latch/src/formats.ts', [], false))
  })
  test('keeps the style', () => {
    expectNone(
      styleViolations(
        readTree([
          'packages/latch/src',
          'packages/cli/src',
          'packages/studio/src',
          'packages/latch/kernels',
          'examples',
          'demo',
          'tests',
          'scripts',
          'bench',
        ]),
      ),
    )
  })
  test('derives every list of cells from their registry', () => {
    expectNone(
      cellNamesOutside(
        source,
        cells.map(({ name }) => name),
        CLASS_FORMATS.flatMap((format) => classNames(format)),
      ),
    )
  })
  test('imports a cell by its folder in the registry and in the layers alone', () => {
    expectNone(cellImportsOutside(source))
  })
  // The one list beside the registry: a factory by name is what lets a bundle carry one cell alone.
  test.each([...cells])('exports a typed factory of each form of the cell $name', (cell) => {
    const factories = latch as unknown as Record<string, (units: number) => latch.LayerSpec>
    const { name } = cell
    const generic = genericCells.some((each) => each.name === name && Object.is(each, cell))
      ? []
      : [`generic${name[0].toUpperCase()}${name.slice(1)}`]
    for (const factory of [name, ...generic])
      expect(factories[factory](2).options).toMatchObject({ cell: name })
  })

  test('has no folder with more than 20 source files', () => {
    const counts = new Map<string, number>()
    for (const path of readTree(['packages', 'tests', 'scripts', 'bench', 'examples', 'demo']).paths) {
      const folder = path.slice(0, path.lastIndexOf('/'))
      if (!/\/(dist|node_modules)\//.test(path)) counts.set(folder, (counts.get(folder) ?? 0) + 1)
    }
    expect(counts.size).toBeGreaterThan(50)
    expect([...counts].filter(([, count]) => count > 20)).toEqual([])
  })
  test('leaves formatting to the formatter', () => {
    const ignore = ['prettier', 'ignore'].join('-')
    const folders = [
      'packages/latch/src',
      'packages/cli/src',
      'packages/studio/src',
      'tests',
      'scripts',
      'bench',
    ]
    const { files } = readTree(folders)
    expect([...files].filter(([, text]) => text.includes(ignore)).map(([path]) => path)).toEqual([])
  })
  test('uses the words of the field', () => {
    // Folders join this list when `node scripts/words.mjs` counts none in them.
    const clean = [
      'README.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'bench/',
      'demo/',
      'docs/',
      'examples/',
      'packages/cli/',
      'packages/studio/',
      'scripts/',
      'tests/',
      'packages/latch/kernels/',
      'packages/latch/src/',
      'packages/latch/tests/',
    ]
    const { stdout, status } = spawnSync(process.execPath, ['scripts/words.mjs', '--check', ...clean], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
  test('reads files beside a model in one place', () => {
    const reads = [...readTree(['packages/latch/src/formats']).files].filter(([, text]) =>
      /\bsibling\(\w+\)(?! *[:{])/.test(text),
    )
    expect(reads.map(([path]) => path)).toEqual([
      'packages/latch/src/formats/companions.ts',
      'packages/latch/src/formats/onnx/proto/decode.ts',
    ])
  })
  test('documents what it exports', () => {
    expectNone(undocumented(source))
    expectNone(undocumented(source, 'packages/latch/src/node.ts'))
    expectNone(undocumented(source, 'packages/latch/src/training.ts'))
    expectNone(undocumented(source, 'packages/latch/src/datasets.ts'))
    expectNone(undocumented(source, 'packages/latch/src/tables.ts'))
    expectNone(undocumented(source, 'packages/latch/src/tablesNode.ts'))
    expectNone(undocumented(source, 'packages/latch/src/inspection.ts'))
    expectNone(undocumented(source, 'packages/latch/src/formats.ts'))
    expectNone(undocumented(source, 'packages/latch/src/formatsNode.ts'))
  })

  test('names no machine', () => {
    const folders = ['packages', 'examples', 'demo', 'tests', 'scripts', 'bench', 'docs', '.ci']
    const { files } = readTree(folders, /^run$|\.(ts|mjs|md|json|jsonl|html|css|sh|csv)$/)
    const pages = readdirSync(root).filter((name) => /\.(md|json|ts)$/.test(name))
    const atRoot = pages.map((name): [string, string] => [name, readFileSync(join(root, name), 'utf8')])
    expectNone(machinePaths(new SourceTree(new Map([...files, ...atRoot]))))
  })

  test('has the commands its pages name', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const page of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'CHANGELOG.md']) {
      expectNone(unknownCommands(page, readFileSync(join(root, page), 'utf8'), scripts))
    }
  })
})
