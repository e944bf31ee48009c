/**
 * A classifier's forward pass written out by hand in float64, from its weights under PyTorch's names: an
 * implementation of its own to hold traces against. Any state can be nudged, to differentiate by differences.
 */
import { internalsOf } from '../../src/model/network.ts'
import type { TextClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'

type Vector = number[]

/** Adds `by` to unit `unit` of a state right where it arises, at a position of the text. */
export interface Nudge {
  layer: number
  direction: 0 | 1
  position: number
  state: 'hidden' | 'cell'
  unit: number
  by: number
}

export interface HandStep {
  gates: Record<string, Vector>
  candidate: Vector
  hidden: Vector
  cell: Vector | null
}

export interface HandRun {
  /** steps[layer][direction][position in the text] */
  steps: HandStep[][][]
  logits: Vector
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const add = (a: Vector, b: Vector) => a.map((x, i) => x + b[i])

/** Weights of one direction, in PyTorch's layout: gates' rows one after the other. */
class Weights {
  readonly #arrays: Record<string, Vector> = {}
  readonly units: number

  constructor(model: TextClassifier, layer: number, direction: 0 | 1) {
    const { store } = internalsOf(model.network)
    const suffix = direction === 0 ? '' : '_reverse'
    this.units = model.settings.units
    for (const name of ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'])
      this.#arrays[name] = Array.from(store.read(store.find(`recurrent.${layer}.${name}_l0${suffix}`)))
  }

  /** One gate's product W·v, with or without its bias. */
  product(kind: 'ih' | 'hh', gate: number, v: Vector, bias = true): Vector {
    const W = this.#arrays[`weight_${kind}`]
    const b = this.#arrays[`bias_${kind}`]
    return Array.from({ length: this.units }, (_, unit) => {
      const row = gate * this.units + unit
      const sum = v.reduce((total, x, k) => total + W[row * v.length + k] * x, 0)
      return bias ? sum + b[row] : sum
    })
  }

  bias(kind: 'ih' | 'hh', gate: number): Vector {
    return this.#arrays[`bias_${kind}`].slice(gate * this.units, (gate + 1) * this.units)
  }
}

interface Before {
  hidden: Vector
  cell: Vector
}

type StepOf = (w: Weights, x: Vector, before: Before, nudgeCell: (c: Vector) => Vector) => HandStep

/** i f g o: c = f∘c₋₁ + i∘g, h = o∘tanh(c). */
const lstm: StepOf = (w, x, { hidden, cell }, nudgeCell) => {
  const z = [0, 1, 2, 3].map((gate) => add(w.product('ih', gate, x), w.product('hh', gate, hidden)))
  const [i, f, o] = [z[0], z[1], z[3]].map((v) => v.map(sigmoid))
  const g = z[2].map(Math.tanh)
  const c = nudgeCell(cell.map((old, j) => f[j] * old + i[j] * g[j]))
  const gates = { input: i, forget: f, output: o }
  return { gates, candidate: g, hidden: c.map((v, j) => o[j] * Math.tanh(v)), cell: c }
}

/** r z n: n = tanh(Wx·x + b + r∘(Wh·h₋₁ + b')) or tanh(Wx·x + Wh·(r∘h₋₁) + b + b'); h = (1−z)∘n + z∘h₋₁. */
const gru =
  (reset: 'after' | 'before'): StepOf =>
  (w, x, { hidden }) => {
    const gate = (k: number) => add(w.product('ih', k, x), w.product('hh', k, hidden)).map(sigmoid)
    const [r, z] = [gate(0), gate(1)]
    const scaled = hidden.map((v, j) => r[j] * v)
    const inner =
      reset === 'after'
        ? w.product('hh', 2, hidden).map((v, j) => r[j] * v)
        : add(w.product('hh', 2, scaled, false), w.bias('hh', 2))
    const n = add(w.product('ih', 2, x), inner).map(Math.tanh)
    const h = n.map((v, j) => (1 - z[j]) * v + z[j] * hidden[j])
    return { gates: { reset: r, update: z }, candidate: n, hidden: h, cell: null }
  }

const rnn =
  (f: (x: number) => number): StepOf =>
  (w, x, { hidden }) => {
    const h = add(w.product('ih', 0, x), w.product('hh', 0, hidden)).map(f)
    return { gates: {}, candidate: h, hidden: h, cell: null }
  }

function stepOf({ settings: { cell, reset, activation } }: TextClassifier): StepOf {
  if (cell === 'lstm') return lstm
  if (cell === 'gru') return gru(reset)
  return rnn(activation === 'relu' ? (x) => Math.max(0, x) : Math.tanh)
}

function runDirection(
  model: TextClassifier,
  layer: number,
  direction: 0 | 1,
  xs: Vector[],
  nudge?: Nudge,
): HandStep[] {
  const weights = new Weights(model, layer, direction)
  const step = stepOf(model)
  const zeros = () => new Array<number>(model.settings.units).fill(0)
  let before: Before = { hidden: zeros(), cell: zeros() }
  const steps: HandStep[] = []
  const positions = xs.map((_, t) => (direction === 0 ? t : xs.length - 1 - t))
  for (const t of positions) {
    const here =
      nudge?.layer === layer && nudge.direction === direction && nudge.position === t ? nudge : null
    const nudged = (state: Nudge['state'], v: Vector) =>
      here?.state === state ? v.map((x, j) => (j === here.unit ? x + here.by : x)) : v
    const made = step(weights, xs[t], before, (c) => nudged('cell', c))
    steps[t] = { ...made, hidden: nudged('hidden', made.hidden) }
    before = { hidden: steps[t].hidden, cell: made.cell ?? zeros() }
  }
  return steps
}

/** Runs the whole classifier on token ids. */
export function handForward(model: TextClassifier, ids: ArrayLike<number>, nudge?: Nudge): HandRun {
  const { store } = internalsOf(model.network)
  const read = (name: string) => Array.from(store.read(store.find(name)))
  const { layers, bidirectional, pooling, embedding } = model.settings
  const width = embedding === 'oneHot' ? model.vocabulary.size : embedding
  const table = embedding === 'oneHot' ? null : read('embedding.0.weight')
  let xs: Vector[] = Array.from(ids, (id) =>
    table
      ? table.slice(id * width, (id + 1) * width)
      : Array.from({ length: width }, (_, k) => (k === id ? 1 : 0)),
  )
  const steps: HandStep[][][] = []
  for (let layer = 0; layer < layers; layer++) {
    const directions = (bidirectional ? [0, 1] : [0]) as (0 | 1)[]
    const layerSteps = directions.map((d) => runDirection(model, layer, d, xs, nudge))
    steps.push(layerSteps)
    xs = xs.map((_, t) => layerSteps.flatMap((list) => list[t].hidden))
  }
  const T = xs.length
  const top = steps[layers - 1]
  const last = top.flatMap((list, d) => list[d === 0 || pooling !== 'last' ? T - 1 : 0].hidden)
  const over = (combine: (values: number[]) => number) => last.map((_, j) => combine(xs.map((x) => x[j])))
  const pooled =
    pooling === 'last'
      ? last
      : pooling === 'max'
        ? over((v) => Math.max(...v))
        : over((v) => v.reduce((a, b) => a + b) / T)
  const W = read('dense.0.weight')
  const b = read('dense.0.bias')
  const logits = b.map((bias, c) => pooled.reduce((sum, x, k) => sum + W[c * pooled.length + k] * x, bias))
  return { steps, logits }
}

/** Cross-entropy of the logits for a class; one logit is a sigmoid. */
export function handLoss(logits: Vector, target: number): number {
  if (logits.length === 1) return Math.log1p(Math.exp(target === 1 ? -logits[0] : logits[0]))
  const most = Math.max(...logits)
  return Math.log(logits.reduce((sum, x) => sum + Math.exp(x - most), 0)) + most - logits[target]
}
