/** Resuming an interrupted run: the options allowed, those stored in its checkpoint, and where the model is saved. */
import {
  type AttentionScore,
  type PairCombination,
  type RegressionLoss,
  cells,
  type ScheduledSampling,
  type TokenKind,
  type ClassifierFitOptions,
  type TagScheme,
  TextClassifier,
  UsageError,
  readFileBytes,
} from 'latch'
import { dashedPath, engineOptions, shellOption, shellWord, type NamedNumbers } from '../options/options.ts'
import { tableWords } from '../options/tableFlags.ts'
import { programName } from '../terminal/programName.ts'
import type { Rows } from '../options/rows.ts'
import type { SavedPaths } from './savedPaths.ts'
import { withoutUndefined } from './options.ts'
import type { TrainingFlags } from './command.ts'

export const CELLS = [...cells.map(({ name }) => name), 'ann', 'bag'] as const
/** What `--task` takes. */
export const TASKS = ['classify', 'multilabel', 'regress', 'pairs', 'lm', 'tag', 'seq2seq'] as const
export const DEFAULT_OUT = 'model.safetensors'

export type Options = ClassifierFitOptions<Record<string, string>>

/** The parsed options of `latch train`. */
export interface TrainFlags extends TrainingFlags {
  cell?: (typeof CELLS)[number]
  out?: string
  checkpointEvery?: number
  resume?: string
  from?: string
  log?: string
  plot?: string
  extendVocabulary?: boolean
  task?: (typeof TASKS)[number]
  labelSeparator?: string
  loss?: RegressionLoss
  combine?: PairCombination
  lines?: boolean
  steps?: number
  endToken?: boolean
  resetStates?: boolean
  crf?: boolean
  characters?: boolean
  scheme?: TagScheme
  repair?: boolean
  sentence?: string
  tags?: string
  attention?: AttentionScore
  targetTokens?: TokenKind
  scheduledSampling?: ScheduledSampling
  source?: string
  target?: string
  tied?: true
  lockedDropout?: true
  embeddingDropout?: number
  weightDropout?: number
  zoneout?: number | NamedNumbers
  activationPenalty?: NamedNumbers
  layerNorm?: true
  force?: boolean
}

/** Options allowed with `--resume`; all others are stored in the checkpoint. */
const ALLOWED_WITH_RESUME =
  '--task --lines --sentence --tags --text --label --source --target --format --header --delimiter --quotes --encoding --test --validation --epochs --out --log --plot --force --resume --checkpoint-every --engine --reproducible --threads --precision --checkpoint-steps --json --quiet'

/**
 * A validation file is read again; a validation fraction is fixed by the checkpoint.
 * @throws UsageError for options that are stored in the checkpoint
 */
export function requireResumeOptions(typed: readonly string[], { validation }: TrainFlags): void {
  const allowed = new Set(ALLOWED_WITH_RESUME.split(' '))
  if (typeof validation === 'number') allowed.delete('--validation')
  const fixed = typed.filter((flag) => !allowed.has(flag))
  if (fixed.length === 0) return
  const remedy = `Omit ${fixed.join(', ')}: the checkpoint stores the settings of the run.`
  throw new UsageError({
    where: '--resume',
    expected: 'no other options of the network or the training',
    got: fixed.join(', '),
    remedy,
  })
}

/** Where the model is saved: as given, else next to the checkpoint under the name of the interrupted run. */
export function modelPath({ out, resume }: TrainFlags): string {
  const stem = resume === undefined ? undefined : /^(.*)\.checkpoint\.safetensors$/.exec(resume)?.[1]
  return out ?? (stem === undefined ? DEFAULT_OUT : `${stem}.safetensors`)
}

/** A model and its options, new or from a checkpoint. */
export interface Start {
  model: TextClassifier
  options: Partial<Options>
  resume?: Uint8Array
}

/** @throws DataError, FormatError, UsageError for a file that is not a checkpoint */
export async function resumed(path: string, flags: TrainFlags): Promise<Start> {
  const bytes = await readFileBytes(path)
  const { model, fitOptions: kept } = await TextClassifier.fromCheckpoint(bytes, path, engineOptions(flags))
  return {
    model,
    options: {
      ...(kept as Partial<Options>),
      ...withoutUndefined({ epochs: flags.epochs, checkpointSteps: flags.checkpointSteps }),
    },
    resume: bytes,
  }
}

/** The command that resumes an interrupted run of a classifier. */
export function resumeCommand(data: string, flags: TrainFlags, { columns }: Rows, paths: SavedPaths): string {
  const named = [shellOption('--text', columns.text), shellOption('--label', columns.label)]
  return resumeWith(data, flags, named, paths)
}

/** The command that resumes an interrupted run; `named` are options for a shell. */
export function resumeWith(
  data: string,
  flags: TrainFlags,
  named: readonly string[],
  paths: SavedPaths,
): string {
  const words = tableWords(flags)
  if (typeof flags.validation === 'string') words.push('--validation', dashedPath(flags.validation))
  if (flags.test !== undefined) words.push('--test', dashedPath(flags.test))
  if (flags.epochs !== undefined) words.push('--epochs', String(flags.epochs))
  if (flags.engine !== undefined) words.push('--engine', flags.engine)
  if (flags.reproducible) words.push('--reproducible')
  if (flags.threads !== undefined) words.push('--threads', String(flags.threads))
  if (flags.checkpointSteps !== undefined) words.push('--checkpoint-steps', String(flags.checkpointSteps))
  if (flags.precision !== undefined) words.push('--precision', flags.precision)
  if (flags.out !== undefined) words.push('--out', dashedPath(flags.out))
  if (flags.log !== undefined) words.push('--log', dashedPath(flags.log))
  if (flags.plot !== undefined) words.push('--plot', dashedPath(flags.plot))
  if (flags.force) words.push('--force')
  const typed = [...words, '--resume', dashedPath(paths.checkpoint)].map(shellWord)
  return [programName(), 'train', shellWord(dashedPath(data)), ...named, ...typed].join(' ')
}
