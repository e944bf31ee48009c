/**
 * Lesson 2: sentences → tokens → ids → one-hot rows → (batch, timesteps, features), as the lecture lays them
 * out with padding and as Latch packs them; and what padding does to an answer if it is read as a word.
 */
import { createTokenizer, dense, features, network, type Network, PackedBatch, rnn, Vocabulary } from 'latch'
import type { WorkerMethods } from '../rpc/remote.ts'

const MAX_SENTENCES = 8
const MAX_WORDS = 40
const UNITS = 3
const SEED = 5

export interface Numbers {
  /** The lecture's: words in order of appearance, without any extra row. */
  words: string[]
  sentences: { tokens: string[]; ids: number[] }[]
  /** Latch's own vocabulary: by count, the unknown token first. */
  own: { tokens: string[]; ids: number[][] }
  /** (batch, timesteps, features) with a row for every place up to the longest sentence. */
  padded: [number, number, number]
  /** How Latch runs it: rows in all, sentences still running at each step, and which row is whose. */
  packed: { rows: number; counts: number[]; order: number[]; places: { sequence: number; step: number }[] }
  /** ŷ of each sentence with its padding left alone, and read as words; the same network. */
  padding: { alone: number[]; read: number[] }
}

function numbers(texts: string[], lowercase: boolean): Numbers {
  const tokenizer = createTokenizer({ kind: 'words', lowercase })
  const lists = texts.slice(0, MAX_SENTENCES).map((text) => tokenizer.tokenize(text).slice(0, MAX_WORDS))
  const empty = lists.findIndex((tokens) => tokens.length === 0)
  if (lists.length === 0 || empty >= 0)
    throw new Error(`Sentence ${empty + 1} is empty: write a word or more, or take it out.`)
  const seen = Vocabulary.fromJSON(['<unk>', ...new Set(lists.flat())])
  const words = seen.tokens.slice(1)
  const ids = lists.map((tokens) => [...seen.encode(tokens)].map((id) => id - 1))
  const own = Vocabulary.build(lists, { minimumCount: 1 })
  const batch = PackedBatch.ofIds(ids)
  const places: Numbers['packed']['places'] = []
  batch.eachRow((row, sequence, step) => (places[row] = { sequence, step }))
  return {
    words,
    sentences: lists.map((tokens, i) => ({ tokens, ids: ids[i] })),
    own: { tokens: [...own.tokens], ids: lists.map((tokens) => [...own.encode(tokens)]) },
    padded: [lists.length, batch.steps, words.length],
    packed: { rows: batch.rows, counts: [...batch.batchSizes], order: [...batch.sortedIndices], places },
    padding: padding(ids, batch.steps, words.length),
  }
}

/** The same network reads each sentence to its own end, then to the end of its padding. */
function padding(ids: number[][], T: number, F: number): Numbers['padding'] {
  const rows = new Float64Array(ids.length * T * F)
  ids.forEach((list, s) => list.forEach((id, t) => (rows[(s * T + t) * F + id] = 1)))
  const net = network(
    [features(F), rnn(UNITS, { returnSequences: false }), dense(1, { activation: 'sigmoid' })],
    { reproducible: true, threads: 1, seed: SEED },
  )
  const shape = [ids.length, T, F] as const
  const answer = {
    alone: answers(
      net,
      PackedBatch.ofFeatures(
        features,
        shape,
        ids.map((list) => list.length),
      ),
    ),
    read: answers(net, PackedBatch.ofFeatures(rows, shape)),
  }
  net.dispose()
  return answer
}

function answers(net: Network, batch: PackedBatch): number[] {
  net.forward(batch)
  return [...net.readOutput(batch)]
}

export const lesson2: WorkerMethods = {
  'lesson2.numbers': (_: unknown, texts: string[], lowercase: boolean) => numbers(texts, lowercase),
} as unknown as WorkerMethods
