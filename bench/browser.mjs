#!/usr/bin/env node
// npm run bench:browser: W1, W5 and W6 in headless Chromium through a page, Latch beside onnxruntime-web and
// tfjs-wasm; a fresh browser for each engine and round. The table has the columns of `npm run bench`.
import { parseArgs } from 'node:util'
import { findChromium, inChromium } from './browser/chromium.mjs'
import { installPeers, machine, versionOf } from './peers.mjs'
import { above, keepRaw } from './runOptions.mjs'
import { jsonLines, timesReport } from './report.mjs'
import { Rows } from './rows.mjs'
import { workloadNames } from './workloads.mjs'

const LIMIT_SECONDS = 180
const { values } = parseArgs({
  options: {
    workloads: { type: 'string', default: 'W1,W5,W6' },
    engines: { type: 'string' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
})
const log = (line) => (values.json || values.markdown ? process.stderr : process.stdout).write(`${line}\n`)
const rounds = above('--rounds', values.rounds)
const seconds = above('--seconds', values.seconds)
const threadCounts = values.threads.split(',').map((n) => above('--threads', n))
const names = workloadNames(values.workloads)

const chromium = findChromium()
if (!chromium) {
  console.error('browser: expected chromium or $CHROMIUM, got none. Install chromium (Debian: chromium).')
  process.exit(1)
}
installPeers(log)
const rows = new Rows()
const jobs = contestants().filter(
  ({ name }) =>
    !values.engines || values.engines.split(',').some((word) => name.replace(' ', '-').startsWith(word)),
)
let agent = ''
for (let round = 0; round < rounds; round++) {
  for (const job of round % 2 === 0 ? jobs : jobs.toReversed())
    if (round === 0 || !job.once) await collect(job, round)
  log(`round ${round + 1} of ${rounds}`)
}
const about = { ...machine(null), browser: agent }
if (values.json) for (const line of jsonLines(rows, about)) console.log(line)
else console.log(timesReport(rows, about, values.markdown))
log(keepRaw('browser', rows, { machine: about, rounds, seconds }))

function contestants() {
  const each = ({ library, name = library, ...job }) =>
    threadCounts.map((threads) => ({ library, name, threads, ...job }))
  const onnx = versionOf('onnxruntime-web') ? each({ library: 'onnxruntime-web', warm: 1.5 }) : []
  const tfjs = versionOf('@tensorflow/tfjs') ? each({ library: 'tfjs-wasm', warm: 1, once: true }) : []
  const latch = ['relaxed', 'simd'].flatMap((engine) =>
    each({ library: 'latch', engine, name: `latch ${engine}`, warm: 0.5 }),
  )
  return [...latch, ...onnx, ...tfjs]
}

async function collect({ name, once: _, ...job }, round) {
  const { threads, library } = job
  const trains = library !== 'onnxruntime-web'
  const list = names.filter((workload) => trains || !/^(W[1-4]|brain|lengths)/.test(workload))
  const answer = await inChromium(chromium, { ...job, workloads: list, seconds }, LIMIT_SECONDS).catch(
    (error) => ({ error: error.message }),
  )
  if (answer.error) {
    rows.addFailure({ workload: 'all', engine: name, threads, why: answer.error.split('\n')[0] })
    return
  }
  agent = `${answer.agent}${answer.isolated ? '' : ' (not isolated: no threads)'}`
  for (const { workload, ms, unsupported } of answer.rows) {
    if (unsupported) rows.addFailure({ workload, engine: name, threads, why: unsupported })
    else rows.add(round, { workload, engine: name, mode: '', threads, ms })
  }
}
