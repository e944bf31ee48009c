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
  return withChoices(names, (text) => {
    if (names.includes(text as T)) return text as T
    throw invalidValue(flag, `one of ${names.join(', ')}`, text)
  })
}

const CHOICES = new WeakMap<object, readonly string[]>()

/** A parser whose values `latch completion` offers. */
function withChoices<T>(names: readonly string[], parser: OptionParser<T>): OptionParser<T> {
  CHOICES.set(parser, names)
  return parser
}

/** Every value that a parser takes; null: any. */
export function choicesOf(parser: object | undefined): readonly string[] | null {
  return (parser && CHOICES.get(parser)) ?? null
}

/** `yes` or `no`. */
export function yesOrNo(flag: string): OptionParser<boolean> {
  const names = ['yes', 'no'] as const
  const read = oneOf(flag, names)
  return withChoices(names, (text) => read(text) === 'yes')
}

/** Numbers by name. */
export type NamedNumbers = Record<string, number>

/**
 * Parses `a=0.1,b=0.2`, or a JSON object of numbers. `names` are those allowed; default any. A name that holds a comma
 * stands in quotes.
 */
export function numbersByName(
  flag: string,
  range: NumberRange,
  names?: readonly string[],
): OptionParser<NamedNumbers> {
  const kind = `comma-separated NAME=NUMBER pairs${names ? ` (names: ${names.join(', ')})` : ''}`
  return (text) => {
    const pairs = pairsOf(flag, text).map(([name, number]) => {
      if (name === '' || (names && !names.includes(name))) {
        const remedy = names ? undefined : QUOTE_COMMAS
        throw invalidValue(flag, kind, number === '' ? text : `${name}=${number}`, remedy)
      }
      return [name, realNumber(`${flag} ${name}`, range)(number)] as const
    })
    return Object.fromEntries(pairs)
  }
}

const QUOTE_COMMAS = `Quote a name that holds a comma, as in '"yes, please"=2,no=1', or pass a JSON object.`

function pairsOf(flag: string, text: string): [name: string, number: string][] {
  if (/^\s*\{/.test(text)) {
    return Object.entries(parseJson(flag, text) as object).map(([name, value]) => [name, String(value)])
  }
  return splitRecord(flag, text).map((item) => {
    const at = item.lastIndexOf('=')
    return at < 1 ? ['', ''] : [unquoted(item.slice(0, at)), item.slice(at + 1).trim()]
  })
}

/**
 * A list of names, as a line of CSV (`yes,"no, thanks"`) or as a JSON array.
 * @throws UsageError for invalid JSON, a quote that never closes, or an empty name
 */
export function namesList(flag: string): OptionParser<string[]> {
  return (text) => {
    const names = /^\s*\[/.test(text)
      ? (parseJson(flag, text) as unknown[])
      : splitRecord(flag, text).map(unquoted)
    const bad = names.find((name) => typeof name !== 'string' || name.trim() === '')
    if (bad === undefined && names.length > 0) return (names as string[]).map((name) => name.trim())
    throw invalidValue(flag, 'comma-separated names, or a JSON array of them', text)
  }
}

/** Names as `namesList` reads them. */
export function formatNames(names: readonly string[]): string {
  return names
    .map((name) => (/[",[]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name))
    .join(',')
}

/** The items of a line of CSV, with their quotes. */
function splitRecord(flag: string, text: string): string[] {
  const items: string[] = []
  const item = /((?:"(?:[^"]|"")*"|[^,"])*)(,|$)/y
  for (let match = item.exec(text); match; match = item.exec(text)) {
    items.push(match[1].trim())
    if (match[2] === '') return items
  }
  throw invalidValue(flag, 'every quote closed', text)
}

function unquoted(item: string): string {
  const quoted = /^"((?:[^"]|"")*)"$/.exec(item.trim())
  return (quoted ? quoted[1].replaceAll('""', '"') : item).trim()
}

/** @throws UsageError for invalid JSON */
export function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const got = (cause as Error).message.slice(0, 120)
    throw new UsageError({ where, expected: 'JSON', got }, { cause })
  }
}

/** A path as an argument: one that begins with a dash would be read as an option. */
export function dashedPath(path: string): string {
  return path.startsWith('-') && path !== '-' ? `./${path}` : path
}

/** An option and its value as one or two words of a shell: a value that begins with a dash is joined by `=`. */
export function shellOption(flag: string, value: string): string {
  return value.startsWith('-') ? shellWord(`${flag}=${value}`) : `${flag} ${shellWord(value)}`
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
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

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
