/** The options of `latch train` that a language model alone has, and their parsers. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { LanguageModelOptions, Regularisation } from 'latch'
import { engineOptions, fraction, numbersByName } from '../options/options.ts'
import type { NamedNumbers } from '../options/options.ts'
import { withoutUndefined } from '../training/options.ts'
import type { TrainFlags } from '../training/resume.ts'

/** The heading of `--task` and what belongs to it in the help. */
export const TASK_OPTIONS = 'Task:'
/** Their names. */
export const LANGUAGE_ONLY = ['--lines', '--steps', '--end-token', '--reset-states', '--tied']
/** Those that taggers have too. */
export const REGULARISATION_FLAGS = [
  '--locked-dropout',
  '--embedding-dropout',
  '--weight-dropout',
  '--zoneout',
  '--activation-penalty',
]
/** What `--dropout` of a language model may name. */
export const LANGUAGE_DROPOUT = ['input', 'layers', 'output']

/** Adds those of the network to the command, beside `--task`. */
export function addLanguageOptions(command: CommandUnknownOpts): void {
  command
    .optionsGroup(TASK_OPTIONS)
    .option('--tied', 'lm: the output layer has the embedding’s table as its weight')
    .option('--locked-dropout', 'lm, tag: one dropout mask for all steps of a sequence')
    .option(
      '--embedding-dropout <p>',
      'lm, tag: dropout of whole tokens of the embedding (default: 0)',
      fraction('--embedding-dropout'),
    )
    .option(
      '--weight-dropout <p>',
      'lm, tag: dropout of the recurrent weights (default: 0)',
      fraction('--weight-dropout'),
    )
    .option(
      '--zoneout <p>',
      'lm, tag: rate of units that keep their states, or hidden=0.05,cell=0.1',
      zoneout,
    )
    .option(
      '--activation-penalty <factors>',
      'lm, tag: penalties on large and on fast-changing outputs, as in alpha=2,beta=1 (default: none)',
      numbersByName('--activation-penalty', { least: 0 }, ['alpha', 'beta']),
    )
}

function zoneout(text: string): number | NamedNumbers {
  if (!text.includes('=')) return fraction('--zoneout')(text)
  return numbersByName('--zoneout', { least: 0, below: 1 }, ['hidden', 'cell'])(text)
}

/** The options that regularise, of the library. */
export function regularisationOptions(flags: TrainFlags): Regularisation {
  const { lockedDropout, embeddingDropout, weightDropout, activationPenalty } = flags
  return { lockedDropout, embeddingDropout, weightDropout, zoneout: flags.zoneout, activationPenalty }
}

/** The options of the library. */
export function languageOptions(flags: TrainFlags): LanguageModelOptions {
  const { cell, units, layers, tokens, lowercase, embedding, dropout, steps, endToken, tied } = flags
  return withoutUndefined({
    cell,
    units,
    layers,
    tokens,
    lowercase,
    embedding,
    dropout,
    ...regularisationOptions(flags),
    tied,
    steps,
    endToken,
    resetStates: flags.resetStates,
    minimumCount: flags.minCount,
    maximumVocabulary: flags.maxVocabulary,
    ...engineOptions(flags),
  } as LanguageModelOptions)
}
