/** `latch train --task seq2seq`: trains a sequence-to-sequence model on pairs of texts, saves it, and evaluates it. */
import { SequenceToSequence, sequenceToSequence } from 'latch'
import type {
  FitOptions,
  ModelEvaluateOptions,
  ModelFitReport,
  SequenceEvaluation,
  SequenceToSequenceOptions,
  TargetSearchOptions,
} from 'latch'
import { engineOptions, shellOption } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { withEvaluationProgress } from '../training/evaluation.ts'
import { withoutUndefined } from '../training/options.ts'
import { reportDone } from '../training/done.ts'
import { resumeWith, type TrainFlags } from '../training/resume.ts'
import { startModel } from '../training/startModel.ts'
import { reportNotEvaluated, saveModel, trainWithProgress, type Job } from '../training/run.ts'
import { atPair, readPairs, type PairFile } from './pairs.ts'
import { drawSequenceSummary } from './summary.ts'

/** Trains, saves and reports. */
export async function trainSequenceToSequence(
  flags: TrainFlags,
  given: Omit<Job, 'resumeCommand'>,
): Promise<void> {
  const { data, output } = given
  const { model, options, resume } = await startModel(
    SequenceToSequence,
    () => sequenceToSequence(modelOptions(flags)),
    flags,
  )
  const file = await readPairs(data, flags, output)
  const test = flags.test === undefined ? undefined : await readPairs(flags.test, flags, output)
  const watched =
    typeof flags.validation === 'string' ? await readPairs(flags.validation, flags, output) : undefined
  const all: FitOptions = { ...options, ...(watched ? { validation: watched.rows } : {}), resume }
  const words = [
    '--task seq2seq',
    shellOption('--source', file.columns[0]),
    shellOption('--target', file.columns[1]),
  ]
  const job: Job = { ...given, resumeCommand: resumeWith(data, flags, words, given.paths) }
  const report = await trainWithProgress(
    (watch) =>
      model.fit(file.rows, { ...all, ...watch }).catch((error: unknown) => {
        const isOfValidation = (error as { where?: string }).where?.startsWith('validation row')
        throw atPair(error, isOfValidation && watched ? watched : file)
      }),
    model,
    job,
  )
  if (report) await finish({ model, report, job, file, validation: watched, test })
}

function modelOptions(flags: TrainFlags): SequenceToSequenceOptions {
  const { cell, units, layers, bidirectional, attention, tokens, targetTokens, lowercase } = flags
  return withoutUndefined({
    cell,
    units,
    layers,
    bidirectional,
    attention,
    tokens,
    targetTokens,
    lowercase,
    embedding: flags.embedding,
    scheduledSampling: flags.scheduledSampling,
    dropout: flags.dropout,
    minimumCount: flags.minCount,
    maximumVocabulary: flags.maxVocabulary,
    maximumLength: flags.maxLength,
    ...engineOptions(flags),
  } as SequenceToSequenceOptions)
}

interface Finished {
  model: SequenceToSequence
  report: ModelFitReport
  job: Job
  file: PairFile
  validation: PairFile | undefined
  test: PairFile | undefined
}

/** Saves the model, evaluates it, and prints the results. */
async function finish({ model, report, job, file, validation, test }: Finished): Promise<void> {
  const { paths, output, data } = job
  await saveModel(model, job)
  const heldOut = validation?.rows ?? report.split.validation.map((i) => file.rows[i])
  const evaluated = test ?? { ...file, rows: heldOut }
  const result = evaluated.rows.length > 0 ? await measure(model, evaluated, output) : undefined
  if (result === null) return reportNotEvaluated(job)
  const part = test ? 'test' : 'validation'
  reportDone(job, { report, result, part, beside: { baseline: null } })
  const sample = evaluated.rows[0] ?? file.rows[0]
  const summary = {
    model,
    report,
    result,
    part,
    path: paths.model,
    data,
    sample,
  } as const
  output.print(drawSequenceSummary(summary, output.colors, output.width))
}

/** Null if interrupted. */
export async function measure(
  model: SequenceToSequence,
  file: PairFile,
  output: Output,
  search: TargetSearchOptions | null = null,
): Promise<SequenceEvaluation | null> {
  const evaluate = (watch: ModelEvaluateOptions) => model.evaluate(file.rows, { ...search, ...watch })
  const found = await withEvaluationProgress(evaluate, output).catch((error: unknown) => {
    throw atPair(error, file)
  })
  return found ?? null
}
