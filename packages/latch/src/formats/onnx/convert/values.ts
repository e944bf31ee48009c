/**
 * What a value of an ONNX graph means while a graph is converted: a constant, sizes, lengths and masks of a batch, or
 * the sequence on its way through layers, with the meaning of each axis. What cannot be converted is an error, thrown
 * only if the output needs it.
 */
import type { UnsupportedError } from '../../../core/errors.ts'
import type { OnnxTensor } from '../graph.ts'
import type { IrNode } from './nodes.ts'

/** A size: `factor` times axes that differ from call to call, by name. */
export interface Size {
  factor: number
  symbols: readonly string[]
}

/**
 * An axis by what lies along it. `input 0` and `input 1` are the input's own axes: which of them is time turns out
 * where a recurrent operator or a pooling takes them.
 */
export interface Axis {
  role: 'input 0' | 'input 1' | 'feature' | 'direction' | 'one' | 'merged'
  size: Size
  /** Of `merged`: what lies along it, outermost first. */
  parts?: readonly Axis[]
}

/** A sequence after some layers. */
export interface SequenceValue {
  kind: 'sequence'
  tip: IrNode
  axes: readonly Axis[]
  /** Steps outside the mask have this value. */
  fill?: { mask: MaskKind; value: number }
  /** Steps that count were moved to the front. */
  compact?: boolean
}

/** Steps within each length, each sequence's last step, or steps that are not masked. */
export type MaskKind = 'valid' | 'last' | 'counted'

/** Parts of a mask within sequences, by what they are for. */
export type MaskPart =
  | 'is padding'
  | 'is value'
  | 'is other'
  | 'given'
  | 'counted'
  | 'count'
  | 'lengths'
  | 'any'
  | 'upper'
  | 'lower'
  | 'through'
  | 'ranks + 1'
  | 'sums before'
  | 'before'
  | 'more'
  | 'places'
  | 'places reversed'
  | 'selection'

export type Value =
  | { kind: 'constant'; tensor: OnnxTensor }
  /** Sizes: `scalar` is a single one. */
  | { kind: 'sizes'; items: readonly Size[]; scalar: boolean }
  | { kind: 'zeros'; shape: readonly Size[] | null }
  | { kind: 'ids'; axes: readonly Axis[]; input: string }
  | SequenceValue
  /** Final states of several layers and directions one after the other, as PyTorch stacks them. */
  | { kind: 'stack'; items: readonly IrNode[]; groups: readonly number[]; rest: readonly Axis[] }
  /** An initial state that comes from outside. */
  | { kind: 'state'; name: string }
  /** Lengths (or the numbers of the last steps), one a sequence. */
  | { kind: 'lengths'; minus: number; rank: number }
  /** A permutation of the batch by its lengths, or 0 … batch − 1. Sorted and put back, sequences are where they were. */
  | { kind: 'order'; sorted: boolean }
  /** 0 … time − 1. */
  | { kind: 'steps'; rank: number }
  | { kind: 'mask'; what: MaskKind; rank: number }
  /** `value`: what masked features are; missing for ids. */
  | { kind: 'masking'; what: MaskPart; value?: number }
  | { kind: 'absent' }
  /** `operator`: one that is not supported at all. */
  | { kind: 'refused'; error: UnsupportedError; operator?: true }

/** A number, or the size of a named axis. */
export function buildSize(size: number | string): Size {
  return typeof size === 'number' ? { factor: size, symbols: [] } : { factor: 1, symbols: [size] }
}

export function product(sizes: readonly Size[]): Size {
  return {
    factor: sizes.reduce((all, { factor }) => all * factor, 1),
    symbols: sizes.flatMap(({ symbols }) => symbols).sort(),
  }
}

export function sameSize(a: Size, b: Size): boolean {
  return a.factor === b.factor && a.symbols.join() === b.symbols.join()
}

/** The number, or null where it differs from call to call. */
export function getNumber(size: Size): number | null {
  return size.symbols.length ? null : size.factor
}

/** A constant of whole numbers, or sizes that are all known; null for anything else. */
export function wholeNumbers(value: Value): number[] | null {
  if (value.kind === 'constant') return [...value.tensor.data]
  if (value.kind !== 'sizes') return null
  const numbers = value.items.map(getNumber)
  return numbers.every((n) => n !== null) ? numbers : null
}

/** Constants of whole numbers and sizes alike. */
export function asSizes(value: Value): { items: readonly Size[]; scalar: boolean } | null {
  if (value.kind === 'sizes') return value
  if (value.kind !== 'constant' || value.tensor.shape.length > 1) return null
  return { items: [...value.tensor.data].map(buildSize), scalar: value.tensor.shape.length === 0 }
}
