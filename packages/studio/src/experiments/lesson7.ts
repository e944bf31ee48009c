/**
 * Lesson 7: one step of a GRU with two units, as the lecture writes it (z takes the new; its four lines,
 * written out) and as the engine computes it (z keeps the old; the sign of z's weights turned).
 */
import { features, gru, network, PackedBatch } from 'latch'
import { traceSequence } from 'latch/inspection'
import type { WorkerMethods } from '../rpc/remote.ts'
import { maximum } from '../drawing/extremes.ts'

/** Of one gate: a row a unit over [x_1, x_2, x_3, h_1, h_2], and a bias a unit. */
export interface Gate {
  weights: number[][] // (2, 5)
  bias: number[] // (2)
}

export interface GruRequest {
  x: number[] // (3)
  h: number[] // (2)
  /** As PyTorch, Keras and Latch have it: keeps the old. */
  update: Gate
  reset: Gate
  candidate: Gate
}

/** All vectors have an entry a unit. */
export interface GruForm {
  update: number[]
  reset: number[]
  candidate: number[]
  hidden: number[]
}

export interface GruStep {
  /** The lecture's four lines. */
  notes: GruForm
  /** The engine's reference build in float64. */
  latch: GruForm
  /** What the engine's trace says of this step. */
  keeps: number
  /** How far the two new states are from each other, at most. */
  difference: number
}

const UNITS = 2

const sigmoid = (a: number) => 1 / (1 + Math.exp(-a))
const turned = ({ weights, bias }: Gate): Gate => ({
  weights: weights.map((row) => row.map((w) => -w)),
  bias: bias.map((b) => -b),
})

function product({ weights, bias }: Gate, x: readonly number[], h: readonly number[]): number[] {
  const input = [...x, ...h]
  return weights.map((row, u) => row.reduce((sum, w, k) => sum + w * input[k], bias[u]))
}

/** h = (1 − z)∘h₋₁ + z∘h̃, with z's weights as the lecture's form needs them. */
function byNotes({ x, h, update, reset, candidate }: GruRequest): GruForm {
  const z = product(turned(update), x, h).map(sigmoid)
  const r = product(reset, x, h).map(sigmoid)
  const seen = r.map((share, u) => share * h[u])
  const proposed = product(candidate, x, seen).map(Math.tanh)
  const hidden = z.map((share, u) => (1 - share) * h[u] + share * proposed[u])
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
  const [notes, { keeps, ...latch }] = [byNotes(request), byLatch(request)]
  const difference = maximum(notes.hidden.map((value, u) => Math.abs(value - latch.hidden[u])))
  return { notes, latch, keeps, difference }
}

/** The biases for which a gate is exactly `share` at this x and h. */
function biasFor({ weights }: Gate, x: number[], h: number[], share: number): number[] {
  const sums = product({ weights, bias: weights.map(() => 0) }, x, h)
  return sums.map((sum) => Math.log(share / (1 - share)) - sum)
}

export const lesson7: WorkerMethods = {
  'lesson7.step': (_, request: GruRequest) => step(request),
  'lesson7.biasFor': (_, gate: Gate, x: number[], h: number[], share: number) => biasFor(gate, x, h, share),
}
