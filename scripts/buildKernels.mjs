/**
 * Builds the kernels: kernels/*.ts → build/simd.wasm → src/engine/wasm/simd.ts (base64, so that one
 * import works in Node, in a browser and in every bundler). Does nothing while the output is newer.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const output = join(root, 'src/engine/wasm/simd.ts')

const flags = '--enable simd --importMemory --maximumMemory 65536 --runtime stub --noAssert -O3 --converge'

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
  return modified(output) > newest && modified(join(root, 'build/simd.wasm')) > newest
}

/** Two builds may run at once (tests in parallel): each file appears whole or not at all. */
function writeWhole(path, content) {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, content)
  renameSync(temporary, path)
}

async function build() {
  const { default: asc } = await import('assemblyscript/asc')
  mkdirSync(join(root, 'build'), { recursive: true })
  mkdirSync(dirname(output), { recursive: true })
  const wasm = `build/simd.${process.pid}.wasm`
  const { error, stderr } = await asc.main([
    'kernels/index.ts',
    '--baseDir',
    root,
    '--outFile',
    wasm,
    ...flags.split(' '),
  ])
  if (error) {
    process.stderr.write(stderr.toString())
    throw error
  }
  const bytes = readFileSync(join(root, wasm))
  renameSync(join(root, wasm), join(root, 'build/simd.wasm'))
  writeWhole(output, `export const simdBase64 =\n  '${bytes.toString('base64')}'\n`)
  console.log(`kernels: build/simd.wasm, ${bytes.length.toLocaleString('en')} bytes`)
}

if (!upToDate()) await build()
