/**
 * Three sentences, learned by backpropagation through time until all are right; and for one weight the
 * whole chain of its gradient by hand, equal to the engine's.
 */
import {
  dense,
  network,
  type Network,
  type NetworkOptions,
  oneHot as oneHotInput,
  PackedBatch,
  rnn,
} from 'latch'
import { Optimizer } from 'latch/training'
import {
  agreement,
  factor,
  heading,
  lines,
  number,
  paragraph,
  row,
  runAsProgram,
  title,
  type Print,
} from './page.ts'
import {
  add,
  each,
  inRows,
  largestDifference,
  multiply,
  oneHot,
  sigmoid,
  transpose,
  type Matrix,
} from './paper.ts'

const VOCABULARY = ['Sheryians', 'coding', 'School', 'AI', 'cyber']
const ROWS = [
  { text: 'Sheryians coding School', label: 1 },
  { text: 'Sheryians AI School', label: 1 },
  { text: 'Sheryians cyber School', label: 0 },
]
const UNITS = 3
const SEED = 3
const LEARNING_RATE = 0.2
const SURE = 0.9
const MOST_STEPS = 2000

const IDS = ROWS.map(({ text }) => text.split(' ').map((word) => VOCABULARY.indexOf(word)))
const LABELS = ROWS.map(({ label }) => label)
const PASS = { training: true, record: false, key: 0 }

/** The factors of one row's chain; multiplied, they are that row's ∂L/∂w. */
export interface Chain {
  lossByO3: Matrix // (1, 3)
  o3ByO2: Matrix // (3, 3)
  o2ByO1: Matrix // (3, 3)
  o1ByW: Matrix // (3, 1)
  product: number
}

export interface Result {
  chains: Chain[]
  /** Of the one weight: by hand, and what the engine has. */
  weight: { old: number; gradient: number; new: number; engineGradient: number; engineNew: number }
  /** Hand against engine over the gradients of all weights. */
  difference: { float64: number; float32: number }
  /** The mean loss before each step of training. */
  losses: number[]
  /** ŷ after training. */
  answers: number[]
}

/** The weights in the lecture's form, (in, out), by the names of the engine's parameters. */
interface Weights {
  Wi: Matrix // (5, 3)
  Wh: Matrix // (3, 3)
  b: Matrix // (1, 3)
  Wo: Matrix // (3, 1)
  bo: Matrix // (1, 1)
}

/** Prints the page and returns its numbers. */
export function run(print: Print): Result {
  title(print, 'Backpropagation through time: three sentences')
  printRows(print)
  const exact = build({ engine: 'reference', precision: 'float64' })
  const weights = readWeights(exact)
  const chains = ROWS.map((_, r) => chainOf(weights, r))
  printChain(print, chains[0])

  const net = build({ engine: 'simd' })
  const byHand = gradientsByHand(weights)
  const difference = {
    float64: largestDifference(byHand, gradientsByEngine(exact)),
    float32: largestDifference(byHand, gradientsByEngine(net)),
  }
  const weight = updateOnce(exact, weights, chains)
  printUpdate(print, chains, weight)
  printAgreement(print, weight, difference)

  const losses = train(print, net)
  const answers = answersOf(net)
  printAnswers(print, answers, losses.length)
  return { chains, weight, difference, losses, answers }
}

function build(options: NetworkOptions): Network {
  const layers = [
    oneHotInput({ vocabulary: VOCABULARY.length }),
    rnn(UNITS, { returnSequences: false }),
    dense(1),
  ] as const
  return network(layers, { ...options, seed: SEED, loss: { type: 'binaryCrossEntropy' } })
}

function readWeights(net: Network, of: 'weights' | 'gradients' = 'weights'): Weights {
  const read = (name: string, columns: number) => inRows(net.readParameter(name, of), columns)
  return {
    Wi: transpose(read('recurrent.0.weight_ih_l0', VOCABULARY.length)),
    Wh: transpose(read('recurrent.0.weight_hh_l0', UNITS)),
    b: read('recurrent.0.bias_ih_l0', UNITS),
    Wo: transpose(read('dense.0.weight', UNITS)),
    bo: read('dense.0.bias', 1),
  }
}

/** o_t = tanh(x_t·Wi + o_{t−1}·Wh + b), o_0 = 0; ŷ = σ(o_3·Wo + bo). */
function forward({ Wi, Wh, b, Wo, bo }: Weights, r: number): { o: Matrix[]; answer: number } {
  const o: Matrix[] = [[new Array<number>(UNITS).fill(0)]]
  for (const id of IDS[r]) {
    const x = [oneHot(id, VOCABULARY.length)]
    o.push(each(add(multiply(x, Wi), multiply(o[o.length - 1], Wh), b), Math.tanh))
  }
  return { o, answer: sigmoid(add(multiply(o[3], Wo), bo)[0][0]) }
}

/** The chain for w = Wi("Sheryians" → unit 1). That word stands first, so w acts at step 1 alone. */
function chainOf(weights: Weights, r: number): Chain {
  const { o, answer } = forward(weights, r)
  const { Wh, Wo } = weights
  // L = −y·ln ŷ − (1−y)·ln(1−ŷ) with ŷ = σ(s) gives ∂L/∂s = ŷ − y.
  const lossByO3 = [Wo.map(([w]) => (answer - LABELS[r]) * w)]
  // ∂tanh(a)/∂a = 1 − tanh(a)²; a_j takes o_i with the weight Wh[i][j].
  const link = (t: number) => o[t][0].map((after, j) => Wh.map((from) => (1 - after ** 2) * from[j]))
  const [o3ByO2, o2ByO1] = [link(3), link(2)]
  // x at "Sheryians" is 1, and w reaches unit 1 alone.
  const o1ByW = o[1][0].map((after, j) => [j === 0 ? 1 - after ** 2 : 0])
  const product = multiply(multiply(multiply(lossByO3, o3ByO2), o2ByO1), o1ByW)[0][0]
  return { lossByO3, o3ByO2, o2ByO1, o1ByW, product }
}

/** The same chains for every weight at once, backwards from the last step; the mean over the three rows. */
function gradientsByHand(weights: Weights): number[] {
  const zeros = (m: Matrix) => m.map((line) => line.map(() => 0))
  let total = Object.fromEntries(
    Object.entries(weights).map(([name, m]) => [name, zeros(m)]),
  ) as unknown as Weights
  ROWS.forEach((_, r) => {
    const { o, answer } = forward(weights, r)
    const error = [[(answer - LABELS[r]) / ROWS.length]]
    total = { ...total, Wo: add(total.Wo, multiply(transpose(o[3]), error)), bo: add(total.bo, error) }
    let byO = multiply(error, transpose(weights.Wo))
    for (let t = 3; t >= 1; t--) {
      const byA = [byO[0].map((g, j) => g * (1 - o[t][0][j] ** 2))]
      const x = [oneHot(IDS[r][t - 1], VOCABULARY.length)]
      total.Wi = add(total.Wi, multiply(transpose(x), byA))
      total.Wh = add(total.Wh, multiply(transpose(o[t - 1]), byA))
      total.b = add(total.b, byA)
      byO = multiply(byA, transpose(weights.Wh))
    }
  })
  return flat(total)
}

function gradientsByEngine(net: Network): number[] {
  net.prepareTraining()
  const batch = PackedBatch.ofIds(IDS)
  net.zeroGradients()
  net.forward(batch, PASS)
  net.backward(batch, { classes: LABELS }, PASS)
  return flat(readWeights(net, 'gradients'))
}

function flat({ Wi, Wh, b, Wo, bo }: Weights): number[] {
  return [Wi, Wh, b, Wo, bo].flat(2)
}

/** w_new = w_old − η·∂L/∂w by hand, and the engine's own step beside it. */
function updateOnce(net: Network, weights: Weights, chains: readonly Chain[]): Result['weight'] {
  const old = weights.Wi[0][0]
  const gradient = chains.reduce((sum, chain) => sum + chain.product, 0) / chains.length
  const optimizer = new Optimizer(net, { type: 'sgd' })
  gradientsByEngine(net)
  const engineGradient = readWeights(net, 'gradients').Wi[0][0]
  optimizer.update(LEARNING_RATE)
  const engineNew = readWeights(net).Wi[0][0]
  return { old, gradient, new: old - LEARNING_RATE * gradient, engineGradient, engineNew }
}

function answersOf(net: Network): number[] {
  const batch = PackedBatch.ofIds(IDS)
  net.forward(batch)
  return Array.from(net.readOutput(batch), sigmoid)
}

/** Minibatch, forward, backward, update, until all three are right and sure. */
function train(print: Print, net: Network): number[] {
  heading(print, `Training: this step again and again, until ŷ is right and sure by ${SURE}`)
  const optimizer = new Optimizer(net, { type: 'sgd' })
  const batch = PackedBatch.ofIds(IDS)
  const losses: number[] = []
  const sure = () => answersOf(net).every((y, r) => (LABELS[r] === 1 ? y : 1 - y) >= SURE)
  while (!sure() && losses.length < MOST_STEPS) {
    net.zeroGradients()
    net.forward(batch, PASS)
    const { mean } = net.backward(batch, { classes: LABELS }, PASS)
    optimizer.update(LEARNING_RATE)
    losses.push(mean)
    if (losses.length === 1 || losses.length % 5 === 0) printLoss(print, losses)
  }
  return losses
}

function printLoss(print: Print, losses: readonly number[]): void {
  const loss = losses[losses.length - 1]
  const bar = '█'.repeat(Math.round((50 * loss) / Math.max(...losses)))
  print(`  step ${String(losses.length).padStart(4)}   loss ${number(loss)}  ${bar}`)
}

function printRows(print: Print): void {
  print('')
  ROWS.forEach(({ text, label }, r) => {
    const x = IDS[r].map((id) => row(oneHot(id, VOCABULARY.length))).join(' ')
    print(`  ${text.padEnd(24)} → ${label}   ${x}`)
  })
  print('')
  const text = `Vocabulary [${VOCABULARY.join(' ')}]; three units; o_t = tanh(x_t·Wi + o_(t-1)·Wh + b) and
    ŷ = σ(o_3·Wo + bo). The loss is -ln of the probability that ŷ gives the right label.`
  paragraph(print, text)
}

function printChain(print: Print, { lossByO3, o3ByO2, o2ByO1, o1ByW, product }: Chain): void {
  heading(print, 'Gradient flow: ∂L/∂w = ∂L/∂o_3 · ∂o_3/∂o_2 · ∂o_2/∂o_1 · ∂o_1/∂w')
  const text = `w is the weight from the word "Sheryians" to the first unit. That word stands first, so what w does
    to the loss travels through every step. For "${ROWS[0].text}", before any training:`
  paragraph(print, text)
  print('')
  const factors = [
    ['∂L/∂o_3    (1, 3)  (ŷ - y)·Wo', lossByO3],
    ['∂o_3/∂o_2  (3, 3)  (1 - o_3²)·Wh', o3ByO2],
    ['∂o_2/∂o_1  (3, 3)  (1 - o_2²)·Wh', o2ByO1],
    ['∂o_1/∂w    (3, 1)  (1 - o_1²)·x', o1ByW],
  ] as const
  for (const [name, matrix] of factors) {
    lines(matrix).forEach((line, i) => print(`  ${(i === 0 ? name : '').padEnd(36)} ${line}`))
  }
  print(`  ${'product    (1, 1)'.padEnd(36)} ${number(product, 6)}`)
  print('')
  const links = `Each step back multiplies by one more (1 - o²)·Wh. Where those are small, little of the gradient
    reaches the first word (it vanishes); where they are large, too much does (it explodes).`
  paragraph(print, links)
}

function printUpdate(print: Print, chains: readonly Chain[], weight: Result['weight']): void {
  heading(print, 'One step of learning: w_new = w_old - η · ∂L/∂w_old')
  chains.forEach(({ product }, r) => print(`  ${ROWS[r].text.padEnd(26)} ∂L/∂w = ${number(product, 6)}`))
  print(`  ${'mean of the three'.padEnd(26)} ∂L/∂w = ${number(weight.gradient, 6)}`)
  print('')
  const [old, gradient] = [factor(weight.old, 6), factor(weight.gradient, 6)]
  print(`  w_new = ${old} - ${LEARNING_RATE}·${gradient} = ${number(weight.new, 6).trim()}`)
}

function printAgreement(print: Print, weight: Result['weight'], difference: Result['difference']): void {
  print('')
  paragraph(print, "The engine's gradient and its step of SGD:")
  agreement(print, '∂L/∂w of this weight', Math.abs(weight.gradient - weight.engineGradient), 1e-12)
  agreement(print, 'w_new', Math.abs(weight.new - weight.engineNew), 1e-12)
  agreement(print, '∂L/∂w of every weight, float64', difference.float64, 1e-12)
  agreement(print, '∂L/∂w of every weight, float32', difference.float32, 1e-6)
}

function printAnswers(print: Print, answers: readonly number[], steps: number): void {
  print('')
  print(`  After ${steps} steps:`)
  answers.forEach((y, r) => {
    const verdict = Math.round(y) === LABELS[r] ? 'right' : 'wrong'
    print(`  ${ROWS[r].text.padEnd(26)} ŷ = ${number(y)}   label ${LABELS[r]}   ${verdict}`)
  })
}

runAsProgram(import.meta.url, run)
