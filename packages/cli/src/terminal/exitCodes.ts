/** Exit codes, and how errors are reported. */
import { CommanderError } from '@commander-js/extra-typings'
import { formatError, LatchError, UsageError } from 'latch'
import { didYouMean, fixesAsFlags, placeAsFlag, remedyAsFlags, type Typed } from '../options/fixes.ts'
import type { Output } from './output.ts'

export const EXIT_DONE = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
/** As in shells: 128 plus the number of the signal. */
export const EXIT_HUNG_UP = 129
export const EXIT_INTERRUPTED = 130
export const EXIT_TERMINATED = 143

/** Shown at the end of `latch --help`. */
export const EXIT_CODES_HELP = `Exit codes: ${EXIT_DONE} success, ${EXIT_FAILED} failure, ${EXIT_USAGE} invalid usage, ${EXIT_INTERRUPTED} interrupted (Ctrl-C)`

/** For a program without commands. */
const NOT_TYPED: Typed = { command: '', flags: new Map() }

/**
 * Prints an error in one or two lines (or, for a bug, with its stack). @returns the exit code
 * @param typed the command that failed, and the flags of all
 */
export function reportError(error: unknown, output: Output, typed: Typed = NOT_TYPED): number {
  if (error instanceof CommanderError) return reportUsage(error, output, typed)
  if (error instanceof LatchError) {
    const { problem, remedy } = describeError(error, typed)
    output.error(problem, remedy)
    output.emit({
      event: 'error',
      message: remedy ? `${problem}. ${remedy}` : problem,
      where: error.where,
      fixes: error.fixes,
    })
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  }
  const cause = error instanceof Error ? error : new Error(String(error))
  output.error('internal error in latch.', 'Please report it with the lines below:')
  output.log(cause.stack ?? cause.message)
  output.emit({ event: 'error', message: cause.message, where: 'latch', fixes: [] })
  return EXIT_FAILED
}

/** The problem, and its remedy: a sentence, then each option as a flag. */
export function describeError(
  error: LatchError,
  typed: Typed,
): { problem: string; remedy: string | undefined } {
  const { where, expected, got, remedy, fixes } = error
  const inWords = remedy && remedyAsFlags(remedy, typed)
  const sentences = [inWords, ...fixesAsFlags(fixes, typed)].filter(Boolean)
  return {
    problem: formatError({ where: placeAsFlag(where, typed), expected, got, remedy: undefined, fixes: [] }),
    remedy: sentences.length > 0 ? sentences.join(' ') : undefined,
  }
}

/** The command line parser has already printed its error. */
function reportUsage(error: CommanderError, output: Output, typed: Typed): number {
  if (error.exitCode === 0) return EXIT_DONE
  const problem =
    error.code === 'commander.help' ? 'expected a command' : error.message.replace(/^error: /, '')
  const message = [problem, didYouMean(problem, typed)].filter((part) => part !== undefined).join(' ')
  output.emit({
    event: 'error',
    message: message.replace(/\s*\n\s*/g, ' '),
    where: 'command line',
    fixes: [],
  })
  return EXIT_USAGE
}
