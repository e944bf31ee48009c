// Written dates to ISO dates, in twelve forms: `node bench/accuracy/dates.mjs [--seeds 1,2,3] [--log FILE]`.
// The recipe is docs/recipes/sequence-to-sequence.md.
import { measure, numbersFrom } from './sequencesRun.mjs'

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
)
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** 1st, 2nd, 3rd, 4th, 11th. */
const ordinal = (day) => {
  const last = day % 100 > 10 && day % 100 < 14 ? 0 : day % 10
  return `${day}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`
}
const two = (number) => String(number).padStart(2, '0')

const FORMS = [
  ({ day, name, year }) => `${day} ${name} ${year}`,
  ({ day, name, year }) => `${ordinal(day)} of ${name} ${year}`,
  ({ day, name, year }) => `the ${ordinal(day)} of ${name}, ${year}`,
  ({ day, name, year }) => `${name} ${day}, ${year}`,
  ({ day, name, year }) => `${name} ${ordinal(day)}, ${year}`,
  ({ day, short, year }) => `${day} ${short} ${year}`,
  ({ day, short, year }) => `${short}. ${day}, ${year}`,
  ({ day, short, year }) => `${two(day)}-${short.toUpperCase()}-${year}`,
  ({ day, month, year }) => `${day}/${month}/${year}`,
  ({ day, month, year }) => `${two(day)}.${two(month)}.${year}`,
  ({ day, name, year }) => `${name.toLowerCase()} the ${ordinal(day)} ${year}`,
  ({ day, name, year }) => `${year}, ${name} ${day}`,
]

/** Dates of 1900 to 2099, each once. */
function dates(count, random) {
  const found = new Map()
  while (found.size < count) {
    const year = 1900 + random(200)
    const at = random(12)
    const leap = at === 1 && (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0)
    const day = 1 + random(DAYS[at] + leap)
    const name = MONTHS[at]
    const iso = `${year}-${two(at + 1)}-${two(day)}`
    found.set(iso, { day, month: at + 1, name, short: name.slice(0, 3), year, iso })
  }
  return [...found.values()]
}

const random = numbersFrom(2021)
const pairs = dates(12_000, random).map((date) => ({
  source: FORMS[random(FORMS.length)](date),
  target: date.iso,
}))
// No date of the test is in the training rows, in any form.
const [train, validation, test] = [pairs.slice(0, 9000), pairs.slice(9000, 10_000), pairs.slice(10_000)]

await measure({
  data: 'dates',
  train,
  validation,
  test: test.map(({ source, target }) => ({ source, targets: [target] })),
  options: { units: 96, embedding: 32, dropout: 0.1 },
  fit: {
    epochs: 12,
    batchSize: 32,
    learningRate: 0.004,
    schedule: { type: 'cosine', tMax: 12 },
    patience: null,
  },
  metric: 'exact',
})
