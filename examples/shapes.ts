/**
 * "you are good" through a recurrent network, with every shape on the way: one-hot rows, the input as
 * (batch, timesteps, features), three unrolled steps, the output. Checked against the engine.
 */
import {
  dense,
  features as featuresInput,
  network,
  type Network,
  type NetworkOptions,
  PackedBatch,
  rnn,
} from 'latch'
import { agreement, heading, number, paragraph, row, runAsProgram, title, type Print } from './page.ts'
import {
  add,
  each,
  inRows,
  largestDifference,
  multiply,
  oneHot,
  shapeOf,
  sigmoid,
  transpose,
  type Matrix,
} from './paper.ts'

const VOCABULARY = ['you', 'are', 'good', 'bad', 'not']
const COMMENTS = [
  { text: 'you are good', sentiment: 1 },
  { text: 'You are Bad', sentiment: 0 },
  { text: 'you are not good', sentiment: 0 },
]
const FEATURES = VOCABULARY.length
const TIMESTEPS = 4
const UNITS = 3
const SEED = 5

const INPUT = featuresInput(FEATURES)
const RECURRENT = rnn(UNITS)
const OUTPUT = dense(1, { activation: 'sigmoid' })

/** One step on paper. */
export interface Step {
  word: string
  x: Matrix // (1, 5)
  before: Matrix // (1, 3)
  after: Matrix // (1, 3)
  /** The line of the lecture, from the matrices that were multiplied. */
  shapes: string
}

export interface Result {
  /** (batch, timesteps, features) */
  inputShape: readonly [number, number, number]
  lengths: number[]
  /** The steps of "you are good". */
  steps: Step[]
  outputShapes: string
  /** ŷ of the three comments. */
  answers: number[]
  /** By hand against the engine, over every hidden state and answer of all comments. */
  difference: { float64: number; float32: number }
  /** ŷ of the first comment, and what it becomes if its padding is read as a fourth word. */
  padding: { left: number; read: number }
}

/** The weights in the lecture's form, (in, out). The engine keeps them as PyTorch does, (out, in). */
interface Weights {
  Wi: Matrix // (5, 3)
  Wh: Matrix // (3, 3)
  b: Matrix // (1, 3)
  Wo: Matrix // (3, 1)
  bo: Matrix // (1, 1)
}

/** Prints the page and returns its numbers. */
export function run(print: Print): Result {
  const net = network([INPUT, rnn(UNITS, { returnSequences: false }), OUTPUT], {
    engine: 'reference',
    precision: 'float64',
    seed: SEED,
  })
  // Training starts with biases of zero; others show that b takes part.
  net.writeParameter('recurrent.0.bias_ih_l0', [0.1, -0.2, 0.3])
  net.writeParameter('dense.0.bias', [-0.15])
  const weights = readWeights(net)
  const input = prepareInput()
  title(print, 'Every shape of a recurrent network: "you are good"')
  printVocabulary(print)
  printInput(print, input)
  printFormula(print)
  const onPaper = COMMENTS.map(({ text }) => unroll(text, weights))
  const [{ steps, outputShapes, answer }] = onPaper
  steps.forEach((step, t) => printStep(print, step, t + 1))
  printOutput(print, outputShapes, answer)
  const difference = {
    float64: compare({ engine: 'reference', precision: 'float64' }, net, input, onPaper),
    float32: compare({ engine: 'simd' }, net, input, onPaper),
  }
  printAgreement(print, difference)
  const padding = { left: answer, read: answerWithPaddingRead(net, input) }
  printPadding(print, padding)
  const answers = onPaper.map((comment) => comment.answer)
  return {
    inputShape: input.shape,
    lengths: input.lengths,
    steps,
    outputShapes,
    answers,
    difference,
    padding,
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(' ')
}

interface Input {
  features: number[]
  shape: readonly [number, number, number]
  lengths: number[]
}

/** The three comments as one block of numbers: one-hot rows, then rows of zeros up to the longest. */
function prepareInput(): Input {
  const features = COMMENTS.flatMap(({ text }) => {
    const words = wordsOf(text)
    return Array.from({ length: TIMESTEPS }, (_, t) => oneHot(VOCABULARY.indexOf(words[t]), FEATURES)).flat()
  })
  const lengths = COMMENTS.map(({ text }) => wordsOf(text).length)
  return { features, shape: [COMMENTS.length, TIMESTEPS, FEATURES], lengths }
}

function readWeights(net: Network): Weights {
  const read = (name: string, columns: number) => inRows(net.readParameter(name), columns)
  return {
    Wi: transpose(read('recurrent.0.weight_ih_l0', FEATURES)),
    Wh: transpose(read('recurrent.0.weight_hh_l0', UNITS)),
    b: add(read('recurrent.0.bias_ih_l0', UNITS), read('recurrent.0.bias_hh_l0', UNITS)),
    Wo: transpose(read('dense.0.weight', UNITS)),
    bo: read('dense.0.bias', 1),
  }
}

/** O_t = tanh(x_t·Wi + O_{t−1}·Wh + b) for each word, then ŷ = σ(O_T·Wo + b). */
function unroll(text: string, { Wi, Wh, b, Wo, bo }: Weights) {
  const steps: Step[] = []
  let before: Matrix = [new Array<number>(UNITS).fill(0)]
  for (const word of wordsOf(text)) {
    const x = [oneHot(VOCABULARY.indexOf(word), FEATURES)]
    const after = each(add(multiply(x, Wi), multiply(before, Wh), b), Math.tanh)
    const products = `${shapeOf(x)}·${shapeOf(Wi)} + ${shapeOf(before)}·${shapeOf(Wh)} + ${shapeOf(b)}`
    steps.push({ word, x, before, after, shapes: `${products} → ${shapeOf(after)}` })
    before = after
  }
  const y = each(add(multiply(before, Wo), bo), sigmoid)
  return { steps, outputShapes: `${shapeOf(before)}·${shapeOf(Wo)} → ${shapeOf(y)}`, answer: y[0][0] }
}

/** The engine's hidden states (B, T, H) and answers (B) for the whole block, against those on paper. */
function compare(
  options: NetworkOptions,
  like: Network,
  input: Input,
  onPaper: ReturnType<typeof unroll>[],
): number {
  const own = { ...options, weights: (p: { name: string }) => like.readParameter(p.name) }
  const batch = PackedBatch.ofFeatures(input.features, input.shape, input.lengths)
  const states = network([INPUT, RECURRENT], own)
  states.forward(batch)
  const answers = network([INPUT, rnn(UNITS, { returnSequences: false }), OUTPUT], own)
  answers.forward(batch)
  const hidden = onPaper.flatMap(({ steps }) =>
    Array.from({ length: TIMESTEPS }, (_, t) => steps[t]?.after[0] ?? [0, 0, 0]).flat(),
  )
  const wanted = onPaper.map(({ answer }) => answer)
  return Math.max(
    largestDifference(states.readOutput(batch), hidden),
    largestDifference(answers.readOutput(batch), wanted),
  )
}

function answerWithPaddingRead(net: Network, input: Input): number {
  const batch = PackedBatch.ofFeatures(input.features, input.shape)
  net.forward(batch)
  return net.readOutput(batch)[0]
}

function printVocabulary(print: Print): void {
  heading(print, 'Words become rows')
  const text = `Three comments use ${FEATURES} different words, so the vocabulary has ${FEATURES} entries and
    every word is a row of ${FEATURES} numbers: 1 at its own place, 0 elsewhere. Capitals are folded first:
    "You" and "you" are one word.`
  paragraph(print, text)
  print('')
  VOCABULARY.forEach((word, i) => print(`  ${word.padEnd(6)} ${row(oneHot(i, FEATURES))}`))
}

function printInput(print: Print, { features, shape, lengths }: Input): void {
  heading(print, 'The input: (batch, timesteps, features)')
  const rows = inRows(features, FEATURES)
  COMMENTS.forEach(({ text, sentiment }, i) => {
    const block = rows.slice(i * TIMESTEPS, (i + 1) * TIMESTEPS)
    print(`  ${text.padEnd(18)} sentiment ${sentiment}   length ${lengths[i]}`)
    block.forEach((x, t) => {
      const word = wordsOf(text)[t]
      print(`    T${t + 1}  ${row(x)}  ${word ?? '← padding: no word'}`)
    })
  })
  print('')
  print(
    `  batch ${shape[0]} comments, timesteps ${shape[1]} (the longest), features ${shape[2]}: (${shape.join(', ')})`,
  )
  print('')
  const text = `The lecture's page says (3, 4, 6), most likely because Keras gives padding a word of its own, the
    sixth. Latch needs none: a batch carries the length of each comment, and a comment that has ended
    takes no further step.`
  paragraph(print, text)
}

function printFormula(print: Print): void {
  heading(print, 'Three steps of "you are good": O_t = tanh(x_t·Wi + O_(t-1)·Wh + b)')
  const text = `The same Wi, Wh and b serve at every step: that is what makes the network recurrent. O_0, the memory
    before the first word, is zeros.`
  paragraph(print, text)
}

function printStep(print: Print, { word, x, before, after, shapes }: Step, t: number): void {
  print('')
  print(`  T${t}  "${word}"`)
  print(`      x_${t}        = ${row(x[0])}`)
  print(`      O_${t - 1}        = ${row(before[0])}`)
  print(`      shapes     ${shapes}`)
  print(`      O_${t}        = ${row(after[0])}`)
}

function printOutput(print: Print, shapes: string, answer: number): void {
  print('')
  print('  Output  ŷ = σ(O_3·Wo + bo)')
  print(`      shapes     ${shapes}`)
  print(`      ŷ          = ${number(answer).trim()}   (weights are random: it has learned nothing yet)`)
}

function printAgreement(print: Print, { float64, float32 }: Result['difference']): void {
  heading(print, 'The engine against the products above')
  paragraph(print, 'Every hidden state and answer of the three comments, on paper and by the engine:')
  agreement(print, 'reference engine, float64', float64, 1e-12)
  agreement(print, 'SIMD engine, float32', float32, 1e-6)
}

function printPadding(print: Print, { left, read }: Result['padding']): void {
  heading(print, 'Why the lengths matter')
  const text = `A row of zeros is not nothing: read as a fourth word it runs O_3 through Wh and tanh once
    more, and the answer moves.`
  paragraph(print, text)
  print(`  padding left alone        ŷ = ${number(left).trim()}`)
  print(`  padding read as a word    ŷ = ${number(read).trim()}`)
}

runAsProgram(import.meta.url, run)
