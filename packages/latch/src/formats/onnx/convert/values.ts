/**
 * What a value of an ONNX graph means during conversion: a constant, sizes, lengths or masks of a batch, or the output
 * of a chain of layers with the meaning of each axis. A value that cannot be converted is an error, thrown only if the
 * output depends on it.
 */
import type { UnsupportedError } from '../../../core/errors.ts'
import type { OnnxTensor } from '../graph.ts'
import type { IrNode, Size } from './nodes.ts'

export type { Size } from './nodes.ts'

/**
 * An axis and its meaning. `input 0` and `input 1` are the axes of the input; the first recurrent operator or pooling
 * determines which of them is time.
 */
export interface Axis {
  role: 'input 0' | 'input 1' | 'feature' | 'direction' | 'one' | 'merged'
  size: Size
  /** For `merged`: the merged axes, outermost first. */
  parts?: readonly Axis[]
}

/** The output of a chain of layers. */
export interface SequenceValue {
  kind: 'sequence'
  tip: IrNode
  axes: readonly Axis[]
  /** The value of steps outside the mask. */
  fill?: { mask: MaskKind; value: number }
  /** Whether the steps that are not masked were moved to the front. */
  compact?: boolean
}

/** Steps within each length, the last step of each sequence, or steps that are not masked. */
export type MaskKind = 'valid' | 'last' | 'counted'

/** Parts of a mask within sequences, by purpose. */
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
  /** Sizes; `scalar` for a single size without an axis. */
  | { kind: 'sizes'; items: readonly Size[]; scalar: boolean }
  | { kind: 'zeros'; shape: readonly Size[] | null }
  /** `floats`: they may be numbers of one feature instead. */
  | { kind: 'ids'; axes: readonly Axis[]; input: string; floats?: true }
  | SequenceValue
  /** Final states of several layers and directions, stacked as in PyTorch. */
  | { kind: 'stack'; items: readonly IrNode[]; groups: readonly number[]; rest: readonly Axis[] }
  /** An initial state that is an input of the graph. */
  | { kind: 'state'; name: string }
  /** Lengths (`minus` 0) or indices of the last steps (`minus` 1), one per sequence. */
  | { kind: 'lengths'; minus: number; rank: number }
  /** A permutation of the batch: sorted by length, or 0 … batch − 1. A sorted batch is restored later. */
  | { kind: 'order'; sorted: boolean }
  /** The steps 0 … time − 1. */
  | { kind: 'steps'; rank: number }
  | { kind: 'mask'; what: MaskKind; rank: number }
  /** `value`: the value of masked features; absent for ids. */
  | { kind: 'masking'; what: MaskPart; value?: number }
  | { kind: 'absent' }
  /** `operator`: whether the operator itself is not supported. */
  | { kind: 'refused'; error: UnsupportedError; operator?: true }

/** A fixed size, or the size of a named axis. */
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

/** The size as a number; null if it is dynamic. */
export function getNumber(size: Size): number | null {
  return size.symbols.length ? null : size.factor
}

/** The numbers of a constant, or of sizes that are all fixed; null for anything else. */
export function wholeNumbers(value: Value): number[] | null {
  if (value.kind === 'constant') return [...value.tensor.data]
  if (value.kind !== 'sizes') return null
  const numbers = value.items.map(getNumber)
  return numbers.every((n) => n !== null) ? numbers : null
}

/** Sizes, or a constant of at most one axis as sizes; null for anything else. */
export function asSizes(value: Value): { items: readonly Size[]; scalar: boolean } | null {
  if (value.kind === 'sizes') return value
  if (value.kind !== 'constant' || value.tensor.shape.length > 1) return null
  return { items: [...value.tensor.data].map(buildSize), scalar: value.tensor.shape.length === 0 }
}
