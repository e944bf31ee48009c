/**
 * The errors Latch throws on purpose. Each message reads
 * `where: expected X, got Y. Remedy.`, and each class carries the same facts as data.
 */

/** An option that solves the problem. Each surface (library, command line, studio, HTTP) renders it in its own words. */
export interface Fix {
  /** The option's name in the library: `until`, `config.order`. */
  readonly option: string
  /** A value that works, where there is one. */
  readonly value?: unknown
  /** What the option does here, as an infinitive: `read the layers before it`. */
  readonly to?: string
}

/** What every Latch error says. */
export interface ErrorFacts {
  /** Where it happened: a function, option, file with line or byte. */
  where: string
  expected: string
  got: string
  /** What to do, where no option solves it: full sentences that name no option. */
  remedy?: string
  /** Options that solve it, the best first. */
  fix?: Fix | readonly Fix[]
}

/** Base of every deliberate Latch error; `instanceof LatchError` distinguishes user mistakes from bugs. */
export class LatchError extends Error {
  /** Written out, because bundlers shorten the names of classes. */
  override name = 'LatchError'
  readonly where: string
  readonly expected: string
  readonly got: string
  readonly remedy: string | undefined
  readonly fixes: readonly Fix[]
  /** The input (from 0) at fault, of many. */
  declare row?: number

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    const fixes = [facts.fix ?? []].flat() as Fix[]
    super(formatError({ ...facts, fixes }), options)
    this.where = facts.where
    this.expected = facts.expected
    this.got = facts.got
    this.remedy = facts.remedy
    this.fixes = fixes
  }
}

/**
 * The message of an error: `where: expected X, got Y. Remedy.`
 * @param renderFix one option as a full sentence; by default as a program passes it
 */
export function formatError(
  error: Pick<LatchError, 'where' | 'expected' | 'got' | 'fixes'> & { readonly remedy?: string },
  renderFix: (fix: Fix) => string = fixInProgram,
): string {
  const sentences = [error.remedy, ...error.fixes.map(renderFix)].filter(Boolean)
  const facts = `${error.where}: expected ${error.expected}, got ${error.got}`
  return sentences.length > 0 ? `${facts}. ${sentences.join(' ')}` : facts
}

/** `Pass until: 'gru_3' to read the layers before it.` */
export function fixInProgram({ option, value, to }: Fix): string {
  const given = value === undefined ? `\`${option}\`` : `\`${option}: ${JSON.stringify(value)}\``
  return `Pass ${given}${to ? ` to ${to}` : ''}.`
}

/** An error on one of many inputs, with its row (from 0) as data and in its message. */
export function atRow(thrown: unknown, row: number, place = `row ${row}, `): unknown {
  const error = thrown as { row: number; where: string; message: string }
  error.row = row
  error.where = place + error.where
  error.message = place + error.message
  return error
}

/** Dimensions that do not fit each other. */
export class ShapeError extends LatchError {
  override name = 'ShapeError'
}

/** A table, row, column, label or text that cannot be used. */
export class DataError extends LatchError {
  override name = 'DataError'
}

/** A file whose bytes are not what its format promises. */
export class FormatError extends LatchError {
  override name = 'FormatError'
}

/** An option outside its range, or a call out of order. */
export class UsageError extends LatchError {
  override name = 'UsageError'
}

/** Something valid that Latch does not do. */
export class UnsupportedError extends LatchError {
  override name = 'UnsupportedError'
}

/** An engine that ran out of its address space or could not get memory. */
export class MemoryError extends LatchError {
  override name = 'MemoryError'
}

/** A thread that was lost at work: what it was computing is lost with it. */
export class WorkerError extends LatchError {
  override name = 'WorkerError'
}

/** Training that left the finite numbers: carries the step and what was kept. */
export class DivergenceError extends LatchError {
  override name = 'DivergenceError'
  readonly epoch: number
  readonly step: number

  constructor(facts: ErrorFacts & { epoch: number; step: number }) {
    super(facts)
    this.epoch = facts.epoch
    this.step = facts.step
  }
}
