/**
 * The vectors of a trace by the names that `explain` takes: which there are, their displayed names, and how to read
 * them.
 */
import type { CellName, CellStep, Trace, TraceLayer } from 'latch'
import { visibleToken } from '../visible.ts'

/** The functions of a layer's cell, where they are not just σ and tanh. */
export type Functions = NonNullable<TraceLayer['functions']>

export type Direction = 'forward' | 'backward'

export interface VectorName {
  /** The name that `explain` takes. */
  value: string
  /** The letter in the cell's equations. */
  letter: string
  /** The displayed name. */
  title: string
  kind: 'signed' | 'fraction'
}

const LETTERS: Record<string, Record<string, string>> = {
  lstm: { input: 'i', forget: 'f', output: 'o', candidate: 'g' },
  gru: { reset: 'r', update: 'z', candidate: 'n' },
  rnn: { candidate: 'h' },
}

const TITLES: Record<string, string> = {
  'lstm/input': 'input gate: how much is written',
  'lstm/forget': 'forget gate: how much is kept',
  'lstm/output': 'output gate: how much is output',
  'lstm/candidate': 'candidate: the new content',
  'gru/reset': 'reset gate: how much of the past the candidate uses',
  'gru/update': 'update gate: how much of the past is kept',
  'gru/candidate': 'candidate: the new content',
}

/** The cell of a layer, known by its gates: a network may have several, and the trace names that of the top layer. */
export function cellOf({ steps }: Pick<TraceLayer, 'steps'>): CellName {
  const gates = steps[0]?.gates ?? {}
  return 'forget' in gates ? 'lstm' : 'update' in gates ? 'gru' : 'rnn'
}

/** Gates first, then candidate, c and h. The candidate of a simple RNN is h, so it is omitted. */
export function listVectors(layer: TraceLayer): VectorName[] {
  const cell = cellOf(layer)
  const gates = Object.keys(layer.steps[0]?.gates ?? {})
  const name = (value: string, kind: 'signed' | 'fraction'): VectorName => ({
    value,
    letter: symbolFor(cell, value),
    title: TITLES[`${cell}/${value}`] ?? `${value} gate`,
    kind,
  })
  const fractions = gatesAreFractions(layer.functions)
  const list = gates.map((gate) => name(gate, fractions ? 'fraction' : 'signed'))
  if (cell !== 'rnn') list.push(name('candidate', 'signed'))
  if (layer.steps[0]?.cell) list.push({ value: 'cell', letter: 'c', title: 'cell state', kind: 'signed' })
  list.push({ value: 'hidden', letter: 'h', title: 'hidden state: the output of the step', kind: 'signed' })
  return list
}

/** A function's symbol in equations. */
export const functionSymbol = ({ type }: { type: string }): string => (type === 'sigmoid' ? 'σ' : type)

/** Whether gates are in the range 0…1, which depends on their function. */
export function gatesAreFractions(functions: Functions | undefined): boolean {
  return !functions || ['sigmoid', 'hardSigmoid'].includes(functions.gate.type)
}

/** @param functions of the layer; only the activation of an LSTM's cell state depends on them */
export function symbolFor(cell: string, value: string, functions?: Functions): string {
  if (value === 'saved') {
    return cell === 'lstm' ? `${functions ? functionSymbol(functions.state) : 'tanh'}(c)` : 'recurrent half'
  }
  if (value === 'hidden') return 'h'
  if (value === 'cell') return 'c'
  return LETTERS[cell]?.[value] ?? value
}

/** One vector of one step; null if the cell has none of that name. */
export function vectorAt(step: CellStep, value: string): Float64Array | null {
  if (value === 'hidden') return step.hidden
  if (value === 'cell') return step.cell
  if (value === 'saved') return step.saved
  if (value === 'x') return step.input
  if (value === 'candidate') return step.candidate
  return (step.gates as Record<string, Float64Array>)[value] ?? null
}

/** The requested layer, or the forward top layer if there is none. */
export function findLayer(trace: Trace, layer: number, direction: Direction): TraceLayer {
  const found = trace.layers.find((one) => one.layer === layer && one.direction === direction)
  return (found ?? topLayer(trace)) as TraceLayer
}

export function topLayer(trace: Trace): TraceLayer {
  return trace.layers.findLast(({ direction }) => direction === 'forward') as TraceLayer
}

/** "layer 0, forward", or "layer 0" if the network has one direction. */
export function layerTitle(trace: Trace, layer: number, direction: Direction): string {
  const both = trace.layers.some((one) => one.direction === 'backward')
  return `layer ${layer}${both ? `, ${direction}` : ''}`
}

/** The token in quotes. */
export function quoted(token: string | undefined): string {
  return token === undefined ? '' : `“${visibleToken(token)}”`
}

/** The largest absolute value; 1 if all are 0. */
export function largest(values: Iterable<number>): number {
  let most = 0
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value)
  return most || 1
}
