/** Formats numbers: fractions, counts, times, gradients. */

const grouped = new Intl.NumberFormat('en-US')

/** A number limited to a range. */
export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most))
}

/** 0.8842 → `88.4%`. */
export function percent(fraction: number | null | undefined, digits = 1): string {
  return fraction === null || fraction === undefined || Number.isNaN(fraction)
    ? '–'
    : `${(fraction * 100).toFixed(digits)}%`
}

/** 0.031 → `3.1 points`, the difference of two fractions. */
export function points(difference: number): string {
  const size = Math.abs(difference * 100).toFixed(1)
  return `${size} ${size === '1.0' ? 'point' : 'points'}`
}

/** 12345 → `12,345`. */
export function count(value: number): string {
  return grouped.format(Math.round(value))
}

/** `1 row`, `2,000 rows`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** A loss with three decimals, or `–`. */
export function loss(value: number | null | undefined): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(3)
}

/** A duration in seconds: `0.42 s`, `12.3 s`, `2:05 min`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${clock(seconds)} min`
}

/** Seconds as a clock: `0:07`, `2:05`, `1:02:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  const short = `${minutes}:${two(whole % 60)}`
  return minutes < 60 ? short : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

/** Two significant digits: `0.32`, `3.2e-4`. */
export function brief(value: number): string {
  if (value === 0) return '0'
  return value >= 0.01 && value < 100 ? value.toPrecision(2) : value.toExponential(1)
}

/** An output of a model with four significant digits: `0.1234`, `-12.35`, `1.2e-7`. */
export function outputNumber(number: number): string {
  const size = Math.abs(number)
  if (number === 0 || (size >= 1e-4 && size < 1e6)) return String(Number(number.toPrecision(4)))
  return number.toExponential(1)
}

/** All digits of a 32-bit number: the shortest decimal that gives it back. */
export function exactNumber(number: number): string {
  const wanted = Math.fround(number)
  if (!Number.isFinite(wanted)) return String(number)
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(wanted.toPrecision(digits))
    if (Math.fround(short) === wanted) return String(short)
  }
  return String(Number(wanted.toPrecision(9)))
}

/** `3.5 kB`, `12 MB`. */
export function formatSize(bytes: number): string {
  const [size, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB']
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`
}
