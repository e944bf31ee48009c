/** `latch train --task tag`: trains a tagger on sentences, saves it, and compares it with the most frequent tag of each word. */
import { Tagger, tagger } from 'latch'
import type { FitOptions, ModelFitReport, TagEvaluation, TaggerOptions } from 'latch'
import { engineOptions, shellOption } from '../options/options.ts'
import { withEvaluationProgress } from '../training/evaluation.ts'
import { regularisationOptions } from '../language/options.ts'
import { givenVectors, withoutUndefined } from '../training/options.ts'
import { reportDone } from '../training/done.ts'
import { resumeWith, type TrainFlags } from '../training/resume.ts'
import { startModel } from '../training/startModel.ts'
import { reportNotEvaluated, saveModel, trainWithProgress, type Job } from '../training/run.ts'
import { atSentence, readSentenceFile, sentenceLabel, type Sentence, type SentenceFile } from './sentences.ts'
import { drawTaggerSummary, type TagBaseline } from './summary.ts'

/** Trains, saves and reports. */
export async function trainTagger(flags: TrainFlags, given: Omit<Job, 'resumeCommand'>): Promise<void> {
  const { data, output } = given
  const make = async () => tagger({ ...taggerOptions(flags), ...(await givenVectors(flags)) })
  const { model, options, resume } = await startModel(Tagger, make, flags)
  const file = await readSentenceFile(data, flags, output, model)
  const test = flags.test === undefined ? undefined : await readSentenceFile(flags.test, flags, output, model)
  const watched =
    typeof flags.validation === 'string'
      ? await readSentenceFile(flags.validation, flags, output, model)
      : undefined
  const all: FitOptions = { ...options, ...(watched ? { validation: watched.rows } : {}), resume }
  const job: Job = { ...given, resumeCommand: resumeWith(data, flags, fileWords(flags), given.paths) }
  const report = await trainWithProgress(
    (watch) =>
      model.fit(file.rows, { ...all, ...watch }).catch((error: unknown) => {
        throw atSentence(error, isOfValidation(error) && watched ? watched : file)
      }),
    model,
    job,
  )
  if (report) await finish({ model, report, job, file, validation: watched, test })
}

function isOfValidation(error: unknown): boolean {
  return (error as { where?: string }).where?.startsWith('validation row') ?? false
}

function taggerOptions(flags: TrainFlags): TaggerOptions {
  const { cell, units, layers, bidirectional, tokens, lowercase, embedding, dropout } = flags
  return withoutUndefined({
    cell,
    units,
    layers,
    bidirectional,
    tokens,
    lowercase,
    embedding,
    dropout,
    characters: flags.characters,
    crf: flags.crf,
    scheme: flags.scheme,
    repair: flags.repair,
    sentenceLabel: sentenceLabel(flags),
    ...regularisationOptions(flags),
    minimumCount: flags.minCount,
    maximumVocabulary: flags.maxVocabulary,
    ...engineOptions(flags),
  } as TaggerOptions)
}

function fileWords({ text, tags, label, sentence }: TrainFlags): string[] {
  const named = Object.entries({ '--text': text, '--tags': tags, '--label': label, '--sentence': sentence })
  return [
    '--task tag',
    ...named.flatMap(([flag, column]) => (column === undefined ? [] : [shellOption(flag, column)])),
  ]
}

interface Finished {
  model: Tagger
  report: ModelFitReport
  job: Job
  file: SentenceFile
  validation: SentenceFile | undefined
  test: SentenceFile | undefined
}

/** Saves the model, evaluates it and the baseline, and prints the results. */
async function finish({ model, report, job, file, validation, test }: Finished): Promise<void> {
  const { paths, output, data } = job
  await saveModel(model, job)
  const pick = (numbers: readonly number[]) => numbers.map((i) => file.rows[i])
  const heldOut = validation?.rows ?? pick(report.split.validation)
  const evaluated = test ?? { ...file, rows: heldOut }
  const result = heldOut.length + (test ? 1 : 0) > 0 ? await measure(model, evaluated, output) : undefined
  if (result === null) return reportNotEvaluated(job)
  const part = test ? 'test' : 'validation'
  const baseline = result && (await baselineOf(model, pick(report.split.train), evaluated.rows, part))
  reportDone(job, { report, result, part, beside: { baseline: baseline ?? null } })
  const summary = {
    model,
    report,
    result,
    part,
    baseline,
    path: paths.model,
    data,
    sample: file.rows[0].tokens,
  } as const
  output.print(drawTaggerSummary(summary, output.colors, output.width))
}

/** Null if interrupted. */
async function measure(
  model: Tagger,
  file: SentenceFile,
  output: Job['output'],
): Promise<TagEvaluation | null> {
  const found = await withEvaluationProgress((watch) => model.evaluate(file.rows, watch), output).catch(
    (error: unknown) => {
      throw atSentence(error, file)
    },
  )
  return found ?? null
}

/** The most frequent tag of each word of the training sentences. */
export async function baselineOf(
  model: Tagger,
  training: readonly Sentence[],
  rows: readonly Sentence[],
  part: TagBaseline['part'],
): Promise<TagBaseline> {
  const baseline = await model.baseline(training)
  const { value, n, entityF1 } = baseline.evaluate(rows)
  return { name: baseline.name, part, accuracy: value, ...(entityF1 === undefined ? {} : { entityF1 }), n }
}
