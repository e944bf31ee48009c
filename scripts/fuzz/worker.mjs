/**
 * One reader under fire, in a thread that can be stopped: reads mutation after mutation of its files and reports
 * what was no clear refusal. Progress lies in shared memory, so that the watcher sees a hang.
 */
import { watch } from './allocations.mjs'
import { parentPort, workerData } from 'node:worker_threads'
import { mutated, structureOf } from './mutate.mjs'

const { files, from, to, library, progress } = workerData
const { readModel } = await import(`${library}/formats/open.js`)
const { decodeOnnx } = await import(`${library}/formats/onnx/proto/decode.js`)
const { OnnxGraph } = await import(`${library}/formats/onnx/runtime/run.js`)
const { LatchError } = await import(`${library}/core/errors.js`)

const state = new Float64Array(progress)
const structures = files.map(({ parts }) => parts.map(({ bytes }) => structureOf(bytes)))
/** Small files may cost more than four times themselves: a network of one unit has tables, too. */
const FREE_BYTES = 4 * 2 ** 20

for (let i = from; i < to; i++) {
  const number = i % files.length
  const { parts, options, graph } = files[number]
  const part = parts.length === 1 ? 0 : Math.floor(i / files.length) % parts.length
  const { bytes, what } = mutated(parts[part].bytes, structures[number][part], i)
  const given = parts.map((whole, p) => (p === part ? { ...whole, bytes } : whole))
  const size = given.reduce((sum, one) => sum + one.bytes.length, 0)
  state[0] = i
  state[1] = Date.now()
  const stop = watch()
  const verdict = await read(given, options, graph)
  const largest = stop()
  state[2]++
  if (verdict === 'read') state[3]++
  else if (verdict !== 'refused') report(i, parts[part].name, what, verdict)
  if (largest > 4 * size + FREE_BYTES)
    report(i, parts[part].name, what, `allocated ${largest} bytes for ${size}`)
  state[1] = 0
  if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve))
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort.postMessage({ done: true })

async function read(given, options, graph) {
  const [main, ...others] = given
  const sibling = async (name) => {
    const found = others.find((one) => one.name === name)
    if (found) return found.bytes
    const { DataError } = await import(`${library}/core/errors.js`)
    throw new DataError({ where: name, expected: 'a file beside the model', got: 'none' })
  }
  try {
    if (graph) return await openGraph(main)
    await readModel({ name: main.name, bytes: main.bytes, sibling }, options)
    return 'read'
  } catch (error) {
    if (error instanceof LatchError && String(error.where ?? '').length > 0) return 'refused'
    return `${error?.constructor?.name}: ${String(error?.message).slice(0, 200)} ${String(error?.stack).split('\n').slice(1, 4).join(' ').slice(0, 400)}`
  }
}

/** The whole graph, whether or not it is a chain of layers. */
async function openGraph({ name, bytes }) {
  const graph = new OnnxGraph(await decodeOnnx(bytes, name), { source: name })
  return graph.inputs ? 'read' : 'no inputs'
}

function report(index, file, what, verdict) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort.postMessage({ index, file, what, verdict })
}
