// Numbers below a million, spelled out in English: `node bench/accuracy/numbers.mjs [--seeds 1,2,3] [--log FILE]`.
// The recipe is docs/recipes/sequence-to-sequence.md.
import { measure, numbersFrom } from './sequencesRun.mjs'

const SMALL = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
  'eighteen nineteen'
).split(' ')
const TENS = '_ _ twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')

function words(number) {
  if (number < 20) return SMALL[number]
  if (number < 100) return `${TENS[Math.floor(number / 10)]}${number % 10 ? ` ${SMALL[number % 10]}` : ''}`
  const [unit, name] = number < 1000 ? [100, 'hundred'] : [1000, 'thousand']
  const rest = number % unit
  return `${words(Math.floor(number / unit))} ${name}${rest ? ` ${words(rest)}` : ''}`
}

const random = numbersFrom(7)
const drawn = new Set()
// As many of three digits and fewer as of each greater length.
while (drawn.size < 10_000) drawn.add(random([1000, 10_000, 100_000, 1_000_000][random(4)]))
const pairs = [...drawn].map((number) => ({ source: String(number), target: words(number) }))
// Few numbers are small, and the draws of the last are larger: each fifth is of the test.
const test = pairs.filter((_, i) => i % 5 === 4)
const others = pairs.filter((_, i) => i % 5 !== 4)

await measure({
  data: 'numbers spelled out',
  train: others.slice(800),
  validation: others.slice(0, 800),
  test: test.map(({ source, target }) => ({ source, targets: [target] })),
  options: { units: 96, embedding: 32, dropout: 0.1, targetTokens: 'whitespace', minimumCount: 1 },
  fit: {
    epochs: 12,
    batchSize: 32,
    learningRate: 0.004,
    schedule: { type: 'cosine', tMax: 12 },
    patience: null,
  },
  metric: 'exact',
})
