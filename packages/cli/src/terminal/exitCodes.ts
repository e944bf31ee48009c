/** What the process answers to whoever started it, and how an error becomes an answer. */
import { CommanderError } from '@commander-js/extra-typings'
import { formatError, LatchError, UsageError } from 'latch'
import { fixesAsFlags, type Typed } from '../options/fixes.ts'
import type { Output } from './output.ts'

export const EXIT_DONE = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
/** As shells count: 128 and the signal's number. */
export const EXIT_INTERRUPTED = 130
export const EXIT_TERMINATED = 143

/** Shown at the end of `latch --help`. */
export const EXIT_CODES_HELP = `Exit codes: ${EXIT_DONE} done, ${EXIT_FAILED} failed, ${EXIT_USAGE} wrong usage, ${EXIT_INTERRUPTED} interrupted (Ctrl-C)`

/** Of a program that has no commands. */
const NOT_TYPED: Typed = { command: '', flags: new Map() }

/**
 * Tells an error in one or two lines (or, for a bug, with its stack) and gives the exit code.
 * @param typed the command that failed, and the flags of all
 */
export function reportError(error: unknown, output: Output, typed: Typed = NOT_TYPED): number {
  if (error instanceof CommanderError) return reportUsage(error, output)
  if (error instanceof LatchError) {
    const { problem, remedy } = describeError(error, typed)
    output.failure(problem, remedy)
    output.event({
      event: 'error',
      message: remedy ? `${problem}. ${remedy}` : problem,
      where: error.where,
      fixes: error.fixes,
    })
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  }
  const cause = error instanceof Error ? error : new Error(String(error))
  output.failure('something went wrong inside latch itself.', 'Please report it with the lines below:')
  output.complain(cause.stack ?? cause.message)
  output.event({ event: 'error', message: cause.message, where: 'latch' })
  return EXIT_FAILED
}

/** What is wrong, and what to do about it: the remedy, then each option as a flag. */
export function describeError(
  error: LatchError,
  typed: Typed,
): { problem: string; remedy: string | undefined } {
  const { where, expected, got, remedy, fixes } = error
  const sentences = [remedy, ...fixesAsFlags(fixes, typed)].filter((sentence) => sentence !== undefined)
  return {
    problem: formatError({ where, expected, got, remedy: undefined, fixes: [] }),
    remedy: sentences.length > 0 ? sentences.join(' ') : undefined,
  }
}

/** The command line parser has told its errors to people already. */
function reportUsage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0) return EXIT_DONE
  const message =
    error.code === 'commander.help' ? 'expected a command' : error.message.replace(/^error: /, '')
  output.event({ event: 'error', message: message.replace(/\s*\n\s*/g, ' '), where: 'command line' })
  return EXIT_USAGE
}
