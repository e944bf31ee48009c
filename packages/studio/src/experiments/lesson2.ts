/**
 * Lesson 2: sentences → tokens → ids → one-hot rows → (batch, timesteps, features), padded as in the lecture and packed
 * as in Latch; and the effect on the output if padding is read as words.
 */
import {
  buildVocabulary,
  createTokenizer,
  dense,
  features,
  network,
  type Network,
  PackedBatch,
  rnn,
  Vocabulary,
} from 'latch'
import type { WorkerMethods } from '../rpc/remote.ts'

const MAX_SENTENCES = 8
const MAX_WORDS = 40
const UNITS = 3
const SEED = 5

export interface Numbers {
  /** The lecture's vocabulary: words in order of appearance, without extra entries. */
  words: string[]
  sentences: { tokens: string[]; ids: number[] }[]
  /** Latch's own vocabulary: by count, the unknown token first. */
  own: { tokens: string[]; ids: number[][] }
  /** (batch, timesteps, features), padded to the longest sentence. */
  padded: [number, number, number]
  /** The packed batch: number of rows, active sentences at each step, and the sentence and step of each row. */
  packed: { rows: number; counts: number[]; order: number[]; places: { sequence: number; step: number }[] }
  /** ŷ of each sentence with its padding ignored, and read as words, by the same network. */
  padding: { alone: number[]; read: number[] }
}

function numbers(texts: string[], lowercase: boolean): Numbers {
  const tokenizer = createTokenizer({ kind: 'words', lowercase })
  const lists = texts.slice(0, MAX_SENTENCES).map((text) => tokenizer.tokenize(text).slice(0, MAX_WORDS))
  const empty = lists.findIndex((tokens) => tokens.length === 0)
  if (lists.length === 0 || empty >= 0)
    throw new Error(`Sentence ${empty + 1} is empty. Enter at least one word, or remove it.`)
  const seen = Vocabulary.fromJSON(['<unk>', ...new Set(lists.flat())])
  const words = seen.tokens.slice(1)
  const ids = lists.map((tokens) => [...seen.encode(tokens)].map((id) => id - 1))
  const own = buildVocabulary(lists, { minimumCount: 1 })
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

/** Runs the same network to the end of each sentence, then to the end of its padding. */
function padding(ids: number[][], T: number, F: number): Numbers['padding'] {
  const rows = new Float64Array(ids.length * T * F)
  ids.forEach((list, s) => list.forEach((id, t) => (rows[(s * T + t) * F + id] = 1)))
  const net = network(
    [features(F), rnn(UNITS, { returnSequences: false }), dense(1, { activation: 'sigmoid' })],
    { reproducible: true, threads: 1, seed: SEED },
  )
  const shape = [ids.length, T, F] as const
  const result = {
    alone: outputs(
      net,
      PackedBatch.ofFeatures(
        rows,
        shape,
        ids.map((list) => list.length),
      ),
    ),
    read: outputs(net, PackedBatch.ofFeatures(rows, shape)),
  }
  net.dispose()
  return result
}

function outputs(net: Network, batch: PackedBatch): number[] {
  net.forward(batch)
  return [...net.readOutput(batch)]
}

export const lesson2: WorkerMethods = {
  'lesson2.numbers': (_: unknown, texts: string[], lowercase: boolean) => numbers(texts, lowercase),
} as unknown as WorkerMethods
