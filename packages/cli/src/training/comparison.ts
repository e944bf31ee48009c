/** The table of `latch compare`, and its conclusions as sentences. */
import { cells } from 'latch'
import { compareWithBaseline } from './baseline.ts'
import { wrap } from '../terminal/glyphWidth.ts'
import { count, percent, plural, points } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/escape.ts'
import { drawTable } from './reports.ts'

/** The metrics of one model; null where there is nothing to measure. Accuracies are fractions. */
export interface Compared {
  model: string
  parameters: number | null
  epochs: number | null
  secondsPerEpoch: number | null
  /** In total. */
  seconds: number
  trainAccuracy: number | null
  validationAccuracy: number | null
  testAccuracy: number | null
  /** On the test rows with the words of each text shuffled. */
  shuffledAccuracy: number | null
  warnings: readonly string[]
}

export interface ComparisonOptions {
  sizes: { train: number; validation: number; test: number }
  heldOut: boolean
  colors: Colors
  width: number
}

const NAMES: Record<string, string> = {
  'naive Bayes': 'naive Bayes (baseline)',
  bag: 'bag of words',
  ann: 'ANN, flattened',
}
const RECURRENT: readonly string[] = cells.map(({ name }) => name)

/** As tables show a model: cells by their names in capitals. */
function nameOf(model: string): string {
  return NAMES[model] ?? model.toUpperCase()
}

export function drawComparison(
  rows: readonly Compared[],
  conclusions: readonly string[],
  options: ComparisonOptions,
): string {
  const { sizes, heldOut, colors, width } = options
  const best = findBest(rows.filter((row) => row.model !== 'naive Bayes'))
  const lines = rows.map((row) => [
    row === best ? colors.bold(nameOf(row.model)) : nameOf(row.model),
    row.parameters === null ? '–' : count(row.parameters),
    row.secondsPerEpoch === null ? '–' : row.secondsPerEpoch.toFixed(2),
    percent(row.trainAccuracy),
    percent(row.validationAccuracy),
    row === best ? colors.bold(percent(row.testAccuracy)) : percent(row.testAccuracy),
    percent(row.shuffledAccuracy),
  ])
  const head = ['model', 'parameters', 's/epoch', 'train', 'valid.', 'test', 'shuffled']
  const test = `${count(sizes.test)} for testing${heldOut ? ' (held out by class; no --test)' : ''}`
  const split = `${plural(sizes.train, 'row')} for training, ${count(sizes.validation)} for validation, ${test}.`
  return [
    drawTable(lines, { head, colors, width, drop: [1, 2, 3, 4] }),
    '',
    ...wrap(split, width).map((line) => colors.dim(line)),
    ...wrap('“shuffled”: test accuracy after the words of each text are shuffled.', width).map((line) =>
      colors.dim(line),
    ),
    ...conclusions.flatMap((sentence) => ['', ...wrap(sentence, width)]),
  ].join('\n')
}

/** Whether a network beats the baseline, and whether it uses word order. The best is chosen by validation accuracy. */
export function verdicts(rows: readonly Compared[], tested: number): string[] {
  const baseline = rows.find((row) => row.model === 'naive Bayes')
  const best = findBest(rows.filter((row) => row.model !== 'naive Bayes'))
  const recurrent = findBest(rows.filter((row) => RECURRENT.includes(row.model)))
  const sentences: string[] = []
  if (baseline?.testAccuracy != null && best?.testAccuracy != null) {
    const measured = {
      name: 'naive Bayes',
      part: 'test',
      accuracy: baseline.testAccuracy,
      n: tested,
    } as const
    sentences.push(
      compareWithBaseline(
        `The best network by validation, ${nameOf(best.model)},`,
        best.testAccuracy,
        measured,
      ),
    )
  }
  if (recurrent?.testAccuracy != null && recurrent.shuffledAccuracy != null) {
    sentences.push(
      compareWithShuffled(
        nameOf(recurrent.model),
        recurrent.testAccuracy,
        recurrent.shuffledAccuracy,
        tested,
      ),
    )
  }
  return sentences
}

function compareWithShuffled(name: string, ordered: number, shuffled: number, tested: number): string {
  const error = Math.sqrt((ordered * (1 - ordered) + shuffled * (1 - shuffled)) / Math.max(1, tested))
  const lost = ordered - shuffled
  const figures = `${percent(ordered)} to ${percent(shuffled)}`
  if (lost > error)
    return `Word order matters: with shuffled words, the accuracy of ${name} falls by ${points(lost)} (${figures}).`
  return `No significant effect of word order: with shuffled words, the accuracy of ${name} changes within one standard error (${figures}).`
}

function findBest(rows: readonly Compared[]): Compared | undefined {
  const score = (row: Compared): number => row.validationAccuracy ?? row.testAccuracy ?? 0
  return rows.reduce<Compared | undefined>(
    (best, row) => (!best || score(row) > score(best) ? row : best),
    undefined,
  )
}
