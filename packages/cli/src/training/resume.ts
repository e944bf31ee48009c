/** Going on with a run that was stopped: what may be typed, what its checkpoint keeps, where its model goes. */
import { cells, type ClassifierFitOptions, TextClassifier, UsageError, readFileBytes } from 'latch'
import { engineOptions, shellWord } from '../options/options.ts'
import { programName } from '../terminal/programName.ts'
import type { Rows } from '../options/rows.ts'
import type { SavedPaths } from './savedPaths.ts'
import { given } from './options.ts'
import type { TrainingFlags } from './command.ts'

export const CELLS = [...cells.map(({ name }) => name), 'ann', 'bag'] as const
export const DEFAULT_OUT = 'model.safetensors'

export type Options = ClassifierFitOptions<Record<string, string>>

/** What was typed for training, checked. */
export interface TrainFlags extends TrainingFlags {
  cell?: (typeof CELLS)[number]
  out?: string
  checkpointEvery?: number
  resume?: string
  force?: boolean
}

/** Options that a resumed run may still be given; the checkpoint keeps all others. */
const WITH_RESUME =
  '--text --label --format --header --no-header --test --validation --epochs --out --force --resume --checkpoint-every --engine --reproducible --threads --precision --checkpoint-steps --json --quiet'

/**
 * The rows of a validation file are read anew; a share of the rows was decided when the run began.
 * @throws UsageError for options that the checkpoint decides
 */
export function refuseWithResume(typed: readonly string[], { validation }: TrainFlags): void {
  const kept = new Set(WITH_RESUME.split(' '))
  if (typeof validation === 'number') kept.delete('--validation')
  const refused = typed.filter((flag) => !kept.has(flag))
  if (refused.length === 0) return
  const remedy = `The checkpoint keeps what the run began with: leave out ${refused.join(', ')}`
  throw new UsageError({
    where: '--resume',
    expected: 'no other choices of network or training',
    got: refused.join(', '),
    remedy,
  })
}

/** Where the model is saved: as typed, else beside the checkpoint under the name that the run began with. */
export function modelPath({ out, resume }: TrainFlags): string {
  const stem = resume === undefined ? undefined : /^(.*)\.checkpoint\.safetensors$/.exec(resume)?.[1]
  return out ?? (stem === undefined ? DEFAULT_OUT : `${stem}.safetensors`)
}

/** A model and its options, ready to train: fresh, or as a checkpoint left them. */
export interface Start {
  model: TextClassifier
  options: Partial<Options>
  resume?: Uint8Array
}

/** @throws DataError, FormatError, UsageError for a file that is no checkpoint */
export async function resumed(path: string, flags: TrainFlags): Promise<Start> {
  const bytes = await readFileBytes(path)
  const { model, fitOptions: kept } = TextClassifier.fromCheckpoint(bytes, path, engineOptions(flags))
  return {
    model,
    options: {
      ...(kept as Partial<Options>),
      ...given({ epochs: flags.epochs, checkpointSteps: flags.checkpointSteps }),
    },
    resume: bytes,
  }
}

/** What to type to go on with an interrupted run. */
export function resumeCommand(data: string, flags: TrainFlags, { columns }: Rows, paths: SavedPaths): string {
  const words = ['train', data, '--text', columns.text, '--label', columns.label]
  if (flags.format !== undefined) words.push('--format', flags.format)
  if (flags.header !== undefined) words.push(flags.header ? '--header' : '--no-header')
  if (typeof flags.validation === 'string') words.push('--validation', flags.validation)
  if (flags.test !== undefined) words.push('--test', flags.test)
  if (flags.epochs !== undefined) words.push('--epochs', String(flags.epochs))
  if (flags.engine !== undefined) words.push('--engine', flags.engine)
  if (flags.reproducible) words.push('--reproducible')
  if (flags.threads !== undefined) words.push('--threads', String(flags.threads))
  if (flags.checkpointSteps !== undefined) words.push('--checkpoint-steps', String(flags.checkpointSteps))
  if (flags.precision !== undefined) words.push('--precision', flags.precision)
  if (flags.out !== undefined) words.push('--out', flags.out)
  if (flags.force) words.push('--force')
  const typed = [...words, '--resume', paths.checkpoint].map(shellWord)
  return [programName(), ...typed].join(' ')
}
