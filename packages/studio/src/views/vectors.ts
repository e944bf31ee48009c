/**
 * The vectors of a trace by name: which there are, what they are called for people, and how to read them.
 * Names are those that `explain` takes.
 */
import type { CellStep, Trace, TraceLevel } from 'latch'

/** What a level's cell computes with, where that is not σ and tanh alone. */
export type Functions = NonNullable<TraceLevel['functions']>

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
export function vectorsOf(cell: string, level: TraceLevel): VectorName[] {
  const gates = Object.keys(level.steps[0]?.gates ?? {})
  const name = (value: string, kind: 'signed' | 'share'): VectorName => ({
    value,
    letter: letterOf(cell, value),
    title: TITLES[`${cell}/${value}`] ?? `${value} gate`,
    kind,
  })
  const shares = gatesAreShares(level.functions)
  const list = gates.map((gate) => name(gate, shares ? 'share' : 'signed'))
  if (cell !== 'rnn') list.push(name('candidate', 'signed'))
  if (level.steps[0]?.cell)
    list.push({ value: 'cell', letter: 'c', title: 'cell state: the memory', kind: 'signed' })
  list.push({ value: 'hidden', letter: 'h', title: 'hidden state: what is passed on', kind: 'signed' })
  return list
}

/** A function as equations write it. */
export const symbolOf = ({ type }: { type: string }): string => (type === 'sigmoid' ? 'σ' : type)

/** Gates lie in 0…1, unless their function says otherwise. */
export function gatesAreShares(functions: Functions | undefined): boolean {
  return !functions || ['sigmoid', 'hardSigmoid'].includes(functions.gate.type)
}

/** @param functions of the level; only what an LSTM shows of c depends on them */
export function letterOf(cell: string, value: string, functions?: Functions): string {
  if (value === 'saved') {
    return cell === 'lstm' ? `${functions ? symbolOf(functions.state) : 'tanh'}(c)` : 'recurrent half'
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

/** The level asked for, or the top one read forwards where there is none like it. */
export function levelOf(trace: Trace, level: number, direction: Direction): TraceLevel {
  const found = trace.levels.find((one) => one.level === level && one.direction === direction)
  return (found ?? topLevel(trace)) as TraceLevel
}

export function topLevel(trace: Trace): TraceLevel {
  return trace.levels.findLast(({ direction }) => direction === 'forward') as TraceLevel
}

/** "layer 0, read forwards", as short as the network allows. */
export function levelTitle(trace: Trace, level: number, direction: Direction): string {
  const both = trace.levels.some((one) => one.direction === 'backward')
  return `layer ${level}${both ? `, read ${direction === 'forward' ? 'forwards' : 'backwards'}` : ''}`
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
