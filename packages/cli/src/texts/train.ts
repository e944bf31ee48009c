/** `latch train --task multilabel`, `--task regress` and `--task pairs`: trains on a table, saves the model, and evaluates it and a baseline. */
import {
  MultiLabelClassifier,
  multiLabelClassifier,
  TextPairClassifier,
  textPairClassifier,
  TextRegressor,
  textRegressor,
} from 'latch'
import type { Evaluation, FitOptions, ModelFitReport } from 'latch'
import { shellOption } from '../options/options.ts'
import { atFile, namedColumns, requireTwoRows, textColumns, textFlag, type Rows } from '../options/rows.ts'
import { classifierOptions, givenVectors, withoutUndefined } from '../training/options.ts'
import { reportDone } from '../training/done.ts'
import { resumeWith, type TrainFlags } from '../training/resume.ts'
import { reportNotEvaluated, saveModel, trainWithProgress, type Job } from '../training/run.ts'
import { startModel } from '../training/startModel.ts'
import { measureRows } from './evaluate.ts'
import { readsPairs } from '../pairs/models.ts'
import type { TextModel } from './models.ts'
import { readMoreRows, readTextRows } from './rows.ts'
import { drawTextSummary, type TextBaseline } from './summary.ts'

/** Trains, saves and reports. */
export async function trainTexts(flags: TrainFlags, given: Omit<Job, 'resumeCommand'>): Promise<void> {
  const { data, output } = given
  const { model, options, resume } = await startOf(flags)
  const stored = options as Partial<Record<'text' | 'texts', string | readonly string[]>> & { label?: string }
  const text = flags.text ?? textFlag(stored.text ?? stored.texts)
  const named = { ...flags, text, label: flags.label ?? stored.label }
  const trained = flags.from === undefined ? null : model.summary().textColumn
  const rows = await readTextRows(model, data, named, output, trained)
  requireTwoRows(rows)
  const like = (file: string) => readMoreRows(model, rows, file, output)
  const test = flags.test === undefined ? undefined : await like(flags.test)
  const validation = typeof flags.validation === 'string' ? await like(flags.validation) : undefined
  const { columns } = rows
  const all: FitOptions = {
    ...options,
    ...namedColumns(model, columns),
    ...(validation ? { validation: validation.rows } : {}),
    resume,
  }
  const words = [
    `--task ${flags.task}`,
    shellOption('--text', columns.text),
    shellOption('--label', columns.label),
  ]
  const job: Job = { ...given, resumeCommand: resumeWith(data, flags, words, given.paths) }
  const report = await trainWithProgress(
    (watch) =>
      model.fit(rows.rows, { ...all, ...watch } as never).catch((error: unknown) => {
        const isOfValidation = (error as { where?: string }).where?.startsWith('validation row')
        throw atFile(error, isOfValidation && validation ? validation : rows)
      }),
    model,
    job,
  )
  if (report) await finish({ model, report, job, rows, validation, test })
}

async function startOf(
  flags: TrainFlags,
): Promise<{ model: TextModel; options: FitOptions; resume?: Uint8Array }> {
  const { cell, labelSeparator, loss, combine } = flags
  const network = { ...classifierOptions(flags), ...(await givenVectors(flags)) }
  if (flags.task === 'pairs') {
    const { embedding, ...others } = withoutUndefined({ cell, ...network, combine })
    // One-hot texts were refused before.
    const options = withoutUndefined({ ...others, embedding: embedding as number | undefined })
    return startModel(TextPairClassifier, () => textPairClassifier(options), flags)
  }
  return flags.task === 'multilabel'
    ? startModel(
        MultiLabelClassifier,
        () => multiLabelClassifier(withoutUndefined({ cell, ...network, labelSeparator })),
        flags,
      )
    : startModel(TextRegressor, () => textRegressor(withoutUndefined({ cell, ...network, loss })), flags)
}

interface Finished {
  model: TextModel
  report: ModelFitReport
  job: Job
  rows: Rows
  validation: Rows | undefined
  test: Rows | undefined
}

/** Saves the model, evaluates it and the baseline, and prints the results. */
async function finish({ model, report, job, rows, validation, test }: Finished): Promise<void> {
  const { paths, output, data } = job
  await saveModel(model, job)
  const pick = (numbers: readonly number[]) => numbers.map((number) => rows.rows[number])
  const evaluated = test ?? validation ?? { ...rows, rows: pick(report.split.validation) }
  const part = test ? 'test' : 'validation'
  let result: Evaluation | undefined
  let baseline: TextBaseline | undefined
  if (evaluated.rows.length > 0) {
    result = await measureRows(model, evaluated, output)
    if (!result) return reportNotEvaluated(job)
    const fitted = await model.baseline(pick(report.split.train), namedColumns(model, rows.columns))
    baseline = { name: fitted.name, part, ...fitted.evaluate(evaluated.rows) }
  }
  reportDone(job, { report, result, part, beside: { baseline: baseline ?? null } })
  const summary = {
    model,
    report,
    result,
    baseline,
    part,
    path: paths.model,
    data,
    columns: rows.columns,
    reading: rows.reading,
    sample: sampleOf(model, test ?? rows),
  } as const
  output.print(drawTextSummary(summary, output.colors, output.width))
}

/** A text of the data, or two, for the suggested commands. */
function sampleOf(model: TextModel, { rows: [row], columns: { text } }: Rows): string | string[] {
  return readsPairs(model) ? textColumns(text).map((column) => row[column]) : row[text]
}
