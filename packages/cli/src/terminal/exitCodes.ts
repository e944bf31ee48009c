/** What the process answers to whoever started it, and how an error becomes an answer. */
import { CommanderError } from '@commander-js/extra-typings'
import { LatchError, UsageError } from 'latch'
import { inFlags, namesImportFlags } from '../options/flagWords.ts'
import type { Output } from './output.ts'

export const EXIT_DONE = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
/** As shells count: 128 and the signal's number. */
export const EXIT_INTERRUPTED = 130
export const EXIT_TERMINATED = 143

/** Shown at the end of `latch --help`. */
export const EXIT_CODES_HELP = `Exit codes: ${EXIT_DONE} done, ${EXIT_FAILED} failed, ${EXIT_USAGE} wrong usage, ${EXIT_INTERRUPTED} interrupted (Ctrl-C)`

/**
 * Tells an error in one or two lines (or, for a bug, with its stack) and gives the exit code.
 * @param command the one that failed: only `import` and `info` take what files of other formats cannot say
 */
export function reportError(error: unknown, output: Output, command = ''): number {
  if (error instanceof CommanderError) return reportUsage(error, output)
  if (error instanceof LatchError) {
    const [where, expected, got] = [error.where, error.expected, error.got].map(inFlags)
    const problem = `${where}: expected ${expected}, got ${got}`
    const remedy = error.remedy === undefined ? undefined : remedyOf(inFlags(error.remedy), command)
    output.failure(problem, remedy)
    output.event({ event: 'error', message: remedy ? `${problem}. ${remedy}` : problem, where })
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  }
  const cause = error instanceof Error ? error : new Error(String(error))
  output.failure('something went wrong inside latch itself.', 'Please report it with the lines below:')
  output.complain(cause.stack ?? cause.message)
  output.event({ event: 'error', message: cause.message, where: 'latch' })
  return EXIT_FAILED
}

function remedyOf(remedy: string, command: string): string {
  if (!namesImportFlags(remedy) || !READS_MODELS.includes(command)) return remedy
  return `${remedy} That is a flag of latch import; latch ${command} takes the model it saves.`
}

/** Commands that open a model of any format as it is. */
const READS_MODELS = ['predict', 'inspect', 'studio', 'export', 'evaluate']

/** The command line parser has told its errors to people already. */
function reportUsage(error: CommanderError, output: Output): number {
  if (error.exitCode === 0) return EXIT_DONE
  const message =
    error.code === 'commander.help' ? 'expected a command' : error.message.replace(/^error: /, '')
  output.event({ event: 'error', message: message.replace(/\s*\n\s*/g, ' '), where: 'command line' })
  return EXIT_USAGE
}
