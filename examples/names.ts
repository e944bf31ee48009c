/** Names of people and places in sentences: a tagger with a CRF learns BIO tags, and finds names that it has never seen. */
import { Random, tagger, type TagPrediction } from 'latch'
import { heading, paragraph, runAsProgram, title, type Print } from './page.ts'

const FIRST = 'Ada Alan Grace Kurt Emmy Sofia Hedy Katherine Mary Dorothy Edith Rosa'.split(' ')
const LAST = 'Berger Karlson Moreau Lindberg Okoye Tanaka Silva Novak Haugen Petrov'.split(' ')
const PLACES = ['Paris', 'New York', 'Delhi', 'Buenos Aires', 'Oslo', 'Cape Town', 'Kyoto', 'Lima']
const FORMS = [
  'PER lives in LOC now',
  'yesterday PER flew from LOC to LOC',
  'in LOC we met PER and PER',
  'the trains of LOC are late',
  'PER writes letters',
  'we heard that PER left LOC',
]

interface Sentence {
  tokens: string[]
  tags: string[]
}

export interface Result {
  /** On sentences with other family names. */
  f1: { model: number; baseline: number }
  prediction: TagPrediction
  /** Predictions whose tags break BIO. */
  broken: number
}

/** A sentence of a form, with names drawn from these. */
function write(random: Random, last: readonly string[]): Sentence {
  const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)]
  const tokens: string[] = []
  const tags: string[] = []
  for (const word of pick(FORMS).split(' ')) {
    const name = word === 'PER' ? `${pick(FIRST)} ${pick(last)}` : word === 'LOC' ? pick(PLACES) : null
    for (const [t, token] of (name ?? word).split(' ').entries()) {
      tokens.push(token)
      tags.push(name === null ? 'O' : `${t === 0 ? 'B' : 'I'}-${word}`)
    }
  }
  return { tokens, tags }
}

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'Names in sentences')
  paragraph(
    print,
    'Each token has a tag: B- begins a name, I- goes on with it, O is outside. The tagger reads every word and its ' +
      'characters in both directions; a conditional random field over the tags learns which may follow which.',
  )
  const random = new Random(1, 'names')
  const many = (count: number, last: readonly string[]) =>
    Array.from({ length: count }, () => write(random, last))
  const [train, test] = [many(240, LAST.slice(0, 7)), many(60, LAST.slice(7))]
  heading(print, 'A sentence of the training data')
  for (const [t, token] of train[0].tokens.entries()) print(`  ${token.padEnd(12)} ${train[0].tags[t]}`)

  const model = tagger({
    units: 24,
    embedding: 24,
    characters: { embedding: 12, units: 12 },
    wordDropout: 0.3,
  })
  await model.fit(train, { epochs: 20, batchSize: 8, learningRate: 0.005, seed: 1 })
  const { entities, accuracy } = await model.evaluate(test)
  const baseline = (await model.baseline(train)).evaluate(test)
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  heading(print, 'On sentences with family names that it has never seen')
  print(`  tagger                          F1 of names ${percent(entities!.f1)}, tags ${percent(accuracy)}`)
  print(`  most frequent tag of each word  F1 of names ${percent(baseline.entityF1!)}`)
  for (const { label, precision, recall, support } of entities!.perLabel)
    print(`  ${label}: precision ${percent(precision)}, recall ${percent(recall)}, ${support} names`)

  const prediction = model.predict('we heard that Ada Petrov left New York')
  heading(print, 'A sentence, token by token')
  for (const [t, token] of prediction.tokens.entries())
    print(`  ${token.padEnd(12)} ${prediction.tags[t].padEnd(8)} ${percent(prediction.confidences[t])}`)
  for (const { label, text } of prediction.entities) print(`  ${label}: ${text}`)

  const broken = model
    .predict(test.map(({ tokens }) => ({ tokens })))
    .filter(({ tags }) =>
      tags.some((tag, t) => tag.startsWith('I-') && (tags[t - 1] ?? 'O').slice(1) !== tag.slice(1)),
    )
  print('')
  print(`  ${broken.length} of ${test.length} predictions break BIO: decoding allows none.`)
  return { f1: { model: entities!.f1, baseline: baseline.entityF1! }, prediction, broken: broken.length }
}

runAsProgram(import.meta.url, run)
