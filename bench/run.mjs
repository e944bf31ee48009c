#!/usr/bin/env node
// npm run bench: Latch and every peer found, each workload, engine and round in a fresh process; the order of
// the engines is turned round every other round. Raw rows with machine and versions go to bench/results/.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { contestants, runs } from './contestants.mjs'
import { installPeers, machine } from './peers.mjs'
import { jsonLines, markdownReport, textReport } from './report.mjs'
import { Rows } from './rows.mjs'
import { above, keepRaw } from './runOptions.mjs'
import { workloadNames } from './workloads.mjs'

const USAGE = `npm run bench -- [options]
  --workloads W1,W6,…   default all: W1–W7, brain, lengths
  --engines latch,…     latch, latch-relaxed, latch-simd, pytorch, onnxruntime-node, onnxruntime-web,
                        tfjs-wasm, tfjs-cpu, brain.js; named ones also run what they are too slow for by default
  --threads 1,2         thread counts
  --rounds 5            how often each is run in a fresh process
  --seconds 1           how long each is timed in a round
  --quick               one round of 0.6 s, without tfjs-cpu
  --json                JSON Lines on standard output, nothing else
  --markdown            the tables as Markdown`
/** For a process; the slow ones, which run once, get more. */
const LIMIT_SECONDS = 60
const SLOW_LIMIT_SECONDS = 300

const options = readOptions()
const quiet = options.json || options.markdown
const log = (line) => (quiet ? process.stderr : process.stdout).write(`${line}\n`)
const begun = performance.now()

installPeers(log)
const { all, torch } = contestants(options.threads, (name, why) => log(`${name}: absent (${why})`))
const chosen = all.filter(({ name }) => isChosen(name))
const rows = new Rows()
for (let round = 0; round < options.rounds; round++) {
  const order = round % 2 === 0 ? chosen : chosen.toReversed()
  for (const workload of options.workloads) {
    for (const contestant of order) {
      if (round > 0 && contestant.once) continue
      if (runs(contestant, workload, Boolean(options.engines))) await collect(contestant, workload, round)
    }
  }
  log(`round ${round + 1} of ${options.rounds}, ${((performance.now() - begun) / 60_000).toFixed(1)} minutes`)
}
const about = machine(torch)
if (options.json) for (const line of jsonLines(rows, about)) console.log(line)
else console.log(options.markdown ? markdownReport(rows, about) : textReport(rows, about))
log(keepRaw('', rows, { machine: about, rounds: options.rounds, seconds: options.seconds }))

function readOptions() {
  const text = (value) => ({ type: 'string', ...(value ? { default: value } : {}) })
  const flag = { type: 'boolean', default: false }
  try {
    const { values } = parseArgs({
      options: {
        workloads: text(),
        engines: text(),
        threads: text('1,2'),
        rounds: text(),
        seconds: text(),
        quick: flag,
        json: flag,
        markdown: flag,
        help: flag,
      },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    return {
      ...values,
      workloads: workloadNames(values.workloads),
      threads: values.threads.split(',').map((n) => above('--threads', n)),
      rounds: above('--rounds', values.rounds ?? (values.quick ? 1 : 5)),
      seconds: above('--seconds', values.seconds ?? (values.quick ? 0.6 : 1)),
    }
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`)
    return process.exit(2)
  }
}

function isChosen(name) {
  const short = name.replace(' ', '-')
  if (options.engines)
    return options.engines.split(',').some((word) => short === word || short.startsWith(`${word}-`))
  return !(options.quick && name === 'tfjs-cpu')
}

/** One fresh process; what it cannot do is kept as its answer. */
async function collect({ name, mode, threads, once, env, job, command }, workload, round) {
  const [program, ...args] = command({ workload, threads, seconds: options.seconds, ...job })
  const { status, out, err } = await output(
    program,
    args,
    { ...process.env, ...env },
    once ? SLOW_LIMIT_SECONDS : LIMIT_SECONDS,
  )
  const lines = out.split('\n').filter((line) => line.startsWith('{"workload"'))
  if (status !== 0 || lines.length === 0) {
    const words = err.trim().split('\n').at(-1) || `ended with ${status}`
    rows.addFailure({ workload, engine: name, threads, why: words.slice(0, 200) })
    return
  }
  for (const line of lines) {
    const { ms, variant, unsupported } = JSON.parse(line)
    const engine = variant ? `${name} ${variant}` : name
    if (unsupported) rows.addFailure({ workload, engine, threads, why: unsupported })
    else rows.add(round, { workload, engine, mode, threads, ms })
  }
}

function output(program, args, env, limit) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { out: '', err: '' }
    const timer = setTimeout(() => child.kill('SIGKILL'), limit * 1000)
    child.stdout.on('data', (chunk) => (said.out += chunk))
    child.stderr.on('data', (chunk) => (said.err += chunk))
    child.on('error', (error) => resolve({ status: 1, ...said, err: error.message }))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ status: signal ? `${signal} (limit ${limit} s)` : code, ...said })
    })
  })
}
