/** Values of options: text from the command line → checked values, or an error that says what was expected. */
import { ENGINE_NAMES } from '../terminal/engineText.ts'
import { MAX_THREADS, type EngineName, type EngineOptions, type Precision, UsageError } from 'latch'

/** Turns an option's text into its value. @throws UsageError naming the option */
export type ValueReader<T> = (text: string) => T

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

export interface NumberRange {
  least?: number
  most?: number
  /** Bounds that the value may not reach. */
  above?: number
  below?: number
}

/** 1, 2, 3 … within a range; from 1 by default. */
export function wholeNumber(flag: string, range: NumberRange = { least: 1 }): ValueReader<number> {
  return (text) => readNumber(flag, text, range, 'a whole number')
}

export function realNumber(flag: string, range: NumberRange): ValueReader<number> {
  return (text) => readNumber(flag, text, range, 'a number')
}

/** A share: 0 or more, below 1. */
export function share(flag: string): ValueReader<number> {
  return realNumber(flag, { least: 0, below: 1 })
}

function readNumber(flag: string, text: string, range: NumberRange, kind: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN
  const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = range
  const inside = value >= least && value <= most && value > above && value < below
  const whole = kind === 'a number' || Number.isSafeInteger(value)
  if (inside && whole && Number.isFinite(value)) return value
  throw wrongValue(flag, `${kind}${inWords(range)}`, text)
}

function inWords({ least, most, above, below }: NumberRange): string {
  const parts = [
    least !== undefined && `from ${least}`,
    above !== undefined && `above ${above}`,
    most !== undefined && `to ${most}`,
    below !== undefined && `${least === undefined && above === undefined ? '' : 'and '}below ${below}`,
  ]
  return parts.map((part) => (part ? ` ${part}` : '')).join('')
}

/** A number where the text is one, else the text itself: for options that take either. */
export function numberOrText(flag: string, range: NumberRange): ValueReader<number | string> {
  const read = realNumber(flag, range)
  return (text) => (DECIMAL.test(text) ? read(text) : text)
}

/** One of some names. */
export function oneOf<const T extends string>(flag: string, names: readonly T[]): ValueReader<T> {
  return (text) => {
    if (names.includes(text as T)) return text as T
    throw wrongValue(flag, `one of ${names.join(', ')}`, text)
  }
}

/** A name with a number behind a colon where it takes one: `step:10`. */
export type NamedNumbers = Record<string, number>

/** `a=0.1,b=0.2`: numbers by name; `names` are those allowed, or any. */
export function numbersByName(
  flag: string,
  range: NumberRange,
  names?: readonly string[],
): ValueReader<NamedNumbers> {
  const kind = `NAME=NUMBER pairs with commas between${names ? ` (names: ${names.join(', ')})` : ''}`
  return (text) => {
    const out: NamedNumbers = Object.create(null) as NamedNumbers
    for (const part of text.split(',')) {
      const at = part.lastIndexOf('=')
      const name = part.slice(0, at).trim()
      if (at < 1 || (names && !names.includes(name))) throw wrongValue(flag, kind, part || text)
      out[name] = realNumber(`${flag} ${name}`, range)(part.slice(at + 1).trim())
    }
    return { ...out }
  }
}

/** The error of an option's value. */
export function wrongValue(flag: string, expected: string, got: string, remedy?: string): UsageError {
  return new UsageError({ where: flag, expected, got: got === '' ? 'nothing' : `"${got}"`, remedy })
}

/** Every option that was typed by hand, by its long flag. */
export function typedFlags(command: {
  options: readonly { attributeName(): string; long?: string | undefined }[]
  getOptionValueSource(name: string): string | undefined
}): string[] {
  const typed = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  )
  return [...new Set(typed.map((option) => option.long ?? ''))]
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** `--format`, the same wherever a table is read: `.option(...formatOption)`. */
export const formatOption = [
  '--format <name>',
  'csv, tsv or jsonl (by the name or the first line)',
  oneOf('--format', ['csv', 'tsv', 'jsonl']),
] as const

/** Which engine computes, on how many threads: the same wherever a model computes. */
export const engineOption = [
  '--engine <name>',
  'relaxed, simd or reference (the fastest of this machine)',
  oneOf('--engine', ENGINE_NAMES),
] as const
export const reproducibleOption = [
  '--reproducible',
  'take the engine whose results are the same bits on every machine (simd)',
] as const
export const threadsOption = [
  '--threads <n>',
  'threads that share large work; no bit depends on it (one a core, at most 8)',
  wholeNumber('--threads', { least: 1, most: MAX_THREADS }),
] as const

export interface EngineFlags {
  engine?: EngineName
  reproducible?: true
  threads?: number
  precision?: Precision
}

/** What was typed about the engine, in the library's words. @throws UsageError for choices that exclude each other */
export function engineOptions({ engine, reproducible, threads, precision }: EngineFlags): EngineOptions {
  if (reproducible && engine === 'relaxed') {
    const remedy = 'Leave --engine out: --reproducible chooses it.'
    throw wrongValue('--reproducible with --engine', 'simd or reference', engine, remedy)
  }
  if (precision === 'float64' && engine !== undefined && engine !== 'reference') {
    throw wrongValue('--precision float64 with --engine', 'reference', engine)
  }
  const given = { engine, reproducible, threads, precision }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
