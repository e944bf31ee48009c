/** `latch train`: a table of texts and labels in, a saved model out. */
import type { ClassifierFitOptions, ClassifierReport } from '../src/node.ts'
import {
  DivergenceError,
  TextClassifier,
  UsageError,
  readFileBytes,
  textClassifier,
  writeFileAtomic,
} from '../src/node.ts'
import { EXIT_INTERRUPTED } from './exitCodes.ts'
import { measureFloor, splitAs } from './floor.ts'
import { listenForInterrupt } from './interrupt.ts'
import { oneOf, realNumber, shellWord, typedFlags } from './options.ts'
import type { Output } from './output.ts'
import { TrainingProgress } from './progress.ts'
import { evaluationJson } from './reports.ts'
import { readRows, readRowsLike } from './rows.ts'
import type { Rows } from './rows.ts'
import { checkWritable, exists, removeIfThere, savedPaths } from './savedPaths.ts'
import type { SavedPaths } from './savedPaths.ts'
import { drawSummary } from './trainSummary.ts'
import { classifierOptions, fitOptions, trainingCommand } from './trainingCommand.ts'
import type { TrainingFlags } from './trainingCommand.ts'

const CELLS = ['lstm', 'gru', 'rnn', 'ann', 'bag'] as const
const DEFAULT_OUT = 'model.safetensors'
const DEFAULT_CHECKPOINT_SECONDS = 30

/** Options that a resumed run may still be given; the checkpoint keeps all others. */
const WITH_RESUME =
  '--text --label --format --header --no-header --test --validation --epochs --out --resume --checkpoint-every --engine --precision --json --quiet'

const EXAMPLES = `
Ctrl-C writes a checkpoint beside the model and says how to go on; a second Ctrl-C stops at once.
Texts and labels are guessed where no column is named. --json prints JSON Lines: start, epoch, …, done.

Examples:
  $ latch train comments.csv --text comment --label sentiment
  $ latch train train.tsv --text 1 --label 0 --cell gru --test test.tsv --out topics.safetensors
  $ latch train names.jsonl --tokens chars --units 128 --bidirectional --pooling max
  $ zcat big.csv.gz | latch train - --text body --label spam --class-weights balanced --json
  $ latch train comments.csv --resume model.checkpoint.safetensors`

export function trainCommand(output: Output) {
  const cell = { help: 'lstm, gru, rnn, or without order: ann, bag (lstm)', read: oneOf('--cell', CELLS) }
  const command = trainingCommand('train', cell)
    .summary('train a text classifier and save it')
    .description('Trains a text classifier on a table of texts and labels, and saves it as one file.')
    .optionsGroup('Saving:')
    .option('--out <file>', 'where the model is saved', DEFAULT_OUT)
    .option(
      '--checkpoint-every <seconds>',
      'how often a checkpoint is written beside it (30)',
      realNumber('--checkpoint-every', { above: 0 }),
    )
    .option('--resume <file>', 'go on with a run that was stopped, to the same bits')
    .optionsGroup('Output:')
    .option('--json', 'print JSON Lines')
    .option('-q, --quiet', 'no progress, no notes')
    .addHelpText('after', EXAMPLES)
  return command.action(async (data, flags) => {
    if (flags.resume !== undefined) refuseWithResume(typedFlags(command))
    await train(data, flags, output)
  })
}

interface TrainFlags extends TrainingFlags {
  cell?: (typeof CELLS)[number]
  out: string
  checkpointEvery?: number
  resume?: string
}

function refuseWithResume(typed: readonly string[]): void {
  const kept = new Set(WITH_RESUME.split(' '))
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

async function train(data: string, flags: TrainFlags, output: Output): Promise<void> {
  const paths = savedPaths(flags.out)
  await checkWritable(paths)
  const { model, options, resume } =
    flags.resume === undefined ? fresh(flags) : await resumed(flags.resume, flags)
  const rows = await readRows(
    data,
    { ...flags, text: flags.text ?? options.text, label: flags.label ?? options.label },
    output,
  )
  const test = flags.test === undefined ? undefined : await readRowsLike(rows, flags.test, output)
  const validation =
    typeof flags.validation === 'string' ? await readRowsLike(rows, flags.validation, output) : undefined
  if (resume === undefined && (await exists(paths.checkpoint))) {
    output.note(
      `${paths.checkpoint} is there from an earlier run and will be replaced (--resume would go on with it).`,
    )
  }
  const again = resumeCommand(data, flags, rows, paths)
  const job: Job = {
    data,
    rows,
    test,
    paths,
    again,
    output,
    seconds: flags.checkpointEvery ?? DEFAULT_CHECKPOINT_SECONDS,
  }
  const all: Options = {
    ...options,
    ...rows.columns,
    ...(validation ? { validation: validation.rows } : {}),
    resume,
  }
  const report = await fitWatched(model, all, job)
  if (report) await finish(model, report, job, all)
}

type Options = ClassifierFitOptions<Record<string, string>>

interface Start {
  model: TextClassifier
  options: Partial<Options>
  resume?: Uint8Array
}

function fresh(flags: TrainFlags): Start {
  const model = textClassifier({ cell: flags.cell ?? 'lstm', ...classifierOptions(flags) }) as TextClassifier
  const { validation } = flags
  return {
    model,
    options: { ...fitOptions(flags), ...(typeof validation === 'number' ? { validation } : {}) },
  }
}

async function resumed(path: string, flags: TrainFlags): Promise<Start> {
  const bytes = await readFileBytes(path)
  const { engine, precision } = flags
  const { model, fitOptions: kept } = TextClassifier.fromCheckpoint(bytes, path, { engine, precision })
  return {
    model,
    options: {
      ...(kept as Partial<Options>),
      ...(flags.epochs === undefined ? {} : { epochs: flags.epochs }),
    },
    resume: bytes,
  }
}

interface Job {
  data: string
  rows: Rows
  test: Rows | undefined
  paths: SavedPaths
  /** What to type to go on after an interruption. */
  again: string
  output: Output
  /** Between checkpoints. */
  seconds: number
}

/** Trains with progress, checkpoints and Ctrl-C; nothing comes back from an interrupted run. */
async function fitWatched(
  model: TextClassifier,
  options: Options,
  { rows, paths, again, output, seconds }: Job,
): Promise<ClassifierReport | undefined> {
  const progress = new TrainingProgress(output)
  let written = false
  const interruption = listenForInterrupt(() => {
    progress.end()
    output.complain('stopping … (Ctrl-C again stops at once)')
  })
  const write = async (bytes: Uint8Array): Promise<void> => {
    await writeFileAtomic(paths.checkpoint, bytes)
    written = true
  }
  try {
    const report = await model.fit(rows.rows, {
      ...options,
      signal: interruption.signal,
      checkpoint: { everySeconds: seconds, write },
      onEvent(event) {
        progress.show(event)
        if (event.event === 'start' || event.event === 'epoch') output.event(event)
        if (event.event === 'start') for (const note of event.notes) output.note(note)
      },
    })
    progress.end()
    if (report.stopped !== 'aborted') return report
    tellInterrupted(written ? paths.checkpoint : undefined, again, output)
    process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
    return undefined
  } catch (error) {
    progress.end()
    if (written) output.note(`the last checkpoint is ${paths.checkpoint}.`)
    if (error instanceof DivergenceError) await keepLastGood(model, paths, output)
    throw error
  } finally {
    interruption.release()
  }
}

/** A run that left the finite numbers still has the weights of the step before: not the model, but not lost. */
async function keepLastGood(model: TextClassifier, { lastGood }: SavedPaths, output: Output): Promise<void> {
  await model.save(lastGood)
  output.note(`the last good weights are saved in ${lastGood}.`)
}

function tellInterrupted(checkpoint: string | undefined, again: string, output: Output): void {
  output.event({ event: 'interrupted', checkpoint: checkpoint ?? null, resume: checkpoint ? again : null })
  if (checkpoint === undefined) return output.complain('Stopped before there was anything to keep.')
  output.complain(`Stopped; everything so far is in ${checkpoint}. To go on:\n  ${again}`)
}

function resumeCommand(data: string, flags: TrainFlags, { columns }: Rows, paths: SavedPaths): string {
  const words = ['latch', 'train', data, '--text', columns.text, '--label', columns.label]
  if (typeof flags.validation === 'string') words.push('--validation', flags.validation)
  if (flags.test !== undefined) words.push('--test', flags.test)
  if (flags.epochs !== undefined) words.push('--epochs', String(flags.epochs))
  if (flags.engine !== undefined) words.push('--engine', flags.engine)
  if (flags.precision !== undefined) words.push('--precision', flags.precision)
  if (flags.out !== DEFAULT_OUT) words.push('--out', flags.out)
  return [...words, '--resume', paths.checkpoint].map(shellWord).join(' ')
}

/** Saves, tests, measures the floor, and tells all of it. */
async function finish(
  model: TextClassifier,
  report: ClassifierReport,
  job: Job,
  options: Options,
): Promise<void> {
  const { paths, output, rows, test, data } = job
  await model.save(paths.model)
  await removeIfThere(paths.checkpoint)
  const { columns } = rows
  const result = test && (await model.evaluate(test.rows, columns))
  const floor = measureFloor({ ...partsOf(rows, options), test: test?.rows ?? [] }, columns)
  const { epochs, best, seconds, stopped, kept, parameters, vocabulary, labels, notes, history } = report
  output.event({
    event: 'done',
    model: paths.model,
    epochs,
    best,
    seconds,
    test: result ? evaluationJson(result) : null,
    floor: floor ?? null,
    stopped,
    kept,
    parameters,
    vocabulary,
    labels,
    notes,
    history,
  })
  for (const note of result?.notes ?? []) output.note(note)
  const summary = { cell: model.settings.cell, report, result, floor, path: paths.model, data, columns }
  output.say(
    drawSummary({ ...summary, sample: (test ?? rows).rows[0][columns.text] }, output.colors, output.width),
  )
}

/** The rows that were trained on and those that were put aside, as training itself chose them. */
function partsOf({ rows, columns }: Rows, { validation = 0.1, seed = 1 }: Options) {
  if (typeof validation !== 'number') return { train: rows, validation: validation as Rows['rows'] }
  const { train, aside } = splitAs(rows, columns.label, validation, [seed, 'validation'])
  return { train, validation: aside }
}
