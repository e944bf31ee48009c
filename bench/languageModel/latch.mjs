/** One side of bench/languageModel.mjs: characters a second of Latch. */
import { dense, embedding, lstm, network } from 'latch'
import { corpusDataset, fit } from 'latch/training'

const { units, batch, steps, threads, seconds } = JSON.parse(process.argv[2])
const VOCABULARY = 65
const WARM_UP = 3

// A text that can be learned: numbers of a linear congruence, and each of them thrice.
let state = 1
const ids = Int32Array.from({ length: batch * steps * 40 }, (_, i) => {
  if (i % 3 === 0) state = (state * 1103515245 + 12345) % 2147483648
  return state % VOCABULARY
})
const net = network([embedding({ vocabulary: VOCABULARY, size: 64 }), lstm(units), dense(VOCABULARY)], {
  loss: { type: 'softmaxCrossEntropy' },
  threads,
})
const stop = new AbortController()
let [begun, counted, loss] = [0, 0, 0]
await fit(net, {
  train: corpusDataset({ ids, batchSize: batch, steps }),
  epochs: 1e6,
  optimizer: { type: 'adam' },
  learningRate: 0.002,
  clipNorm: 1,
  signal: stop.signal,
  onStep(step) {
    loss = step.loss
    if (step.updates === WARM_UP) begun = performance.now()
    if (step.updates <= WARM_UP) return
    counted++
    if (performance.now() - begun > seconds * 1000) stop.abort()
  },
})
const taken = (performance.now() - begun) / 1000
const { name, threads: own } = net.engine
console.log(
  JSON.stringify({
    charactersPerSecond: (counted * batch * steps) / taken,
    engine: `${name}, ${own} threads`,
    loss,
  }),
)
process.exit(0)
