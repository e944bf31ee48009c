/** `latch train`: a table of texts and labels in, a saved model out. */
import { cells, type ModelFitReport, type TextClassifier, textClassifier } from 'latch'
import { measureFloor } from '../training/heldOut.ts'
import { measureWatched } from '../training/measuring.ts'
import { oneOf, realNumber, typedFlags } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { checkOutputs, forceOption, freeName, noteReplaced, type InputFile } from '../terminal/outputFiles.ts'
import { evaluationJson } from '../training/reports.ts'
import {
  CELLS,
  DEFAULT_OUT,
  modelPath,
  refuseWithResume,
  resumeCommand,
  resumed,
} from '../training/resume.ts'
import type { Options, Start, TrainFlags } from '../training/resume.ts'
import { readRows, readRowsLike, refuseOneRow } from '../options/rows.ts'
import type { Rows } from '../options/rows.ts'
import { checkWritable, exists, removeIfThere, savedPaths, type SavedPaths } from '../training/savedPaths.ts'
import { drawSummary } from '../training/summary.ts'
import { trainWatched } from '../training/watch.ts'
import type { Job } from '../training/watch.ts'
import { classifierOptions, fitOptions } from '../training/options.ts'
import { trainingCommand } from '../training/command.ts'

const DEFAULT_CHECKPOINT_SECONDS = 30

const EXAMPLES = `
Ctrl-C writes a checkpoint beside the model and says how to go on; a second
Ctrl-C stops at once. Texts and labels are guessed where no column is named.
--json prints JSON Lines: start, epoch, …, done.

Examples:
  $ latch train comments.csv --text comment --label sentiment
  $ latch train train.tsv --text 1 --label 0 --cell gru --test test.tsv --out topics.safetensors
  $ latch train names.jsonl --tokens chars --units 128 --bidirectional --pooling max
  $ zcat big.csv.gz | latch train - --text body --label spam --class-weights balanced --json
  $ latch train comments.csv --resume model.checkpoint.safetensors`

export function trainCommand(output: Output) {
  const cell = {
    help: `${cells.map(({ name }) => name).join(', ')}, or feed-forward: ann, bag (lstm)`,
    read: oneOf('--cell', CELLS),
  }
  const command = trainingCommand('train', cell)
    .summary('train a text classifier and save it')
    .description('Trains a text classifier on a table of texts and labels, and saves it as one file.')
    .optionsGroup('Saving:')
    .option('--out <file>', `where the model is saved (${DEFAULT_OUT})`)
    .option(
      '--checkpoint-every <seconds>',
      'how often a checkpoint is written beside it (30)',
      realNumber('--checkpoint-every', { above: 0 }),
    )
    .option('--resume <file>', 'go on with a run that was stopped, to the same bits')
    .option(...forceOption)
    .optionsGroup('Output:')
    .option('--json', 'print JSON Lines')
    .option('-q, --quiet', 'no progress, no notes')
    .addHelpText('after', EXAMPLES)
  return command.action(async (data, flags) => {
    if (flags.resume !== undefined) refuseWithResume(typedFlags(command), flags)
    await runTraining(data, flags, output)
  })
}

async function runTraining(data: string, flags: TrainFlags, output: Output): Promise<void> {
  const paths = await outputPaths(data, flags, output)
  const { model, options, resume } =
    flags.resume === undefined ? fresh(flags) : await resumed(flags.resume, flags)
  const rows = await readRows(
    data,
    { ...flags, text: flags.text ?? options.text, label: flags.label ?? options.label },
    output,
  )
  refuseOneRow(rows)
  const test = flags.test === undefined ? undefined : await readRowsLike(rows, flags.test, output)
  const validation =
    typeof flags.validation === 'string' ? await readRowsLike(rows, flags.validation, output) : undefined
  if (resume === undefined && (await exists(paths.checkpoint))) {
    output.note(
      `${paths.checkpoint} is there from an earlier run and will be replaced (--resume would go on with it).`,
    )
  }
  const job: Job = {
    data,
    rows,
    test,
    paths,
    again: resumeCommand(data, flags, rows, paths),
    output,
    seconds: flags.checkpointEvery ?? DEFAULT_CHECKPOINT_SECONDS,
  }
  const all: Options = {
    ...options,
    ...rows.columns,
    ...(validation ? { validation: validation.rows } : {}),
    resume,
  }
  const report = await trainWatched(model, all, job)
  if (report) await finish(model, report, job, all)
}

/** Where the run writes, checked before anything is read or trained. */
async function outputPaths(data: string, flags: TrainFlags, output: Output): Promise<SavedPaths> {
  const { out, resume, test, validation, force } = flags
  const wanted = modelPath(flags)
  const model = out ?? (await freeName(wanted, output))
  // A resumed run goes on with its checkpoint, wherever its model goes.
  const paths = resume === undefined ? savedPaths(model) : { ...savedPaths(wanted), model }
  await checkWritable(paths)
  const inputs: InputFile[] = [{ what: 'the table that this command reads', path: data }]
  if (test !== undefined) inputs.push({ what: 'the table of `--test`', path: test })
  if (typeof validation === 'string') inputs.push({ what: 'the table of `--validation`', path: validation })
  const checkpoint = {
    where: `the checkpoint ${paths.checkpoint}`,
    path: paths.checkpoint,
    kind: 'safetensors',
  } as const
  const lastGood = {
    where: `the last good weights ${paths.lastGood}`,
    path: paths.lastGood,
    kind: 'safetensors',
  } as const
  await checkOutputs([checkpoint, lastGood], inputs, force)
  if (resume !== undefined) inputs.push({ what: 'the checkpoint of `--resume`', path: resume })
  noteReplaced(
    await checkOutputs([{ where: `--out ${model}`, path: model, kind: 'safetensors' }], inputs, force),
    output,
  )
  return paths
}

function fresh(flags: TrainFlags): Start {
  const model = textClassifier({ cell: flags.cell ?? 'lstm', ...classifierOptions(flags) }) as TextClassifier
  const { validation } = flags
  return {
    model,
    options: { ...fitOptions(flags), ...(typeof validation === 'number' ? { validation } : {}) },
  }
}

/** Saves, tests, measures the floor, and tells all of it. */
async function finish(
  model: TextClassifier,
  report: ModelFitReport,
  job: Job,
  options: Options,
): Promise<void> {
  const { paths, output, rows, test, data } = job
  await model.save(paths.model)
  await removeIfThere(paths.checkpoint)
  const { columns } = rows
  const result = test && (await measureWatched(model, test, output))
  if (test && !result) return tellUntested(paths.model, output)
  const floor = measureFloor({ ...partsOf(rows, report, options), test: test?.rows ?? [] }, columns)
  const { epochs, best, seconds, stopped, kept, parameters, vocabulary, labels, warnings, history } = report
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
    warnings,
    history,
  })
  for (const note of result?.warnings ?? []) output.note(note)
  const summary = { cell: model.settings.cell, report, result, floor, path: paths.model, data, columns }
  output.say(
    drawSummary({ ...summary, sample: (test ?? rows).rows[0][columns.text] }, output.colors, output.width),
  )
}

function tellUntested(path: string, output: Output): void {
  output.event({ event: 'interrupted', model: path })
  output.complain(`Stopped before the test was done; the trained model is saved in ${path}.`)
}

/** The rows that were trained on and those that were put aside, as the report says. */
function partsOf({ rows }: Rows, { split }: ModelFitReport, { validation }: Options) {
  const pick = (numbers: readonly number[]) => numbers.map((number) => rows[number])
  const given = Array.isArray(validation) ? (validation as Rows['rows']) : null
  return { train: pick(split.train), validation: given ?? pick(split.validation) }
}
