/** `latch train`: trains a model and saves it; here a text classifier, other tasks in folders of their own. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import {
  cells,
  type ModelFitReport,
  PAIR_FEATURES,
  REGRESSION_LOSSES,
  TAG_SCHEMES,
  TextClassifier,
  textClassifier,
  UsageError,
} from 'latch'
import { evaluateBaseline } from '../training/baseline.ts'
import { evaluateWithProgress } from '../training/evaluation.ts'
import { engineOptions, oneOf, realNumber, typedFlags, wholeNumber, yesOrNo } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { checkOutputs, forceOption, freeName, noteReplaced, realPath } from '../terminal/outputFiles.ts'
import type { InputFile, OutputFile } from '../terminal/outputFiles.ts'
import { checkLogNames } from '../training/log.ts'
import { lockRun, type LockOwner, type RunLock } from '../training/runLock.ts'
import { reportDone } from '../training/done.ts'
import {
  CELLS,
  DEFAULT_OUT,
  modelPath,
  requireResumeOptions,
  resumeCommand,
  resumed,
  TASKS,
} from '../training/resume.ts'
import type { Options, Start, TrainFlags } from '../training/resume.ts'
import { readRows, tagsOption, textFlag, readRowsLike, requireTwoRows } from '../options/rows.ts'
import type { Rows } from '../options/rows.ts'
import { exists, savedPaths, type SavedPaths } from '../training/savedPaths.ts'
import { drawSummary } from '../training/summary.ts'
import { reportNotEvaluated, saveModel, trainWithProgress } from '../training/run.ts'
import type { Job } from '../training/run.ts'
import { trainLanguageModel } from '../language/train.ts'
import { requireTaskOptions } from '../training/taskOptions.ts'
import { addSequenceOptions } from '../sequences/options.ts'
import { trainSequenceToSequence } from '../sequences/train.ts'
import { trainTagger } from '../tagging/train.ts'
import { trainTexts } from '../texts/train.ts'
import { addLanguageOptions, LANGUAGE_ONLY, TASK_OPTIONS } from '../language/options.ts'
import { classifierOptions, fitOptions, givenVectors } from '../training/options.ts'
import { NETWORK_OPTIONS, trainingCommand } from '../training/command.ts'

const DEFAULT_CHECKPOINT_SECONDS = 30

/** A run on a table of texts and labels. */
interface ClassifierJob extends Job {
  rows: Rows
  test: Rows | undefined
}

const EXAMPLES = `
Ctrl-C writes a checkpoint next to the model and prints the command that resumes
the run; a second Ctrl-C quits immediately. While a run is active, a lock file
next to the model keeps other runs off its files. With --json, prints JSON Lines:
a start event, one event per epoch, and a done event.

Examples:
  $ latch train comments.csv --text comment --label sentiment
  $ latch train articles.csv --text title,body --label topic
  $ latch train reviews/ --out reviews.safetensors
  $ latch train train.tsv --text 1 --label 0 --cell gru --test test.tsv --out topics.safetensors
  $ latch train comments.csv --vectors glove.6B.100d.txt.gz --frozen embedding.0 --frozen-epochs 3
  $ latch train names.jsonl --tokens chars --units 128 --bidirectional --pooling max
  $ zcat big.csv.gz | latch train - --text body --label spam --class-weights balanced --json
  $ latch train comments.csv --resume model.checkpoint.safetensors
  $ latch train names.conll --task tag --test test.conll
  $ latch train en-ud-train.conllu --task tag --text form --label upos
  $ latch train toxic.csv --task multilabel --label kinds --label-separator ,
  $ latch train reviews.csv --task regress --label stars
  $ latch train questions.csv --task pairs --text question1,question2 --label same
  $ latch train dates.csv --task seq2seq --source written --target iso
  $ latch train new-comments.csv --from model.safetensors --extend-vocabulary`

export function trainCommand(output: Output) {
  const cell = {
    help: `${cells.map(({ name }) => name).join(', ')}, or feed-forward: ann, bag (default: lstm)`,
    read: oneOf('--cell', CELLS),
  }
  const command = trainingCommand('train', cell)
    .summary('train a model of texts and save it')
    .description(
      'Train a text classifier on a table of texts and labels, and save it as one file; with --task, a model of another kind.',
    )
    .optionsGroup(TASK_OPTIONS)
    .option(
      '--task <name>',
      'classify texts, multilabel: any number of labels for each text, regress: a number for each text, pairs: what two texts are to each other, lm: a language model of the texts, tag: a label for each token, or seq2seq: a text for each text (default: classify)',
      oneOf('--task', TASKS),
    )
    .option('--label-separator <text>', 'multilabel: what stands between the labels of a text (default: ;)')
    .option(
      '--loss <name>',
      `regress: ${REGRESSION_LOSSES.join(' or ')} (default: meanSquaredError)`,
      oneOf('--loss', REGRESSION_LOSSES),
    )
    .option(
      '--combine <kind>',
      'pairs: what the output reads of both encodings: concat, or symmetric, where the order of the texts does not matter (default: concat)',
      oneOf('--combine', PAIR_FEATURES),
    )
    .option('--lines', 'lm: each line of a text file is a text of its own')
    .option('--steps <n>', 'lm: tokens through which gradients go back (default: 64)', wholeNumber('--steps'))
    .option(
      '--end-token <yes|no>',
      'lm: whether texts begin and end with <end> (default: yes for several texts)',
      yesOrNo('--end-token'),
    )
    .option(
      '--reset-states <yes|no>',
      'lm: training reads each of several texts from states of zero (default: yes)',
      yesOrNo('--reset-states'),
    )
    .option(
      '--crf <yes|no>',
      'tag: a conditional random field over the tags (default: yes for spans)',
      yesOrNo('--crf'),
    )
    .option(
      '--characters <yes|no>',
      'tag: read the characters of each word (default: yes)',
      yesOrNo('--characters'),
    )
    .option(
      '--scheme <name>',
      `tag: how tags mark spans, ${TAG_SCHEMES.join(', ')} (default: found by the tags)`,
      oneOf('--scheme', TAG_SCHEMES),
    )
    .option('--repair', 'tag: read broken spans, such as I-PER after O, as the CoNLL scorer does')
    .option(...tagsOption)
    .option('--sentence <column>', 'tag: column with the sentence of each token, in a table of tokens')
    .optionsGroup('Saving:')
    .option('--out <file>', `model file (default: ${DEFAULT_OUT})`)
    .option(
      '--checkpoint-every <seconds>',
      'time between checkpoints, written next to the model (default: 30)',
      realNumber('--checkpoint-every', { above: 0 }),
    )
    .option('--from <model>', 'continue training a saved model: its network, tokens and labels are kept')
    .option('--extend-vocabulary', 'with --from: add the tokens of the new rows to the vocabulary')
    .option('--resume <file>', 'resume an interrupted run from its checkpoint, with bit-identical results')
    .option('--log <file>', 'write the metrics of each epoch as .csv or .jsonl')
    .option('--plot <file>', 'draw loss and accuracy by epoch as .svg')
    .option(...forceOption)
    .optionsGroup('Output:')
    .option('--json', 'print JSON Lines')
    .option('-q, --quiet', 'hide progress and notes')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
  addLanguageOptions(command)
  addSequenceOptions(command)
  return command.action(async (data, flags: TrainFlags) => {
    if (flags.resume !== undefined) requireResumeOptions(typedFlags(command), flags)
    requireFromOptions(command, flags)
    requireTaskOptions(typedFlags(command), flags)
    await runTraining(data, flags, output)
  })
}

async function runTraining(data: string, flags: TrainFlags, output: Output): Promise<void> {
  checkLogNames(flags)
  const { paths, lock } = await outputPaths(data, flags, output)
  try {
    await runLocked(data, flags, paths, lock, output)
  } finally {
    lock.release()
  }
}

async function runLocked(
  data: string,
  flags: TrainFlags,
  paths: SavedPaths,
  lock: RunLock,
  output: Output,
): Promise<void> {
  const seconds = flags.checkpointEvery ?? DEFAULT_CHECKPOINT_SECONDS
  if (flags.task === 'lm') {
    await noteOldCheckpoint(flags, paths, output)
    return trainLanguageModel(flags, { data, paths, lock, output, logFlags: flags, seconds })
  }
  if (flags.task === 'tag') {
    await noteOldCheckpoint(flags, paths, output)
    return trainTagger(flags, { data, paths, lock, output, logFlags: flags, seconds })
  }
  if (flags.task === 'seq2seq') {
    await noteOldCheckpoint(flags, paths, output)
    return trainSequenceToSequence(flags, { data, paths, lock, output, logFlags: flags, seconds })
  }
  if (flags.task === 'multilabel' || flags.task === 'regress' || flags.task === 'pairs') {
    await noteOldCheckpoint(flags, paths, output)
    return trainTexts(flags, { data, paths, lock, output, logFlags: flags, seconds })
  }
  const { model, options, resume } = await startOf(flags)
  const rows = await readRows(
    data,
    { ...flags, text: flags.text ?? textFlag(options.text), label: flags.label ?? options.label },
    output,
    { trained: flags.from === undefined ? null : model.summary().textColumn },
  )
  requireTwoRows(rows)
  const test = flags.test === undefined ? undefined : await readRowsLike(rows, flags.test, output)
  const validation =
    typeof flags.validation === 'string' ? await readRowsLike(rows, flags.validation, output) : undefined
  await noteOldCheckpoint(flags, paths, output)
  const job: ClassifierJob = {
    data,
    rows,
    test,
    paths,
    lock,
    resumeCommand: resumeCommand(data, flags, rows, paths),
    output,
    logFlags: flags,
    seconds,
  }
  const all: Options = {
    ...options,
    ...rows.columns,
    ...(validation ? { validation: validation.rows } : {}),
    resume,
  }
  const report = await trainWithProgress((watch) => model.fit(rows.rows, { ...all, ...watch }), model, job)
  if (report) await finish(model, report, job, all)
}

async function noteOldCheckpoint(
  { resume }: TrainFlags,
  { checkpoint }: SavedPaths,
  output: Output,
): Promise<void> {
  if (resume !== undefined || !(await exists(checkpoint))) return
  output.note(`${checkpoint} of an earlier run will be replaced (pass it as --resume to continue that run).`)
}

/** The files that the run writes, checked before anything is read or trained, and locked against other runs. */
async function outputPaths(
  data: string,
  flags: TrainFlags,
  output: Output,
): Promise<{ paths: SavedPaths; lock: RunLock }> {
  const { out, resume } = flags
  const wanted = modelPath(flags)
  const used = new Set<string>()
  for (;;) {
    const model = out ?? (await freeName(wanted, output, used))
    // A resumed run keeps its checkpoint, wherever its model is saved.
    const paths = resume === undefined ? savedPaths(model) : { ...savedPaths(wanted), model }
    const replaced = await checkTrainingOutputs(data, paths, flags)
    const lock = await lockRun(await realPath(paths.lock), output)
    if (typeof lock !== 'string') {
      noteReplaced(replaced, output)
      return { paths, lock }
    }
    if (out !== undefined || resume !== undefined) throw lockedError(paths, lock)
    used.add(model)
  }
}

function lockedError({ model, lock }: SavedPaths, owner: LockOwner): UsageError {
  return new UsageError({
    where: `--out ${model}`,
    expected: 'files that no other run writes',
    got: `${lock} of a run that is active (${owner})`,
    remedy: 'Wait until that run ends, or choose another file with `--out`.',
  })
}

/** @returns the model file, log and plot that replace one */
async function checkTrainingOutputs(
  data: string,
  { model, checkpoint, lastGood }: SavedPaths,
  { test, validation, resume, from, vectors, log, plot, force }: TrainFlags,
): Promise<OutputFile[]> {
  const inputs: InputFile[] = [{ what: 'the table that this command reads', path: data }]
  if (test !== undefined) inputs.push({ what: 'the table of `--test`', path: test })
  if (typeof validation === 'string') inputs.push({ what: 'the table of `--validation`', path: validation })
  if (from !== undefined) inputs.push({ what: 'the model of `--from`', path: from })
  const kind = 'safetensors'
  if (vectors !== undefined) inputs.push({ what: 'the vectors of `--vectors`', path: vectors })
  const target = { where: `--out ${model}`, path: model, kind } as const
  if (resume !== undefined) {
    await checkOutputs([target], [{ what: 'the checkpoint of `--resume`', path: resume }], force)
  }
  // A finished model that has the name of the checkpoint stays; that a resumed file is a checkpoint shows when it is read.
  const others = [
    {
      where: `the checkpoint ${checkpoint}`,
      path: checkpoint,
      kind: resume === undefined ? 'checkpoint' : kind,
      optional: true,
    },
    { where: `the last good weights ${lastGood}`, path: lastGood, kind, optional: true },
  ] as const
  const records: OutputFile[] = [
    ...(log === undefined ? [] : [{ where: `--log ${log}`, path: log, kind: 'log' } as const]),
    ...(plot === undefined ? [] : [{ where: `--plot ${plot}`, path: plot, kind: 'svg' } as const]),
  ]
  const replaced = await checkOutputs([target, ...records, ...others], inputs, force)
  return replaced.filter((output) => output === target || records.includes(output))
}

/** A new model, a saved one, or that of an interrupted run. */
async function startOf(flags: TrainFlags): Promise<Start> {
  const { validation, resume, from, cell } = flags
  if (resume !== undefined) return resumed(resume, flags)
  const model =
    from === undefined
      ? (textClassifier({
          cell,
          ...classifierOptions(flags),
          ...(await givenVectors(flags)),
        }) as TextClassifier)
      : await TextClassifier.load(from, engineOptions(flags))
  return {
    model,
    options: { ...fitOptions(flags), ...(typeof validation === 'number' ? { validation } : {}) },
  }
}

/** @throws UsageError for options of the network beside `--from`, and `--extend-vocabulary` without it */
function requireFromOptions(command: CommandUnknownOpts, { from, extendVocabulary }: TrainFlags): void {
  if (from === undefined) {
    if (!extendVocabulary) return
    const remedy = 'Name the model to continue with `--from`.'
    throw new UsageError({
      where: '--extend-vocabulary',
      expected: '`--from MODEL`',
      got: 'a new model',
      remedy,
    })
  }
  const network = command.options.filter(({ helpGroupHeading }) => helpGroupHeading === NETWORK_OPTIONS)
  const isFixed = (flag: string) =>
    network.some(({ long }) => long === flag) || (flag !== '--lines' && LANGUAGE_ONLY.includes(flag))
  const wrong = typedFlags(command).filter(isFixed)
  if (wrong.length === 0) return
  throw new UsageError({
    where: '--from',
    expected: 'no options of the network',
    got: wrong.join(', '),
    remedy: `Omit ${wrong.join(', ')}: the saved model has its network.`,
  })
}

/** Saves the model, evaluates it and the baseline, and prints the results. */
async function finish(
  model: TextClassifier,
  report: ModelFitReport,
  job: ClassifierJob,
  options: Options,
): Promise<void> {
  const { paths, output, rows, test, data } = job
  await saveModel(model, job)
  const { columns } = rows
  const result = test && (await evaluateWithProgress(model, test, output))
  if (test && !result) return reportNotEvaluated(job)
  const baseline = await evaluateBaseline(
    model,
    { ...selectParts(rows, report, options), test: test?.rows ?? [] },
    columns,
  )
  reportDone(job, { report, result, part: 'test', beside: { baseline: baseline ?? null } })
  const summary = {
    cell: model.settings.cell,
    report,
    result,
    baseline,
    path: paths.model,
    data,
    columns,
    reading: rows.reading,
  }
  output.print(
    drawSummary({ ...summary, sample: (test ?? rows).rows[0][columns.text] }, output.colors, output.width),
  )
}

/** The rows for training and for validation, as split by `fit`. */
function selectParts({ rows }: Rows, { split }: ModelFitReport, { validation }: Options) {
  const pick = (numbers: readonly number[]) => numbers.map((number) => rows[number])
  const given = Array.isArray(validation) ? (validation as Rows['rows']) : null
  return { train: pick(split.train), validation: given ?? pick(split.validation) }
}
