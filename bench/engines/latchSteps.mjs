// Latch's steps for every workload, in Node and in the browser alike: the library is passed in.
import { atOnce, randomFloats, sample } from '../measure.mjs'
import { batches, classes, uniformLengths, workloads } from '../workloads.mjs'

/** @throws Error where this build of Latch cannot do what is asked, engine and threads included */
export async function measureLatch(latch, { workload, engine, threads, seconds, warm, calls }) {
  const size = workloads[workload]
  const {
    net,
    step,
    each = 1,
  } = (size.kind === 'train' ? trainingStep : inferenceStep)(latch, size, {
    engine,
    threads,
  })
  checkEngine(net.engine, engine, threads)
  const warmed = () => net.engine.ready?.()
  const ms = await sample(atOnce(step), { calls: calls ?? size.calls, seconds, warm, warmed })
  return [{ ms: ms.map((x) => x / each) }]
}

/** What was asked for must be what runs: a row that says two threads is never one that ran on one. */
function checkEngine(got, engine, threads) {
  if (got.name !== engine) throw new Error(`engine ${engine}: this build opens ${got.name}`)
  const running = got.threads ?? 1
  if (running !== threads) throw new Error(`threads ${threads}: this build runs ${running}`)
}

/** `each`: what a step's time is divided by (sequences, or tokens). */
function trainingStep(latch, size, options) {
  const { cell, B, F, H, next = false } = size
  const net = latch.network(
    [latch.features(F), latch.recurrent(cell, H, { returnSequences: next }), latch.dense(next ? F : classes)],
    { ...options, loss: { type: next ? 'meanSquaredError' : 'softmaxCrossEntropy' } },
  )
  const optimizer = new latch.Optimizer(net, { type: 'adam' })
  const data = Array.from({ length: batches }, (_, i) => trainingData(latch, size, i))
  let turn = 0
  const step = () => {
    const { batch, targets } = data[turn++ % batches]
    const pass = { training: true, record: false, key: turn }
    net.zeroGradients()
    net.forward(batch, pass)
    const { mean } = net.backward(batch, targets, pass)
    optimizer.update(1e-3)
    if (!Number.isFinite(mean)) throw new Error(`the loss became ${mean}`)
  }
  if (next) return { net, step, each: B }
  if (!size.ragged) return { net, step }
  // A sample turns through all batches, so that every sample has the same tokens.
  const tokens = data.reduce((sum, { batch }) => sum + batch.rows, 0)
  return { net, step: () => data.forEach(step), each: tokens }
}

function trainingData(latch, size, i) {
  const { B, T, F, next = false, ragged = false } = size
  const x = randomFloats(B * T * F)
  const lengths = ragged ? uniformLengths(B, T, i + 1) : undefined
  const batch = latch.PackedBatch.ofFeatures(x, [B, T, F], lengths)
  const targets = next
    ? { values: randomFloats(batch.rows * F) }
    : { classes: Array.from({ length: B }, () => Math.floor(Math.random() * classes)) }
  return { batch, targets }
}

function inferenceStep(latch, { kind, cell, B, T, F, H }, options) {
  const stream = kind === 'stream'
  const layers = [latch.features(F), latch.recurrent(cell, H, { returnSequences: true })]
  const net = latch.network(layers, options)
  const x = randomFloats(B * T * F)
  if (!stream) {
    const batch = latch.PackedBatch.ofFeatures(x, [B, T, F])
    return { net, step: () => net.forward(batch) }
  }
  if (!net.stream) throw new Error('stream(): this build has none')
  const running = net.stream()
  return { net, step: () => running.push(x) }
}
