/**
 * Measures a page that only predicts with a text classifier, by tree shaking alone: bundles and minifies it with both
 * WebAssembly builds inside, and fails where what loads at once is larger than LIMIT once gzipped. Chunks that load
 * later (training) are listed, not counted.
 */
import { gzipSync } from 'node:zlib'
import { bundlePage, loadedAtOnce } from './zz_bundle.mjs'

const LIMIT = 60_000

const PAGE = `
import { TextClassifier } from 'latch'
export async function answer(bytes, text) {
  return TextClassifier.fromBytes(bytes).predict(text)
}
`

const output = await bundlePage(PAGE)
const first = loadedAtOnce(output)
let total = 0
for (const { fileName, code } of output) {
  const bytes = gzipSync(code, { level: 9 }).length
  if (first.has(fileName)) total += bytes
  console.log(
    `${first.has(fileName) ? 'page ' : 'later'}  ${fileName}: ${bytes.toLocaleString('en')} bytes gzipped`,
  )
}
const words = `page that predicts: ${total.toLocaleString('en')} bytes gzipped, at most ${LIMIT.toLocaleString('en')}`
if (total <= LIMIT) console.log(words)
else {
  console.error(`${words}: too large`)
  process.exitCode = 1
}
