/**
 * The vectors of a trace by name: which there are, what they are called for people, and how to read them.
 * Names are those that `explain` takes.
 */
import type { CellStep, Trace, TraceLayer } from 'latch'

/** What a layer's cell computes with, where that is not σ and tanh alone. */
export type Functions = NonNullable<TraceLayer['functions']>

export type Direction = 'forward' | 'backward'

export interface VectorName {
  /** As `explain` calls it. */
  value: string
  /** Letter of the cell's equations. */
  letter: string
  /** For people. */
  title: string
  kind: 'signed' | 'share'
}

const LETTERS: Record<string, Record<string, string>> = {
  lstm: { input: 'i', forget: 'f', output: 'o', candidate: 'g' },
  gru: { reset: 'r', update: 'z', candidate: 'n' },
  rnn: { candidate: 'h' },
}

const TITLES: Record<string, string> = {
  'lstm/input': 'input gate: what is written',
  'lstm/forget': 'forget gate: what is kept',
  'lstm/output': 'output gate: what is shown',
  'lstm/candidate': 'candidate: what could be written',
  'gru/reset': 'reset gate: how much past the candidate sees',
  'gru/update': 'update gate: keeps the old',
  'gru/candidate': 'candidate: what could be written',
}

/** Gates first, then candidate, c and h. Of a simple RNN the candidate is h, so it is left out. */
export function listVectors(cell: string, layer: TraceLayer): VectorName[] {
  const gates = Object.keys(layer.steps[0]?.gates ?? {})
  const name = (value: string, kind: 'signed' | 'share'): VectorName => ({
    value,
    letter: symbolFor(cell, value),
    title: TITLES[`${cell}/${value}`] ?? `${value} gate`,
    kind,
  })
  const shares = gatesAreShares(layer.functions)
  const list = gates.map((gate) => name(gate, shares ? 'share' : 'signed'))
  if (cell !== 'rnn') list.push(name('candidate', 'signed'))
  if (layer.steps[0]?.cell)
    list.push({ value: 'cell', letter: 'c', title: 'cell state: the memory', kind: 'signed' })
  list.push({ value: 'hidden', letter: 'h', title: 'hidden state: what is passed on', kind: 'signed' })
  return list
}

/** A function as equations write it. */
export const functionSymbol = ({ type }: { type: string }): string => (type === 'sigmoid' ? 'σ' : type)

/** Gates lie in 0…1, unless their function says otherwise. */
export function gatesAreShares(functions: Functions | undefined): boolean {
  return !functions || ['sigmoid', 'hardSigmoid'].includes(functions.gate.type)
}

/** @param functions of the layer; only what an LSTM shows of c depends on them */
export function symbolFor(cell: string, value: string, functions?: Functions): string {
  if (value === 'saved') {
    return cell === 'lstm' ? `${functions ? functionSymbol(functions.state) : 'tanh'}(c)` : 'recurrent half'
  }
  if (value === 'hidden') return 'h'
  if (value === 'cell') return 'c'
  return LETTERS[cell]?.[value] ?? value
}

/** One vector of one step; null where the cell has none of that name. */
export function vectorAt(step: CellStep, value: string): Float64Array | null {
  if (value === 'hidden') return step.hidden
  if (value === 'cell') return step.cell
  if (value === 'saved') return step.saved
  if (value === 'x') return step.input
  if (value === 'candidate') return step.candidate
  return (step.gates as Record<string, Float64Array>)[value] ?? null
}

/** The layer asked for, or the top one read forwards where there is none like it. */
export function findLayer(trace: Trace, layer: number, direction: Direction): TraceLayer {
  const found = trace.layers.find((one) => one.layer === layer && one.direction === direction)
  return (found ?? topLayer(trace)) as TraceLayer
}

export function topLayer(trace: Trace): TraceLayer {
  return trace.layers.findLast(({ direction }) => direction === 'forward') as TraceLayer
}

/** "layer 0, read forwards", as short as the network allows. */
export function layerTitle(trace: Trace, layer: number, direction: Direction): string {
  const both = trace.layers.some((one) => one.direction === 'backward')
  return `layer ${layer}${both ? `, read ${direction === 'forward' ? 'forwards' : 'backwards'}` : ''}`
}

/** "delhi" in quotes, a blank made visible. */
export function quoted(token: string | undefined): string {
  return token === undefined ? '' : `“${token === ' ' ? '␣' : token}”`
}

/** Largest absolute value; 1 where all are 0. */
export function largest(values: Iterable<number>): number {
  let most = 0
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value)
  return most || 1
}
