/**
 * Measurements that need further trainings: the value of word order for five kinds of network and the time of their
 * epochs, the effect of the seed, and the accuracy of networks trained on short distances.
 */
import type { CellChoice, TextClassifier } from 'latch'
import { lessonComments, SHOWN, shuffledWords } from './comments.ts'
import { accuracyByDistance } from './measureFacts.ts'
import {
  columns,
  commentsRecipe,
  factsRecipe,
  LESSON_CELLS,
  LONGEST,
  RATE,
  SEED,
  trainBy,
  type FactsChange,
  type LessonCell,
} from './models.ts'
import { shareOf } from './spread.ts'

type Log = (line: string) => void

const KINDS: readonly CellChoice[] = ['ann', 'bag', 'rnn', 'lstm', 'gru']

/** Accuracy on unchanged comments and with shuffled words; predictions for the comments shown. */
export async function orderMatters(model: TextClassifier) {
  const test = lessonComments('test')
  const right = async (rows: typeof test) =>
    shareOf(Math.round((await model.evaluate(rows, columns)).accuracy * rows.length), rows.length)
  const isPerson = ({ text }: { text: string }) => /^(you|he|she|we|they) /.test(text)
  const things = test.filter((row) => !isPerson(row))
  return {
    asWritten: await right(things),
    shuffled: await right(shuffledWords(things, SEED)),
    persons: await right(test.filter(isPerson)),
    shown: SHOWN.map(({ text, label }) => {
      const says = model.predict(text)
      return { text, label, says: says.label, probability: says.probabilities[says.label] }
    }),
  }
}

/** Five kinds of network with the same training: the value of order, and seconds of the fastest epoch on one thread. */
export async function orderAndSeconds(log: Log) {
  const order: Record<string, Awaited<ReturnType<typeof orderMatters>>> = {}
  const seconds: Record<string, { perEpoch: number; epochs: number; parameters: number; steps: number }> = {}
  for (const kind of KINDS) {
    const { model, report } = await trainBy(commentsRecipe(kind))
    order[kind] = await orderMatters(model)
    const perEpoch = report.history.reduce((least, one) => Math.min(least, one.seconds), Infinity)
    const steps = Math.ceil(report.trainSize / 32)
    seconds[kind] = { perEpoch, epochs: report.epochs, parameters: model.parameterCount, steps }
    log(`comments ${kind}: written ${order[kind].asWritten.share}, shuffled ${order[kind].shuffled.share}`)
    model.dispose()
  }
  return { order, seconds }
}

/** One training of the facts recipe with a change. */
export interface Trained {
  cell: LessonCell
  seed: number
  rate: number
  /** Distances of the training stories. */
  distance: FactsChange['distance']
  accuracy: Awaited<ReturnType<typeof accuracyByDistance>>
}

async function train(cell: LessonCell, change: FactsChange, distances: number[], log: Log): Promise<Trained> {
  const { model } = await trainBy(factsRecipe(cell, change))
  const accuracy = await accuracyByDistance(model, STORIES, distances)
  model.dispose()
  const { seed = SEED, rate = RATE[cell], distance = [0, LONGEST] } = change
  log(`${cell} ${JSON.stringify(change)}: ${accuracy.map(({ share }) => share).join(' ')}`)
  return { cell, seed, rate, distance, accuracy }
}

const STORIES = 1000
const FAR = [0, 10, 20, 40, 60, 80]

/** The effect of the seed and, for the simple RNN, of the learning rate. */
export async function bySeedAndRate(log: Log): Promise<Trained[]> {
  const found: Trained[] = []
  for (const seed of [1, 2, 3])
    for (const rate of [0.001, 0.002, 0.006]) found.push(await train('rnn', { rate, seed }, FAR, log))
  for (const cell of ['lstm', 'gru'] as const)
    for (const seed of [2, 3]) found.push(await train(cell, { seed }, FAR, log))
  return found
}

/** Trained on distances of 0 to 10 words, tested on longer ones. */
export async function shortWays(log: Log): Promise<Trained[]> {
  const found: Trained[] = []
  for (const cell of LESSON_CELLS)
    for (const seed of [1, 2]) found.push(await train(cell, { distance: [0, 10], seed }, FAR, log))
  return found
}

/** Trained on one distance only, without short examples: does the gradient bridge it? */
export async function oneDistance(log: Log): Promise<Trained[]> {
  const found: Trained[] = []
  for (const distance of [5, 10, 20, 40])
    for (const cell of LESSON_CELLS) found.push(await train(cell, { distance, count: 4000 }, [distance], log))
  return found
}
