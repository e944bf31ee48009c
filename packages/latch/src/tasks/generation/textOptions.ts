/** The options that sampling and beam search share. */
import { UsageError } from '../../core/errors.ts'

/** Where a text begins and ends. */
export interface TextOptions {
  /** The text to go on from. Needed by a model without an end token. */
  prime?: string
  /** Maximum number of tokens. Default 200. */
  length?: number
  /** Ends before this text, or before the first of several. */
  stop?: string | readonly string[]
}

/** Fills in the defaults. @throws UsageError naming the option that does not fit */
export function readTextOptions(method: string, options: TextOptions) {
  const { prime = '', length = 200, stop = [] } = options
  const stops = typeof stop === 'string' ? [stop] : stop
  requireOption(method, 'prime', prime, typeof prime === 'string', 'a text')
  requireOption(method, 'length', length, isWhole(length), 'a whole number from 1')
  const isText = Array.isArray(stops) && stops.every((text) => typeof text === 'string' && text !== '')
  requireOption(
    method,
    'stop',
    JSON.stringify(stop),
    isText,
    'a text, or a list of texts, none of them empty',
  )
  return { prime, length, stops }
}

export function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}

/** @throws UsageError naming the method and its option */
export function requireOption(
  method: string,
  name: string,
  value: unknown,
  fits: boolean,
  expected: string,
): void {
  if (!fits) throw new UsageError({ where: `${method} option ${name}`, expected, got: String(value) })
}
