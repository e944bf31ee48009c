/**
 * What a clone needs before anything runs: dependencies, kernels, dist/ with the studio, the `latch` command.
 * Each part is made only where it is missing or its sources changed (by their contents, not by the
 * clock). Says one line a part, on standard error; shows a tool's own words only when it fails.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const path = (...parts) => join(root, ...parts)
const OLDEST_NODE = 20

const USAGE = `node scripts/setup.mjs [--dependencies | --kernels | --library | --studio | --build]
  (nothing)        everything, each part where it is out of date
  --dependencies   only node_modules
  --kernels        node_modules and the compiled kernels
  --library        everything but the studio
  --studio         only the studio's pages, for a command that needs them
  --build          everything, dist/ even where it is up to date`

/** Every file below the given files and folders, sorted, as paths from the root. */
function filesOf(...names) {
  return names.flatMap((name) => {
    if (!existsSync(path(name))) return []
    if (statSync(path(name)).isFile()) return [name]
    const inside = readdirSync(path(name), { recursive: true, withFileTypes: true })
    return inside
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
      .toSorted()
  })
}

/** One hash of names and contents. */
function fingerprint(...names) {
  const hash = createHash('sha256')
  for (const file of filesOf(...names))
    hash
      .update(`${file}\0`)
      .update(readFileSync(path(file)))
      .update('\0')
  return hash.digest('hex')
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}

/** Runs one tool silently; where it fails, shows what it said and ends with its exit code. */
function step(words, command, args, options = {}) {
  process.stderr.write(`${words} … `)
  const begin = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    ...options,
  })
  if (status === 0) {
    process.stderr.write(`${((performance.now() - begin) / 1000).toFixed(1)} s\n`)
    return
  }
  process.stderr.write(`failed\n${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`)
  process.exit(status || 1)
}

function dependencies() {
  const stamp = path('node_modules', '.latch-setup')
  const wanted = fingerprint('package-lock.json')
  if (readStamp(stamp) === wanted) return
  if (!installedByHand()) {
    const npm = process.env.npm_execpath
    // Not what `npm install --global git+…` says, which runs this in a clone.
    const args = ['ci', '--no-global', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
    if (npm?.endsWith('.js')) step('installing dependencies (npm ci)', process.execPath, [npm, ...args])
    else step('installing dependencies (npm ci)', 'npm', args, { shell: process.platform === 'win32' })
  }
  writeFileSync(stamp, wanted)
}

/** Whether npm itself says that it installed this very lock file, with the tools: npm can install one workspace alone. */
function installedByHand() {
  const installed = path('node_modules', '.package-lock.json')
  const { devDependencies } = JSON.parse(readFileSync(path('package.json'), 'utf8'))
  return (
    Object.keys(devDependencies).every((name) => existsSync(path('node_modules', name))) &&
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(path('package-lock.json')).mtimeMs
  )
}

function kernels() {
  const stamp = path('build', '.stamp')
  const wanted = fingerprint(
    'packages/latch/kernels',
    'scripts/buildKernels.mjs',
    'node_modules/assemblyscript/package.json',
  )
  const outputs = ['build/simd.wasm', 'build/relaxed.wasm', 'packages/latch/src/engine/wasm/builds.ts']
  const there = outputs.filter((output) => existsSync(path(output)))
  if (there.length === outputs.length && readStamp(stamp) === wanted) return
  // The build script goes by the clock, which a checkout may have set back.
  for (const output of there) utimesSync(path(output), 0, 0)
  step('compiling the kernels (AssemblyScript)', process.execPath, [path('scripts', 'buildKernels.mjs')])
  mkdirSync(path('build'), { recursive: true })
  writeFileSync(stamp, wanted)
}

/** The kernels contain parts of AssemblyScript's standard library. */
const KERNEL_LIBRARY = { name: 'assemblyscript', use: 'its standard library in the compiled kernels' }
const FONTS = {
  name: 'dejavu-fonts-ttf',
  use: 'the fonts of PNG pictures, without glyphs that are not drawn',
}

/**
 * What `tsc` compiles, in this order: each package reads the declarations of those before it. `parts` are packages
 * that are inside what it gives, `fonts` the files of which it has subsets.
 */
const PROJECTS = [
  {
    name: 'packages/latch',
    out: 'packages/latch/dist',
    sources: ['packages/latch/src'],
    parts: [KERNEL_LIBRARY],
  },
  {
    name: 'packages/cli',
    out: 'packages/cli/dist',
    sources: ['packages/cli/src', 'packages/latch/src'],
    parts: [FONTS],
    // Into the folder fonts of the package.
    fonts: ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'],
  },
  { name: '.', out: 'dist', sources: ['examples', 'demo', 'packages/cli/src', 'packages/latch/src'] },
]

const ENGINE_TYPES = 'declare const module: WebAssembly.Module\nexport default module\n'

/** What `tsc` does not give: modules without comments, licences of the parts, and files as they are. */
async function addFiles({ out, parts = [], fonts = [] }) {
  const { LICENCES_FILE, licencesText } = await import('./packages/licences.mjs')
  const folders = parts.map(({ name, use }) => ({ folder: path('node_modules', name), use }))
  if (parts.length > 0) writeFileSync(path(out, LICENCES_FILE), licencesText(folders))
  if (out === 'packages/latch/dist') {
    const { stripComments } = await import('./packages/stripComments.mjs')
    stripComments(path(out))
    // For hosts that compile no bytes themselves.
    copyFileSync(path('build', 'simd.wasm'), path(out, 'engine.wasm'))
    writeFileSync(path(out, 'engineWasm.d.ts'), ENGINE_TYPES)
  }
  if (fonts.length === 0) return
  const { subsetFont } = await import('./packages/subsetFont.mjs')
  mkdirSync(path(out, '..', 'fonts'), { recursive: true })
  for (const file of fonts) {
    const font = readFileSync(path('node_modules', FONTS.name, 'ttf', file))
    writeFileSync(path(out, '..', 'fonts', file), subsetFont(font))
  }
}

async function compile(always) {
  for (const project of PROJECTS) {
    const { name, out, sources } = project
    const stamp = path(out, '.stamp')
    const config = join(name, 'tsconfig.build.json')
    const wanted = fingerprint(
      ...sources,
      config,
      'tsconfig.json',
      'package-lock.json',
      'scripts/packages/licences.mjs',
      'scripts/packages/stripComments.mjs',
      'scripts/packages/subsetFont.mjs',
    )
    const there = (project.fonts ?? []).every((file) => existsSync(path(out, '..', 'fonts', file)))
    if (!always && there && readStamp(stamp) === wanted) continue
    rmSync(path(out), { recursive: true, force: true })
    step(`building ${out}/ (tsc)`, process.execPath, [
      path('node_modules', 'typescript', 'bin', 'tsc6'),
      '-p',
      config,
    ])
    await addFiles(project)
    writeFileSync(stamp, wanted)
  }
}

/** The studio's page, and the page that `latch inspect --html` fills. */
function studio(always) {
  const folder = path('packages', 'studio')
  const stamp = path('build', '.studio-stamp')
  const own = readdirSync(folder).filter((name) => !['node_modules', 'dist', 'tests'].includes(name))
  const wanted = fingerprint(
    ...own.map((name) => `packages/studio/${name}`),
    'packages/latch/src',
    'package-lock.json',
  )
  const there = ['index.html', 'report.html'].every((page) => existsSync(join(folder, 'dist', page)))
  if (!always && there && readStamp(stamp) === wanted) return
  // A build that fails half-way must not pass for a whole one.
  rmSync(stamp, { force: true })
  const vite = [path('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'error']
  // The first empties dist/, the second adds to it.
  step('building the studio (vite)', process.execPath, vite, { cwd: folder })
  step('building the report (vite)', process.execPath, [...vite, '--mode', 'report'], { cwd: folder })
  mkdirSync(path('build'), { recursive: true })
  writeFileSync(stamp, wanted)
}

/** npm links a workspace's command only where it is compiled already. */
function linkCommand() {
  const command = path('packages', 'cli', 'dist', 'latch.js')
  if (!existsSync(command)) return
  chmodSync(command, 0o755)
  const link = path('node_modules', '.bin', 'latch')
  if (existsSync(link) && realpathSync(link) === realpathSync(command)) return
  rmSync(link, { force: true })
  if (process.platform === 'win32')
    writeFileSync(`${link}.cmd`, '@node "%~dp0\\..\\latch-cli\\dist\\latch.js" %*\r\n')
  else symlinkSync(join('..', 'latch-cli', 'dist', 'latch.js'), link)
}

const OPTIONS = ['--dependencies', '--kernels', '--library', '--studio', '--build']
const [option, ...rest] = process.argv.slice(2)
if (rest.length || (option && !OPTIONS.includes(option))) {
  process.stderr.write(`${USAGE}\n`)
  process.exit(2)
}
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `setup: expected Node ${OLDEST_NODE} or newer, got ${process.version}. Install a newer one.\n`,
  )
  process.exit(1)
}
dependencies()
if (option !== '--dependencies') kernels()
if (option === '--studio') studio(false)
else if (option !== '--dependencies' && option !== '--kernels') {
  await compile(option === '--build')
  linkCommand()
  if (option !== '--library') studio(option === '--build')
}
