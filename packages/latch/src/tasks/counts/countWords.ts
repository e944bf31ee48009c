/**
 * Counts the n-grams of the training texts and chooses how much they weigh beside the network. Loaded with training.
 */
import { mixKey } from '../../core/random.ts'
import { likeliestClass } from '../../inspection/trace/classScores.ts'
import type { Network } from '../../model/network.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import { Interval, yieldToEventLoop } from '../../training/eventLoop.ts'
import { forEachBatch } from '../encoding.ts'
import { outputRows } from '../prediction.ts'
import type { CountedScore, CountsReport } from './report.ts'
import { learnScores, rounded } from './learnScores.ts'
import { CountedText, findRow, mixRow, type MixWeights, type WordCounts } from './wordCounts.ts'

/** Most numbers of a table (4 MiB): of more, the n-grams of the fewest texts are left out. */
const MAX_VALUES = 2 ** 20
/** Validation rows below which no weight can be chosen. */
export const FEWEST_ROWS = 20
/** Weights of the counts that are tried, beside a network of weight 1. */
const MOST_WEIGHT = 2
const STEPS = 40
/**
 * A validation part is small, so the weight is drawn to this one, which was as good as any within the training parts of
 * four public datasets (docs/defaults.md): the square of the distance costs as much as this many nats.
 */
const USUAL = { weight: 1, nats: 15 }
/** Factors of all logits. */
const FACTORS = { least: 0.25, most: 2.5 }

/** A text and its class. */
export interface CountedItem {
  tokens: readonly string[]
  class: number
}

type Rows = readonly ArrayLike<number>[]

/**
 * The table of the training rows, weighted by the validation rows, of which it counts none.
 * @param learned with the table of earlier rows, to which these are added
 */
export async function countWords(
  network: Network,
  learned: { words: Vocabulary; labels: readonly string[]; counts: WordCounts | null },
  training: readonly CountedItem[],
  validation: readonly CountedItem[],
): Promise<{ counts: WordCounts | null; report: CountsReport }> {
  const classWeights = network.config.loss?.classWeights ?? learned.labels.map(() => 1)
  const { counts, minimumCount } = await learnTable(training, classWeights, learned.counts)
  const classes = validation.map((item) => item.class)
  const rows = await logitsOf(network, learned.words, validation)
  const shares = validation.map(({ tokens }) => new CountedText(counts).read(tokens).shares())
  const weights = chooseWeights({ rows, shares, classes, classWeights })
  const measure = (mixed: MixWeights): CountedScore => {
    const answers = mixAll(rows, shares, mixed)
    const right = answers.filter((row, i) => likeliestClass(row) === classes[i]).length
    return { loss: lossOf(answers, classes, classWeights), accuracy: right / answers.length }
  }
  return {
    counts: weights.counts > 0 ? { ...counts, ...weights } : null,
    report: {
      networkWeight: weights.network,
      countsWeight: weights.counts,
      terms: counts.scores.length / counts.bias.length,
      minimumCount,
      validation: {
        network: measure({ network: 1, counts: 0 }),
        counts: measure({ network: 0, counts: 1 }),
        model: measure(weights),
      },
    },
  }
}

function mixAll(rows: Rows, shares: readonly number[][], { network, counts }: MixWeights): number[][] {
  return rows.map((row, i) =>
    mixRow(
      row,
      shares[i].map((share) => share * counts),
      network,
    ),
  )
}

/** The hashes of a text's n-grams. */
function keysOf(tokens: readonly string[]): Set<number> {
  const keys = new Set<number>()
  tokens.forEach((token, t) => {
    keys.add(mixKey(token))
    if (t > 0) keys.add(mixKey(`${tokens[t - 1]} ${token}`))
  })
  return keys
}

/** The table, with the scores that the training rows teach. */
async function learnTable(
  training: readonly CountedItem[],
  classWeights: readonly number[],
  before: WordCounts | null,
): Promise<{ counts: WordCounts; minimumCount: number }> {
  const { table, minimumCount } = countTable(training, classWeights.length, before)
  const start = { table, bias: before?.bias ?? classWeights.map(() => 0) }
  const texts = training.map(({ tokens, class: own }) => {
    const rows = Array.from(keysOf(tokens), (key) => findRow(start, key)).filter((row) => row >= 0)
    return { rows, class: own }
  })
  const { scores, bias } = await learnScores(table, texts, classWeights, start.bias)
  return { counts: { table, scores, bias, network: 1, counts: 1 }, minimumCount }
}

function countTable(
  training: readonly CountedItem[],
  C: number,
  before: WordCounts | null,
): { table: Uint32Array; minimumCount: number } {
  const width = C + 1
  /** Rows of the table so far, by key: the number of texts, then the place. */
  const found = new Map<number, number>()
  const add = (key: number, count: number) => found.set(key, (found.get(key) ?? 0) + count)
  const eachBefore = (visit: (key: number, row: Uint32Array) => void) => {
    const table = before?.table ?? new Uint32Array(0)
    for (let at = 0; at < table.length; at += width) visit(table[at], table.subarray(at + 1, at + width))
  }
  eachBefore((key, row) =>
    add(
      key,
      row.reduce((a, b) => a + b),
    ),
  )
  for (const { tokens } of training) for (const key of keysOf(tokens)) add(key, 1)
  let minimumCount = 1
  while (found.size * C > MAX_VALUES) {
    minimumCount++
    for (const [key, count] of found) if (count < minimumCount) found.delete(key)
  }
  const keys = Uint32Array.from(found.keys()).sort()
  const table = new Uint32Array(keys.length * width)
  keys.forEach((key, row) => {
    found.set(key, row * width)
    table[row * width] = key
  })
  eachBefore((key, row) => {
    const at = found.get(key)
    if (at !== undefined) table.set(row, at + 1)
  })
  for (const item of training) {
    for (const key of keysOf(item.tokens)) {
      const at = found.get(key)
      if (at !== undefined) table[at + 1 + item.class]++
    }
  }
  return { table, minimumCount }
}

/** The network's logits of some texts. */
async function logitsOf(
  network: Network,
  words: Vocabulary,
  items: readonly CountedItem[],
): Promise<Float64Array[]> {
  const out = new Array<Float64Array>(items.length)
  const batches: (readonly number[])[] = []
  forEachBatch(
    items.map(({ tokens }) => tokens.length),
    (numbers) => batches.push(numbers),
  )
  const interval = new Interval()
  for (const numbers of batches) {
    const batch = PackedBatch.ofIds(numbers.map((i) => words.encode(items[i].tokens)))
    outputRows(network, batch).forEach(([row], b) => (out[numbers[b]] = row.slice()))
    if (interval.passed()) await yieldToEventLoop()
  }
  return out
}

/** The validation rows: logits, shares of the classes with a weight of 1, and classes. */
interface Weighed {
  rows: Rows
  shares: readonly number[][]
  classes: readonly number[]
  classWeights: readonly number[]
}

/**
 * The weights with the lowest validation loss, drawn to the usual one. Each weight is tried with the factor of all
 * logits that suits it, so that a network which claims too little gains nothing by that; the counts have no weight
 * where none lowers the loss.
 */
function chooseWeights({ rows, shares, classes, classWeights }: Weighed): MixWeights {
  const tried = Array.from({ length: STEPS + 1 }, (_, i) => {
    const weight = (MOST_WEIGHT * i) / STEPS
    const mixed = mixAll(rows, shares, { network: 1, counts: weight })
    const loss = (by: number) => lossOf(mixed, classes, classWeights, by)
    const factor = lowest(FACTORS.least, FACTORS.most, loss)
    return { weight, factor, loss: loss(factor) }
  })
  const [alone, ...others] = tried
  const better = others.filter(({ loss }) => loss < alone.loss)
  if (better.length === 0) return { network: 1, counts: 0 }
  const cost = ({ weight, loss }: (typeof tried)[number]) =>
    loss * rows.length + USUAL.nats * (weight - USUAL.weight) ** 2
  const best = better.reduce((a, b) => (cost(b) < cost(a) ? b : a))
  return { network: rounded(best.factor), counts: rounded(best.factor * best.weight) }
}

/** Mean cross-entropy of logits times a scale. */
function lossOf(rows: Rows, classes: readonly number[], classWeights: readonly number[], scale = 1): number {
  let [loss, weight] = [0, 0]
  rows.forEach((row, i) => {
    const c = classes[i]
    // One logit is that of the second class; the other is 0.
    const logit = (j: number) => scale * (row.length > 1 ? row[j] : j * row[0])
    let sum = 0
    for (let j = 0; j < Math.max(2, row.length); j++) sum += Math.exp(Math.min(700, logit(j) - logit(c)))
    loss += classWeights[c] * Math.log(sum)
    weight += classWeights[c]
  })
  return weight > 0 ? loss / weight : 0
}

/** The place of the minimum of a function with one, between two positive numbers, by golden sections of their logarithms. */
function lowest(from: number, to: number, value: (x: number) => number): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  let [low, high] = [Math.log(from), Math.log(to)]
  let [a, b] = [high - ratio * (high - low), low + ratio * (high - low)]
  let [atA, atB] = [value(Math.exp(a)), value(Math.exp(b))]
  while (high - low > 0.02) {
    if (atA <= atB) {
      ;[high, b, atB] = [b, a, atA]
      a = high - ratio * (high - low)
      atA = value(Math.exp(a))
    } else {
      ;[low, a, atA] = [a, b, atB]
      b = low + ratio * (high - low)
      atB = value(Math.exp(b))
    }
  }
  return Math.exp((low + high) / 2)
}
