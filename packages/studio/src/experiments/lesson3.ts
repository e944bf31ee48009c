/**
 * Lesson 3: "you are good" through a tiny recurrent network, step by step. The page can change the weights; all numbers
 * come from one trace, and all terms from the library's explanations of it.
 */
import { dense, network, type Network, oneHot, PackedBatch, rnn } from 'latch'
import * as inspection from 'latch/inspection'
import type { Explanation } from 'latch/inspection'
import type { WorkerMethods } from '../rpc/remote.ts'
import { COMMENT_WORDS as VOCABULARY } from './lectureExamples.ts'

const UNITS = 3
const SEED = 5

/** The lecture's weights as (in, out) matrices; PyTorch and Latch store (out, in). */
export interface Weights {
  Wi: number[][] // (5, 3)
  Wh: number[][] // (3, 3)
  b: number[][] // (1, 3)
  Wo: number[][] // (3, 1)
  bo: number[][] // (1, 1)
}

export interface UnrolledStep {
  word: string
  id: number
  /** x·Wi, O₋₁·Wh, b, their sum, and O = tanh of the sum: one number per unit. */
  input: number[]
  state: number[]
  bias: number[]
  sum: number[]
  hidden: number[]
}

export interface Unrolled {
  weights: Weights
  steps: UnrolledStep[]
  logit: number
  answer: number
  parameters: number
}

const RECURRENT = rnn(UNITS, { returnSequences: false })

function build(weights: Weights | null, sigmoid: boolean, like?: Network): Network {
  const output = dense(1, sigmoid ? { activation: 'sigmoid' } : {})
  const given = like && ((p: { name: string }) => like.readParameter(p.name))
  const net = network([oneHot({ vocabulary: VOCABULARY.length }), RECURRENT, output], {
    reproducible: true,
    threads: 1,
    seed: SEED,
    ...(sigmoid ? {} : { loss: { type: 'binaryCrossEntropy' as const } }),
    ...(given ? { weights: given } : {}),
  })
  if (!like) write(net, weights ?? { ...read(net), b: [[0.1, -0.2, 0.3]], bo: [[-0.15]] })
  return net
}

const NAMES = {
  Wi: 'recurrent.0.weight_ih_l0',
  Wh: 'recurrent.0.weight_hh_l0',
  b: 'recurrent.0.bias_ih_l0',
  Wo: 'dense.0.weight',
  bo: 'dense.0.bias',
} as const

function write(net: Network, weights: Weights): void {
  for (const key of ['Wi', 'Wh', 'b', 'Wo', 'bo'] as const) {
    const matrix = weights[key]
    const vector = key === 'b' || key === 'bo'
    net.writeParameter(NAMES[key], vector ? matrix[0] : transpose(matrix).flat())
  }
}

function read(net: Network): Weights {
  const of = (key: keyof Weights, columns: number) => inRows([...net.readParameter(NAMES[key])], columns)
  return {
    Wi: transpose(of('Wi', VOCABULARY.length)),
    Wh: transpose(of('Wh', UNITS)),
    b: of('b', UNITS),
    Wo: transpose(of('Wo', UNITS)),
    bo: of('bo', 1),
  }
}

function inRows(values: number[], columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, r) =>
    values.slice(r * columns, (r + 1) * columns),
  )
}

function transpose(matrix: number[][]): number[][] {
  return matrix[0].map((_, c) => matrix.map((row) => row[c]))
}

const hiddenPlace = (step: number, unit: number) => ({
  layer: 0,
  direction: 'forward' as const,
  step,
  value: 'hidden',
  unit,
})

function traceWith(weights: Weights | null, ids: number[]) {
  const net = build(weights, false)
  return { net, trace: inspection.traceSequence(net, ids, { classes: [1] }) }
}

function run(weights: Weights | null, ids: number[]): Unrolled {
  const { net, trace } = traceWith(weights, ids)
  const steps = trace.layers[0].steps.map(({ hidden }, t): UnrolledStep => {
    const units = [...hidden].map((_, unit) => inspection.explain(trace, hiddenPlace(t, unit)))
    const group = (name: string) => units.map(({ groups }) => groups.find((g) => g.group === name)?.sum ?? 0)
    return {
      word: VOCABULARY[ids[t]],
      id: ids[t],
      input: group('input'),
      state: group('state'),
      bias: group('bias'),
      sum: units.map((u) => u.preActivation),
      hidden: [...hidden],
    }
  })
  const withSigmoid = build(weights, true, net)
  const batch = PackedBatch.ofIds([ids])
  withSigmoid.forward(batch)
  const answer = withSigmoid.readOutput(batch)[0]
  const result = { weights: read(net), steps, logit: trace.output[0], answer, parameters: net.parameterCount }
  net.dispose()
  withSigmoid.dispose()
  return result
}

/** Explains one number of O_t. */
function explain(weights: Weights | null, ids: number[], step: number, unit: number): Explanation {
  const { net, trace } = traceWith(weights, ids)
  const explanation = inspection.explain(trace, hiddenPlace(step, unit))
  net.dispose()
  return explanation
}

export const lesson3: WorkerMethods = {
  'lesson3.run': (_: unknown, weights: Weights | null, ids: number[]) => run(weights, ids),
  'lesson3.explain': (_: unknown, weights: Weights | null, ids: number[], step: number, unit: number) =>
    explain(weights, ids, step, unit),
} as unknown as WorkerMethods
