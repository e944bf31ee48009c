/** In the page: exports run by onnxruntime-web and by TensorFlow.js, against Latch's own answers there. */
import { filesOf } from './work.mjs'

const LENGTHS = [4, 1, 6, 3]
const WIDTH = 3
let ort = null
let tf = null

/** The largest difference between ONNX Runtime and Latch over models in Latch's own files, on one ragged batch. */
export async function runOnnx(formats, files) {
  if (!ort) {
    ort = await import('/onnxruntime-web/ort.wasm.min.mjs')
    ort.env.wasm.wasmPaths = '/onnxruntime-web/'
    ort.env.wasm.numThreads = 1
  }
  const results = {}
  for (const [name, bytes] of files) {
    const model = await formats.openModel({ name, bytes })
    const [[, graph]] = await filesOf(await model.exportTo(formats.exporters.onnx))
    const session = await ort.InferenceSession.create(graph, {
      executionProviders: ['wasm'],
      logSeverityLevel: 3,
    })
    const rows = drawn(model, LENGTHS)
    const said = await session.run(feeds(model, rows))
    const output = model.outputActivation === 'softmax' ? said.probabilities : said.logits
    results[name] = worst(model, rows, (b) => rowsOf(output, b, rows[b].length))
    await session.release()
    model.dispose()
  }
  return results
}

function feeds(model, rows) {
  const [B, T] = [rows.length, Math.max(...LENGTHS)]
  const lengths = new ort.Tensor('int32', Int32Array.from(LENGTHS), [B])
  if (model.input.kind === 'ids') {
    // Anything valid may stand beyond a sequence's end.
    const ids = rows.flatMap((row) => Array.from({ length: T }, (_, t) => BigInt(row[t] ?? 1)))
    return { ids: new ort.Tensor('int64', BigInt64Array.from(ids), [B, T]), lengths }
  }
  const features = rows.flatMap((row) => Array.from({ length: T }, (_, t) => row[t] ?? [9, -9, 9]).flat())
  return { features: new ort.Tensor('float32', Float32Array.from(features), [B, T, WIDTH]), lengths }
}

/** A sequence's part of an output, without what is beyond its end. */
function rowsOf({ data, dims }, b, steps) {
  const size = data.length / dims[0]
  const used = dims.length === 3 ? (size / dims[1]) * steps : size
  return data.slice(b * size, b * size + used)
}

/** The same for TensorFlow.js, which pads where Latch packs: each sequence goes in alone; or why it cannot. */
export async function runKeras(formats, files) {
  tf ??= await tensorflow()
  const results = {}
  for (const [name, bytes] of files) {
    const model = await formats.openModel({ name, bytes })
    try {
      const written = await filesOf(await model.exportTo(formats.exporters.tfjs))
      const given = [...written].map(([file, content]) => new File([content], file))
      const theirs = await tf.loadLayersModel(tf.io.browserFiles(given))
      const rows = drawn(model, LENGTHS)
      const type = model.input.kind === 'ids' ? 'int32' : 'float32'
      results[name] = worst(model, rows, (b) =>
        tf.tidy(() => theirs.predict(tf.tensor([rows[b]], undefined, type)).dataSync()),
      )
      theirs.dispose()
    } catch (error) {
      if (error.name !== 'UnsupportedError') throw error
      results[name] = error.message
    }
    model.dispose()
  }
  return results
}

async function tensorflow() {
  const tag = document.createElement('script')
  tag.src = '/tfjs/tf.min.js'
  document.head.append(tag)
  await new Promise((resolve, reject) => {
    tag.addEventListener('load', resolve)
    tag.addEventListener('error', () => reject(new Error('tf.min.js is not served')))
  })
  await globalThis.tf.setBackend('cpu')
  await globalThis.tf.ready()
  return globalThis.tf
}

function drawn({ input }, lengths) {
  let state = 3
  const draw = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 12
  const value = input.kind === 'ids' ? () => draw() % input.width : () => ((draw() % 513) - 256) / 128
  const row = input.kind === 'ids' ? value : () => Array.from({ length: input.width }, value)
  return lengths.map((length) => Array.from({ length }, row))
}

function worst(model, rows, theirs) {
  let most = 0
  for (const [b, { steps, output }] of model.predict(rows).entries()) {
    const [own, other] = [(steps ?? [output]).flat(), theirs(b)]
    if (other.length !== own.length) return Infinity
    own.forEach((x, i) => (most = Math.max(most, Math.abs(x - other[i]))))
    if (own.some((x, i) => !Number.isFinite(x) || !Number.isFinite(other[i]))) return Infinity
  }
  return most
}
