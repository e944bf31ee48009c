/** `latch generate`: writes a text with a saved language model, token by token. */
import { Command } from '@commander-js/extra-typings'
import { UsageError, type BeamSearchOptions, type Continuation, type GenerateOptions } from 'latch'
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
  $ latch generate model.safetensors --prime "The" --seed 7 --json
  $ latch generate model.safetensors --prime "The clouds are" --beams 5 --length 4`

/** Options of sampling, which beam search does not have. */
const SAMPLING = {
  temperature: '--temperature',
  topK: '--top-k',
  topP: '--top-p',
  repetitionPenalty: '--repetition-penalty',
  seed: '--seed',
}
/** The limit of the library. */
const MOST_BEAMS = 1000

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
    .option(
      '--beams <n>',
      'write the likeliest text, found by beam search that keeps n beginnings',
      wholeNumber('--beams', { most: MOST_BEAMS }),
    )
    .option(
      '--length-penalty <x>',
      'with --beams: above 0 prefers longer texts (default: 0)',
      realNumber('--length-penalty', { least: 0 }),
    )
    .option('--seed <n>', 'random seed (default: 1)', wholeNumber('--seed', { least: 0 }))
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option('--json', 'print JSON Lines: { piece } as the text is written, then { prime, text }')
    .option('-q, --quiet', 'hide notes')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, flags) => {
      requireConsistent(flags)
      const opened = await openAnyModel(path, engineOptions(flags))
      const model = requireWriter(opened.model, path)
      printModelNotes(opened, output)
      const { prime, length, temperature, topK, topP, repetitionPenalty, stop, seed } = flags
      const { beams, lengthPenalty } = flags
      if (beams !== undefined) {
        const options = withoutUndefined<BeamSearchOptions>({ prime, length, stop, beams, lengthPenalty })
        return printLikeliest(model.beamSearch(options), prime ?? '', output)
      }
      const options = { prime, length, temperature, topK, topP, repetitionPenalty, stop, seed }
      await write(model.generate(withoutUndefined<GenerateOptions>(options)), prime ?? '', output)
    })
}

/** @throws UsageError for options that have no effect */
export function requireConsistent(flags: {
  [flag in keyof typeof SAMPLING | 'beams' | 'lengthPenalty']?: unknown
}): void {
  const where = 'generate'
  if (flags.beams === undefined) {
    if (flags.lengthPenalty === undefined) return
    const remedy = 'Add `--beams 5`, or omit `--length-penalty`.'
    throw new UsageError({ where, expected: 'options of sampling', got: '--length-penalty', remedy })
  }
  const names = Object.keys(SAMPLING) as (keyof typeof SAMPLING)[]
  const wrong = names.filter((name) => flags[name] !== undefined).map((name) => SAMPLING[name])
  if (wrong.length === 0) return
  const remedy = `Omit ${wrong.join(', ')}, or \`--beams\`.`
  throw new UsageError({ where, expected: 'options of beam search', got: wrong.join(', '), remedy })
}

/** The best of the continuations; as JSON all of them. */
function printLikeliest(found: readonly Continuation[], prime: string, output: Output): void {
  const text = found[0]?.text ?? ''
  output.print(output.colors.bold(prime) + text)
  output.emit({ prime, text, continuations: found })
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
