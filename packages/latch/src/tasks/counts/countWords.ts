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
import { SMOOTHING, WordCounts, type CountTable, type MixWeights } from './wordCounts.ts'

/** Most numbers of a table (4 MiB): of more, the n-grams of the fewest texts are left out. */
const MAX_VALUES = 2 ** 20
/** Validation rows below which no weight can be chosen. */
export const FEWEST_ROWS = 20
/** Training rows on which the scale of the counts is measured. */
const SCALE_ROWS = 2000
/** Weights that are tried: 0 to 1.5 of the scale that fits the counts alone. */
const STEPS = 30
/**
 * A validation part is small, so the weight is drawn to this one, which was as good as any on four public datasets
 * (docs/defaults.md): the square of the distance costs as much as this many nats.
 */
const USUAL = { weight: 0.8, nats: 20 }
/** Factors of all logits. */
const SCALES = { least: 0.25, most: 2.5 }

/** Loss and accuracy on the validation rows. */
export interface CountedScore {
  loss: number
  accuracy: number
}

/** How network and counts were mixed, in the report of `fit`. */
export interface CountsReport {
  /** Factor of the network's logits. */
  networkWeight: number
  /** Factor of the counts' log-probabilities; 0: the counts did not help, and the model is the network alone. */
  countsWeight: number
  /** Different words and pairs in the table. */
  terms: number
  /** Those of fewer training texts were left out, so that the table has at most 4 MiB. */
  minimumCount: number
  /** On the validation rows: the network alone, naive Bayes of the counts alone, and the model. */
  validation: { network: CountedScore; counts: CountedScore; model: CountedScore }
}

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
  const { table, minimumCount } = countTable(training, classWeights, learned.counts)
  const counts = new WordCounts(table)
  const classes = validation.map((item) => item.class)
  const rows = await logitsOf(network, learned.words, validation)
  const shares = validation.map(({ tokens }) => counts.read(tokens).shares())
  const measure = (mixed: Rows): CountedScore => ({
    loss: lossOf(mixed, classes, classWeights, 1),
    accuracy: mixed.reduce((n, row, i) => n + Number(likeliestClass(row) === classes[i]), 0) / mixed.length,
  })
  const scale = scaleOf(counts, training, classWeights)
  const weights = chooseWeights(rows, shares, scale, classes, classWeights)
  const model = new WordCounts(table, weights)
  const of = (mixed: MixWeights) => validation.map((_, i) => mixRow(rows[i], shares[i], mixed))
  return {
    counts: weights.counts > 0 ? model : null,
    report: {
      networkWeight: weights.network,
      countsWeight: weights.counts,
      terms: table.keys.length,
      minimumCount,
      validation: {
        network: measure(rows),
        counts: measure(of({ network: 0, counts: scale })),
        model: measure(of(weights)),
      },
    },
  }
}

function mixRow(
  row: ArrayLike<number>,
  shares: readonly number[],
  { network, counts }: MixWeights,
): number[] {
  const added = row.length === 1 ? [shares[1] - shares[0]] : shares
  return added.map((share, c) => network * row[c] + counts * share)
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

function countTable(
  training: readonly CountedItem[],
  classWeights: readonly number[],
  before: CountTable | null,
): { table: CountTable; minimumCount: number } {
  const C = classWeights.length
  const found = new Map<number, number>()
  const add = (key: number, count: number) => found.set(key, (found.get(key) ?? 0) + count)
  const valuesBefore = (row: number) => before!.values.subarray(row * C, (row + 1) * C)
  before?.keys.forEach((key, row) => add(key, sum(valuesBefore(row))))
  for (const { tokens } of training) for (const key of keysOf(tokens)) add(key, 1)
  let minimumCount = 1
  let kept = found
  while (kept.size * C > MAX_VALUES) {
    minimumCount++
    kept = new Map([...kept].filter(([, count]) => count >= minimumCount))
  }
  const keys = Uint32Array.from(kept.keys()).sort()
  keys.forEach((key, row) => kept.set(key, row))
  const values = new Float32Array(keys.length * C)
  before?.keys.forEach((key, row) => {
    const to = kept.get(key)
    if (to !== undefined) values.set(valuesBefore(row), to * C)
  })
  const texts = before ? [...before.texts] : classWeights.map(() => 0)
  for (const item of training) {
    texts[item.class] += classWeights[item.class]
    for (const key of keysOf(item.tokens)) {
      const row = kept.get(key)
      if (row !== undefined) values[row * C + item.class]++
    }
  }
  return { table: { keys, values, texts }, minimumCount }
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

/**
 * The factor with which the counts' scores are probabilities. Measured on training rows, each left out of the counts
 * of its own prediction: words of one text depend on each other, so the plain sums claim too much.
 */
function scaleOf(
  counts: WordCounts,
  training: readonly CountedItem[],
  classWeights: readonly number[],
): number {
  const step = Math.max(1, training.length / SCALE_ROWS)
  const items = Array.from(
    { length: Math.floor(training.length / step) },
    (_, i) => training[Math.floor(i * step)],
  )
  const rows = items.map((item) => scoresWithout(counts, item, classWeights[item.class]))
  const classes = items.map((item) => item.class)
  return lowest(0.01, 3, (scale) => lossOf(rows, classes, classWeights, scale))
}

/** The scores of a training text by the counts of all others. */
function scoresWithout(counts: WordCounts, { tokens, class: own }: CountedItem, weight: number): number[] {
  const { keys, values, totals, texts } = counts
  const C = totals.length
  const rows = Array.from(keysOf(tokens), (key) => counts.find(key)).filter((row) => row >= 0)
  const isOwn = (c: number) => Number(c === own)
  const norms = Array.from(totals, (total, c) =>
    Math.log(Math.max(0, total - isOwn(c) * rows.length) + SMOOTHING * keys.length),
  )
  const scores = texts.map((n, c) => Math.log(Math.max(0, n - isOwn(c) * weight) + SMOOTHING))
  for (const row of rows) {
    const count = (c: number) => Math.max(0, values[row * C + c] - isOwn(c))
    if (scores.every((_, c) => count(c) === 0)) continue
    scores.forEach((_, c) => (scores[c] += Math.log(count(c) + SMOOTHING) - norms[c]))
  }
  return scores
}

/**
 * The weights with the lowest validation loss, drawn to the usual one. Each weight is tried with the scale of all
 * logits that suits it, so that a network which claims too little gains nothing by that; the counts have no weight
 * where none lowers the loss.
 */
function chooseWeights(
  rows: Rows,
  shares: readonly (readonly number[])[],
  scale: number,
  classes: readonly number[],
  classWeights: readonly number[],
): MixWeights {
  const tried = Array.from({ length: STEPS + 1 }, (_, i) => {
    const weight = i / (STEPS / 1.5)
    const mixed = rows.map((row, n) => mixRow(row, shares[n], { network: 1, counts: weight * scale }))
    const loss = (by: number) => lossOf(mixed, classes, classWeights, by)
    const network = lowest(SCALES.least, SCALES.most, loss)
    return { weight, network, loss: loss(network) }
  })
  const cost = ({ weight, loss }: (typeof tried)[number]) =>
    loss * rows.length + USUAL.nats * (weight - USUAL.weight) ** 2
  const [alone, ...mixed] = tried
  const better = mixed.filter(({ loss }) => loss < alone.loss)
  if (better.length === 0) return { network: 1, counts: 0 }
  const best = better.reduce((a, b) => (cost(b) < cost(a) ? b : a))
  // Rounded, so that a last bit of a logarithm decides nothing.
  const round = (x: number) => Math.round(x * 1000) / 1000
  return { network: round(best.network), counts: round(best.network * best.weight * scale) }
}

/** Mean cross-entropy of logits times a scale. */
function lossOf(
  rows: Rows,
  classes: readonly number[],
  classWeights: readonly number[],
  scale: number,
): number {
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

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
