/** The table of `latch compare`, and its conclusions as sentences. */
import { cells } from 'latch'
import { compareWithBaseline, describeInterval, differenceInterval } from './baseline.ts'
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
  /** The mean on the test rows with the words of each text shuffled. */
  shuffledAccuracy: number | null
  /** Of each shuffle. */
  shuffledAccuracies: readonly number[]
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
    ...wrap(
      '“shuffled”: mean test accuracy after the words of each text are shuffled, five times.',
      width,
    ).map((line) => colors.dim(line)),
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
  if (recurrent?.testAccuracy != null && recurrent.shuffledAccuracies.length > 0) {
    sentences.push(
      compareWithShuffled(
        nameOf(recurrent.model),
        recurrent.testAccuracy,
        recurrent.shuffledAccuracies,
        tested,
      ),
    )
  }
  return sentences
}

function compareWithShuffled(
  name: string,
  ordered: number,
  shuffles: readonly number[],
  tested: number,
): string {
  const shuffled = mean(shuffles)
  const spread = mean(shuffles.map((accuracy) => (accuracy - shuffled) ** 2))
  const interval = differenceInterval(ordered, shuffled, tested, spread)
  const measured = `${describeInterval(interval)}, ${plural(shuffles.length, 'shuffle')}`
  const figures = `${percent(ordered)} to ${percent(shuffled)}, ${measured}`
  const change = points(ordered - shuffled)
  if (interval.from > 0)
    return `Word order matters: with shuffled words, the accuracy of ${name} falls by ${change} (${figures}).`
  if (interval.to < 0)
    return `Word order misleads: with shuffled words, the accuracy of ${name} rises by ${change} (${figures}).`
  return `No effect of word order beyond chance: with shuffled words, the accuracy of ${name} goes from ${figures}.`
}

/** Of equal numbers exactly theirs. */
export function mean(values: readonly number[]): number {
  const [first] = values
  if (values.every((value) => value === first)) return first
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function findBest(rows: readonly Compared[]): Compared | undefined {
  const score = (row: Compared): number => row.validationAccuracy ?? row.testAccuracy ?? 0
  return rows.reduce<Compared | undefined>(
    (best, row) => (!best || score(row) > score(best) ? row : best),
    undefined,
  )
}
