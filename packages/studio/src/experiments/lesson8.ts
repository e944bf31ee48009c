/** Lesson 8: parameters of the three cells, their accuracy by distance, and their gradients by lag. */
import { type CellName, cells, features as featuresInput, network, recurrent } from 'latch'
import { changingFacts } from 'latch/datasets'
import { memorySpan, traceSequence, minimum } from 'latch/inspection'
import type { WorkerMethods } from '../rpc/remote.ts'
import { ENGINE, openModelAt } from './models.ts'

export interface ParameterCount {
  cell: CellName
  /** The engine's parameters by PyTorch's names. */
  parts: { name: string; shape: readonly number[]; size: number }[]
  total: number
  /** G: the number of products (gates and candidate). */
  gates: number
  /** G·(H·F + H·H + 2H). */
  formula: number
}

function parameters(units: number, width: number): ParameterCount[] {
  return (['rnn', 'lstm', 'gru'] as const).map((cell) => {
    const net = network([featuresInput(width), recurrent(cell, units)], ENGINE)
    const parts = net.parameters.map(({ name, shape, size }) => ({ name, shape: [...shape], size }))
    const total = net.parameterCount
    net.dispose()
    const gates = Math.max(1, cells.find(({ name }) => name === cell)!.gateNames.length)
    const formula = gates * (units * width + units * units + 2 * units)
    return { cell, parts, total, gates, formula }
  })
}

export interface StoriesRequest {
  distance: number
  stories: number
}

export interface DistanceAccuracy {
  distance: number
  accuracy: number
  standardError: number
  /** Accuracy of guessing. */
  chance: number
  /** Whether the accuracy is at least halfway between chance and 1. */
  reached: boolean
}

/** Persons per story: the shipped models were trained on stories of one person (demo/lessons/stories.ts). */
const PEOPLE = 1

/** The accuracy at one distance, so that the page can show progress and stop. */
async function accuracy(address: string, { distance, stories }: StoriesRequest): Promise<DistanceAccuracy> {
  const model = await openModelAt(address)
  const { distances, chance, span } = await memorySpan(model, {
    distances: [distance],
    count: stories,
    seed: 6,
  })
  const [point] = distances
  return {
    distance,
    accuracy: point.accuracy,
    standardError: point.standardError,
    chance,
    reached: span !== null,
  }
}

export interface LagNorms {
  /** ‖∂L/∂(h, c)‖ by lag, relative to the last step: median over the stories. */
  relative: number[]
  /** The norm at lag 40 divided by the norm at lag 1: median over the stories. */
  ratio: number
  stories: number
}

/** The gradient norm by lag, on new stories. */
async function lags(address: string, { distance, stories }: StoriesRequest): Promise<LagNorms> {
  const model = await openModelAt(address)
  const norms = changingFacts({ count: stories, distance, seed: 7, people: PEOPLE }).map(
    ({ text, label }) => {
      const targets = { classes: [model.labels.indexOf(label)] }
      const [{ steps }] = traceSequence(model.network, model.encode(text).ids, targets).layers
      return steps.map(({ gradient }) => Math.hypot(gradient.hidden, gradient.cell ?? 0)).reverse()
    },
  )
  const shortest = minimum(norms.map(({ length }) => length))
  const relative = Array.from({ length: shortest }, (_, lag) => median(norms.map((g) => g[lag] / g[0])))
  return { relative, ratio: median(norms.map((g) => g[40] / g[1])), stories }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

export const lesson8: WorkerMethods = {
  'lesson8.parameters': (_, units: number, features: number) => parameters(units, features),
  'lesson8.lags': (_, address: string, request: StoriesRequest) => lags(address, request),
  'lesson8.accuracy': (_, address: string, request: StoriesRequest) => accuracy(address, request),
}
