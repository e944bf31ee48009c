/**
 * Lesson 7: one step of a GRU with two units, computed by the lecture's four equations (z takes the new) and by the
 * engine (z keeps the old, with the sign of z's weights changed).
 */
import { features, gru, network, PackedBatch } from 'latch'
import { traceSequence, maximum } from 'latch/inspection'
import type { WorkerMethods } from '../rpc/remote.ts'

/** One gate: a row per unit over [x[0], x[1], x[2], h[0], h[1]], and a bias per unit. */
export interface Gate {
  weights: number[][] // (2, 5)
  bias: number[] // (2)
}

export interface GruRequest {
  x: number[] // (3)
  h: number[] // (2)
  /** As in PyTorch, Keras and Latch: keeps the old. */
  update: Gate
  reset: Gate
  candidate: Gate
}

/** All vectors have one entry per unit. */
export interface GruForm {
  update: number[]
  reset: number[]
  candidate: number[]
  hidden: number[]
}

export interface GruStep {
  /** The lecture's four equations. */
  lecture: GruForm
  /** The engine's reference build in float64. */
  latch: GruForm
  /** The fraction of the past that this step keeps, from the engine's trace. */
  keeps: number
  /** The largest difference between the two new states. */
  difference: number
}

const UNITS = 2

const sigmoid = (a: number) => 1 / (1 + Math.exp(-a))
const negated = ({ weights, bias }: Gate): Gate => ({
  weights: weights.map((row) => row.map((w) => -w)),
  bias: bias.map((b) => -b),
})

function product({ weights, bias }: Gate, x: readonly number[], h: readonly number[]): number[] {
  const input = [...x, ...h]
  return weights.map((row, u) => row.reduce((sum, w, k) => sum + w * input[k], bias[u]))
}

/** h = (1 − z)∘h₋₁ + z∘h̃, with the sign of z's weights changed. */
function byLecture({ x, h, update, reset, candidate }: GruRequest): GruForm {
  const z = product(negated(update), x, h).map(sigmoid)
  const r = product(reset, x, h).map(sigmoid)
  const seen = r.map((fraction, u) => fraction * h[u])
  const proposed = product(candidate, x, seen).map(Math.tanh)
  const hidden = z.map((fraction, u) => (1 - fraction) * h[u] + fraction * proposed[u])
  return { update: z, reset: r, candidate: proposed, hidden }
}

/** The same weights in the real cell: { cell: 'gru', reset: 'before' }. */
function byLatch({ x, h, update, reset, candidate }: GruRequest): GruForm & { keeps: number } {
  const gates = [reset, update, candidate]
  const weights = ({ name }: { name: string }): number[] => {
    if (name.includes('weight_ih'))
      return gates.flatMap((g) => g.weights.flatMap((row) => row.slice(0, x.length)))
    if (name.includes('weight_hh'))
      return gates.flatMap((g) => g.weights.flatMap((row) => row.slice(x.length)))
    return gates.flatMap((g) => (name.includes('bias_ih') ? g.bias : g.bias.map(() => 0)))
  }
  const net = network([features(x.length), gru(UNITS, { reset: 'before', returnSequences: false })], {
    engine: 'reference',
    precision: 'float64',
    loss: { type: 'meanSquaredError' },
    weights,
  })
  const batch = PackedBatch.ofFeatures(Float64Array.from(x), [1, 1, x.length])
  net.writeInitialState(batch, h)
  const [only] = traceSequence(net, batch, { values: [0, 0] }).layers[0].steps
  const { update: z, reset: r } = only.gates as { update: Float64Array; reset: Float64Array }
  net.dispose()
  return {
    update: [...z],
    reset: [...r],
    candidate: [...only.candidate],
    hidden: [...only.hidden],
    keeps: only.keeps!,
  }
}

function step(request: GruRequest): GruStep {
  const [lecture, { keeps, ...latch }] = [byLecture(request), byLatch(request)]
  const difference = maximum(lecture.hidden.map((value, u) => Math.abs(value - latch.hidden[u])))
  return { lecture, latch, keeps, difference }
}

/** The biases for which a gate is exactly `value` at this x and h. */
function biasFor({ weights }: Gate, x: number[], h: number[], value: number): number[] {
  const sums = product({ weights, bias: weights.map(() => 0) }, x, h)
  return sums.map((sum) => Math.log(value / (1 - value)) - sum)
}

export const lesson7: WorkerMethods = {
  'lesson7.step': (_, request: GruRequest) => step(request),
  'lesson7.biasFor': (_, gate: Gate, x: number[], h: number[], value: number) => biasFor(gate, x, h, value),
}
