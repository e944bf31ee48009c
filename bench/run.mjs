#!/usr/bin/env node
// npm run bench [-- --json] [--workloads W1,W2] [--rounds 5] [--seconds 1.5]
// Latch and every peer found, each in a fresh process a round, the order reversed every other round.
// Prints medians; the raw rows with machine and versions go to bench/results/.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { workloads } from './workloads.mjs'

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    workloads: { type: 'string', default: 'W1,W2,W3,W5,W7' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1.5' },
  },
})
const names = options.workloads.split(',')
const unknown = names.filter((name) => !workloads[name])
if (unknown.length > 0) {
  console.error(
    `--workloads: expected names among ${Object.keys(workloads).join(', ')}, got ${unknown.join(', ')}`,
  )
  process.exit(2)
}
const here = (file) => fileURLToPath(new URL(file, import.meta.url))
const tell = (line) => (options.json ? process.stderr : process.stdout).write(`${line}\n`)

const python = findTorch()
const engines = [
  { name: 'latch', run: () => [process.execPath, here('latch.mjs'), 'simd', options.seconds, ...names] },
  ...(python
    ? [
        {
          name: 'pytorch',
          run: () => [
            python,
            here('torch_engine.py'),
            '1',
            options.seconds,
            JSON.stringify(workloads),
            ...names,
          ],
        },
      ]
    : []),
]
if (!python) tell('PyTorch: absent (no python3 with torch), so Latch runs alone')

const samples = new Map()
for (let round = 0; round < Number(options.rounds); round++) {
  const order = round % 2 === 0 ? engines : engines.toReversed()
  for (const engine of order) collect(engine, round)
  tell(`round ${round + 1} of ${options.rounds} done`)
}
const rows = [...samples.values()].map(({ ms, ...row }) => ({ ...row, ...summary(ms) }))
if (options.json) for (const row of rows) console.log(JSON.stringify(row))
else printTable()
keepRaw()

/** One fresh process, one thread whatever the library. */
function collect(engine, round) {
  const [command, ...args] = engine.run()
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' }
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${engine.name} failed:\n${stderr}`)
  for (const line of stdout.trim().split('\n')) {
    const { workload, engine: name, threads, ms } = JSON.parse(line)
    const key = `${workload} ${name}`
    if (!samples.has(key)) samples.set(key, { workload, engine: name, threads, ms: [], rounds: [] })
    const entry = samples.get(key)
    entry.ms.push(...ms)
    entry.rounds.push({ round, medianMs: median(ms) })
  }
}

function summary(ms) {
  const sorted = ms.toSorted((a, b) => a - b)
  return {
    medianMs: shortened(median(ms)),
    p10Ms: shortened(sorted[Math.floor(sorted.length / 10)]),
    runs: ms.length,
  }
}

function median(ms) {
  return ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)]
}

function shortened(x) {
  return Number(x.toPrecision(5))
}

function findTorch() {
  for (const candidate of ['/usr/bin/python3', 'python3']) {
    if (spawnSync(candidate, ['-c', 'import torch']).status === 0) return candidate
  }
  return null
}

/** Ratios pair the medians of the same round, so that a drifting machine does not decide. */
function printTable() {
  console.log(
    '\nworkload                                            engine            median ms    p10 ms   runs   vs Latch',
  )
  for (const row of rows) {
    const { what, B, T, F, H } = workloads[row.workload]
    const title = `${row.workload} ${what} (B ${B} T ${T} F ${F} H ${H})`
    const ours = samples.get(`${row.workload} latch simd`)
    const ratios = row.rounds.map(({ medianMs }, i) => medianMs / ours.rounds[i].medianMs)
    const versus =
      row.engine === 'latch simd'
        ? ''
        : `${median(ratios).toFixed(2)} ×  (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`
    console.log(
      title.padEnd(52) +
        row.engine.padEnd(18) +
        row.medianMs.toFixed(2).padStart(9) +
        row.p10Ms.toFixed(2).padStart(10) +
        String(row.runs).padStart(7) +
        '   ' +
        versus,
    )
  }
  console.log(
    '\nOne thread each. "vs Latch" above 1: Latch is faster (median of the rounds, range in brackets).',
  )
}

function keepRaw() {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: here('.'),
    encoding: 'utf8',
  }).trim()
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version, commit }
  mkdirSync(here('results'), { recursive: true })
  const file = here(`results/${new Date().toISOString().slice(0, 10)}-${commit}.json`)
  writeFileSync(
    file,
    `${JSON.stringify({ machine, rounds: options.rounds, seconds: options.seconds, rows }, null, 1)}\n`,
  )
  tell(`raw rows: bench/results/${file.split('/').at(-1)}`)
}
