/** A language model: which word comes next, what surprises it, and texts that it writes; some words depend on one far back. */
import { languageModel, Random } from 'latch'
import { heading, paragraph, percent, runAsProgram, title, type Print } from './page.ts'

const PLACES: Readonly<Record<string, string>> = { clouds: 'sky', fish: 'sea', books: 'shelf', cows: 'field' }
const COUNTRIES: Readonly<Record<string, string>> = {
  France: 'French',
  Italy: 'Italian',
  Japan: 'Japanese',
  Poland: 'Polish',
}
const FILLERS = ['with two brothers', 'near the harbour', 'for many years']

export interface Result {
  /** After "the clouds are in the". */
  next: { token: string; probability: number }
  /** Nats a word on texts that it has not seen, and those of counts of up to five words. */
  nats: { model: number; baseline: number }
  /** Of the right language after each country, eight words before it. */
  language: number
  written: string
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random.integer(from.length)]

function write(random: Random): string {
  if (random.integer(2)) {
    const [thing, place] = pick(random, Object.entries(PLACES))
    return `the ${thing} are in the ${place} ${pick(random, ['today', 'again', 'now'])}`
  }
  const [country, language] = pick(random, Object.entries(COUNTRIES))
  return `I grew up in ${country} ${pick(random, FILLERS)} so I speak fluent ${language}`
}

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'The next word')
  paragraph(
    print,
    'A language model reads texts without labels: each word is the answer to the words before it. It gives every ' +
      'text a probability, and writes by drawing one word after the other.',
  )
  const random = new Random(5, 'texts')
  const texts = (count: number) => Array.from({ length: count }, () => write(random))
  const [train, test] = [texts(600), texts(100)]
  heading(print, 'Texts of the training data')
  for (const text of train.slice(0, 3)) paragraph(print, `· ${text}`)

  const options = { tokens: 'words', lowercase: false, units: 48, embedding: 24, dropout: 0 } as const
  const model = languageModel({ ...options, cell: 'lstm', steps: 32 })
  await model.fit(train, {
    epochs: 30,
    batchSize: 4,
    learningRate: 0.02,
    schedule: { type: 'cosine', tMax: 30 },
    validation: 0,
    seed: 1,
  })
  const { loss } = await model.evaluate(test)
  const baseline = (await model.baseline(train)).evaluate(test.map((text) => ({ text })))
  heading(print, 'On other texts, nats a word (less is better)')
  print(`  model                       ${loss.toFixed(3)}`)
  print(`  counts of up to five words  ${baseline.value.toFixed(3)}`)

  const begin = 'the clouds are in the'
  const [next, ...others] = model.next(begin, 3)
  heading(print, `"${begin} ___"`)
  for (const { token, probability } of [next, ...others])
    print(`  ${token.padEnd(8)} ${percent(probability)}`)

  heading(print, 'A word that depends on one far back')
  const sure = Object.entries(COUNTRIES).map(([country, language]) => {
    const text = `I grew up in ${country} ${FILLERS[1]} so I speak fluent`
    const { probability } = model.next(text, 50).find(({ token }) => token === language)!
    print(`  ${country.padEnd(8)} … fluent ${language.padEnd(10)} ${percent(probability)}`)
    return probability
  })
  print('  Counts of five words cannot know: the country is out of their sight.')

  heading(print, 'What surprises it')
  const { tokens, mostSurprising } = model.score('the clouds are in the sea today')
  const { token, bits } = tokens[mostSurprising[0]]
  print(`  the clouds are in the sea today: "${token}", ${bits.toFixed(1)} bits`)

  const written = model.generate({ length: 40, temperature: 0.7, seed: 2 }).text()
  heading(print, 'A text that it writes')
  paragraph(print, written)
  return {
    next,
    nats: { model: loss, baseline: baseline.value },
    language: sure.reduce((sum, x) => sum + x, 0) / sure.length,
    written,
  }
}

runAsProgram(import.meta.url, run)
