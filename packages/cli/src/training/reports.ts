/** Evaluation tables: metrics by class, the confusion matrix or the most frequent confusions. */
import Table from 'cli-table3'
import type { ClassEvaluation, Evaluation } from 'latch'
import { fit, visible, displayWidth } from '../terminal/glyphWidth.ts'
import { maximum } from 'latch/inspection'
import { clamp, count, loss, outputNumber, percent, plural } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/escape.ts'

export interface TableOptions {
  head: string[]
  /** Left-aligned columns; all others are right-aligned. Default: the first. */
  left?: readonly number[]
  colors: Colors
}

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table without borders. */
export function drawTable(
  rows: readonly (readonly string[])[],
  { head, left = [0], colors }: TableOptions,
): string {
  const colAligns = head.map((_, i) => (left.includes(i) ? 'left' : 'right') as 'left' | 'right')
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true }
  const table = new Table({ head: head.map((title) => colors.dim(title)), chars: BARE, colAligns, style })
  for (const row of rows) table.push([...row])
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Everything `evaluate` prints. */
export function drawEvaluation(result: Evaluation, colors: Colors, width: number): string {
  if (result.kind === 'values') return valueLine(result, colors)
  const parts = [headline(result, colors), classTable(result, colors, width)]
  const confusion = drawConfusion(result, colors, width)
  if (confusion) parts.push(confusion)
  return parts.join('\n\n')
}

function valueLine(result: Extract<Evaluation, { kind: 'values' }>, { bold }: Colors): string {
  const error = bold(`mean absolute error ${outputNumber(result.meanAbsoluteError)}`)
  const squared = `root mean squared error ${outputNumber(result.rootMeanSquaredError)}`
  return `${error}   ${squared}   loss ${loss(result.loss)}   ${plural(result.n, 'row')}`
}

function headline(result: ClassEvaluation, { bold, dim }: Colors): string {
  const facts = [`macro F1 ${percent(result.macroF1)}`, `loss ${loss(result.loss)}`, plural(result.n, 'row')]
  return `${bold(`accuracy ${percent(result.accuracy)}`)}${dim(` ± ${standardError(result)}`)}   ${facts.join('   ')}`
}

/** The standard error of the accuracy, in percent. */
function standardError({ accuracy, n }: ClassEvaluation): string {
  return ((Math.sqrt((accuracy * (1 - accuracy)) / Math.max(1, n)) || 0) * 100).toFixed(1)
}

/** Above this number of classes, only the worst are listed. */
const MOST_CLASSES = 50
const WORST_CLASSES = 20

function classTable(result: ClassEvaluation, colors: Colors, width: number): string {
  const { perClass } = result
  const many = perClass.length > MOST_CLASSES
  // Classes without rows have no metrics.
  const worst = () => perClass.filter(({ support }) => support > 0).sort((a, b) => a.f1 - b.f1)
  const listed = many ? worst().slice(0, WORST_CLASSES) : perClass
  const rows = listed.map(({ label, precision, recall, f1, support }) => [
    name(label, Math.max(8, width - 48)),
    percent(precision),
    percent(recall),
    percent(f1),
    count(support),
  ])
  const mean = [
    'mean over classes',
    percent(result.macroPrecision),
    percent(result.macroRecall),
    percent(result.macroF1),
  ]
  rows.push([...mean.map((cell) => colors.bold(cell)), colors.bold(count(result.n))])
  const table = drawTable(rows, { head: ['class', 'precision', 'recall', 'F1', 'rows'], colors })
  if (!many) return table
  const all = `(${count(listed.length)} of ${count(perClass.length)}; all in --json)`
  return `${colors.bold('Classes with the lowest F1')}${colors.dim(` ${all}`)}\n${table}`
}

const MOST_PAIRS = 10

/** The confusion matrix if it fits the width, else the most frequent confusions. */
export function drawConfusion(result: ClassEvaluation, colors: Colors, width: number): string {
  const labels = result.perClass.map(({ label }) => label)
  const size = clamp(maximum(labels.map((label) => displayWidth(label))), 4, 12)
  const first = clamp(maximum(labels.map((label) => displayWidth(label))), 4, 20)
  const digits = maximum(result.confusion.map((row) => maximum(row.map((n) => count(n).length))))
  const cell = Math.max(size, digits)
  if (labels.length > 16 || first + labels.length * (cell + 2) > width)
    return commonConfusions(result, colors, width)
  const rows = result.confusion.map((row, i) => [
    name(labels[i], first),
    ...row.map((n, k) => (i === k ? colors.green(count(n)) : n === 0 ? colors.dim('0') : count(n))),
  ])
  const head = ['', ...labels.map((label) => name(label, size))]
  return `${colors.bold('Confusion')}${colors.dim(' (rows: true class, columns: predicted)')}\n${drawTable(rows, { head, colors })}`
}

function commonConfusions({ confusion, perClass }: ClassEvaluation, colors: Colors, width: number): string {
  const pairs = confusion
    .flatMap((row, i) => row.map((n, k) => ({ i, k, n })))
    .filter(({ i, k, n }) => i !== k && n > 0)
  if (pairs.length === 0) return ''
  pairs.sort((a, b) => b.n - a.n)
  const available = Math.max(8, Math.floor((width - 12) / 2))
  const rows = pairs
    .slice(0, MOST_PAIRS)
    .map(({ i, k, n }) => [name(perClass[i].label, available), name(perClass[k].label, available), count(n)])
  const more =
    pairs.length > MOST_PAIRS ? `, ${plural(pairs.length - MOST_PAIRS, 'more pair')} with --json` : ''
  const title = `${colors.bold('Most frequent confusions')}${colors.dim(more && ` (${more.slice(2)})`)}`
  return `${title}\n${drawTable(rows, { head: ['true class', 'predicted', 'rows'], left: [0, 1], colors })}`
}

/** An evaluation as printed by `--json`. */
export function evaluationJson(result: Evaluation): object {
  if (result.kind === 'values') return result
  const { accuracy, macroF1, macroPrecision, macroRecall, n, perClass, confusion, labels, warnings } = result
  return {
    accuracy,
    macroF1,
    macroPrecision,
    macroRecall,
    loss: result.loss,
    n,
    labels,
    perClass,
    confusion,
    warnings,
  }
}

function name(label: string, width: number): string {
  return fit(visible(label), width)
}
