/** `latch train --task lm`: trains a language model on a corpus, saves it, and compares it with n-grams. */
import { LanguageModel, languageModel } from 'latch'
import type { FitOptions, ModelFitReport, TokenEvaluation } from 'latch'
import { shellOption } from '../options/options.ts'
import { withEvaluationProgress } from '../training/evaluation.ts'
import { languageOptions } from './options.ts'
import { reportDone } from '../training/done.ts'
import { resumeWith, type TrainFlags } from '../training/resume.ts'
import { startModel } from '../training/startModel.ts'
import { reportNotEvaluated, saveModel, trainWithProgress, type Job } from '../training/run.ts'
import { measureNgrams } from './ngrams.ts'
import { readCorpus, type Corpus } from './corpus.ts'
import { drawLanguageSummary } from './summary.ts'

/** The files and the options of the run, which are those of every training. */
export type LanguageJob = Omit<Job, 'resumeCommand'>

/** Trains, saves and reports. */
export async function trainLanguageModel(flags: TrainFlags, given: LanguageJob): Promise<void> {
  const { data, output } = given
  const { model, options, resume } = await startModel(
    LanguageModel,
    () => languageModel(languageOptions(flags)),
    flags,
  )
  const corpus = await readCorpus(data, flags, output)
  const test = flags.test === undefined ? undefined : await readCorpus(flags.test, flags, output)
  const watched =
    typeof flags.validation === 'string' ? await readCorpus(flags.validation, flags, output) : undefined
  const validation = watched ? listOf(watched) : options.validation
  const all = { ...options, ...(validation === undefined ? {} : { validation }), resume } as FitOptions
  const job: Job = { ...given, resumeCommand: resumeWith(data, flags, corpusWords(flags), given.paths) }
  const report = await trainWithProgress((watch) => model.fit(corpus.texts, { ...all, ...watch }), model, job)
  if (report) await finish({ model, report, job, corpus, validation: watched ?? all.validation, test })
}

function corpusWords({ text, lines }: TrainFlags): string[] {
  const column = text === undefined ? [] : [shellOption('--text', text)]
  return ['--task lm', ...column, ...(lines ? ['--lines'] : [])]
}

interface Finished {
  model: LanguageModel
  report: ModelFitReport
  job: Job
  corpus: Corpus
  /** The texts, or the fraction that was held out. */
  validation: Corpus | FitOptions['validation']
  test: Corpus | undefined
}

/** Saves the model, evaluates it and the n-grams, and prints the results. */
async function finish({ model, report, job, corpus, validation, test }: Finished): Promise<void> {
  const { paths, output, data } = job
  await saveModel(model, job)
  const result =
    test &&
    ((await withEvaluationProgress((watch) => model.evaluate(test.texts, watch), output)) as
      TokenEvaluation | undefined)
  if (test && !result) return reportNotEvaluated(job)
  const parts = partsOf(model, corpus, report, validation)
  const heldOut = test?.texts ?? parts.validation
  const ngrams = heldOut ? await measureNgrams(model, parts.training, heldOut, output) : undefined
  reportDone(job, { report, result, part: 'test', beside: { ngrams: ngrams ?? null } })
  const sample = typeof corpus.texts === 'string' ? corpus.texts : corpus.texts[0]
  const summary = { model, report, result, ngrams, path: paths.model, data, sample }
  output.print(drawLanguageSummary(summary, output.colors, output.width))
}

/** The texts that were trained on, and those held out. */
function partsOf(
  model: LanguageModel,
  { texts }: Corpus,
  { split }: ModelFitReport,
  validation: Finished['validation'],
): { training: string | string[]; validation: string | string[] | undefined } {
  if (typeof validation === 'object' && 'texts' in validation)
    return { training: texts, validation: validation.texts }
  if (split.validation.length === 0) return { training: texts, validation: undefined }
  const list = typeof texts === 'string' ? [texts] : texts
  // One text is divided: both parts have its number.
  if (list.length === 1) {
    return model.split(list[0], typeof validation === 'number' ? validation : undefined)
  }
  const pick = (numbers: readonly number[]) => numbers.map((i) => list[i])
  return { training: pick(split.train), validation: pick(split.validation) }
}

function listOf({ texts }: Corpus): readonly object[] {
  return (typeof texts === 'string' ? [texts] : texts) as unknown as readonly object[]
}
