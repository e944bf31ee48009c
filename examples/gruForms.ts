/**
 * The GRU as the notes write it, z takes the new, and as PyTorch and Latch keep it, z keeps the old:
 * the same cell, with the sign of z's weights turned. Three words about where Riya lives.
 */
import { gru, network, type NetworkOptions, oneHot as oneHotInput, PackedBatch, traceSequence } from 'latch'
import { agreement, heading, paragraph, percent, row, runAsProgram, title, type Print } from './page.ts'
import { largestDifference, oneHot, sigmoid } from './paper.ts'

const WORDS = ['Riya', 'Delhi', 'London']
const H0 = [0.65, 0.3]
const UNITS = 2

/** Of one gate: a row a unit, over [h_1, h_2, x_1, x_2, x_3] as the notes order them, and a bias a unit. */
interface Gate {
  weights: number[][] // (2, 5)
  bias: number[]
}

// z small at "Riya" (keep), large at "London" (take the new place).
const Z: Gate = {
  weights: [
    [0.2, -0.1, -2.3, 0.4, 2.2],
    [-0.3, 0.2, -2.1, 0.6, 2.4],
  ],
  bias: [0.05, -0.1],
}
const R: Gate = {
  weights: [
    [0.4, -0.6, 0.9, 0.3, -0.8],
    [0.5, 0.1, -0.4, 0.7, 0.2],
  ],
  bias: [0.1, 0.2],
}
const CANDIDATE: Gate = {
  weights: [
    [0.7, -0.3, 0.2, 1.1, -1.3],
    [-0.5, 0.8, -0.4, 0.6, 1.2],
  ],
  bias: [-0.05, 0.1],
}

/** One step in the notes' form. */
export interface Step {
  word: string
  update: number[]
  reset: number[]
  candidate: number[]
  hidden: number[]
  /** Mean of 1 − z. */
  keeps: number
}

export interface Result {
  steps: Step[]
  /** The engine's native form with z's signs turned: what it keeps, step by step (mean of its own z). */
  engineKeeps: number[]
  /** The notes' z and the engine's z of one unit and step always sum to 1: how far from it, at most. */
  updateSum: number
  difference: { float64: number; float32: number }
  /** How far the form with reset after the product lands from this one with the same weights. */
  resetAfter: number
}

/** Prints the page and returns its numbers. */
export function run(print: Print): Result {
  title(print, 'Two ways to write a GRU')
  printForms(print)
  const steps = byHand()
  const exact = engine({ engine: 'reference', precision: 'float64' })
  printSteps(print, steps, exact)
  const hidden = steps.flatMap((step) => step.hidden)
  const difference = {
    float64: largestDifference(hidden, exact.hidden),
    float32: largestDifference(hidden, engine({ engine: 'simd' }).hidden),
  }
  const updateSum = largestDifference(
    steps.flatMap((step) => step.update),
    exact.update.map((z) => 1 - z),
  )
  heading(print, "The engine's native form against the notes' form")
  agreement(print, 'every h, reference engine, float64', difference.float64, 1e-12)
  agreement(print, 'every h, SIMD engine, float32', difference.float32, 1e-6)
  agreement(print, "every z: the notes' is 1 - native", updateSum, 1e-12)
  const after = engine({ engine: 'reference', precision: 'float64' }, 'after')
  const resetAfter = largestDifference(hidden, after.hidden)
  printWarnings(print, resetAfter)
  return { steps, engineKeeps: exact.keeps, updateSum, difference, resetAfter }
}

/** The notes' equations, line by line. */
function byHand(): Step[] {
  let h = H0
  return WORDS.map((word, t) => {
    const x = oneHot(t, WORDS.length)
    // z_t = σ(Wz·[h_{t−1}, x_t])
    const update = product(Z, h, x).map(sigmoid)
    // r_t = σ(Wr·[h_{t−1}, x_t])
    const reset = product(R, h, x).map(sigmoid)
    // h̃_t = tanh(W·[r_t * h_{t−1}, x_t])
    const seen = reset.map((r, u) => r * h[u])
    const candidate = product(CANDIDATE, seen, x).map(Math.tanh)
    // h_t = (1 − z_t) * h_{t−1} + z_t * h̃_t
    const before = h
    h = update.map((z, u) => (1 - z) * before[u] + z * candidate[u])
    const keeps = update.reduce((sum, z) => sum + 1 - z, 0) / UNITS
    return { word, update, reset, candidate, hidden: h, keeps }
  })
}

/** W·[h, x] + b. The notes leave b out. */
function product({ weights, bias }: Gate, h: readonly number[], x: readonly number[]): number[] {
  const input = [...h, ...x]
  return weights.map((gateRow, u) => gateRow.reduce((sum, w, k) => sum + w * input[k], bias[u]))
}

/** The notes' weights as the native layer takes them: rows r, z, n, with the sign of z's turned. */
function nativeWeights(name: string): number[] {
  const turned: Gate = { weights: Z.weights.map((w) => w.map((x) => -x)), bias: Z.bias.map((b) => -b) }
  const gates = [R, turned, CANDIDATE]
  if (name.includes('weight_ih')) return gates.flatMap((g) => g.weights.flatMap((w) => w.slice(UNITS)))
  if (name.includes('weight_hh')) return gates.flatMap((g) => g.weights.flatMap((w) => w.slice(0, UNITS)))
  return name.includes('bias_ih')
    ? gates.flatMap((g) => g.bias)
    : new Array<number>(gates.length * UNITS).fill(0)
}

/** The engine on the three words: every h (T·H), every z (T·H), and the share kept (T). */
function engine(options: NetworkOptions, reset: 'before' | 'after' = 'before') {
  const layers = [
    oneHotInput({ vocabulary: WORDS.length }),
    gru(UNITS, { reset, returnSequences: false }),
  ] as const
  const net = network(layers, {
    ...options,
    loss: { type: 'meanSquaredError' },
    weights: ({ name }) => nativeWeights(name),
  })
  const batch = PackedBatch.ofIds([WORDS.map((_, t) => t)])
  net.writeInitialState(batch, H0)
  const { steps } = traceSequence(net, batch, { values: [0, 0] }).layers[0]
  return {
    hidden: steps.flatMap((step) => [...step.hidden]),
    update: steps.flatMap((step) => [...(step.gates as { update: Float64Array }).update]),
    keeps: steps.map((step) => step.keeps!),
  }
}

function printForms(print: Print): void {
  print('  the notes (and Chung et al. 2014)        Latch inside')
  print('  z takes the new                          z keeps the old')
  print('')
  print('  z = σ(Wz·[h, x])                         z = σ(-Wz·[h, x])   signs turned')
  print('  r = σ(Wr·[h, x])                         r = σ( Wr·[h, x])')
  print('  h̃ = tanh(W·[r * h, x])                   n = tanh( W·[r * h, x])')
  print('  h = (1 - z) * h + z * h̃                  h = z * h + (1 - z) * n')
  print('')
  const text = `σ(-a) is 1 - σ(a), so turning the sign of z's weights (and bias) turns z into 1 - z, and the
    two last lines say the same. PyTorch, Keras and ONNX let z keep the old as well. In Latch this GRU is`
  paragraph(print, text)
  print("  { type: 'recurrent', cell: 'gru', units: 2, reset: 'before' }")
}

function printSteps(
  print: Print,
  steps: readonly Step[],
  exact: { update: number[]; keeps: number[] },
): void {
  heading(print, 'Three words, from h_0 = [0.65 0.30]')
  steps.forEach(({ word, update, reset, candidate, hidden, keeps }, t) => {
    const native = exact.update.slice(t * UNITS, (t + 1) * UNITS)
    print(`  T${t + 1}  "${word}"   x = ${row(oneHot(t, WORDS.length))}`)
    print(`      z  notes ${row(update)}    z  native ${row(native)}`)
    print(`      r        ${row(reset)}    h̃         ${row(candidate)}`)
    print(`      h        ${row(hidden)}`)
    print(
      `      keeps ${percent(keeps)} of the past (notes), keeps ${percent(exact.keeps[t])} of the past (native)`,
    )
    print('')
  })
  const text = `"Riya" says nothing about a place and leaves the memory nearly as it was; "London" writes
    over what "Delhi" had left.`
  paragraph(print, text)
}

function printWarnings(print: Print, resetAfter: number): void {
  heading(print, 'Two things to know when you read about GRUs')
  const convention = `Which way round z is. The page of notes with the formula h = (1 - z) * h + z * h̃ also says
    "z = [0.9, 0.9], high value: keep the past". By that formula 0.9 takes the new; the remark fits the
    other form. Both are in use, so Latch never shows z alone: it says "keeps x % of the past", one number
    that means the same in both.`
  paragraph(print, convention)
  print('')
  const order = `Where r stands. The notes (and the published paper) multiply h by r before the product with W; the
    default of PyTorch and Keras, reset: 'after', multiplies the product itself. That is another
    cell, not another way to write this one: with the same weights its h is up to ${resetAfter.toFixed(4)} away.`
  paragraph(print, order)
}

runAsProgram(import.meta.url, run)
