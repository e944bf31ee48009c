/**
 * Bundles and minifies the browser's entry with both WebAssembly builds inside, and fails where it is
 * larger than LIMIT once gzipped. Chunks that load later (training) are listed, not counted.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

// 60,000 until traces held what came in, what was saved and all gradients; 0.4 kB of that could not be saved.
const LIMIT = 60_000

const input = join(dirname(fileURLToPath(import.meta.url)), '..', 'packages', 'latch', 'dist', 'index.js')
const bundle = await rolldown({ input, platform: 'browser' })
const { output } = await bundle.generate({ format: 'es', minify: true, comments: false })
const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]))

/** The entry and all that it imports at once. */
function loadedWith(name, loaded = new Set()) {
  if (loaded.has(name)) return loaded
  loaded.add(name)
  for (const next of chunks.get(name).imports) loadedWith(next, loaded)
  return loaded
}

const first = loadedWith(output.find((chunk) => chunk.isEntry).fileName)
let total = 0
for (const { fileName, code } of output) {
  const bytes = gzipSync(code, { level: 9 }).length
  if (first.has(fileName)) total += bytes
  console.log(
    `${first.has(fileName) ? 'entry' : 'later'}  ${fileName}: ${bytes.toLocaleString('en')} bytes gzipped`,
  )
}
const words = `browser entry: ${total.toLocaleString('en')} bytes gzipped, at most ${LIMIT.toLocaleString('en')}`
if (total <= LIMIT) console.log(words)
else {
  console.error(`${words}: too large`)
  process.exitCode = 1
}
