// The end-to-end classifier in TensorFlow.js on its wasm backend: CSV in, saved model out, ends with the first
// epoch that reaches the target. The backend has no gradient of an embedding's gather, so ids go in as one-hot
// rows and a dense layer without bias is the embedding; batches hold texts of one length, so nothing is padded.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parse } from 'csv-parse/sync'

const require = createRequire(import.meta.url)
const tf = require('@tensorflow/tfjs')
const wasm = '@tensorflow/tfjs-backend-wasm'
const job = JSON.parse(process.argv[2])

require(wasm).setWasmPaths(`${join(dirname(require.resolve(`${wasm}/package.json`)), 'dist')}/`)
await tf.setBackend('wasm')
await tf.ready()

const read = (file) =>
  parse(readFileSync(file), { columns: true }).map(({ text, label }) => ({
    words: text.toLowerCase().split(' '),
    label,
  }))
const [train, validation] = [read(job.train), read(job.validation)]
const counts = new Map()
for (const { words } of train) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
const known = [...counts.keys()].filter((word) => counts.get(word) >= 2)
const vocabulary = new Map(known.map((word, i) => [word, i + 1]))
const labels = [...new Set(train.map(({ label }) => label))].toSorted()
const model = classifier()
const { epochs, accuracy } = await fit()
await model.save(tf.io.withSaveHandler(keep))
console.log(JSON.stringify({ epochs, accuracy }))
process.exit(0)

function classifier() {
  const made = tf.sequential()
  const inputShape = [null, vocabulary.size + 1]
  made.add(tf.layers.dense({ units: job.embedding, useBias: false, inputShape }))
  made.add(
    tf.layers.lstm({
      units: job.units,
      recurrentActivation: 'sigmoid',
      recurrentInitializer: 'glorotUniform',
    }),
  )
  made.add(tf.layers.dense({ units: 1, activation: 'sigmoid' }))
  made.compile({ optimizer: tf.train.adam(job.lr), loss: 'binaryCrossentropy' })
  return made
}

async function fit() {
  for (let epoch = 1; ; epoch++) {
    for (const batch of shuffled(batchesOf(shuffled(train), job.batch))) {
      const { x, y } = tensors(batch)
      await model.trainOnBatch(x, y)
      tf.dispose([x, y])
    }
    const reached = evaluate()
    if (reached >= job.target || epoch === job.epochs) return { epochs: epoch, accuracy: reached }
  }
}

function evaluate() {
  let right = 0
  for (const batch of batchesOf(validation, 500)) {
    const probabilities = tf.tidy(() => model.predictOnBatch(tensors(batch).x).dataSync())
    batch.forEach(({ label }, i) => (right += labels[probabilities[i] > 0.5 ? 1 : 0] === label ? 1 : 0))
  }
  return right / validation.length
}

/** Texts of one length a batch. */
function batchesOf(rows, size) {
  const groups = new Map()
  for (const row of rows) groups.set(row.words.length, [...(groups.get(row.words.length) ?? []), row])
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / size) }, (_, i) => group.slice(i * size, (i + 1) * size)),
  )
}

function tensors(batch) {
  const ids = tf.tensor2d(
    batch.map(({ words }) => words.map((word) => vocabulary.get(word) ?? 0)),
    undefined,
    'int32',
  )
  const x = tf.oneHot(ids, vocabulary.size + 1).toFloat()
  ids.dispose()
  return { x, y: tf.tensor2d(batch.map(({ label }) => [labels.indexOf(label)])) }
}

function shuffled(items) {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    const item = out[i]
    out[i] = out[j]
    out[j] = item
  }
  return out
}

function keep({ modelTopology, weightSpecs, weightData }) {
  const head = JSON.stringify({ modelTopology, weightSpecs, vocabulary: [...vocabulary], labels })
  writeFileSync(job.out, Buffer.concat([Buffer.from(head), Buffer.from(weightData)]))
  return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } }
}
