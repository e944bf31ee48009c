/** The options of the commands that sequence-to-sequence models alone have. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import {
  ATTENTION_SCORES,
  TOKEN_KINDS,
  UsageError,
  type ScheduledSampling,
  type TargetSearchOptions,
} from 'latch'
import { TASK_OPTIONS } from '../language/options.ts'
import { invalidValue, numbersByName, oneOf, realNumber, wholeNumber } from '../options/options.ts'
import { withoutUndefined } from '../training/options.ts'

const COLUMN = 'by name or by number from 0 (default: source and target, or the first and second of two)'

export const sourceOption = ['--source <column>', `seq2seq: column of the sources, ${COLUMN}`] as const
export const targetOption = ['--target <column>', 'seq2seq: column of the targets, likewise'] as const
/** The limit of the library. */
const MOST_BEAMS = 1000
export const beamsOption = [
  '--beams <n>',
  'seq2seq: find the likeliest text by beam search that keeps n beginnings',
  wholeNumber('--beams', { most: MOST_BEAMS }),
] as const
export const lengthPenaltyOption = [
  '--length-penalty <x>',
  'seq2seq, with --beams: above 0 prefers longer texts (default: 0)',
  realNumber('--length-penalty', { least: 0 }),
] as const

/** Adds those of training to the command, beside `--task`. */
export function addSequenceOptions(command: CommandUnknownOpts): void {
  command
    .optionsGroup(TASK_OPTIONS)
    .option(...sourceOption)
    .option(...targetOption)
    .option(
      '--attention <score>',
      `seq2seq: how outputs look at the source, ${ATTENTION_SCORES.join(', ')} (default: general)`,
      oneOf('--attention', ATTENTION_SCORES),
    )
    .option(
      '--target-tokens <kind>',
      'seq2seq: how targets are tokenized (default: as sources, by chars)',
      oneOf('--target-tokens', TOKEN_KINDS),
    )
    .option(
      '--scheduled-sampling <name>',
      'seq2seq: read fewer true tokens as training goes on: linear:slope=0.0001, exponential:k=0.999 or inverse-sigmoid:k=500 (default: all true)',
      scheduledSampling,
    )
}

/** `NAME:KEY=NUMBER,…`; the library checks the numbers. */
function scheduledSampling(text: string): ScheduledSampling {
  const flag = '--scheduled-sampling'
  const at = text.indexOf(':')
  const name = at < 0 ? text : text.slice(0, at)
  const names = { linear: 'linear', exponential: 'exponential', 'inverse-sigmoid': 'inverseSigmoid' } as const
  const type = names[oneOf(flag, Object.keys(names) as (keyof typeof names)[])(name)]
  const keys = type === 'linear' ? ['slope', 'least'] : ['k']
  if (at < 0) throw invalidValue(flag, `${name}:${keys[0]}=NUMBER`, text)
  return { type, ...numbersByName(`${flag} ${name}`, {}, keys)(text.slice(at + 1)) } as ScheduledSampling
}

/** What a command has typed that only some models know. */
export interface PredictingFlags {
  source?: string
  text?: string
  label?: string
  top?: number
  ids?: string
  beams?: number
  lengthPenalty?: number
}

/** @throws UsageError for options of sequence-to-sequence models with a model of another kind */
export function assertNoSequenceFlags(where: string, flags: Readonly<Record<string, unknown>>): void {
  const wrong = given(flags)
  if (wrong.length === 0) return
  const expected = 'options that apply to this model'
  const got = `${wrong.join(', ')}, of sequence-to-sequence models`
  throw new UsageError({ where, expected, got, remedy: `Omit ${wrong.join(', ')}.` })
}

/** @throws UsageError for columns of labelled texts where the columns are those of sources and targets */
export function requireSequenceColumns(where: string, flags: { text?: string; label?: string }): void {
  const wrong = given({ '--text': flags.text, '--label': flags.label })
  if (wrong.length === 0) return
  throw new UsageError({
    where,
    expected: 'columns of sources and targets',
    got: wrong.join(', '),
    remedy: 'Name the columns with `--source` and `--target`.',
  })
}

/** Of a command; null: the likeliest token at each step. @throws UsageError for options that have no effect */
export function targetSearchOptions(flags: PredictingFlags, where = 'predict'): TargetSearchOptions | null {
  const { beams, lengthPenalty, top, ids } = flags
  requireSequenceColumns(where, flags)
  const expected = 'options that apply to a sequence-to-sequence model'
  if (ids !== undefined) throw new UsageError({ where, expected, got: '--ids', remedy: 'Give texts.' })
  if (beams === undefined) {
    const [wrong] = given({ '--length-penalty': lengthPenalty, '--top': top })
    if (wrong === undefined) return null
    const remedy = `Add \`--beams 5\`, or omit \`${wrong}\`.`
    throw new UsageError({ where, expected: 'the likeliest token at each step', got: wrong, remedy })
  }
  if (top !== undefined && top > beams) {
    const remedy = `Keep as many beginnings: \`--beams ${top}\`.`
    throw new UsageError({
      where: '--top',
      expected: `at most ${beams}, of \`--beams\``,
      got: String(top),
      remedy,
    })
  }
  return withoutUndefined<TargetSearchOptions>({ beams, lengthPenalty })
}

function given(flags: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(flags).filter((flag) => flags[flag] !== undefined)
}
