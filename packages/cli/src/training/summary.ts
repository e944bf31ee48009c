/** The summary of `latch train`: the best epoch, the test, the baseline, the saved file and the next commands. */
import type { ModelFitReport, Evaluation } from 'latch'
import { compareWithBaseline } from './baseline.ts'
import type { Baseline } from './baseline.ts'
import { visible, wrap } from '../terminal/glyphWidth.ts'
import { duration, loss, percent, plural } from '../terminal/numbers.ts'
import { dashedPath, shellOption, shellWord } from '../options/options.ts'
import { tableWords, type TableFlags } from '../options/tableFlags.ts'
import type { Colors } from '../terminal/escape.ts'
import { programName } from '../terminal/programName.ts'
import { drawEvaluation } from './reports.ts'

export interface Summary {
  cell: string
  report: ModelFitReport
  /** On the test rows, if there are any. */
  result: Evaluation | undefined
  baseline: Baseline | undefined
  /** The saved file. */
  path: string
  /** A text of the data, or a pair of them, for the suggested commands. */
  sample: string | readonly string[]
  /** The training data as given, and its columns. */
  data: string
  columns: { text: string; label: string }
  /** How the training data was read, as typed. */
  reading: TableFlags
}

/** Why a run ended. */
export const STOPPED = {
  epochs: 'all epochs',
  patience: 'stopped early',
  aborted: 'interrupted',
} as const

export function drawSummary(summary: Summary, colors: Colors, width: number): string {
  const { report, result } = summary
  const lines = [trained(summary, colors), bestEpoch(report), ...counted(report)].flatMap((line) =>
    wrap(line, width),
  )
  if (result) lines.push('', `${colors.bold('Test')}: ${drawEvaluation(result, colors, width)}`)
  const baseline = baselineLine(summary)
  return [
    ...lines,
    ...(baseline === undefined ? [] : ['', ...wrap(baseline, width)]),
    '',
    ...nextCommands({ ...summary, isTested: result !== undefined, isComparable: true }, colors),
  ].join('\n')
}

function trained({ cell, report }: Summary, { bold }: Colors): string {
  const facts = [
    plural(report.trainSize, 'row'),
    plural(report.labels.length, 'label'),
    plural(report.vocabulary ?? 0, 'token'),
    plural(report.parameters, 'parameter'),
  ]
  const how = `${plural(report.epochs, 'epoch')}, ${duration(report.seconds)}, ${STOPPED[report.stopped]}`
  return `${bold(`Trained ${cell}`)} on ${facts.join(', ')} (${how}).`
}

function bestEpoch({ best, history, validationSize, kept }: ModelFitReport): string {
  if (!best) return `Saved the ${kept === 'ema' ? 'averaged' : 'last'} weights (no validation rows).`
  const on = `on ${plural(validationSize, 'validation row')}`
  return `Best epoch ${best.epoch}: accuracy ${percent(best.accuracy)}, loss ${loss(best.loss)} ${on}. Saved the weights of this epoch.${whyLower(history[best.epoch - 1]?.trainLoss, best.loss)}`
}

/** What counting words contributes, and how network and counts do alone. */
function counted({ counts, validationSize }: ModelFitReport): string[] {
  if (!counts) return []
  const { networkWeight, countsWeight, terms, minimumCount, validation } = counts
  const alone = `the network alone ${percent(validation.network.accuracy)}, counts of words alone ${percent(validation.counts.accuracy)}`
  const on = `on ${plural(validationSize, 'validation row')}`
  if (countsWeight === 0) return [`Counts of words do not help, so the model is the network: ${alone} ${on}.`]
  const { accuracy, loss: value } = validation.model
  const few = minimumCount > 1 ? ` of ${minimumCount} training texts or more` : ''
  const table = `${plural(terms, 'word or pair', 'words and pairs')}${few}`
  return [
    `Mixed with counts of ${table}: accuracy ${percent(accuracy)}, loss ${loss(value)} (${alone}) ${on}. Weights: network ${networkWeight}, counts ${countsWeight}.`,
  ]
}

/** Why the two losses cannot be compared, where that is likely to be asked. */
function whyLower(training: number | undefined, validation: number): string {
  if (training === undefined || training < 1.2 * validation) return ''
  return ' (The training loss is higher because dropout and label smoothing apply to it alone.)'
}

function baselineLine({ cell, report, result, baseline }: Summary): string | undefined {
  const accuracy = baseline?.part === 'test' ? getAccuracy(result) : validationAccuracy(report)
  if (!baseline || accuracy === undefined || accuracy === null) return undefined
  return `On the ${baseline.part} rows ${compareWithBaseline(cell, accuracy, baseline)}`
}

/** A trained model, for the commands that are suggested. */
interface Suggested extends Pick<Summary, 'cell' | 'path' | 'sample' | 'data' | 'columns' | 'reading'> {
  isTested: boolean
  /** Whether `latch compare` trains other cells on the data. */
  isComparable: boolean
}

/** Commands that run as they are printed; what names a file of the reader is no command. */
export function nextCommands(
  { cell, path, sample, data, columns, reading, isTested, isComparable }: Suggested,
  { green, dim }: Colors,
): string[] {
  const file = shellWord(dashedPath(path))
  const short = [sample].flat().map(shortened)
  const text = `${short.some((one) => one.startsWith('-')) ? '-- ' : ''}${short.map(shellWord).join(' ')}`
  const latch = programName()
  const named = `${shellOption('--text', columns.text)} ${shellOption('--label', columns.label)}`
  const read = [named, ...tableWords(reading).map(shellWord)].join(' ')
  const commands = [`${latch} predict ${file} ${text}`]
  const hasSteps = cell !== 'ann' && cell !== 'bag' && typeof sample === 'string'
  if (hasSteps) commands.push(`${latch} inspect ${file} ${text}`)
  if (isComparable && data !== '-') commands.push(`${latch} compare ${shellWord(dashedPath(data))} ${read}`)
  const lines = commands.map((command) => `  ${dim('$')} ${command}`)
  if (!isTested) lines.push(`  ${dim('with other rows:')} ${latch} evaluate ${file} FILE ${read}`)
  return [`Saved ${green(path)}. Next steps:`, ...lines]
}

/** Of the model: the network, with counts where it has them. */
function validationAccuracy({ counts, best }: ModelFitReport): number | null | undefined {
  return counts ? counts.validation.model.accuracy : best?.accuracy
}

/** The first words of a text. */
export function shortened(text: string): string {
  const [first = '', ...more] = visible(text).split(/\s+/)
  let short = Array.from(first).slice(0, 40).join('')
  for (const word of more) {
    if (short.length + word.length > 40) break
    short += ` ${word}`
  }
  return short
}

/** Null where outputs are numbers. */
function getAccuracy(result: Evaluation | undefined): number | null {
  return result?.kind === 'classes' ? result.accuracy : null
}
