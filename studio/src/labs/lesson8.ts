/** Lesson 8: parameters of the three cells, and how their accuracy falls with distance. */
import { cellOf, network, type CellName } from 'latch'
import { changingFacts } from 'latch/datasets'
import { traceSequence } from 'latch/inspection'
import type { Served } from '../engine/remote.ts'
import { ENGINE, modelAt } from './models.ts'

export interface ParameterCount {
  cell: CellName
  /** As the engine counts its parameters, by PyTorch's names. */
  parts: { name: string; shape: readonly number[]; size: number }[]
  total: number
  /** G: products of gates and candidate. */
  gates: number
  /** G·(H·F + H·H + 2H). */
  formula: number
}

function parameters(units: number, features: number): ParameterCount[] {
  return (['rnn', 'lstm', 'gru'] as const).map((cell) => {
    const net = network([{ type: 'features', width: features }, { type: 'recurrent', cell, units }], ENGINE)
    const parts = net.parameters.map(({ name, shape, size }) => ({ name, shape: [...shape], size }))
    const total = net.parameterCount
    net.dispose()
    const gates = Math.max(1, cellOf({ cell }).gateNames.length)
    const formula = gates * (units * features + units * units + 2 * units)
    return { cell, parts, total, gates, formula }
  })
} // prettier-ignore

export interface AccuracyRequest {
  distance: number
  stories: number
}

export interface DistanceAccuracy extends AccuracyRequest {
  accuracy: number
}

/** On stories that no training saw: another seed. */
async function accuracy(address: string, { distance, stories }: AccuracyRequest): Promise<DistanceAccuracy> {
  const model = await modelAt(address)
  const rows = changingFacts({ count: stories, distance, seed: 7, people: 2 })
  const { accuracy: share } = await model.evaluate(rows, { text: 'text', label: 'label' })
  return { distance, stories, accuracy: share }
}

export interface LagNorms {
  /** Mean over the stories of ‖∂L/∂(h, c)‖, by steps back from the last one. */
  norms: number[]
  stories: number
}

/** The gradient's length by lag, on stories that no training saw. */
async function lags(address: string, { distance, stories }: AccuracyRequest): Promise<LagNorms> {
  const model = await modelAt(address)
  const rows = changingFacts({ count: stories, distance, seed: 7, people: 2 })
  const sums: number[] = []
  let most = Infinity
  for (const { text, label } of rows) {
    const { ids } = model.encode(text)
    const [level] = traceSequence(model.network, ids, { classes: [model.labels.indexOf(label)] }).levels
    most = Math.min(most, ids.length)
    level.steps.toReversed().forEach(({ gradient }, lag) => {
      sums[lag] = (sums[lag] ?? 0) + Math.hypot(gradient.hidden, gradient.cell ?? 0)
    })
  }
  return { norms: sums.slice(0, most).map((sum) => sum / rows.length), stories: rows.length }
}

export const lesson8: Served = {
  'lesson8.parameters': (_, units: number, features: number) => parameters(units, features),
  'lesson8.lags': (_, address: string, request: AccuracyRequest) => lags(address, request),
  'lesson8.accuracy': (_, address: string, request: AccuracyRequest) => accuracy(address, request),
}
