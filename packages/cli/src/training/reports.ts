/** Evaluation tables: metrics by class, the confusion matrix or the most frequent confusions. */
import Table from 'cli-table3'
import type {
  ClassEvaluation,
  EntityScores,
  SentenceScores,
  Evaluation,
  MultiLabelEvaluation,
  SequenceEvaluation,
  TagEvaluation,
  TokenEvaluation,
  ValueEvaluation,
} from 'latch'
import type { ClassScores } from 'latch/training'
import { displayWidth, fit, visible, wrap } from '../terminal/glyphWidth.ts'
import { maximum } from 'latch/inspection'
import { clamp, count, loss, outputNumber, percent, plural } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/escape.ts'

export interface TableOptions {
  head: string[]
  /** Left-aligned columns; all others are right-aligned. Default: the first. */
  left?: readonly number[]
  /** Columns to leave out, the first first, until the table is at most `width` wide. */
  drop?: readonly number[]
  width?: number
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
  { head, left = [0], colors, drop = [], width = Infinity }: TableOptions,
): string {
  const [first, ...others] = drop
  if (first !== undefined && tableWidth([head, ...rows]) > width) {
    const kept = (row: readonly string[]): string[] => row.filter((_, i) => i !== first)
    // The numbers of the columns behind it fall by one.
    const shift = (columns: readonly number[]): number[] =>
      columns.filter((i) => i !== first).map((i) => (i > first ? i - 1 : i))
    const options = { head: kept(head), left: shift(left), colors, drop: shift(others), width }
    return drawTable(rows.map(kept), options)
  }
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

const GAP = BARE.middle.length

function tableWidth(rows: readonly (readonly string[])[]): number {
  const widths = rows[0].map((_, i) =>
    maximum(rows.map((row) => maximum(row[i].split('\n').map(displayWidth)))),
  )
  return widths.reduce((sum, width) => sum + width + GAP, -GAP)
}

/** `loss 1.234 nats a token   perplexity 3.43   1.78 bits a character   accuracy 61.2 %   1,000 tokens` */
function tokenLine(result: TokenEvaluation, { bold }: Colors): string {
  const figures = [
    `${bold(`loss ${loss(result.loss)}`)} nats a token`,
    `perplexity ${outputNumber(result.perplexity)}`,
    `${outputNumber(result.bitsPerCharacter)} bits a character`,
    `accuracy ${percent(result.accuracy)}`,
    plural(result.n, 'token'),
  ]
  return figures.join('   ')
}

/** `exact 91.2 %   0.031 edits a token   loss 0.123 nats a token   1,000 rows` */
function sequenceLine(result: SequenceEvaluation, { bold }: Colors): string {
  const figures = [
    bold(`exact ${percent(result.accuracy)}`),
    ...(result.beams === null ? [] : [`by beam search with ${plural(result.beams, 'beam')}`]),
    `${outputNumber(result.errorRate)} edits a token`,
    `loss ${loss(result.loss)} nats a token`,
    plural(result.n, 'row'),
  ]
  return figures.join('   ')
}

/** Everything `evaluate` prints. */
export function drawEvaluation(result: Evaluation, colors: Colors, width: number): string {
  if (result.kind === 'values') return valueLine(result, colors)
  if (result.kind === 'tokens') return tokenLine(result, colors)
  if (result.kind === 'sequences') return sequenceLine(result, colors)
  if (result.kind === 'labels') return labelReport(result, colors, width)
  const parts = [headline(result, colors, width)]
  if (isTags(result) && result.sentences) parts.unshift(sentenceLine(result.sentences, colors))
  if (isTags(result) && result.entities) parts.push(entityTable(result.entities, colors, width))
  parts.push(classTable(result, colors, width))
  const confusion = drawConfusion(result, colors, width)
  if (confusion) parts.push(confusion)
  return parts.join('\n\n')
}

/** Of a tagger, whose rows are tokens. */
function isTags(result: ClassEvaluation): result is TagEvaluation {
  return 'entities' in result
}

/** `label of the sentence right 97.1 %   label and every tag right 84.0 %   700 sentences` */
function sentenceLine({ accuracy, exact, n }: SentenceScores, { bold }: Colors): string {
  const label = bold(`label of the sentence right ${percent(accuracy)}`)
  return `${label}   label and every tag right ${percent(exact)}   ${plural(n, 'sentence')}`
}

/** Spans by label, the most frequent first; and all together. */
function entityTable(scores: EntityScores, colors: Colors, width: number): string {
  const { perLabel, support } = scores
  const listed = [...perLabel].sort((a, b) => b.support - a.support).slice(0, MOST_CLASSES)
  const digits = Math.max('spans'.length, count(support).length)
  const nameWidth = Math.max(6, width - METRICS_WIDTH - digits)
  const rows = [...listed, { ...scores, label: 'all' }].map((row, i) =>
    [...scoreCells(row, nameWidth), count(row.support)].map((cell) =>
      i === listed.length ? colors.bold(cell) : cell,
    ),
  )
  return drawTable(rows, { head: ['Spans', 'precision', 'recall', 'F1', 'spans'], colors })
}

function valueLine(result: ValueEvaluation, { bold }: Colors): string {
  const { rSquared } = result
  const figures = [
    bold(`mean absolute error ${outputNumber(result.meanAbsoluteError)}`),
    `root mean squared error ${outputNumber(result.rootMeanSquaredError)}`,
    ...(rSquared === null ? [] : [`R² ${rSquared.toFixed(3)}`]),
    `loss ${loss(result.loss)}`,
    plural(result.n, 'row'),
  ]
  return figures.join('   ')
}

/** The headline of a multi-label classifier, and the table of the labels. */
function labelReport(result: MultiLabelEvaluation, colors: Colors, width: number): string {
  const facts = [
    `macro F1 ${percent(result.macroF1)}`,
    `all labels right ${percent(result.exactMatch)}`,
    `loss ${loss(result.loss)}`,
    `threshold ${percent(result.threshold)}`,
    plural(result.n, 'row'),
  ]
  const micro = `micro F1 ${percent(result.microF1)}`
  const isShort = displayWidth([micro, ...facts].join('   ')) <= width
  const rest = facts.join('   ')
  const line = `${colors.bold(micro)}${isShort ? `   ${rest}` : `\n${wrap(rest, width).join('\n')}`}`
  return `${line}\n\n${labelTable(result, colors, width)}`
}

/** Labels, or of many those with the lowest F1; then the means. */
function labelTable(result: MultiLabelEvaluation, colors: Colors, width: number): string {
  const { perLabel } = result
  const many = perLabel.length > MOST_CLASSES
  const worst = () => perLabel.filter(({ support }) => support > 0).sort((a, b) => a.f1 - b.f1)
  const listed = many ? worst().slice(0, WORST_CLASSES) : perLabel
  const digits = Math.max('rows'.length, count(result.n).length)
  const nameWidth = Math.max(6, width - METRICS_WIDTH - digits)
  const rows = listed.map((row) => [...scoreCells(row, nameWidth), count(row.support)])
  const micro = {
    label: 'micro',
    precision: result.microPrecision,
    recall: result.microRecall,
    f1: result.microF1,
  }
  const macro = {
    label: 'macro',
    precision: result.macroPrecision,
    recall: result.macroRecall,
    f1: result.macroF1,
  }
  for (const mean of [micro, macro])
    rows.push([...scoreCells(mean, nameWidth), count(result.n)].map((cell) => colors.bold(cell)))
  const table = drawTable(rows, { head: ['label', 'precision', 'recall', 'F1', 'rows'], colors })
  if (!many) return table
  const all = `(${count(listed.length)} of ${count(perLabel.length)}; all in --json)`
  return `${colors.bold('Labels with the lowest F1')}${colors.dim(` ${all}`)}\n${table}`
}

/** A label with its precision, recall and F1. */
function scoreCells({ label, precision, recall, f1 }: Omit<ClassScores, 'support'>, width: number): string[] {
  return [name(label, width), percent(precision), percent(recall), percent(f1)]
}

function headline(result: ClassEvaluation, { bold, dim }: Colors, width: number): string {
  const what = isTags(result) ? 'token' : 'row'
  const facts = [`macro F1 ${percent(result.macroF1)}`, `loss ${loss(result.loss)}`, plural(result.n, what)]
  const accuracy = `accuracy ${percent(result.accuracy)}`
  const error = ` ± ${standardError(result)}`
  const rest = facts.join('   ')
  const isShort = displayWidth(`${accuracy}${error}   ${rest}`) <= width
  return `${bold(accuracy)}${dim(error)}${isShort ? `   ${rest}` : `\n${wrap(rest, width).join('\n')}`}`
}

/** The standard error of the accuracy, in percent. */
function standardError({ accuracy, n }: ClassEvaluation): string {
  return ((Math.sqrt((accuracy * (1 - accuracy)) / Math.max(1, n)) || 0) * 100).toFixed(1)
}

/** Above this number of classes, only the worst are listed. */
const MOST_CLASSES = 50
const WORST_CLASSES = 20
const MEAN = 'mean over classes'
/** Precision, recall and F1, with the spaces before them and before the rows. */
const METRICS_WIDTH = 29

function classTable(result: ClassEvaluation, colors: Colors, width: number): string {
  const { perClass } = result
  const many = perClass.length > MOST_CLASSES
  // Classes without rows have no metrics.
  const worst = () => perClass.filter(({ support }) => support > 0).sort((a, b) => a.f1 - b.f1)
  const listed = many ? worst().slice(0, WORST_CLASSES) : perClass
  const digits = Math.max('rows'.length, count(result.n).length)
  const nameWidth = Math.max(6, width - METRICS_WIDTH - digits)
  const rows = listed.map((row) => [...scoreCells(row, nameWidth), count(row.support)])
  const mean = [
    nameWidth < MEAN.length ? 'mean' : MEAN,
    percent(result.macroPrecision),
    percent(result.macroRecall),
    percent(result.macroF1),
  ]
  rows.push([...mean.map((cell) => colors.bold(cell)), colors.bold(count(result.n))])
  const table = drawTable(rows, {
    head: ['class', 'precision', 'recall', 'F1', isTags(result) ? 'tokens' : 'rows'],
    colors,
  })
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
  const axes = width < 50 ? ' (rows: true class)' : ' (rows: true class, columns: predicted)'
  return `${colors.bold('Confusion')}${colors.dim(axes)}\n${drawTable(rows, { head, colors })}`
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
  if (result.kind !== 'classes') return result
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
    ...(isTags(result) ? { entities: result.entities } : {}),
    ...(isTags(result) && result.sentences ? { sentences: result.sentences } : {}),
    warnings,
  }
}

function name(label: string, width: number): string {
  return fit(visible(label), width)
}
