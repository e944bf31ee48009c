/**
 * The packages as users get them: packed, installed into an empty project, type-checked and run there.
 *   node scripts/packCheck.mjs [--json FILE]
 * Needs a built dist/ (node scripts/setup.mjs) and the npm registry for dependencies and TypeScript 5.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LICENCES_FILE } from './packages/licences.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: flags } = parseArgs({ options: { json: { type: 'string' } } })
const folder = mkdtempSync(join(tmpdir(), 'latch-pack-'))
const counts = { passed: 0, failed: 0, skipped: 0 }

/** Runs a command; its output, or an error with all that it printed. */
function run(cwd, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}${error ?? ''}`)
  return stdout
}

function check(name, action) {
  try {
    action()
    counts.passed++
    console.log(`passed  ${name}`)
  } catch (error) {
    counts.failed++
    console.log(`FAILED  ${name}\n${error.message}`)
  }
}

function assertEqual(got, wanted, what) {
  const [one, other] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (one !== other) throw new Error(`${what}: expected ${other}, got ${one}`)
}

const quiet = ['--no-audit', '--no-fund', '--loglevel=error']

function pack(name) {
  // Else npm writes the build's words among the JSON.
  const args = ['pack', '--json', '--no-foreground-scripts', '--pack-destination', folder]
  const [{ filename, files, unpackedSize }] = JSON.parse(run(join(root, 'packages', name), 'npm', args))
  return { path: join(folder, filename), files: files.map(({ path }) => path), size: unpackedSize }
}

/** An empty project with these packages installed. */
function project(name, ...packages) {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }))
  run(path, 'npm', ['install', ...quiet, ...packages])
  return path
}

/** Third-party parts inside each package. */
const PARTS = {
  latch: ['assemblyscript'],
  cli: ['dejavu-fonts-ttf'],
  studio: [
    '@bufbuild/protobuf',
    '@fontsource-variable/inter',
    '@fontsource-variable/jetbrains-mono',
    'assemblyscript',
    'chardet',
    'csv-parse',
    'd3-array',
    'd3-color',
    'd3-format',
    'd3-interpolate',
    'd3-scale',
    'fflate',
    'katex',
    'svelte',
    'uplot',
  ],
}
/** Of what npm unpacks, without dependencies. */
const MOST_MEGABYTES = { latch: 3, cli: 1.5, studio: 10 }

const ENTRIES = [
  'latch',
  'latch/training',
  'latch/inspection',
  'latch/datasets',
  'latch/tables',
  'latch/formats',
]
const WITHOUT_DEPENDENCIES = ENTRIES.slice(0, 4)
const DEPENDENCIES = [
  '@bufbuild/protobuf',
  'chardet',
  'csv-parse',
  'fflate',
  'fzstd',
  'hyparquet',
  'hyparquet-compressors',
]

const PROGRAM = `import { dense, features, gru, network, textClassifier, type Network } from 'latch'
import { fit } from 'latch/training'
import { explain } from 'latch/inspection'
import { addingProblem } from 'latch/datasets'
import { parseExamples, readExamples } from 'latch/tables'
import { exportFile, importFile, openModel } from 'latch/formats'

const rows = [{ text: 'a fine day', label: 'good' }, { text: 'a bad day', label: 'bad' }]
const model = textClassifier({ cell: 'gru', units: 4 })
await model.fit(rows, { text: 'text', label: 'label' })
const label: string = model.predict('a fine day').label
const made: Network = network([features(1), gru(2), dense(1)], { loss: { type: 'meanSquaredError' } })
export const all = { label, made, fit, explain, addingProblem, parseExamples, readExamples, openModel }

// A model of any file has one contract, whatever it reads.
const opened = await importFile('model.onnx')
const answers: (string | null)[] = [
  opened.predict('a fine day').label,
  opened.predict([3, 1, 4]).label,
  opened.predict([[0.1, 0.2], [0.3, 0.4]]).label,
]
const streamed: number[] = opened.stream().push(3).output
await opened.fit(rows, { text: 'text', label: 'label', epochs: 1 })
const metrics = await opened.evaluate(rows, { input: 'text', target: 'label' })
if (metrics.kind === 'classes') answers.push(metrics.accuracy.toFixed())
await exportFile(opened, 'onnx', 'again.onnx')
await opened.save('model.safetensors')
export const more = { answers, streamed, history: opened.history, trace: opened.trace('a fine day') }
// @ts-expect-error: no such cell
textClassifier({ cell: 'transformer' })
`
const RESOLUTIONS = [
  ['bundler', 'ESNext'],
  ['node16', 'Node16'],
  ['nodenext', 'NodeNext'],
]

function typeCheck(path, compiler, resolution, module) {
  const config = {
    compilerOptions: {
      module,
      moduleResolution: resolution,
      target: 'ES2022',
      lib: ['ES2023', 'DOM'],
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    },
    files: ['program.ts'],
  }
  writeFileSync(join(path, 'program.ts'), PROGRAM)
  writeFileSync(join(path, `tsconfig.${resolution}.json`), JSON.stringify(config))
  run(path, process.execPath, [compiler, '-p', `tsconfig.${resolution}.json`])
}

/** Fields by which packages are installed and resolved, besides `dependencies`. */
const RESOLVED = ['version', 'main', 'types', 'browser', 'alias', 'typesVersions', 'exports', 'sideEffects']

/** `npm install git+…` takes the root, whose fields lead to the files of packages/latch. */
function rootIsLibrary() {
  const manifest = (place) => JSON.parse(readFileSync(join(root, place, 'package.json'), 'utf8'))
  const [workspace, { name, dependencies, files, ...fields }] = [manifest('.'), manifest('packages/latch')]
  const placed = (value) => value.replace(/^(!?)(\.\/)?dist\b/, '$1$2packages/latch/dist')
  const moved = (value) => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value === 'string') return placed(value)
    return Object.fromEntries(Object.entries(value).map(([key, inside]) => [placed(key), moved(inside)]))
  }
  for (const field of RESOLVED) assertEqual(workspace[field], moved(fields[field]), field)
  assertEqual([workspace.name, workspace.dependencies], [name, dependencies], 'name and dependencies')
  const packed = files.filter((file) => !/^[A-Z]/.test(file)).map(placed)
  assertEqual(workspace.files, packed, 'files')
  if (!workspace.scripts.prepare?.includes('prepare.mjs')) throw new Error('no script builds it')
}

/** Jest in its CommonJS mode, set up as README.md of the library says. */
function jestProject(path) {
  const readme = readFileSync(join(root, 'packages', 'latch', 'README.md'), 'utf8')
  const [, config] = /```js\n(module\.exports = [^]*?)```/.exec(readme)
  const babel = { presets: [['@babel/preset-env', { targets: { node: 'current' } }]] }
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: 'jest-project', private: true }))
  writeFileSync(join(path, 'babel.config.json'), JSON.stringify(babel))
  writeFileSync(join(path, 'jest.config.js'), config)
  writeFileSync(join(path, 'latch.test.js'), JEST_PROGRAM)
  return path
}

const JEST_PROGRAM = `import { features, gru, network, textClassifier, TextClassifier } from 'latch'
import { parseExamples } from 'latch/tables'
import { importFile } from 'latch/formats'

test('trains, saves and opens', async () => {
  const table = 'text,label\\n' + 'a fine day,good\\nan awful night,bad\\n'.repeat(10)
  const { rows } = parseExamples(table, { text: 'text', label: 'label' })
  const model = textClassifier({ cell: 'gru', units: 4 })
  await model.fit(rows, { text: 'text', label: 'label', epochs: 20, seed: 1 })
  expect(TextClassifier.fromBytes(model.toBytes()).predict('a fine day').label).toBe('good')
  await model.save('model.safetensors')
  expect((await importFile('model.safetensors')).predict('an awful night').label).toBe('bad')
  expect(network([features(1), gru(2)]).parameterCount).toBeGreaterThan(0)
})
`

/** Parcel reads no `exports` as it comes. For the `Buffer` of chardet it wants the package `buffer`. */
const PARCEL_PROGRAM = `import { dense, features, gru, network } from 'latch'
import { completeSchedule } from 'latch/training'
import { explain } from 'latch/inspection'
import { addingProblem } from 'latch/datasets'
import { parseExamples } from 'latch/tables'
import { openModel } from 'latch/formats'

const others = [completeSchedule, explain, addingProblem, parseExamples, openModel].map((value) => typeof value)
console.log(JSON.stringify([network([features(1), gru(2), dense(1)], { seed: 1 }).engine.name, ...new Set(others)]))
`

function parcelBuild(path) {
  writeFileSync(join(path, 'page.js'), PARCEL_PROGRAM)
  const options = ['--no-cache', '--dist-dir', 'out']
  run(path, 'npx', ['--no', '--', 'parcel', 'build', 'page.js', ...options])
  writeFileSync(join(path, 'out', 'package.json'), '{ "type": "commonjs" }')
  assertEqual(JSON.parse(run(path, process.execPath, ['out/page.js'])), ['simd', 'function'], 'answers')
}

/** Imports entry points in a fresh Node. */
const load = (path, entries) =>
  run(path, process.execPath, [
    '--input-type=module',
    '-e',
    entries.map((entry) => `if (!Object.keys(await import('${entry}')).length) throw '${entry}'`).join('\n'),
  ])

/** The same with a dependency out of reach, then back. */
function loadWithout(path, dependencies, entries) {
  const hidden = dependencies.map((name) => [join(path, 'node_modules', name), join(path, 'hidden', name)])
  const move = (from, to) => {
    mkdirSync(dirname(to), { recursive: true })
    renameSync(from, to)
  }
  for (const [from, to] of hidden) move(from, to)
  try {
    load(path, entries)
  } finally {
    for (const [from, to] of hidden) move(to, from)
  }
}

try {
  const packed = Object.fromEntries(['latch', 'cli', 'studio'].map((name) => [name, pack(name)]))
  for (const [name, { files }] of Object.entries(packed)) {
    check(`${name}: what the package holds`, () => {
      for (const file of ['README.md', 'LICENSE', 'package.json'])
        if (!files.includes(file)) throw new Error(`${file} is missing`)
      const foreign = files.filter(
        (file) => !/^(dist\/|fonts\/\w+|README\.md$|LICENSE$|package\.json$)/.test(file),
      )
      assertEqual(foreign, [], 'other files')
      assertEqual(
        files.filter((file) => /\.stamp$|\.test\./.test(file)),
        [],
        'build leftovers',
      )
      const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8')
      const targets = readme.matchAll(/\]\(\s*([^)\s]+)|(?:src|href)="([^"]+)"/g)
      assertEqual(
        Array.from(targets, ([, link, address]) => link ?? address).filter((to) => !/^https:|^#/.test(to)),
        [],
        'links and pictures of README.md that npm does not find',
      )
      const own = readFileSync(join(root, 'packages', name, 'LICENSE'), 'utf8')
      assertEqual(own, readFileSync(join(root, 'LICENSE'), 'utf8'), 'licence')
      const { private: isPrivate, scripts } = JSON.parse(
        readFileSync(join(root, 'packages', name, 'package.json')),
      )
      assertEqual(isPrivate, undefined, 'private')
      if (!scripts.prepack?.includes('setup.mjs')) throw new Error('no script builds what is packed')
    })
  }

  for (const [name, parts] of Object.entries(PARTS))
    check(`${name}: the licences of its parts, ${parts.join(', ')}`, () => {
      const text = readFileSync(join(root, 'packages', name, 'dist', LICENCES_FILE), 'utf8')
      const heads = text.matchAll(/^=+\n(\S+) \S+, licence .+\n\n\S/gm)
      assertEqual(
        Array.from(heads, ([, part]) => part),
        parts,
        'parts',
      )
      if (!packed[name].files.includes(`dist/${LICENCES_FILE}`)) throw new Error('the file is not packed')
    })
  for (const [name, most] of Object.entries(MOST_MEGABYTES))
    check(`${name}: at most ${most} MB when installed`, () => {
      if (packed[name].size > most * 1e6) throw new Error(`${packed[name].size} bytes`)
      console.log(`        ${(packed[name].size / 1e6).toFixed(2)} MB`)
    })

  check('the root installs from Git as the library', rootIsLibrary)

  const library = project('library', packed.latch.path)
  check('the library installs these dependencies and no others', () => {
    const { dependencies } = JSON.parse(run(library, 'npm', ['ls', '--all', '--json', '--omit=dev']))
    assertEqual(Object.keys(dependencies), ['latch'], 'installed')
    assertEqual(Object.keys(dependencies.latch.dependencies).toSorted(), DEPENDENCIES, 'dependencies')
  })
  check('every entry point loads', () => load(library, ENTRIES))
  for (const entry of WITHOUT_DEPENDENCIES)
    check(`${entry} loads without any dependency`, () => loadWithout(library, DEPENDENCIES, [entry]))
  check('latch/tables needs csv-parse and chardet alone', () =>
    loadWithout(
      library,
      ['@bufbuild/protobuf', 'fflate', 'fzstd', 'hyparquet', 'hyparquet-compressors'],
      ['latch/tables'],
    ),
  )

  run(library, 'npm', ['install', ...quiet, '--save-dev', 'typescript@5', '@types/node@20'])
  const compilers = {
    'TypeScript 5': join(library, 'node_modules', 'typescript', 'bin', 'tsc'),
    'TypeScript 6': join(root, 'node_modules', 'typescript', 'bin', 'tsc6'),
  }
  for (const [version, compiler] of Object.entries(compilers))
    for (const [resolution, module] of RESOLUTIONS)
      check(`types: ${version}, ${resolution}`, () => typeCheck(library, compiler, resolution, module))
  // TypeScript 6 reports that it is deprecated.
  check('types: TypeScript 5, node10, which reads no exports', () =>
    typeCheck(library, compilers['TypeScript 5'], 'node10', 'ESNext'),
  )

  const tested = project('jest', packed.latch.path, 'jest@30', '@babel/core@7', '@babel/preset-env@7')
  check('Jest in CommonJS mode', () =>
    run(jestProject(tested), 'npx', ['--no', '--', 'jest', '--ci', '--no-cache']),
  )
  const bundled = project('parcel', packed.latch.path, 'parcel@2', 'buffer@6')
  check('Parcel', () => parcelBuild(bundled))

  const command = project('command', ...Object.values(packed).map(({ path }) => path))
  check('npx latch --help', () => {
    const help = run(command, 'npx', ['--no', '--', 'latch', '--help'])
    for (const word of ['train', 'predict', 'inspect', 'export', 'studio'])
      if (!help.includes(word)) throw new Error(`help lacks ${word}:\n${help}`)
  })
  check('the studio’s pages lie in its package', () => {
    for (const page of ['index.html', 'report.html'])
      if (!existsSync(join(command, 'node_modules', 'latch-studio', 'dist', page))) throw new Error(page)
  })
} catch (error) {
  counts.failed++
  console.log(`FAILED  ${error.message}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
if (flags.json) writeFileSync(flags.json, JSON.stringify(counts))
process.exitCode = counts.failed > 0 ? 1 : 0
