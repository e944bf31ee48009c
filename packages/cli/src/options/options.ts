/** Parsers of option values. */
import { ENGINE_NAMES } from '../terminal/engineText.ts'
import { MAX_THREADS, type EngineName, type EngineOptions, type Precision, UsageError } from 'latch'

/** Parses the text of an option. @throws UsageError naming the option */
export type OptionParser<T> = (text: string) => T

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

export interface NumberRange {
  least?: number
  most?: number
  /** Exclusive bounds. */
  above?: number
  below?: number
}

/** A whole number in a range; by default at least 1. */
export function wholeNumber(flag: string, range: NumberRange = { least: 1 }): OptionParser<number> {
  return (text) => parseNumber(flag, text, range, 'a whole number')
}

export function realNumber(flag: string, range: NumberRange): OptionParser<number> {
  return (text) => parseNumber(flag, text, range, 'a number')
}

/** A fraction: at least 0, below 1. */
export function fraction(flag: string): OptionParser<number> {
  return realNumber(flag, { least: 0, below: 1 })
}

function parseNumber(flag: string, text: string, range: NumberRange, kind: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN
  const { least = -Infinity, most = Infinity, above = -Infinity, below = Infinity } = range
  const inside = value >= least && value <= most && value > above && value < below
  const whole = kind === 'a number' || Number.isSafeInteger(value)
  if (inside && whole && Number.isFinite(value)) return value
  throw invalidValue(flag, `${kind}${describeRange(range)}`, text)
}

function describeRange({ least, most, above, below }: NumberRange): string {
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`
  const parts = [
    least !== undefined ? `of at least ${least}` : '',
    above !== undefined ? `above ${above}` : '',
    most !== undefined ? `of at most ${most}` : '',
    below !== undefined ? `below ${below}` : '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`
}

/** A number if the text is one, else the text itself. */
export function numberOrText(flag: string, range: NumberRange): OptionParser<number | string> {
  const read = realNumber(flag, range)
  return (text) => (DECIMAL.test(text) ? read(text) : text)
}

/** One of some names. */
export function oneOf<const T extends string>(flag: string, names: readonly T[]): OptionParser<T> {
  return (text) => {
    if (names.includes(text as T)) return text as T
    throw invalidValue(flag, `one of ${names.join(', ')}`, text)
  }
}

/** Numbers by name. */
export type NamedNumbers = Record<string, number>

/** Parses `a=0.1,b=0.2`. `names` are those allowed; default any. */
export function numbersByName(
  flag: string,
  range: NumberRange,
  names?: readonly string[],
): OptionParser<NamedNumbers> {
  const kind = `comma-separated NAME=NUMBER pairs${names ? ` (names: ${names.join(', ')})` : ''}`
  return (text) => {
    const out: NamedNumbers = Object.create(null) as NamedNumbers
    for (const part of text.split(',')) {
      const at = part.lastIndexOf('=')
      const name = part.slice(0, at).trim()
      if (at < 1 || (names && !names.includes(name))) throw invalidValue(flag, kind, part || text)
      out[name] = realNumber(`${flag} ${name}`, range)(part.slice(at + 1).trim())
    }
    return { ...out }
  }
}

/** The error for an invalid value of an option. */
export function invalidValue(flag: string, expected: string, got: string, remedy?: string): UsageError {
  return new UsageError({ where: flag, expected, got: got === '' ? 'nothing' : `"${got}"`, remedy })
}

/** The long flags of all options given on the command line. */
export function typedFlags(command: {
  options: readonly { attributeName(): string; long?: string | undefined }[]
  getOptionValueSource(name: string): string | undefined
}): string[] {
  const typed = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  )
  return [...new Set(typed.map((option) => option.long ?? ''))]
}

/** A word quoted for a shell where needed. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** `--format` of every command that reads a table: `.option(...formatOption)`. */
export const formatOption = [
  '--format <name>',
  'csv, tsv or jsonl (default: by file name or first line)',
  oneOf('--format', ['csv', 'tsv', 'jsonl']),
] as const

/** Engine and threads: the same options for every command that runs a model. */
export const engineOption = [
  '--engine <name>',
  'relaxed, simd or reference (default: the fastest on this machine)',
  oneOf('--engine', ENGINE_NAMES),
] as const
export const reproducibleOption = [
  '--reproducible',
  'use the engine whose results are bit-identical on every machine (simd)',
] as const
export const threadsOption = [
  '--threads <n>',
  'number of threads; does not affect results (default: one per core, at most 8)',
  wholeNumber('--threads', { least: 1, most: MAX_THREADS }),
] as const

export interface EngineFlags {
  engine?: EngineName
  reproducible?: true
  threads?: number
  precision?: Precision
}

/** The engine options of the library. @throws UsageError for options that exclude each other */
export function engineOptions({ engine, reproducible, threads, precision }: EngineFlags): EngineOptions {
  if (reproducible && engine === 'relaxed') {
    const remedy = 'Omit `--engine`: `--reproducible` selects it.'
    throw invalidValue('--reproducible with --engine', 'simd or reference', engine, remedy)
  }
  if (precision === 'float64' && engine !== undefined && engine !== 'reference') {
    throw invalidValue('--precision float64 with --engine', 'reference', engine)
  }
  const given = { engine, reproducible, threads, precision }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
