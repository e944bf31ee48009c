/** `latch generate`: writes a text with a saved language model, token by token. */
import { Command } from '@commander-js/extra-typings'
import type { GenerateOptions } from 'latch'
import { requireWriter } from '../language/languageModels.ts'
import { openAnyModel, printModelNotes } from '../options/models.ts'
import {
  engineOption,
  engineOptions,
  realNumber,
  reproducibleOption,
  threadsOption,
  wholeNumber,
} from '../options/options.ts'
import { withoutUndefined } from '../training/options.ts'
import { EXIT_INTERRUPTED } from '../terminal/exitCodes.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'

const EXAMPLES = `
Prints the prime and the text that the model writes after it, until a stop text,
the end token, --length tokens or Ctrl-C. The same seed writes the same text; with
--reproducible on every machine.

Examples:
  $ latch generate model.safetensors --prime "The clouds are in the"
  $ latch generate model.safetensors --prime "KING: " --temperature 0.7 --length 500
  $ latch generate model.safetensors --prime "The" --top-k 40 --top-p 0.9 --stop "."
  $ latch generate model.safetensors --prime "The" --seed 7 --json`

export function generateCommand(output: Output) {
  return new Command('generate')
    .summary('write a text with a language model')
    .description('Write a text with a saved language model, token by token.')
    .argument('<model>', 'model file')
    .option('--prime <text>', 'beginning of the text (needed by a model without an end token)')
    .option('--length <n>', 'maximum number of tokens (default: 200)', wholeNumber('--length'))
    .option(
      '--temperature <x>',
      'below 1 prefers likely tokens, 0 takes the likeliest (default: 1)',
      realNumber('--temperature', { least: 0 }),
    )
    .option('--top-k <n>', 'draw among the n likeliest tokens (default: all)', wholeNumber('--top-k'))
    .option(
      '--top-p <p>',
      'draw among the likeliest tokens that together have this probability (default: all)',
      realNumber('--top-p', { above: 0, most: 1 }),
    )
    .option(
      '--repetition-penalty <x>',
      'above 1 makes tokens of the text so far less likely (default: 1)',
      realNumber('--repetition-penalty', { above: 0 }),
    )
    .option('--stop <text>', 'end before this text; may be repeated', collect)
    .option('--seed <n>', 'random seed (default: 1)', wholeNumber('--seed', { least: 0 }))
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option('--json', 'print JSON Lines: { piece } as the text is written, then { prime, text }')
    .option('-q, --quiet', 'hide notes')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, flags) => {
      const opened = await openAnyModel(path, engineOptions(flags))
      const model = requireWriter(opened.model, path)
      printModelNotes(opened, output)
      const { prime, length, temperature, topK, topP, repetitionPenalty, stop, seed } = flags
      const options = { prime, length, temperature, topK, topP, repetitionPenalty, stop, seed }
      await write(model.generate(withoutUndefined<GenerateOptions>(options)), prime ?? '', output)
    })
}

/** Prints the pieces as they come. */
async function write(pieces: AsyncIterable<string>, prime: string, output: Output): Promise<void> {
  const interruption = listenForInterrupt(() => undefined)
  let text = ''
  try {
    output.printPart(output.colors.bold(prime))
    for await (const piece of pieces) {
      if (interruption.signal.aborted) break
      text += piece
      output.printPart(piece)
      output.emit({ piece })
      await output.drained()
      if (output.closed) return
    }
  } finally {
    interruption.release()
  }
  output.print()
  if (interruption.signal.aborted) {
    process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
    output.emit({ event: 'interrupted' })
  }
  output.emit({ prime, text })
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text]
}
