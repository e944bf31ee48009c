// TensorFlow.js's steps, in Node and in the browser alike: the library, its backend set, is handed in.
import { atOnce, oneByOne, sample } from '../measure.mjs'
import { batches, classes, workloads } from '../workloads.mjs'

const LAYERS = { lstm: 'lstm', gru: 'gru', rnn: 'simpleRNN' }

/** @throws Error for workloads it has no fair counterpart of */
export async function measureTfjs(tf, { workload, seconds, warm, calls }) {
  const size = workloads[workload]
  if (size.ragged || size.next) throw new Error('not timed with TensorFlow.js')
  const make = { train: training, infer: inference, stream: streaming }[size.kind]
  return [{ ms: await sample(make(tf, size), { calls: calls ?? size.calls, seconds, warm }) }]
}

/** Sigmoid gates as the others have them, and an initial state that is quick to make. */
function recurrent(tf, { cell, T, F, H }, every) {
  const gates = cell === 'rnn' ? {} : { recurrentActivation: 'sigmoid' }
  const after = cell === 'gru' ? { resetAfter: false } : {}
  const recurrentInitializer = 'glorotUniform'
  const shape = { units: H, inputShape: [T, F], returnSequences: every }
  return tf.layers[LAYERS[cell]]({ ...shape, recurrentInitializer, ...gates, ...after })
}

function training(tf, size) {
  const { B, T, F } = size
  const model = tf.sequential()
  model.add(recurrent(tf, size, false))
  model.add(tf.layers.dense({ units: classes, activation: 'softmax' }))
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'categoricalCrossentropy' })
  const data = Array.from({ length: batches }, () => ({
    x: tf.randomUniform([B, T, F], -1, 1),
    y: tf.oneHot(tf.randomUniform([B], 0, classes, 'int32'), classes).toFloat(),
  }))
  let turn = 0
  return oneByOne(async () => {
    const { x, y } = data[turn++ % batches]
    const loss = await model.trainOnBatch(x, y)
    if (!Number.isFinite(loss)) throw new Error(`the loss became ${loss}`)
  })
}

function inference(tf, size) {
  const { B, T, F } = size
  const model = tf.sequential()
  model.add(recurrent(tf, size, true))
  const x = tf.randomUniform([B, T, F], -1, 1)
  return oneByOne(async () => {
    const y = model.predict(x)
    await y.data()
    y.dispose()
  })
}

/** `basicLSTMCell` is the least that TensorFlow.js needs for a step. */
function streaming(tf, { F, H }) {
  const x = tf.randomUniform([1, F], -1, 1)
  const kernel = tf.randomUniform([F + H, 4 * H], -0.1, 0.1)
  const bias = tf.zeros([4 * H])
  const forget = tf.scalar(1)
  let c = tf.zeros([1, H])
  let h = tf.zeros([1, H])
  return atOnce(() => {
    const [c2, h2] = tf.tidy(() => tf.basicLSTMCell(forget, kernel, bias, x, c, h))
    c.dispose()
    h.dispose()
    c = c2
    h = h2
    h.dataSync()
  })
}
