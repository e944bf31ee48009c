/** The time of one training step on the user's machine: forward pass, backward pass, clipping, Adam. */
import {
  dense,
  features as featuresInput,
  flatten,
  type LayerSpec,
  network,
  PackedBatch,
  Random,
  recurrent,
} from 'latch'
import { clipGradients, Optimizer } from 'latch/training'
import type { WorkerMethods } from '../rpc/remote.ts'

export type TimedCell = 'ann' | 'rnn' | 'lstm' | 'gru'

export interface TimingRequest {
  cell: TimedCell
  units: number
  features: number
  steps: number
  batch: number
}

export interface Timing {
  /** Time of the fastest step, in milliseconds. */
  milliseconds: number
  measured: number
  parameters: number
  engine: string
}

const WARM = 3
/** Minimum number of clock readings. */
const LEAST = 5
/** Maximum milliseconds for one measurement, after the minimum number of readings. */
const BUDGET = 150
/** Minimum milliseconds between two readings, because the clock of a page may be coarse. */
const APART = 4

function layersOf({ cell, units, features: width, steps }: TimingRequest): LayerSpec[] {
  const input: LayerSpec = featuresInput(width)
  const answer: LayerSpec = dense(1)
  if (cell === 'ann') {
    return [input, flatten(steps), dense(units, { activation: 'relu' }), answer]
  }
  return [input, recurrent(cell, units, { returnSequences: false }), answer]
}

function time(request: TimingRequest): Timing {
  const { features, steps, batch: rows } = request
  const net = network(layersOf(request), { threads: 1, loss: { type: 'meanSquaredError' } })
  try {
    const optimizer = new Optimizer(net, { type: 'adam' })
    const random = new Random(1, 'inputs of a timing')
    const numbers = Array.from({ length: rows * steps * features }, () => random.uniform() - 0.5)
    const batch = PackedBatch.ofFeatures(numbers, [rows, steps, features])
    const targets = { values: Array.from({ length: rows }, (_, i) => i % 2) }
    const step = (key: number) => {
      const pass = { training: true, record: false, key }
      net.zeroGradients()
      net.forward(batch, pass)
      net.backward(batch, targets, pass)
      optimizer.update(0.001, clipGradients(net, { clipNorm: 1 }).scale)
    }
    for (let i = 0; i < WARM; i++) step(i)
    return { ...fastest(step), parameters: net.parameterCount, engine: net.engine.name }
  } finally {
    net.dispose()
  }
}

/** Times several steps at once; the shortest time divided by their number is the time of one step. */
function fastest(step: (key: number) => void): { milliseconds: number; measured: number } {
  let [milliseconds, measured, atOnce] = [Infinity, 0, 1]
  const end = performance.now() + BUDGET
  for (let readings = 0; readings < LEAST || performance.now() < end;) {
    const start = performance.now()
    for (let i = 0; i < atOnce; i++) step(measured + i)
    const took = performance.now() - start
    measured += atOnce
    if (took < APART) {
      atOnce *= 2
      continue
    }
    milliseconds = Math.min(milliseconds, took / atOnce)
    readings++
  }
  return { milliseconds, measured }
}

export const timing: WorkerMethods = {
  'timing.step': (_, request: TimingRequest) => time(request),
}
