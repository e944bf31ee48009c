/**
 * Every reader against damaged copies of real files, or with `--made` against files of the right form and wrong contents:
 * no crash, no hang, time and memory in proportion to the file, always an answer or an error with a place in it.
 * `node scripts/fuzz.mjs [--made] [--count 20000] [--only keras] [--from 0] [--seed N] [--json FILE]`; a case is identified
 * by reader, seed and number, and is the same on every machine. Made-up files take the date as seed, mutations have none.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { attacked } from './fuzz/attack.mjs'
import { fuzzFiles, madeFiles } from './fuzz/files.mjs'
import { MADE } from './fuzz/made/makers.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const HANG_MS = 2000
/** The thread measures its own time of made-up files; a busy machine may take so many times that. */
const BUSY = 10
const { values } = parseArgs({
  options: {
    made: { type: 'boolean', default: false },
    count: { type: 'string' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 86_400_000)) },
    json: { type: 'string' },
  },
})
const [count, from, seed] = [
  Number(values.count ?? (values.made ? 2000 : 20_000)),
  Number(values.from),
  Number(values.seed),
]
const library = join(root, 'packages', 'latch', 'dist')
const load = (name) => import(join(library, name))
const files = await fuzzFiles(root, await load('node.js'), await load('formatsNode.js'))
const end = from + count

function attack(name) {
  if (!values.made) {
    const data = { files: files[name], library }
    return attacked(new URL('fuzz/worker.mjs', import.meta.url), data, { from, end, timeFor: () => HANG_MS })
  }
  const data = { format: name, files: madeFiles(root, name, files[MADE[name]]), seed, library }
  const timeFor = (bytes) => BUSY * (HANG_MS + bytes / 1000)
  return attacked(new URL('fuzz/madeWorker.mjs', import.meta.url), data, { from, end, timeFor })
}

const kind = values.made ? `files made with seed ${seed}` : 'mutations'
let [passed, failed, skipped] = [0, 0, 0]
for (const name of Object.keys(values.made ? MADE : files)) {
  if (values.only && values.only !== name) continue
  if (!values.made && files[name].length === 0) {
    skipped++
    console.log(`${name}: skipped, no files`)
    continue
  }
  const begin = Date.now()
  const { failures, tried, read } = await attack(name)
  const seconds = ((Date.now() - begin) / 1000).toFixed(0)
  console.log(
    `${name}: ${tried} ${kind}, ${read} read, ${tried - read} refused, ${failures.length} failures, ${seconds} s`,
  )
  for (const one of failures.slice(0, 20))
    console.log(`  #${one.index} ${one.file ?? ''} ${one.what}: ${one.verdict}`)
  if (failures.length === 0) passed++
  else failed++
}
console.log(`fuzz: ${passed} readers passed, ${failed} failed, ${skipped} skipped`)
if (values.json) writeFileSync(values.json, JSON.stringify({ passed, failed, skipped }))
process.exitCode = failed ? 1 : 0
