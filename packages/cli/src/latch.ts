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

function program(output: Output): CommandUnknownOpts {
  const latch = new Command('latch')
    .description('Train, evaluate, inspect and convert recurrent neural networks.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error:/, output.errorColors.red('error:'))),
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

async function main(args: string[]): Promise<void> {
  const end = args.indexOf('--')
  const flags = new Set(end < 0 ? args : args.slice(0, end))
  const output = new Output({ json: flags.has('--json'), quiet: flags.has('--quiet') || flags.has('-q') })
  const latch = program(output)
  try {
    await latch.parseAsync(args, { from: 'user' })
  } catch (error) {
    const command = latch.commands.find((one) => one.name() === args[0]) ?? latch
    process.exitCode = reportError(error, output, getTyped(command))
  }
}

await main(process.argv.slice(2))
