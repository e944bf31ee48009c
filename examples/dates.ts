/** Written dates as ISO dates: a sequence-to-sequence model learns to translate, and shows where it looked. */
import { Random, sequenceToSequence, type WrittenSequence } from 'latch'
import { heading, paragraph, percent, runAsProgram, title, type Print } from './page.ts'

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
)
/** Forms of one date. */
const FORMS: readonly ((day: number, month: string, year: number) => string)[] = [
  (day, month, year) => `${day} ${month} ${year}`,
  (day, month, year) => `${month} ${day}, ${year}`,
  (day, month, year) => `${day} ${month.slice(0, 3)} ${year}`,
  (day, month, year) => `${year}, ${month} ${day}`,
]
const TRAINING = 2200
const TEST = 200

interface Pair {
  source: string
  target: string
}

export interface Result {
  /** Share of dates written exactly, of dates that were in no training row. */
  accuracy: { model: number; baseline: number }
  /** What the model writes for one of them. */
  written: WrittenSequence
  /** Its three likeliest texts. */
  likeliest: readonly WrittenSequence[]
}

/** Different dates, each in one of the forms. */
function write(random: Random, count: number): Pair[] {
  const dates = new Map<string, Pair>()
  while (dates.size < count) {
    const [day, month, year] = [1 + random.integer(28), random.integer(12), 1950 + random.integer(80)]
    const target = `${year}-${String(month + 1).padStart(2, '0')}-${String(day).padStart(2, '0')}`
    const form = FORMS[random.integer(FORMS.length)]
    dates.set(target, { source: form(day, MONTHS[month], year), target })
  }
  return [...dates.values()]
}

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'Dates, rewritten')
  paragraph(
    print,
    'An encoder reads a date letter by letter, in both directions. A decoder writes the ISO form, one character ' +
      'after the other; before each one, attention weighs the letters of the source.',
  )
  const pairs = write(new Random(3, 'dates'), TRAINING + TEST)
  const [train, test] = [pairs.slice(0, TRAINING), pairs.slice(TRAINING)]
  heading(print, 'Rows of the training data')
  for (const { source, target } of train.slice(0, 4)) print(`  ${source.padEnd(22)} ${target}`)

  const model = sequenceToSequence({ units: 64, embedding: 24, dropout: 0.1 })
  await model.fit(train, { epochs: 6, batchSize: 16, learningRate: 0.006, validation: 0, seed: 1 })
  const { accuracy, errorRate } = await model.evaluate(test)
  const baseline = (await model.baseline(train)).evaluate(test)
  heading(print, `On ${TEST} dates that are in no training row`)
  print(`  model                        ${percent(accuracy)} written exactly`)
  print(`  lookup in the training rows  ${percent(baseline.value)}`)
  print(`  ${errorRate.toFixed(4)} edits a character`)

  const { source } = test[0]
  const written = model.predict(source)
  heading(print, `Where it looked: "${source}" is ${written.text}`)
  for (const [t, token] of written.tokens.entries()) {
    const weights = written.attention![t]
    const order = weights.map((_, s) => s).sort((a, b) => weights[b] - weights[a])
    const seen = order.slice(0, 3).map((s) => {
      return `${JSON.stringify(written.sourceTokens[s])} (letter ${s + 1}) ${weights[s].toFixed(2)}`
    })
    print(`  ${token}  ${seen.join('   ')}`)
  }

  const likeliest = model.beamSearch(source, { beams: 3 })
  heading(print, 'Its three likeliest texts, by beam search')
  for (const { text, logProbability } of likeliest)
    print(`  ${text.padEnd(12)} probability ${Math.exp(logProbability).toFixed(4)}`)
  return { accuracy: { model: accuracy, baseline: baseline.value }, written, likeliest }
}

runAsProgram(import.meta.url, run)
