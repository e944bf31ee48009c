/** The summary of `latch train --task multilabel`, `--task regress` and `--task pairs`. */
import type { Evaluation, ModelFitReport } from 'latch'
import type { AnyModel } from 'latch/formats'
import type { Colors } from '../terminal/escape.ts'
import { wrap } from '../terminal/glyphWidth.ts'
import { duration, loss, outputNumber, percent, plural } from '../terminal/numbers.ts'
import { drawEvaluation } from '../training/reports.ts'
import { nextCommands, STOPPED, type Summary } from '../training/summary.ts'
import { hasLabels, type TextModel } from './models.ts'

type BaselineScore = ReturnType<Awaited<ReturnType<AnyModel['baseline']>>['evaluate']>

/** How the baseline does. */
export interface TextBaseline extends BaselineScore {
  name: string
  /** Which rows it was measured on. */
  part: 'test' | 'validation'
}

export interface TextSummary extends Pick<
  Summary,
  'report' | 'path' | 'sample' | 'data' | 'columns' | 'reading'
> {
  model: TextModel
  /** On the test rows, else on those held out. */
  result: Evaluation | undefined
  part: 'test' | 'validation'
  baseline: TextBaseline | undefined
}

export function drawTextSummary(summary: TextSummary, colors: Colors, width: number): string {
  const { report, result, part, baseline } = summary
  const lines = [trained(summary, colors), best(report), ...threshold(summary)].flatMap((line) =>
    wrap(line, width),
  )
  const title = part === 'test' ? 'Test' : 'Validation'
  const metrics = result ? ['', `${colors.bold(title)}: ${drawEvaluation(result, colors, width)}`] : []
  const verdict = result && baseline ? ['', ...wrap(compare(result, baseline), width)] : []
  const commands = nextCommands(
    { ...summary, cell: summary.model.settings.cell, isTested: part === 'test', isComparable: false },
    colors,
  )
  return [...lines, ...metrics, ...verdict, '', ...commands].join('\n')
}

function trained({ model, report }: TextSummary, { bold }: Colors): string {
  const facts = [
    plural(report.trainSize, 'row'),
    ...(model.task === 'textRegressor' ? [] : [plural(report.labels.length, 'label')]),
    plural(report.vocabulary ?? 0, 'token'),
    plural(report.parameters, 'parameter'),
  ]
  const how = `${plural(report.epochs, 'epoch')}, ${duration(report.seconds)}, ${STOPPED[report.stopped]}`
  return `${bold(`Trained ${model.settings.cell}`)} on ${facts.join(', ')} (${how}).`
}

function best({ best: found, kept, validationSize }: ModelFitReport): string {
  if (!found) return `Saved the ${kept === 'ema' ? 'averaged' : 'last'} weights (no validation rows).`
  const on = `on ${plural(validationSize, 'validation row')}`
  return `Best epoch ${found.epoch}: loss ${loss(found.loss)} ${on}. Saved the weights of this epoch.`
}

function threshold({ model, report }: TextSummary): string[] {
  if (!hasLabels(model)) return []
  const why = report.validationSize > 0 ? 'the highest micro F1 on the validation rows' : 'no validation rows'
  return [`A text has the labels whose probability is at least ${percent(model.threshold)} (${why}).`]
}

/** A sentence that compares a model with its baseline. */
function compare(result: Evaluation, baseline: TextBaseline): string {
  const { value } = baseline
  if (result.kind === 'labels') {
    const verdict = verdictOf(result.microF1 - value)
    return `The network ${verdict} ${baseline.name}: micro F1 ${percent(result.microF1)} against ${percent(value)}.`
  }
  if (result.kind === 'classes') {
    const verdict = verdictOf(result.accuracy - value)
    return `The network ${verdict} ${baseline.name}: accuracy ${percent(result.accuracy)} against ${percent(value)}.`
  }
  const error = (result as Extract<Evaluation, { kind: 'values' }>).meanAbsoluteError
  const mean =
    baseline.meanOnly === undefined ? '' : `; always the mean has ${outputNumber(baseline.meanOnly)}`
  return `The network ${verdictOf(value - error)} ${baseline.name}: mean absolute error ${outputNumber(error)} against ${outputNumber(value)}${mean}.`
}

function verdictOf(difference: number): string {
  return difference > 0 ? 'is better than' : difference < 0 ? 'is worse than' : 'equals'
}
