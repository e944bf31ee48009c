/** The table of `latch compare`, and what it says in words. */
import { verdictOnFloor } from './heldOut.ts'
import { wrap } from '../terminal/glyphWidth.ts'
import { count, percent, plural, points } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/output.ts'
import { drawTable } from './reports.ts'

/** One model's figures; null where there is nothing to measure. Accuracies are shares. */
export interface Compared {
  model: string
  parameters: number | null
  epochs: number | null
  secondsPerEpoch: number | null
  /** In all. */
  seconds: number
  trainAccuracy: number | null
  validationAccuracy: number | null
  testAccuracy: number | null
  /** On the test rows with each text's words in another order. */
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
  'naive Bayes': 'naive Bayes (floor)',
  bag: 'bag of words',
  ann: 'ANN, flattened',
  rnn: 'RNN',
  lstm: 'LSTM',
  gru: 'GRU',
}
const RECURRENT = ['rnn', 'lstm', 'gru']

export function drawComparison(
  rows: readonly Compared[],
  said: readonly string[],
  options: ComparisonOptions,
): string {
  const { sizes, heldOut, colors, width } = options
  const best = bestOf(rows.filter((row) => row.model !== 'naive Bayes'))
  const cells = rows.map((row) => [
    row === best ? colors.bold(NAMES[row.model]) : NAMES[row.model],
    row.parameters === null ? '–' : count(row.parameters),
    row.secondsPerEpoch === null ? '–' : row.secondsPerEpoch.toFixed(2),
    percent(row.trainAccuracy),
    percent(row.validationAccuracy),
    row === best ? colors.bold(percent(row.testAccuracy)) : percent(row.testAccuracy),
    percent(row.shuffledAccuracy),
  ])
  const head = ['model', 'parameters', 's/epoch', 'train', 'valid.', 'test', 'shuffled']
  const test = `${count(sizes.test)} to test${heldOut ? ' (held out by class: no --test was given)' : ''}`
  const split = `${plural(sizes.train, 'row')} to train, ${count(sizes.validation)} to validate, ${test}.`
  return [
    drawTable(cells, { head, colors }),
    '',
    ...wrap(split, width).map((line) => colors.dim(line)),
    ...wrap('“shuffled”: test accuracy after each text’s words were put in another order.', width).map(
      (line) => colors.dim(line),
    ),
    ...said.flatMap((sentence) => ['', ...wrap(sentence, width)]),
  ].join('\n')
}

/** Whether a network is worth it, and whether it reads order. The best is chosen by validation, never by the test. */
export function verdicts(rows: readonly Compared[], tested: number): string[] {
  const floor = rows.find((row) => row.model === 'naive Bayes')
  const best = bestOf(rows.filter((row) => row.model !== 'naive Bayes'))
  const reader = bestOf(rows.filter((row) => RECURRENT.includes(row.model)))
  const said: string[] = []
  if (floor?.testAccuracy != null && best?.testAccuracy != null) {
    const measured = { name: 'naive Bayes', part: 'test', accuracy: floor.testAccuracy, n: tested } as const
    said.push(
      verdictOnFloor(`The best network by validation, ${NAMES[best.model]},`, best.testAccuracy, measured),
    )
  }
  if (reader?.testAccuracy != null && reader.shuffledAccuracy != null) {
    said.push(verdictOnOrder(NAMES[reader.model], reader.testAccuracy, reader.shuffledAccuracy, tested))
  }
  return said
}

function verdictOnOrder(name: string, ordered: number, shuffled: number, tested: number): string {
  const error = Math.sqrt((ordered * (1 - ordered) + shuffled * (1 - shuffled)) / Math.max(1, tested))
  const lost = ordered - shuffled
  const figures = `${percent(ordered)} to ${percent(shuffled)}`
  if (lost > error)
    return `Order matters: with its words shuffled, ${name} falls by ${points(lost)} (${figures}).`
  const change = lost > 0 ? 'hardly falls' : lost < 0 ? 'does not fall' : 'stays where it is'
  return `Order hardly matters here: with words shuffled, ${name} ${change} (${figures}).`
}

function bestOf(rows: readonly Compared[]): Compared | undefined {
  const score = (row: Compared): number => row.validationAccuracy ?? row.testAccuracy ?? 0
  return rows.reduce<Compared | undefined>(
    (best, row) => (!best || score(row) > score(best) ? row : best),
    undefined,
  )
}
