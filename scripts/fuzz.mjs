/**
 * Every reader against damaged copies of real files: no crash, no hang (2 s a file), no single allocation above
 * four times the file, always an error with a place in it. `node scripts/fuzz.mjs [--count 20000] [--only keras]
 * [--from 0] [--json FILE]`; a mutation is identified by reader and number, and is the same on every machine.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { fuzzFiles } from './fuzz/files.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const HANG_MS = 2000
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
})
const [count, from] = [Number(values.count), Number(values.from)]

/** Runs mutations first … end − 1 in one thread; gives the number after the last one tried. */
function attack(files, first, end, failures, totals) {
  const progress = new SharedArrayBuffer(32)
  const state = new Float64Array(progress)
  const worker = new Worker(new URL('./fuzz/worker.mjs', import.meta.url), {
    workerData: { files, from: first, to: end, library: join(root, 'packages', 'latch', 'dist'), progress },
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  })
  return new Promise((resolve) => {
    let settled = false
    const finish = (next) => {
      if (settled) return
      settled = true
      clearInterval(watching)
      totals.tried += state[2]
      totals.read += state[3]
      void worker.terminate()
      resolve(next)
    }
    const watching = setInterval(() => {
      // Read once: the thread sets it back to 0 at any moment.
      const since = state[1]
      if (since === 0 || Date.now() - since < HANG_MS) return
      failures.push({ index: state[0], what: '', verdict: `no answer within ${HANG_MS} ms` })
      finish(state[0] + 1)
    }, 100)
    worker.on('message', (message) => {
      if (message.done) finish(end)
      else failures.push(message)
    })
    worker.on('error', (error) => {
      failures.push({ index: state[0], what: '', verdict: `the thread died: ${error.message}` })
      finish(state[0] + 1)
    })
  })
}

const library = (name) => import(join(root, 'packages/latch/dist', name))
const readers = Object.entries(
  await fuzzFiles(root, await library('node.js'), await library('formatsNode.js')),
)
let [passed, failed, skipped] = [0, 0, 0]
for (const [name, files] of readers) {
  if (values.only && values.only !== name) continue
  if (files.length === 0) {
    skipped++
    console.log(`${name}: skipped, no files`)
    continue
  }
  const failures = []
  const totals = { tried: 0, read: 0 }
  const begin = Date.now()
  let next = from
  while (next < from + count && failures.length < 50)
    next = await attack(files, next, from + count, failures, totals)
  const seconds = ((Date.now() - begin) / 1000).toFixed(0)
  const words = `${totals.tried} mutations of ${files.length} files, ${totals.read} read, ${totals.tried - totals.read} refused`
  console.log(`${name}: ${words}, ${failures.length} failures, ${seconds} s`)
  for (const one of failures.slice(0, 20))
    console.log(`  #${one.index} ${one.file ?? ''} ${one.what}: ${one.verdict}`)
  if (failures.length === 0) passed++
  else failed++
}
console.log(`fuzz: ${passed} readers passed, ${failed} failed, ${skipped} skipped`)
if (values.json) writeFileSync(values.json, JSON.stringify({ passed, failed, skipped }))
process.exitCode = failed ? 1 : 0
