#!/usr/bin/env node
/** The command line: parses the arguments, runs one command, and turns every error into a message and an exit code. */
import { Command } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { compareCommand } from './commands/compare.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { EXIT_CODES_HELP, reportError } from './terminal/exitCodes.ts'
import { exportCommand } from './commands/export.ts'
import { getTyped } from './options/fixes.ts'
import { importCommand } from './commands/import.ts'
import { infoCommand } from './commands/info.ts'
import { inspectCommand } from './commands/inspect.ts'
import { UsageError } from 'latch'
import { Output } from './terminal/output.ts'
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
      outputError(text, write) {
        const remedy =
          READ_TEXTS.has(command ?? '') && text.includes('unknown option') ? `${DASH_REMEDY}\n` : ''
        write(text.replace(/^error:/, output.errorColors.red('error:')) + remedy)
      },
    })
    .showHelpAfterError('(run with --help for usage)')
    .addHelpText('after', EXAMPLES)
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
  ]
  for (const make of makers) latch.addCommand(make(output).copyInheritedSettings(latch) as CommandUnknownOpts)
  return latch
}

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

async function main(args: string[]): Promise<void> {
  const end = args.indexOf('--')
  const options = end < 0 ? args : args.slice(0, end)
  const flags = new Set(options)
  const output = new Output({ json: flags.has('--json'), quiet: flags.has('--quiet') || flags.has('-q') })
  const latch = program(output, args[0])
  const report = (error: unknown): number => {
    const command = latch.commands.find((one) => one.name() === args[0]) ?? latch
    return reportError(error, output, getTyped(command))
  }
  // Node would print an error outside the command as it is.
  process.on('uncaughtException', (error) => process.exit(report(error)))
  try {
    assertNoDashedText(options, latch)
    await latch.parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
}

await main(process.argv.slice(2))
