/** Lesson 8: parameters of the three cells, and how their accuracy falls with distance. */
import { network, type CellName } from 'latch'
import { changingFacts } from 'latch/datasets'
import type { Served } from '../engine/remote.ts'
import { ENGINE, modelAt } from './models.ts'

export interface ParameterCount {
  cell: CellName
  /** As the engine counts its parameters, by PyTorch's names. */
  parts: { name: string; shape: readonly number[]; size: number }[]
  total: number
}

function parameters(units: number, features: number): ParameterCount[] {
  return (['rnn', 'lstm', 'gru'] as const).map((cell) => {
    const net = network([{ type: 'features', width: features }, { type: 'recurrent', cell, units }], ENGINE)
    const parts = net.parameters.map(({ name, shape, size }) => ({ name, shape: [...shape], size }))
    const total = net.parameterCount
    net.dispose()
    return { cell, parts, total }
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

export const lesson8: Served = {
  'lesson8.parameters': (_, units: number, features: number) => parameters(units, features),
  'lesson8.accuracy': (_, address: string, request: AccuracyRequest) => accuracy(address, request),
}
