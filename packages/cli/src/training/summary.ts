/** What `latch train` says at its end: the best epoch, the test, the floor, the file, what to type next. */
import type { ModelFitReport, Evaluation } from 'latch'
import { verdictOnFloor } from './heldOut.ts'
import type { Floor } from './heldOut.ts'
import { visible, wrap } from '../terminal/glyphWidth.ts'
import { duration, loss, percent, plural } from '../terminal/numbers.ts'
import { shellWord } from '../options/options.ts'
import type { Colors } from '../terminal/output.ts'
import { programName } from '../terminal/programName.ts'
import { drawEvaluation } from './reports.ts'

export interface Summary {
  cell: string
  report: ModelFitReport
  /** On the test rows, where there are any. */
  result: Evaluation | undefined
  floor: Floor | undefined
  /** The saved file. */
  path: string
  /** A text of the data, for the examples of what to type next. */
  sample: string
  /** As it was typed, and its columns. */
  data: string
  columns: { text: string; label: string }
}

const STOPPED = {
  epochs: 'all epochs done',
  patience: 'no better epoch came',
  aborted: 'interrupted',
} as const

export function drawSummary(summary: Summary, colors: Colors, width: number): string {
  const { report, result } = summary
  const lines = [trained(summary, colors), bestEpoch(report)].flatMap((line) => wrap(line, width))
  if (result) lines.push('', `${colors.bold('Test')}: ${drawEvaluation(result, colors, width)}`)
  const floor = floorLine(summary)
  const baseline = floor === undefined ? [] : ['', ...wrap(floor, width)]
  return [...lines, ...baseline, '', ...next(summary, colors)].join('\n')
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

function bestEpoch({ best, validationSize, kept }: ModelFitReport): string {
  if (!best)
    return `Kept: the ${kept === 'ema' ? 'averaged' : 'last'} weights (no rows were set aside for validation).`
  const on = `on ${plural(validationSize, 'validation row')}`
  return `Best epoch ${best.epoch}: accuracy ${percent(best.accuracy)}, loss ${loss(best.loss)} ${on}. Its weights are kept.`
}

function floorLine({ cell, report, result, floor }: Summary): string | undefined {
  const accuracy = floor?.part === 'test' ? accuracyOf(result) : report.best?.accuracy
  if (!floor || accuracy === undefined || accuracy === null) return undefined
  return `On the ${floor.part} rows ${verdictOnFloor(cell, accuracy, floor)}`
}

function next({ cell, path, sample, result, data, columns }: Summary, { green, dim }: Colors): string[] {
  const file = shellWord(path)
  const text = shellWord(shortened(sample))
  const latch = programName()
  const commands = [`${latch} predict ${file} ${text}`]
  if (cell !== 'ann' && cell !== 'bag') commands.push(`${latch} inspect ${file} ${text}`)
  if (!result) {
    commands.push(
      `${latch} evaluate ${file} TEST_FILE --text ${shellWord(columns.text)} --label ${shellWord(columns.label)}`,
    )
  }
  if (data !== '-') {
    commands.push(
      `${latch} compare ${shellWord(data)} --text ${shellWord(columns.text)} --label ${shellWord(columns.label)}`,
    )
  }
  return [`Saved ${green(path)}. Next:`, ...commands.map((command) => `  ${dim('$')} ${command}`)]
}

/** The first few words of a text, whole. */
function shortened(text: string): string {
  const [first = '', ...more] = visible(text).split(/\s+/)
  let short = Array.from(first).slice(0, 40).join('')
  for (const word of more) {
    if (short.length + word.length > 40) break
    short += ` ${word}`
  }
  return short
}

/** Null where outputs are numbers. */
function accuracyOf(result: Evaluation | undefined): number | null {
  return result?.kind === 'classes' ? result.accuracy : null
}
