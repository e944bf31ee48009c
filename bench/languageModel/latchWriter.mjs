/** One side of bench/languageModel.mjs: characters a second that a model of Latch writes. */
import { languageModel } from 'latch'

const { units, threads, seconds } = JSON.parse(process.argv[2])
const VOCABULARY = 65
const PIECE = 2000
const WARM_UP = 3

const text = Array.from({ length: VOCABULARY * 40 }, (_, i) =>
  String.fromCharCode(48 + ((i * i) % VOCABULARY)),
)
const all = Array.from({ length: VOCABULARY }, (_, i) => String.fromCharCode(48 + i))
const model = languageModel({ cell: 'lstm', units, embedding: 64, dropout: 0, threads })
await model.fit([...all, ...text].join(''), { epochs: 1, batchSize: 8, validation: 0 })
let [begun, counted] = [0, 0]
for (let piece = 0; ; piece++) {
  if (piece === WARM_UP) begun = performance.now()
  const written = [...model.generate({ prime: '0', length: PIECE, temperature: 1, seed: piece }).text()]
  if (piece < WARM_UP) continue
  counted += written.length
  if (performance.now() - begun > seconds * 1000) break
}
const taken = (performance.now() - begun) / 1000
const { name, threads: own } = model.network.engine
console.log(
  JSON.stringify({
    charactersPerSecond: counted / taken,
    engine: `${name}, ${own} threads, vocabulary of ${model.vocabulary.size}`,
  }),
)
process.exit(0)
