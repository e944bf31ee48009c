/** What an optimizer is: its options, its states, and how one update changes a range of the weights. */
import type { Visit } from '../../tensors/regions.ts'
import { UsageError } from '../../core/errors.ts'

/** Reads an option and fills in its default. @throws UsageError that names it */
export type OptionReader<Value> = (where: string, value: unknown) => Value

/** A reader for each option. */
export type OptionReaders<Options> = {
  readonly [Name in Exclude<keyof Options, 'type'>]-?: OptionReader<NonNullable<Options[Name]>>
}

type FloatArray = Float32Array | Float64Array

/** One update: its number, its rate, and where weights, gradients and states lie. */
export interface Step {
  /** Counts updates from 1. */
  readonly number: number
  readonly rate: number
  /** Factor of every gradient. */
  readonly scale: number
  /** Addresses of the regions. */
  readonly weights: number
  readonly gradients: number
  readonly states: readonly number[]
  /** The regions as arrays of one length. */
  arrays(): { weights: FloatArray; gradients: FloatArray; states: readonly FloatArray[] }
}

/** A kernel call for a range that any thread may make, or a loop over elements `from` to `to` − 1 on the calling one. */
export type Update = { kernel: Visit } | { loop: (from: number, to: number) => void }

/** An optimizer as data. */
export interface OptimizerDefinition<Options extends { type: string }> {
  /** Default of the learning rate. */
  readonly learningRate: number
  readonly options: OptionReaders<Options>
  /** What single options do not show. @throws UsageError */
  check?(options: Required<Options>): void
  /** Names of its states, each one number a weight. */
  states(options: Required<Options>): readonly string[]
  /** What the states hold before the first update. Default 0. */
  initial?(options: Required<Options>): number
  /** Must treat each element by itself. */
  update(options: Required<Options>, step: Step): Update
}

/** A number from `low` to below `below`. */
export function number(fallback: number, low = 0, below = Infinity): OptionReader<number> {
  return (where, value = fallback) => {
    if (typeof value === 'number' && value >= low && value < below) return value
    const expected =
      below === Infinity ? `a number, ${low} or more` : `a number from ${low} to below ${below}`
    return throwInvalid(where, expected, String(value))
  }
}

/** True or false; default false. */
export const flag: OptionReader<boolean> = (where, value = false) =>
  typeof value === 'boolean' ? value : throwInvalid(where, 'true or false', String(value))

export function throwInvalid(where: string, expected: string, got: string): never {
  throw new UsageError({ where, expected, got })
}
