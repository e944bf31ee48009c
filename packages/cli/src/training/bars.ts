/** Bars of block characters: an eighth of a column is the smallest step. */
import { clamp } from '../terminal/numbers.ts'

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const HEIGHTS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A horizontal bar of `width` columns, filled to a fraction in 0..1; the rest is `background`. */
export function bar(fraction: number, width: number, background = '·'): string {
  const eighths = Math.round(clampFraction(fraction) * width * 8)
  const full = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
  return full + background.repeat(width - Math.ceil(eighths / 8))
}

/** A vertical bar, one column wide. */
export function spark(fraction: number): string {
  return HEIGHTS[Math.round(clampFraction(fraction) * (HEIGHTS.length - 1))]
}

/** A logarithmic scale over at most six decades below the largest value. */
export interface LogScale {
  least: number
  most: number
  /** In 0..1. */
  fraction(value: number): number
}

/** Spans the positive values; without any, every fraction is 0. */
export function logScale(values: readonly number[]): LogScale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value))
  const most = positive.reduce((a, b) => Math.max(a, b), 0)
  const smallest = positive.reduce((a, b) => Math.min(a, b), most)
  // At least one decade, so that equal values are not drawn as a difference.
  const least = Math.min(Math.max(smallest, most / 1e6), most / 10)
  const fraction = (value: number): number =>
    value <= least || most === 0 ? 0 : Math.log(value / least) / Math.log(most / least)
  return { least, most, fraction }
}

/** A fraction in 0..1; 0 for NaN. */
function clampFraction(fraction: number): number {
  return Number.isNaN(fraction) ? 0 : clamp(fraction, 0, 1)
}
