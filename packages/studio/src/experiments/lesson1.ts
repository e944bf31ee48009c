/**
 * Lesson 1: what order is worth. Counts weights of an ANN and an RNN, asks both about a text that is longer
 * than the ANN's room, and trains four networks on comments in which only the order of the words decides.
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

/** The ANN on T one-hot rows laid end to end, and the RNN that reads them one by one. */
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

function counted(layers: LayerSpec[]): number {
  const net = network(layers, ENGINE)
  const { parameterCount } = net
  net.dispose()
  return parameterCount
}

/** How many numbers each has to learn, for texts of up to T words. */
function parameters(words: number, T: number): { ann: number; rnn: number } {
  return { ann: counted(annLayers(words, T)), rnn: counted(rnnLayers(words)) }
}

export interface Cut {
  tokens: string[]
  /** How many of the words the ANN has room for, and how many it never sees. */
  seen: number
  lost: number
  /** Outputs with the text as it is, and with its last word taken away. */
  ann: { whole: number; without: number }
  rnn: { whole: number; without: number }
}

/** A text through an untrained ANN with room for four words, and an untrained RNN; then without its last word. */
function longer(text: string, room = 4): Cut {
  const tokens = createTokenizer({ kind: 'words', lowercase: true }).tokenize(text).slice(0, 60)
  if (tokens.length < 2)
    throw new Error('Write two words or more: the last one is taken away to see who notices.')
  const known = new Set([...rows().words, ...tokens])
  const vocabulary = Vocabulary.fromJSON(['<unk>', ...known])
  const ids = vocabulary.encode(tokens)
  const [ann, rnn] = [
    network(annLayers(vocabulary.size, room), ENGINE),
    network(rnnLayers(vocabulary.size), ENGINE),
  ]
  const ask = (net: Network) => ({
    whole: runNetwork(net, ids, vocabulary.size),
    without: runNetwork(net, ids.slice(0, -1), vocabulary.size),
  })
  const answer = {
    tokens,
    seen: Math.min(room, tokens.length),
    lost: Math.max(0, tokens.length - room),
    ann: ask(ann),
    rnn: ask(rnn),
  }
  ann.dispose()
  rnn.dispose()
  return answer
}

function runNetwork(net: Network, ids: Int32Array, width: number): number {
  const features = new Float64Array(ids.length * width)
  ids.forEach((id, t) => (features[t * width + id] = 1))
  const batch = PackedBatch.ofFeatures(features, [1, ids.length, width])
  net.forward(batch)
  return net.readOutput(batch)[0]
}

/** Words that training knows, put before a comment: they say nothing about it, but move it along. */
const BEFORE = 'to be fair , well , honestly , on our visit ,'.split(' ')
const EPOCHS = 6

export interface Learned {
  cell: CellChoice
  parameters: number
  seconds: number
  /** On comments that training did not see; the same with each comment's words shuffled. */
  accuracy: number
  shuffled: number
  /** Accuracy with SHIFTS[i] words put before each comment. */
  shifted: number[]
  /** Probability of "positive" for OPINIONS. */
  opinions: number[]
}

export type OrderEvent =
  { type: 'progress'; cell: CellChoice; share: number } | { type: 'learned'; learned: Learned }

let stop: AbortController | null = null

/** Trains the four, one after the other; tells how far it is, and each network when it is measured. */
async function order(tell: (event: OrderEvent) => void): Promise<{ stopped: boolean }> {
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
    const model = textClassifier({ cell, units: 24, embedding: 24, dropout: 0, maximumLength: 40, ...ENGINE })
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
      onStep: () => tell({ type: 'progress', cell, share: ++made / steps }),
    })
    if (signal.aborted) return { stopped: true }
    const shifted: number[] = []
    for (const part of moved) shifted.push((await model.evaluate(part, COLUMNS)).accuracy)
    const { accuracy: shuffled } = await model.evaluate(mixed, COLUMNS)
    const opinions = OPINIONS.map(
      (text) => (model.predict(text).probabilities as Record<string, number>).positive,
    )
    tell({
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
