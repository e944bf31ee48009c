/**
 * Lesson 1: why order matters. Counts the parameters of an ANN and an RNN, runs both on a text that is longer than the
 * input of the ANN, and trains four networks on comments whose label depends only on word order.
 */
import {
  createTokenizer,
  dense,
  features as featuresInput,
  flatten,
  network,
  PackedBatch,
  Random,
  rnn as rnnLayer,
  textClassifier,
  Vocabulary,
} from 'latch'
import type { CellChoice, LayerSpec, Network } from 'latch'
import { negationComments } from 'latch/datasets'
import type { WorkerMethods } from '../rpc/remote.ts'
import { NETWORKS, OPINIONS, SENTENCES, SHIFTS } from './lectureExamples.ts'

const ENGINE = { reproducible: true, threads: 1 } as const
const COLUMNS = { text: 'text', label: 'label' } as const
const UNITS = 16

export interface Rows {
  /** In order of appearance, as the lecture numbers them. */
  words: string[]
  sentences: { text: string; tokens: string[]; ids: number[] }[]
}

/** The sentences as rows of the lecture's one-hot table. */
function rows(texts: readonly string[] = SENTENCES): Rows {
  const tokenizer = createTokenizer({ kind: 'words', lowercase: true })
  const lists = texts.map((text) => tokenizer.tokenize(text))
  const vocabulary = Vocabulary.fromJSON(['<unk>', ...new Set(lists.flat())])
  const sentences = texts.map((text, i) => ({
    text,
    tokens: lists[i],
    ids: [...vocabulary.encode(lists[i])].map((id) => id - 1),
  }))
  return { words: vocabulary.tokens.slice(1), sentences }
}

/** An ANN on T concatenated one-hot rows, and an RNN that reads them one by one. */
function annLayers(words: number, T: number): LayerSpec[] {
  return [
    featuresInput(words),
    flatten(T),
    dense(UNITS, { activation: 'tanh' }),
    dense(1, { activation: 'sigmoid' }),
  ]
}

function rnnLayers(words: number): LayerSpec[] {
  return [
    featuresInput(words),
    rnnLayer(UNITS, { returnSequences: false }),
    dense(1, { activation: 'sigmoid' }),
  ]
}

function countParameters(layers: LayerSpec[]): number {
  const net = network(layers, ENGINE)
  const { parameterCount } = net
  net.dispose()
  return parameterCount
}

/** The number of parameters of both, for texts of up to T words. */
function parameters(words: number, T: number): { ann: number; rnn: number } {
  return { ann: countParameters(annLayers(words, T)), rnn: countParameters(rnnLayers(words)) }
}

export interface Cut {
  tokens: string[]
  /** Number of words that the ANN reads, and number of words cut off. */
  seen: number
  lost: number
  /** Outputs for the whole text, and without its last word. */
  ann: { whole: number; without: number }
  rnn: { whole: number; without: number }
}

/** Runs a text with and without its last word through an untrained ANN for four words and an untrained RNN. */
function longer(text: string, capacity = 4): Cut {
  const tokens = createTokenizer({ kind: 'words', lowercase: true }).tokenize(text).slice(0, 60)
  if (tokens.length < 2)
    throw new Error(
      'The text is too short. Enter at least two words; the second output is computed without the last one.',
    )
  const known = new Set([...rows().words, ...tokens])
  const vocabulary = Vocabulary.fromJSON(['<unk>', ...known])
  const ids = vocabulary.encode(tokens)
  const [ann, rnn] = [
    network(annLayers(vocabulary.size, capacity), ENGINE),
    network(rnnLayers(vocabulary.size), ENGINE),
  ]
  const run = (net: Network) => ({
    whole: runNetwork(net, ids, vocabulary.size),
    without: runNetwork(net, ids.slice(0, -1), vocabulary.size),
  })
  const result = {
    tokens,
    seen: Math.min(capacity, tokens.length),
    lost: Math.max(0, tokens.length - capacity),
    ann: run(ann),
    rnn: run(rnn),
  }
  ann.dispose()
  rnn.dispose()
  return result
}

function runNetwork(net: Network, ids: Int32Array, width: number): number {
  const features = new Float64Array(ids.length * width)
  ids.forEach((id, t) => (features[t * width + id] = 1))
  const batch = PackedBatch.ofFeatures(features, [1, ids.length, width])
  net.forward(batch)
  return net.readOutput(batch)[0]
}

/** Words of the training set that are added before a comment: they do not change its label, but shift it. */
const BEFORE = 'to be fair , well , honestly , on our visit ,'.split(' ')
const EPOCHS = 6

export interface Learned {
  cell: CellChoice
  parameters: number
  seconds: number
  /** On new comments, and on the same comments with shuffled words. */
  accuracy: number
  shuffled: number
  /** Accuracy with SHIFTS[i] words put before each comment. */
  shifted: number[]
  /** Probability of "positive" for OPINIONS. */
  opinions: number[]
}

export type OrderEvent =
  { type: 'progress'; cell: CellChoice; fraction: number } | { type: 'learned'; learned: Learned }

let stop: AbortController | null = null

/** Trains the four networks one after another; emits the progress and the measurements of each. */
async function order(emit: (event: OrderEvent) => void): Promise<{ stopped: boolean }> {
  stop?.abort()
  const { signal } = (stop = new AbortController())
  const train = negationComments({ count: 1200, seed: 1 })
  const test = negationComments({ count: 400, seed: 1, test: true })
  const random = new Random(1, 'shuffled words')
  const texts = test.map(({ text }) => text.split(' '))
  const mixed = test.map(({ label }, i) => ({ label, text: random.shuffle([...texts[i]]).join(' ') }))
  const moved = SHIFTS.map((k) =>
    test.map(({ label }, i) => ({ label, text: [...before(k), ...texts[i]].join(' ') })),
  )
  for (const cell of NETWORKS) {
    const model = textClassifier({
      cell,
      units: 24,
      embedding: 24,
      dropout: 0,
      maximumLength: 40,
      counts: false,
      ...ENGINE,
    })
    const steps = EPOCHS * Math.ceil(train.length / 32)
    let made = 0
    const { seconds } = await model.fit(train, {
      ...COLUMNS,
      epochs: EPOCHS,
      seed: 1,
      validation: 0,
      patience: null,
      labelSmoothing: 0,
      learningRate: 0.006,
      signal,
      onStep: () => emit({ type: 'progress', cell, fraction: ++made / steps }),
    })
    if (signal.aborted) return { stopped: true }
    const shifted: number[] = []
    for (const part of moved) shifted.push((await model.evaluate(part, COLUMNS)).accuracy)
    const { accuracy: shuffled } = await model.evaluate(mixed, COLUMNS)
    const opinions = OPINIONS.map(
      (text) => (model.predict(text).probabilities as Record<string, number>).positive,
    )
    emit({
      type: 'learned',
      learned: {
        cell,
        parameters: model.parameterCount,
        seconds,
        accuracy: shifted[0],
        shuffled,
        shifted,
        opinions,
      },
    })
  }
  return { stopped: false }
}

function before(words: number): string[] {
  return Array.from({ length: words }, (_, i) => BEFORE[i % BEFORE.length])
}

export const lesson1: WorkerMethods = {
  'lesson1.rows': (_: unknown, texts?: string[]) => rows(texts),
  'lesson1.parameters': (_: unknown, words: number, T: number) => parameters(words, T),
  'lesson1.longer': (_: unknown, text: string) => longer(text),
  'lesson1.order': order,
  'lesson1.stop': () => stop?.abort(),
} as unknown as WorkerMethods
