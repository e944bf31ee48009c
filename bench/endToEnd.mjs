#!/usr/bin/env node
// npm run bench:e2e: the same small text classifier on the same CSV, from the start of a process to the saved
// model, with Latch's command line, a PyTorch script and a TensorFlow.js script. Each ends with the first
// epoch whose validation accuracy reaches the target. Times are whole processes, imports included.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findTorch, installPeers, machine, versionOf } from './peers.mjs'
import { grid, machineWords, short, table } from './report.mjs'
import { median } from './rows.mjs'
import { above, keepLines } from './runOptions.mjs'
import { negationComments } from '../packages/latch/dist/datasets.js'

const MODEL = { embedding: 64, units: 64, batch: 32, lr: 0.001 }
const MOST_EPOCHS = 20
const LIMIT_SECONDS = 300
const HEAD = ['who', 'seconds', 'range', 'epochs', 'accuracy', '× Latch']
const GOAL = { least: 1.5, aim: 3 }

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string', default: '8000' },
    target: { type: 'string', default: '0.99' },
    engines: { type: 'string', default: 'latch,pytorch,tfjs' },
    train: { type: 'string' },
    validation: { type: 'string' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
})
const log = (line) => (values.json || values.markdown ? process.stderr : process.stdout).write(`${line}\n`)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const rounds = above('--rounds', values.rounds)
const target = above('--target', values.target)

installPeers(log)
const torch = findTorch((name, why) => log(`${name}: absent (${why})`))
const folder = mkdtempSync(join(tmpdir(), 'latch-e2e-'))
const results = []
try {
  const data =
    values.train && values.validation ? { train: values.train, validation: values.validation } : writeData()
  const runners = contestants(data).filter(({ name }) => values.engines.split(',').includes(name))
  for (let round = 0; round < rounds; round++) {
    for (const runner of round % 2 === 0 ? runners : runners.toReversed()) {
      if (round === 0 || !runner.once) await collect(runner, round)
    }
    log(`round ${round + 1} of ${rounds}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
report()

/** Comments in which the order of the words decides; validation shares no set of words with training. */
function writeData() {
  const write = (name, options) => {
    const lines = negationComments({ seed: 1, ...options }).map(({ text, label }) => `"${text}",${label}`)
    writeFileSync(join(folder, name), ['text,label', ...lines, ''].join('\n'))
    return join(folder, name)
  }
  const count = above('--rows', values.rows)
  return {
    train: write('train.csv', { count }),
    validation: write('validation.csv', { count: Math.ceil(count / 4), test: true }),
  }
}

function contestants(data) {
  const job = (seed, out) => ({
    ...data,
    ...MODEL,
    out: join(folder, out),
    target,
    epochs: MOST_EPOCHS,
    seed,
  })
  const torchJob = (elementwise) => (seed) => [
    torch.python,
    here('endToEnd/pytorch.py'),
    JSON.stringify({ ...job(seed, 'model.pt'), elementwise }),
  ]
  const cores = String(machine(torch).cores)
  const pytorch = [
    { mode: 'one thread', env: { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' }, elementwise: 1 },
    { mode: 'OpenBLAS on all cores', env: { OPENBLAS_NUM_THREADS: cores }, elementwise: 1 },
    { mode: 'OpenMP, passive', env: { OMP_WAIT_POLICY: 'PASSIVE' }, elementwise: Number(cores) },
  ].map(({ mode, env, elementwise }) => ({ name: 'pytorch', mode, env, command: torchJob(elementwise) }))
  const tfjs = {
    name: 'tfjs',
    mode: 'wasm',
    once: true,
    command: (seed) => [process.execPath, here('endToEnd/tfjs.mjs'), JSON.stringify(job(seed, 'model.tfjs'))],
  }
  const wasm = versionOf('@tensorflow/tfjs-backend-wasm')
  if (!wasm) log('TensorFlow.js: absent (not installed)')
  const latch = {
    name: 'latch',
    mode: 'command line',
    prepare: (seed) => epochsNeeded(data, seed),
    command: (seed, epochs) => latchCommand(data, seed, epochs),
  }
  return [latch, ...(torch ? pytorch : []), ...(wasm ? [tfjs] : [])]
}

/** The same network and training as the scripts: nothing dropped, smoothed, clipped or averaged. */
function latchCommand({ train, validation }, seed, epochs) {
  const { embedding, units, batch, lr } = MODEL
  const plain = ['--dropout', '0', '--label-smoothing', '0', '--ema', 'off', '--clip', 'off']
  const training = ['--optimizer', 'adam', '--lr', lr, '--batch', batch, '--patience', 'off', '--seed', seed]
  const sizes = ['--embedding', embedding, '--units', units, '--epochs', epochs]
  const files = [
    '--text',
    'text',
    '--label',
    'label',
    '--validation',
    validation,
    '--out',
    join(folder, 'model.safetensors'),
  ]
  const cli = [here('../packages/cli/dist/latch.js'), 'train', train]
  return [process.execPath, ...cli, ...files, ...sizes, ...training, ...plain, '--json'].map(String)
}

/**
 * The command line trains a given number of epochs; which one reaches the target first is found beforehand,
 * outside the clock. Same seed, same bits: the timed run has the same epochs.
 */
async function epochsNeeded(data, seed) {
  let needed = null
  const [program, ...args] = latchCommand(data, seed, MOST_EPOCHS)
  await run(program, args, {}, (line, stop) => {
    const { event, epoch, validationAccuracy } = JSON.parse(line)
    if (event !== 'epoch' || validationAccuracy < target) return
    needed ??= epoch
    stop()
  })
  if (needed) return needed
  throw new Error(
    `end to end: expected ${target} within ${MOST_EPOCHS} epochs, got less. Choose a lower --target.`,
  )
}

async function collect({ name, mode, env = {}, prepare, command }, round) {
  const seed = round + 1
  const epochs = await prepare?.(seed)
  const [program, ...args] = command(seed, epochs)
  let last = null
  const begun = performance.now()
  const { status, err } = await run(program, args, env, (line) => {
    const { event, epochs: all, epoch = all, accuracy, validationAccuracy = accuracy } = JSON.parse(line)
    // A script ends with one line; Latch's last epoch is the last of its lines that has an accuracy.
    if (event === undefined || event === 'epoch') last = { epochs: epoch, accuracy: validationAccuracy }
  })
  const seconds = (performance.now() - begun) / 1000
  if (status === 0 && last)
    results.push({ who: name, mode, round, seconds: Number(seconds.toFixed(3)), ...last })
  else log(`${name} (${mode}) failed: ${err.trim().split('\n').at(-1)}`)
}

/** Runs to the end; hands each line of JSON on standard output to `each` as it comes. */
function run(program, args, env, each) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_SECONDS * 1000)
    let rest = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()
      for (const line of lines) if (line.startsWith('{')) each(line, () => child.kill('SIGKILL'))
    })
    child.stderr.on('data', (chunk) => (err += chunk))
    child.on('error', (error) => resolve({ status: 1, err: error.message }))
    child.on('close', (status) => {
      clearTimeout(timer)
      resolve({ status, err })
    })
  })
}

function report() {
  const about = machine(torch)
  const groups = Object.values(grouped(results))
  const latch = results.filter(({ who }) => who === 'latch')
  const ratioOf = (group) => {
    const pairs = group.flatMap((one) =>
      latch.filter(({ round }) => round === one.round).map(({ seconds }) => one.seconds / seconds),
    )
    return pairs.length > 0 ? median(pairs) : null
  }
  const lines = groups.map((group) => {
    const seconds = group.map((one) => one.seconds)
    const [low, high] = [Math.min(...seconds), Math.max(...seconds)]
    return {
      who: `${group[0].who} (${group[0].mode})`,
      seconds: median(seconds),
      low,
      high,
      ratio: ratioOf(group),
      group,
    }
  })
  const best = Math.min(
    ...lines.filter(({ who }) => who.startsWith('pytorch')).map(({ ratio }) => ratio ?? Infinity),
  )
  const ok = Number.isFinite(best)
    ? best >= GOAL.aim
      ? 'aim'
      : best >= GOAL.least
        ? 'yes'
        : 'NO'
    : 'not measured'
  const bar = {
    kind: 'bar',
    workload: 'end to end',
    against: 'PyTorch, best mode',
    got: Number.isFinite(best) ? best : null,
    ...GOAL,
    ok,
  }
  if (values.json)
    for (const line of [
      { kind: 'machine', ...about },
      ...results.map((one) => ({ kind: 'time', ...one })),
      bar,
    ])
      console.log(JSON.stringify(line))
  else {
    const cells = lines.map(({ who, seconds, low, high, ratio, group }) => [
      who,
      short(seconds),
      `${short(low)}–${short(high)}`,
      group.map(({ epochs }) => epochs).join(' '),
      group.map(({ accuracy }) => accuracy.toFixed(3)).join(' '),
      ratio === null ? '' : short(ratio),
    ])
    console.log((values.markdown ? grid : table)(HEAD, cells).join('\n'))
    console.log(
      `\nLatch against PyTorch's best mode: ${bar.got ? short(bar.got) : '–'} × (at least ${GOAL.least}, aim ${GOAL.aim}): ${ok}`,
    )
    console.log(
      `${values.rows} rows, embedding ${MODEL.embedding}, LSTM ${MODEL.units}, batch ${MODEL.batch}, Adam ${MODEL.lr}, until ${target}.`,
    )
    console.log(machineWords(about))
  }
  log(keepLines('e2e', results, { machine: about, rounds, target }))
}

function grouped(all) {
  const groups = {}
  for (const one of all) (groups[`${one.who}|${one.mode}`] ??= []).push(one)
  return groups
}
