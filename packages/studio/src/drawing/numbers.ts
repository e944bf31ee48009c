/** Formats numbers: few digits, a true minus sign. */
const MINUS = '\u2212'

/** Up to `digits` significant digits; very small and very large numbers with a power of ten. */
export function short(value: number, digits = 3): string {
  if (Number.isNaN(value)) return 'not a number'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`
  if (value === 0) return '0'
  const size = Math.abs(value)
  const text = size >= 1e5 || size < 1e-3 ? power(value, digits) : trimmed(value.toPrecision(digits))
  return text.replaceAll('-', MINUS)
}

/** A fixed number of decimals, for columns. */
export function fixed(value: number, decimals = 3): string {
  return value.toFixed(decimals).replace('-', MINUS)
}

/** All digits of the number. */
export function full(value: number): string {
  return String(value).replaceAll('-', MINUS)
}

export function percent(fraction: number, decimals = 0): string {
  return `${(fraction * 100).toFixed(decimals).replace('-', MINUS)} %`
}

export function count(value: number): string {
  return value.toLocaleString('en')
}

export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? '' : 's'}`
}

function trimmed(text: string): string {
  // toPrecision writes 12345 as 1.23e+4: here it is plain digits.
  if (text.includes('e')) return String(Number(text))
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

function power(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e')
  return `${trimmed(mantissa)}·10${superscript(exponent.replace('+', ''))}`
}

function superscript(text: string): string {
  const small: Record<string, string> = {
    '-': '⁻',
    0: '⁰',
    1: '¹',
    2: '²',
    3: '³',
    4: '⁴',
    5: '⁵',
    6: '⁶',
    7: '⁷',
    8: '⁸',
    9: '⁹',
  }
  return Array.from(text, (c) => small[c] ?? c).join('')
}
