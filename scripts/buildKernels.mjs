/**
 * Builds the kernels twice from one source: kernels/*.ts → build/{simd,relaxed}.wasm →
 * src/engine/wasm/{simd,relaxed}.ts (base64, so that one import works in Node, in a browser and in every
 * bundler). Does nothing while the outputs are newer.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Each build's own tiles are entry files too: what an entry exports stays a function of its own. */
const builds = [
  { name: 'simd', features: 'simd', tiles: 'kernels/tiles12.ts' },
  { name: 'relaxed', features: 'simd,relaxed-simd', tiles: 'kernels/tiles8.ts' },
]
const flags = '--importMemory --maximumMemory 65536 --runtime stub --noAssert -O3 --converge'

const wasmOf = (name) => join(root, `build/${name}.wasm`)
const moduleOf = (name) => join(root, `src/engine/wasm/${name}.ts`)

function modified(path) {
  try {
    return statSync(path).mtimeMs
  } catch {
    return 0
  }
}

function upToDate() {
  const folder = join(root, 'kernels')
  const sources = readdirSync(folder).map((name) => join(folder, name))
  const newest = Math.max(...[...sources, fileURLToPath(import.meta.url)].map(modified))
  return builds.every(({ name }) => modified(moduleOf(name)) > newest && modified(wasmOf(name)) > newest)
}

/** Two builds may run at once (tests in parallel): each file appears whole or not at all. */
function writeWhole(path, content) {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, content)
  renameSync(temporary, path)
}

async function build(asc, { name, features, tiles }) {
  const wasm = `build/${name}.${process.pid}.wasm`
  const files = ['kernels/index.ts', tiles, '--baseDir', root, '--outFile', wasm]
  const { error, stderr } = await asc.main([...files, '--enable', features, ...flags.split(' ')])
  if (error) {
    process.stderr.write(stderr.toString())
    throw error
  }
  const bytes = readFileSync(join(root, wasm))
  renameSync(join(root, wasm), wasmOf(name))
  writeWhole(moduleOf(name), `export const ${name}Base64 =\n  '${bytes.toString('base64')}'\n`)
  console.log(`kernels: build/${name}.wasm, ${bytes.length.toLocaleString('en')} bytes`)
}

if (!upToDate()) {
  const { default: asc } = await import('assemblyscript/asc')
  mkdirSync(join(root, 'build'), { recursive: true })
  mkdirSync(join(root, 'src/engine/wasm'), { recursive: true })
  for (const each of builds) await build(asc, each)
}
