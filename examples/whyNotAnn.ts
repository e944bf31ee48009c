/**
 * Why a feed-forward net is no tool for sequences: it needs one size, it grows with every word of room,
 * and as a bag of words it loses the order. Counted and trained beside a recurrent net.
 */
import {
  dense,
  embedding,
  features,
  flatten,
  type LayerSpec,
  network,
  type Network,
  PackedBatch,
  pool,
  rnn,
} from 'latch'
import { Optimizer } from 'latch/training'
import { heading, number, paragraph, runAsProgram, title, type Print } from './page.ts'
import { oneHot, sigmoid } from './paper.ts'

const SENTENCES = ['I love Sherylans', 'Sherylans provide quality content', 'I hate Sherylans']
const VOCABULARY = [...new Set(SENTENCES.flatMap((text) => text.split(' ')))]
const UNITS = 16
const MAX_LENGTHS = [3, 10, 100]

const OPINIONS = [
  { text: 'good not bad', label: 1 },
  { text: 'bad not good', label: 0 },
]
const OPINION_WORDS = ['good', 'not', 'bad']
const TRAINING_STEPS = 200

export interface Result {
  /** Number of parameters for texts of at most `T` words. */
  parameters: { T: number; ann: number; rnn: number }[]
  /** Outputs of a network for at most three words on two sentences that differ in their fourth. */
  fixedSize: { ann: [number, number]; rnn: [number, number] }
  /** After training: the answers for OPINIONS, and the loss. */
  order: { [model in 'bag' | 'rnn']: { answers: number[]; loss: number } }
}

/** Prints the page and returns its numbers. */
export function run(print: Print): Result {
  title(print, 'Why not an ordinary neural network (ANN)?')
  print('')
  SENTENCES.forEach((text, i) => print(`  ${i + 1}) ${text.padEnd(36)} ${text.split(' ').length} words`))
  print(`  vocabulary: ${VOCABULARY.length} words (${VOCABULARY.join(' ')})`)
  const fixedSize = showFixedSize(print)
  const parameters = showCost(print)
  const order = showOrder(print)
  return { parameters, fixedSize, order }
}

/** The ANN on T one-hot rows laid end to end, and the RNN that reads them one by one. */
function annLayers(T: number): LayerSpec[] {
  return [features(VOCABULARY.length), flatten(T), dense(UNITS, { activation: 'tanh' }), dense(1)]
}

const RNN_LAYERS: LayerSpec[] = [
  features(VOCABULARY.length),
  rnn(UNITS, { returnSequences: false }),
  dense(1),
]

function outputFor(net: Network, text: string): number {
  const words = text.split(' ')
  const rows = words.flatMap((word) => oneHot(VOCABULARY.indexOf(word), VOCABULARY.length))
  const batch = PackedBatch.ofFeatures(rows, [1, words.length, VOCABULARY.length])
  net.forward(batch)
  return net.readOutput(batch)[0]
}

function showFixedSize(print: Print): Result['fixedSize'] {
  heading(print, '1  Texts vary in size, an ANN does not')
  const intro = `An ANN has one weight for every number that comes in, so all inputs must be equally long: shorter
    texts are filled up, longer ones cut. Built for three words, it cannot see the fourth:`
  paragraph(print, intro)
  print('')
  const texts = ['Sherylans provide quality content', 'Sherylans provide quality hate'] as const
  const [feedForward, recurrent] = [network(annLayers(3)), network(RNN_LAYERS)]
  const answers = (net: Network): [number, number] => [outputFor(net, texts[0]), outputFor(net, texts[1])]
  const result = { ann: answers(feedForward), rnn: answers(recurrent) }
  print(`  ${'output (untrained weights)'.padEnd(40)}     ANN        RNN`)
  texts.forEach((text, i) =>
    print(`  ${text.padEnd(40)} ${number(result.ann[i])}    ${number(result.rnn[i])}`),
  )
  return result
}

function showCost(print: Print): Result['parameters'] {
  heading(print, '2  An ANN grows with every word of room')
  const [V, H] = [VOCABULARY.length, UNITS]
  paragraph(print, `Numbers to learn, with V = ${V} words in the vocabulary and H = ${H} units:`)
  print('')
  print('  ANN  T·V·H + H          + output H + 1    a weight for each word at each place')
  print('  RNN  V·H + H·H + 2·H    + output H + 1    the same weights at every step')
  print('')
  print('      T        ANN        RNN')
  const parameters = MAX_LENGTHS.map((T) => {
    const [ann, recurrent] = [network(annLayers(T)).parameterCount, network(RNN_LAYERS).parameterCount]
    print(`  ${String(T).padStart(5)}   ${String(ann).padStart(8)}   ${String(recurrent).padStart(8)}`)
    return { T, ann, rnn: recurrent }
  })
  print('')
  const real = (100 * 10_000 * H + H + H + 1).toLocaleString('en-US')
  const same = (10_000 * H + H * H + 2 * H + H + 1).toLocaleString('en-US')
  const text = `With a vocabulary of 10,000 words and texts of at most 100 words, the ANN has ${real} parameters, the RNN
    ${same}. (2·H: Latch and PyTorch have two biases per unit.) Reading a long text takes an RNN
    more time too, but nothing more to learn: what it knows about a word holds wherever the word stands. An
    ANN learns "love" at place 1 and "love" at place 2 as two different things.`
  paragraph(print, text)
  return parameters
}

function showOrder(print: Print): Result['order'] {
  heading(print, '3  Without places, the order is lost')
  const intro = `An ANN can be spared the places by throwing all words into one bag and taking the mean. Then
    every order gives the same bag. Both nets below train on two sentences of the same three words:`
  paragraph(print, intro)
  print('')
  const words: LayerSpec = embedding({ vocabulary: OPINION_WORDS.length, size: 4 })
  const hidden: LayerSpec = dense(8, { activation: 'tanh' })
  const bag = trainOnOpinions([words, pool('mean'), hidden, dense(1)])
  const recurrent: LayerSpec = rnn(8, { returnSequences: false })
  const trained = trainOnOpinions([words, recurrent, dense(1)])
  print(`  after ${TRAINING_STEPS} steps      wanted   bag of words        RNN`)
  OPINIONS.forEach(({ text, label }, i) => {
    print(
      `  ${text.padEnd(16)}          ${label}        ${number(bag.answers[i])}    ${number(trained.answers[i])}`,
    )
  })
  print(`  ${'loss'.padEnd(16)}                   ${number(bag.loss)}    ${number(trained.loss)}`)
  print('')
  const text = `The bag must give both the same answer, so the best it can do is 0.5, a loss of ln 2 = 0.6931: it
    never learns. The RNN reads word after word, and what "not" does depends on what came before it.`
  paragraph(print, text)
  return { bag, rnn: trained }
}

function trainOnOpinions(layers: LayerSpec[]): { answers: number[]; loss: number } {
  const net = network(layers, { loss: { type: 'binaryCrossEntropy' }, seed: 1 })
  const optimizer = new Optimizer(net, { type: 'adam' })
  const batch = PackedBatch.ofIds(
    OPINIONS.map(({ text }) => text.split(' ').map((w) => OPINION_WORDS.indexOf(w))),
  )
  const targets = { classes: OPINIONS.map(({ label }) => label) }
  const pass = { training: true, record: false, key: 0 }
  for (let step = 0; step < TRAINING_STEPS; step++) {
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, targets, pass)
    optimizer.update(0.02)
  }
  net.forward(batch)
  const { mean: loss } = net.loss(batch, targets)
  return { answers: Array.from(net.readOutput(batch), sigmoid), loss }
}

runAsProgram(import.meta.url, run)
