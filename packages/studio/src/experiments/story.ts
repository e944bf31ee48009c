/** Lessons 6 and 7: a story in a trained model, which fact its memory keeps, and the effect of clamping a gate. */
import { UNKNOWN_TOKEN, type Trace } from 'latch'
import { influence, intervene, memory } from 'latch/inspection'
import type { WorkerMethods } from '../rpc/remote.ts'
import { openModelAt } from './models.ts'

export interface StoryStep {
  token: string
  known: boolean
  /** Mean fraction of the past that this step keeps. */
  keeps: number
  /** Fraction of what this step wrote that is kept after the last step. */
  retention: number
  /** Number of units that keep more than half of it. */
  heldUnits: number
  /** The answer if the story ended here. */
  answer: string
  probability: number
  /** How much the answer's logit and probability fall without this token. */
  influence: { logit: number; probability: number | null } | null
}

export interface Story {
  trace: Trace
  steps: StoryStep[]
  answer: string
  probability: number
  /** All labels, the most likely first. */
  answers: { label: string; probability: number }[]
  /** Steps until half of the memory is lost, by the mean keep gate; null if nothing is lost. */
  halfLife: number | null
  parameters: number
  units: number
  /** Words of the vocabulary, without the unknown one. */
  words: string[]
  labels: readonly string[]
}

const MAX_TOKENS = 200

async function read(address: string, text: string): Promise<Story> {
  const model = await openModelAt(address)
  if (!text.trim()) throw new Error('The story is empty. Enter at least one word.')
  const { tokens } = model.encode(text)
  if (tokens.length > MAX_TOKENS)
    throw new Error(`The story has ${tokens.length} tokens. The maximum is ${MAX_TOKENS}.`)
  const trace = model.trace(text) as Trace
  const [layer] = memory(trace)
  const last = trace.steps.length - 1
  const { tokens: influences } = influence(model, text, trace.label)
  const steps = trace.steps.map(({ token, known, keeps, output }, k) => ({
    token,
    known,
    keeps: keeps ?? 0,
    retention: layer.retention[last][k],
    heldUnits: layer.unitRetention[k].reduce((count, share) => count + (share > 0.5 ? 1 : 0), 0),
    answer: output.label,
    probability: output.probabilities[output.label],
    influence: influences[k].leaveOneOut,
  }))
  return {
    trace,
    steps,
    answer: trace.label,
    probability: trace.probabilities[trace.label],
    answers: ranked(trace.probabilities),
    halfLife: layer.halfLife,
    parameters: model.parameterCount,
    units: model.settings.units,
    words: model.vocabulary.tokens.filter((word) => word !== UNKNOWN_TOKEN),
    labels: model.labels,
  }
}

function ranked(probabilities: Record<string, number>): Story['answers'] {
  const all = Object.entries(probabilities).map(([label, probability]) => ({ label, probability }))
  return all.toSorted((a, b) => b.probability - a.probability)
}

export interface ClampRequest {
  text: string
  gate: string
  /** 0 or 1. */
  value: number
  /** From this step on, to the end. */
  from: number
}

export interface Clamped {
  before: Story['answers']
  after: Story['answers']
  /** The answer at each step with the gate clamped. */
  steps: { answer: string; probability: number; keeps: number }[]
}

async function clamp(address: string, { text, gate, value, from }: ClampRequest): Promise<Clamped> {
  const model = await openModelAt(address)
  const { before, after } = intervene(model, text, [{ type: 'gate', gate, value, from }])
  const named = (shares: Float64Array | null) =>
    ranked(Object.fromEntries(model.labels.map((label, c) => [label, shares ? shares[c] : 0])))
  return {
    before: named(before.probabilities),
    after: named(after.probabilities),
    steps: after.layers[0].steps.map(({ keeps }, t) => {
      const [best] = named(after.prefixProbabilities && after.prefixProbabilities[t])
      return { answer: best.label, probability: best.probability, keeps: keeps ?? 0 }
    }),
  }
}

export const story: WorkerMethods = {
  'story.read': (_, address: string, text: string) => read(address, text),
  'story.clamp': (_, address: string, request: ClampRequest) => clamp(address, request),
}
