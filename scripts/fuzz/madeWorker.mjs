/**
 * One format under made-up files, in a thread that can be stopped: each is opened and asked, and must answer with finite
 * numbers or a clear refusal, within its share of time and memory. Progress lies in shared memory.
 */
import { watch } from './allocations.mjs'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { Draw } from './made/draw.mjs'
import { makerOf } from './made/makers.mjs'

const { format, files, from, to, seed, library, progress } = workerData
const load = (name) => import(`${library}/${name}`)
const { openModel, importFile, filesInMemory } = await load('formatsNode.js')
const { parseTable, readTable, readTexts } = await load('tablesNode.js')
const { decodeOnnx } = await load('formats/onnx/proto/decode.js')
const { OnnxGraph } = await load('formats/onnx/runtime/run.js')
const { runBudget } = await load('formats/budget.js')
const { LatchError } = await load('core/errors.js')
const make = await makerOf(format, files, load)

const state = new Float64Array(progress)
const MIB = 2 ** 20
/** What even the smallest file may take at once, and in all. */
const FREE_BYTES = 64 * MIB
const FREE_RESIDENT = 400 * MIB

for (let i = from; i < to; i++) {
  const draw = new Draw(Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b))
  const made = make(draw)
  const what = draw.said.join(', ').slice(0, 300)
  const size = made.parts.reduce((sum, { bytes }) => sum + bytes.length, 0)
  state[4] = size
  state[0] = i
  state[1] = Date.now()
  const resident = process.memoryUsage.rss()
  const descriptors = countDescriptors()
  const cpu = process.cpuUsage()
  const stop = watch()
  const verdict = await answerOf(made, i % 16 === 0)
  const largest = stop()
  const { user } = process.cpuUsage(cpu)
  state[2]++
  if (verdict === 'read') state[3]++
  else if (verdict !== 'refused') report(i, what, verdict)
  if (largest > 4 * size + FREE_BYTES) report(i, what, `allocated ${largest} bytes for ${size}`)
  // A table is read three times.
  const limit = timeFor(size) * (made.kind === 'table' ? 3 : 1)
  if (user / 1000 > limit) report(i, what, `took ${Math.round(user / 1000)} ms for ${size} bytes`)
  const grown = process.memoryUsage.rss() - resident
  if (grown > 16 * size + FREE_RESIDENT) report(i, what, `grew by ${grown} bytes for ${size}`)
  if (await keepsOpen(descriptors)) report(i, what, 'left a file open')
  state[1] = 0
  if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort.postMessage({ done: true })

/** Two seconds, and one more for each mebibyte. */
function timeFor(size) {
  return 2000 + (1000 * size) / MIB
}

/** Whether more files are open than before, also a while later: modules that are loaded now are files, too. */
async function keepsOpen(before) {
  for (let i = 0; i < 20; i++) {
    if (countDescriptors() <= before) return false
    await new Promise((resolve) => void setTimeout(resolve, 10))
  }
  return true
}

/** Files that are open; threads and their pipes stay. */
function countDescriptors() {
  if (process.platform !== 'linux') return 0
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return /^\/(?!dev|proc)/.test(readlinkSync(`/proc/self/fd/${name}`))
    } catch {
      return false
    }
  }).length
}

async function answerOf(made, onDisk) {
  try {
    if (made.kind === 'table') return await readAsTable(made)
    if (made.kind === 'parquet') return (await readTable(made.parts[0].bytes)) && 'read'
    const { parts, options = {} } = made
    const [main, ...others] = parts
    const rest = new Map(others.map(({ name, bytes }) => [name, bytes]))
    if (made.kind === 'graph') return await runGraph(filesInMemory(main.name, main.bytes, rest))
    const model = onDisk
      ? await openOnDisk(parts, options)
      : await openModel({ name: main.name, bytes: main.bytes, files: rest }, options)
    try {
      return ask(model)
    } finally {
      model.dispose()
    }
  } catch (error) {
    if (error instanceof LatchError && String(error.where ?? '').length > 0) return 'refused'
    const place = String(error?.stack).split('\n').slice(1, 4).join(' ').replaceAll(library, '')
    return `${error?.constructor?.name}: ${String(error?.message).slice(0, 200)} ${place.slice(0, 400)}`
  }
}

async function openOnDisk(parts, options) {
  const folder = mkdtempSync(join(tmpdir(), 'latch-fuzz-'))
  try {
    for (const { name, bytes } of parts) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), bytes)
    }
    return await importFile(join(folder, parts[0].name), options)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A model's answer to a short input: every number of it is one. */
function ask(model) {
  if (!model.input) return finite(Object.values(model.predict('you are good').probabilities))
  const { kind, width, steps } = model.input
  if (steps !== null && steps * width > 2 ** 16) return 'read'
  if (width > 2 ** 16 && kind !== 'ids') return 'read'
  const row = () => (kind === 'ids' ? 0 : Array.from({ length: width }, (_, i) => (i % 5) / 5))
  const sequence = Array.from({ length: steps ?? 3 }, row)
  return finite(model.predict([sequence]).flatMap(({ output }) => output))
}

function finite(numbers) {
  return numbers.every((one) => Number.isFinite(one)) ? 'read' : `answered ${numbers.slice(0, 8)}`
}

/** Runs a graph whose inputs have few numbers, at the cost of a check. */
async function runGraph(given) {
  const model = await decodeOnnx(given.bytes, given.name, given.sibling)
  const graph = new OnnxGraph(model, { source: given.name, mostNumbers: 2 ** 22, budget: runBudget(model) })
  const inputs = {}
  for (const { name, dtype, shape } of graph.inputs) {
    const sizes = (shape ?? [2, 2]).map((size) => (typeof size === 'number' ? size : 2))
    const count = sizes.reduce((a, b) => a * b, 1)
    if (!(count <= 2 ** 16)) return 'read'
    const Storage = ['float64', 'int64', 'int32', 'uint32', 'uint64'].includes(dtype)
      ? Float64Array
      : Float32Array
    inputs[name] = { dtype: dtype ?? 'float32', shape: sizes, data: new Storage(count) }
  }
  graph.run(inputs)
  return 'read'
}

async function readAsTable({ parts: [{ bytes }], options }) {
  const table = parseTable(bytes, options)
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
  }
  const streamed = await readTable(pieces(), options)
  await readTexts(pieces(), { format: options.format }).catch(refusedOnly)
  const [one, other] = [table, streamed].map((each) => JSON.stringify(each))
  return one === other ? 'read' : 'differs as a stream'
}

function refusedOnly(error) {
  if (!(error instanceof LatchError)) throw error
}

function report(index, what, verdict) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort.postMessage({ index, what, verdict })
}
