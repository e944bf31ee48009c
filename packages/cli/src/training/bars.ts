/** Bars of block characters: an eighth of a column is the smallest step. */

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const HEIGHTS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A lying bar of `width` columns, filled to a share of 0..1; the rest is `ground`. */
export function bar(share: number, width: number, ground = '·'): string {
  const eighths = Math.round(clamp(share) * width * 8)
  const full = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
  return full + ground.repeat(width - Math.ceil(eighths / 8))
}

/** A standing bar, one column wide. */
export function spark(share: number): string {
  return HEIGHTS[Math.round(clamp(share) * (HEIGHTS.length - 1))]
}

/** A scale over at most six decades below the largest value: log-scaled share of 0..1. */
export interface LogScale {
  least: number
  most: number
  share(value: number): number
}

/** Spans the positive values; without any, everything is 0. */
export function logScale(values: readonly number[]): LogScale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value))
  const most = positive.reduce((a, b) => Math.max(a, b), 0)
  const smallest = positive.reduce((a, b) => Math.min(a, b), most)
  // At least one decade, so that equal values are not drawn as a difference.
  const least = Math.min(Math.max(smallest, most / 1e6), most / 10)
  const share = (value: number): number =>
    value <= least || most === 0 ? 0 : Math.log(value / least) / Math.log(most / least)
  return { least, most, share }
}

function clamp(share: number): number {
  return Number.isNaN(share) ? 0 : Math.min(1, Math.max(0, share))
}
