#!/usr/bin/env node
/** The command line: parses the arguments, runs one command, and turns every error into a message and an exit code. */
import { Command } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { compareCommand } from './commands/compare.ts'
import { completionCommand } from './commands/completion.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { EXIT_CODES_HELP, reportError } from './terminal/exitCodes.ts'
import { exportCommand } from './commands/export.ts'
import { didYouMean, getTyped, type Typed } from './options/fixes.ts'
import { importCommand } from './commands/import.ts'
import { infoCommand } from './commands/info.ts'
import { inspectCommand } from './commands/inspect.ts'
import { UsageError } from 'latch'
import { Output } from './terminal/output.ts'
import { helpSettings, helpWidth, wrapHelp } from './terminal/helpText.ts'
import { predictCommand } from './commands/predict.ts'
import { studioCommand } from './commands/studio.ts'
import { trainCommand } from './commands/train.ts'
import { version } from './terminal/version.ts'

const EXAMPLES = `
${EXIT_CODES_HELP}.

Examples:
  $ latch train comments.csv --text comment --label sentiment
  $ latch predict model.safetensors "you are not good"
  $ latch inspect model.safetensors "you are not good"
  $ latch studio model.safetensors
  $ latch compare comments.csv --text comment --label sentiment
  $ latch import model.h5 --out model.safetensors
  $ latch export model.safetensors --to onnx
Run latch <command> --help for the options of a command.`

/** Commands whose arguments are texts. */
const READ_TEXTS = new Set(['predict', 'inspect'])

function program(output: Output, command: string | undefined): CommandUnknownOpts {
  const latch = new Command('latch')
    .description('Train, evaluate, inspect and convert recurrent neural networks.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({
      ...output.forParser,
      getOutHelpWidth: () => helpWidth(output.width),
      getErrHelpWidth: () => helpWidth(output.errorIsTerminal ? output.errorWidth : output.width),
      outputError(text, write) {
        const isText = READ_TEXTS.has(command ?? '')
        const remedies = [
          didYouMean(text, typedBy(latch, command)),
          isText && text.includes('unknown option') ? DASH_REMEDY : undefined,
          text.includes('too many arguments') ? (isText ? QUOTE_TEXT : QUOTE_SPACES) : undefined,
        ]
        const lines = remedies.filter((line) => line !== undefined).map((line) => `${line}\n`)
        write(text.replace(/^error:/, output.errorColors.red('error:')) + lines.join(''))
      },
    })
    .configureHelp(helpSettings)
    .showHelpAfterError('(run with --help for usage)')
    .showSuggestionAfterError(false)
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
  const makers = [
    trainCommand,
    evaluateCommand,
    predictCommand,
    inspectCommand,
    studioCommand,
    compareCommand,
    importCommand,
    exportCommand,
    infoCommand,
    completionCommand,
  ]
  for (const make of makers) latch.addCommand(make(output).copyInheritedSettings(latch) as CommandUnknownOpts)
  return latch
}

/** The command that was named, else the program. */
function typedBy(latch: CommandUnknownOpts, name: string | undefined): Typed {
  return getTyped(latch.commands.find((one) => one.name() === name) ?? latch)
}

const QUOTE_TEXT = 'Quote a text of several words, as in: latch inspect MODEL "I love you".'
const QUOTE_SPACES = '(an argument with spaces goes in quotes)'
const DASH_REMEDY =
  'A text that begins with a dash goes after --, as in: latch predict MODEL -- "-5 degrees".'

/**
 * A text that begins with a dash would be read as options, perhaps as `-h`.
 * @throws UsageError naming it
 */
function assertNoDashedText(args: readonly string[], latch: CommandUnknownOpts): void {
  const command = latch.commands.find((one) => one.name() === args[0])
  if (!command || !READ_TEXTS.has(args[0])) return
  const flags = getTyped(command).flags.get(args[0])!
  const text = args.find((arg, i) => /^-[^-].*\s/s.test(arg) && !flags.get(args[i - 1]))
  if (text === undefined) return
  throw new UsageError({
    where: args[0],
    expected: 'an option',
    got: JSON.stringify(text),
    remedy: DASH_REMEDY,
  })
}

/** `latch help NAME` of a name that is not a command would print the help of the program. */
function assertHelpTopic([command, topic]: readonly string[], latch: CommandUnknownOpts): void {
  if (command !== 'help' || topic === undefined || topic.startsWith('-')) return
  if (latch.commands.some((one) => one.name() === topic)) return
  latch.error(`error: unknown command '${topic}'`, { code: 'commander.unknownCommand', exitCode: 2 })
}

async function main(args: string[]): Promise<void> {
  const end = args.indexOf('--')
  const options = end < 0 ? args : args.slice(0, end)
  const flags = new Set(options)
  const output = new Output({ json: flags.has('--json'), quiet: flags.has('--quiet') || flags.has('-q') })
  const latch = program(output, args[0])
  const report = (error: unknown): number => reportError(error, output, typedBy(latch, args[0]))
  // Node would print an error outside the command as it is.
  process.on('uncaughtException', (error) => process.exit(report(error)))
  try {
    assertNoDashedText(options, latch)
    assertHelpTopic(args, latch)
    await latch.parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
}

await main(process.argv.slice(2))
