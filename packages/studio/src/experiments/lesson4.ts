/**
 * Lesson 4: the three Sheryians sentences. The state holds the backward pass of each sentence, and the gradient of one
 * weight as the sum of the contributions of all steps; an update is the engine's backward pass and plain SGD.
 */
import { dense, network, type Network, oneHot, PackedBatch, rnn } from 'latch'
import * as inspection from 'latch/inspection'
import { Optimizer } from 'latch/training'
import type { WorkerMethods } from '../rpc/remote.ts'
import { SCHOOLS as ROWS, SCHOOL_WORDS as VOCABULARY } from './lectureExamples.ts'

const UNITS = 3
const SEED = 3
const IDS = ROWS.map(({ text }) => text.split(' ').map((word) => VOCABULARY.indexOf(word)))
const CLASSES = ROWS.map(({ label }) => label)
const PASS = { training: true, record: false, key: 0 }

/** All parameters by name, which the page keeps between two calls. */
export type Values = Record<string, number[]>

/** One weight of the lecture's matrices (in, out). */
export interface WeightPlace {
  matrix: 'Wi' | 'Wh'
  from: number
  to: number
}

export interface BackwardPass {
  /** Of each step: O_t, ∂L/∂O_t and its norm. */
  steps: { word: string; hidden: number[]; gradient: number[]; norm: number }[]
  /** ‖∂O_t/∂O_{t−1}‖ (largest singular value); null at the first step. */
  jacobians: (number | null)[]
  /** ‖∂O_2/∂O_t‖: the norm of the product of the factors. */
  products: number[]
  /** Contribution of each step to ∂L/∂Wi and ∂L/∂Wh, as a fraction. */
  shares: { input: number[]; hidden: number[] }
  loss: number
  verdict: string
}

export interface LessonState {
  values: Values
  Wi: number[][]
  Wh: number[][]
  gradients: { Wi: number[][]; Wh: number[][] }
  /** Mean over the three. */
  loss: number
  answers: number[]
  passes: BackwardPass[]
  /** The chosen weight: contributions of each step of each sentence, their sums, the mean, and the engine's gradient. */
  weight: {
    place: WeightPlace
    old: number
    parts: number[][]
    sums: number[]
    mean: number
    engine: number
    next: number
  }
  /** The loss after the update. */
  lossNext: number
}

const NAMES = { Wi: 'recurrent.0.weight_ih_l0', Wh: 'recurrent.0.weight_hh_l0' } as const

function build(values: Values | null, sigmoid = false): Network {
  const output = dense(1, sigmoid ? { activation: 'sigmoid' } : {})
  return network(
    [oneHot({ vocabulary: VOCABULARY.length }), rnn(UNITS, { returnSequences: false }), output],
    {
      reproducible: true,
      threads: 1,
      seed: SEED,
      ...(sigmoid ? {} : { loss: { type: 'binaryCrossEntropy' as const } }),
      ...(values ? { weights: ({ name }: { name: string }) => values[name] } : {}),
    },
  )
}

/** From (out, in) as stored to (in, out) as in the lecture. */
function matrix(net: Network, key: 'Wi' | 'Wh', of: 'weights' | 'gradients' = 'weights'): number[][] {
  const flat = net.readParameter(NAMES[key], of)
  const columns = flat.length / UNITS
  return Array.from({ length: columns }, (_, from) =>
    Array.from({ length: UNITS }, (_, to) => flat[to * columns + from]),
  )
}

/** Forward and backward pass over all three sentences; returns the mean loss. */
function backward(net: Network): number {
  net.prepareTraining()
  net.zeroGradients()
  const batch = PackedBatch.ofIds(IDS)
  net.forward(batch, PASS)
  return net.backward(batch, { classes: CLASSES }, PASS).mean
}

function listValues(net: Network): Values {
  return Object.fromEntries(net.parameters.map((p) => [p.name, [...net.readParameter(p.name)]]))
}

function backwardPass(net: Network, row: number): BackwardPass {
  const targets = { classes: [CLASSES[row]] }
  const [layer] = inspection.traceSequence(net, IDS[row], targets).layers
  const flow = inspection.gradientFlow(net, IDS[row], targets)
  const { steps } = flow.layers[0]
  return {
    steps: layer.steps.map(({ hidden, gradient }, t) => ({
      word: VOCABULARY[IDS[row][t]],
      hidden: [...hidden],
      gradient: [...gradient.hiddenVector],
      norm: gradient.hidden,
    })),
    jacobians: steps.map(({ jacobian }) => jacobian?.spectral ?? null),
    products: steps.map(({ product }) => product),
    shares: {
      input: steps.map(({ contributions }) => contributions.input.fraction),
      hidden: steps.map(({ contributions }) => contributions.hidden.fraction),
    },
    loss: flow.loss,
    verdict: flow.verdict.words,
  }
}

/** The contribution of each step to the gradient of one weight. */
function parts(net: Network, row: number, { matrix: key, from, to }: WeightPlace): number[] {
  const trace = inspection.traceSequence(net, IDS[row], { classes: [CLASSES[row]] })
  const weight = key === 'Wi' ? 'input' : 'hidden'
  const columns = key === 'Wi' ? VOCABULARY.length : UNITS
  return IDS[row].map((_, step) => {
    const own = inspection.contributionMatrix(trace, { layer: 0, direction: 'forward', step, weight })
    return own[to * columns + from]
  })
}

function readState(values: Values | null, place: WeightPlace, eta: number): LessonState {
  const net = build(values)
  const kept = listValues(net)
  const passes = ROWS.map((_, row) => backwardPass(net, row))
  const all = ROWS.map((_, row) => parts(net, row, place))
  const sums = all.map(total)
  net.prepareTraining()
  const optimizer = new Optimizer(net, { type: 'sgd' })
  const loss = backward(net)
  const gradients = { Wi: matrix(net, 'Wi', 'gradients'), Wh: matrix(net, 'Wh', 'gradients') }
  const [Wi, Wh] = [matrix(net, 'Wi'), matrix(net, 'Wh')]
  optimizer.update(eta)
  const at = (weights: Record<'Wi' | 'Wh', number[][]>) => weights[place.matrix][place.from][place.to]
  const next = at({ Wi: matrix(net, 'Wi'), Wh: matrix(net, 'Wh') })
  const weight = {
    place,
    old: at({ Wi, Wh }),
    parts: all,
    sums,
    mean: total(sums) / sums.length,
    engine: at(gradients),
    next,
  }
  const lossNext = backward(net)
  net.dispose()
  return { values: kept, Wi, Wh, gradients, loss, answers: predictAll(kept), passes, weight, lossNext }
}

function total(list: readonly number[]): number {
  return list.reduce((a, b) => a + b, 0)
}

function predictAll(values: Values): number[] {
  const net = build(values, true)
  const batch = PackedBatch.ofIds(IDS)
  net.forward(batch)
  const answers = [...net.readOutput(batch)]
  net.dispose()
  return answers
}

/** w_new = w_old − η·∂L/∂w for every weight, `times` times; the loss before each, and the state after. */
function update(values: Values, eta: number, times: number, place: WeightPlace) {
  const net = build(values)
  net.prepareTraining()
  const optimizer = new Optimizer(net, { type: 'sgd' })
  const losses: number[] = []
  for (let i = 0; i < times; i++) {
    losses.push(backward(net))
    optimizer.update(eta)
  }
  const after = listValues(net)
  net.dispose()
  return { losses, state: readState(after, place, eta) }
}

export const lesson4: WorkerMethods = {
  'lesson4.state': (_: unknown, values: Values | null, place: WeightPlace, eta: number) =>
    readState(values, place, eta),
  'lesson4.update': (_: unknown, values: Values, eta: number, times: number, place: WeightPlace) =>
    update(values, eta, times, place),
} as unknown as WorkerMethods
