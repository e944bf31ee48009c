/** `latch compare`: every kind of model on the same split and seed, beside the naive Bayes floor. */
import {
  Random,
  createTokenizer,
  naiveBayes,
  textClassifier,
  type ClassifierFitOptions,
  type TextClassifier,
} from 'latch'
import { splitAs } from '../training/heldOut.ts'
import type { Columns, Parts } from '../training/heldOut.ts'
import { drawComparison, verdicts } from '../training/comparison.ts'
import type { Compared } from '../training/comparison.ts'
import { describeEngine } from '../terminal/engineText.ts'
import type { EngineFacts } from '../terminal/engineText.ts'
import { EXIT_INTERRUPTED } from '../terminal/exitCodes.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import { duration, percent, plural } from '../terminal/numbers.ts'
import { wrongValue } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { LiveLine, TrainingProgress, drawShare } from '../training/progress.ts'
import { readRows, readRowsLike, refuseOneRow } from '../options/rows.ts'
import { classifierOptions, fitOptions } from '../training/options.ts'
import { trainingCommand } from '../training/command.ts'
import type { TrainingFlags } from '../training/command.ts'

const CELLS = ['bag', 'ann', 'rnn', 'lstm', 'gru'] as const
type Cell = (typeof CELLS)[number]

/** Held out for the test where no file is given. */
const TEST_SHARE = 0.2
const VALIDATION_SHARE = 0.1

const EXAMPLES = `
Without --test a fifth of the rows, by class and by seed, is kept for the test.
The last column of the table is the test accuracy after each text's words were
shuffled: a model that does not need order loses nothing.

Examples:
  $ latch compare comments.csv --text comment --label sentiment
  $ latch compare train.tsv --test test.tsv --text 1 --label 0 --epochs 10
  $ latch compare names.jsonl --tokens chars --cell bag,rnn,gru --json`

export function compareCommand(output: Output) {
  const cell = { help: `some of ${CELLS.join(',')} (all of them)`, read: cellList }
  return trainingCommand('compare', cell)
    .summary('train every kind of model on the same rows and compare')
    .description(
      'ANN, bag of words, RNN, LSTM and GRU on the same split and seed, beside a naive Bayes floor.',
    )
    .optionsGroup('Output:')
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'no progress, no notes')
    .addHelpText('after', EXAMPLES)
    .action((data, flags) => compare(data, flags, output))
}

type CompareFlags = TrainingFlags & { cell?: Cell[] }

function cellList(text: string): Cell[] {
  const cells = text.split(',').map((name) => name.trim())
  const strange = cells.find((name) => !CELLS.includes(name as Cell))
  if (strange === undefined) return [...new Set(cells as Cell[])]
  throw wrongValue('--cell', `some of ${CELLS.join(', ')} with commas between`, strange)
}

async function compare(data: string, flags: CompareFlags, output: Output): Promise<void> {
  const { seed = 1 } = flags
  const network = classifierOptions(flags)
  const { parts, columns, heldOut } = await readParts(data, flags, seed, output)
  const shuffled = parts.test.map((row, i) => ({
    ...row,
    [columns.text]: shuffleWords(row[columns.text], seed, i),
  }))
  const race: Race = { parts, shuffled, columns, flags, network, engine: null, output }
  const rows: Compared[] = [floorRow(race)]
  const interruption = listenForInterrupt(() => output.complain('\nstopping … (Ctrl-C again stops at once)'))
  try {
    for (const cell of flags.cell ?? CELLS) {
      const row = await compareCell(cell, race, interruption.signal)
      if (!row) break
      rows.push(row)
      tellDone(row, output)
    }
  } finally {
    interruption.release()
  }
  if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
  const sizes = { train: parts.train.length, validation: parts.validation.length, test: parts.test.length }
  const said = verdicts(rows, sizes.test)
  output.event({
    models: rows,
    verdict: said,
    rows: { ...sizes, testHeldOut: heldOut },
    seed,
    ...race.engine,
    complete: interruption.exitCode === undefined,
  })
  output.say(drawComparison(rows, said, { sizes, heldOut, colors: output.colors, width: output.width }))
}

/** A pipe sees no live line, so it is told model by model. */
function tellDone({ model, testAccuracy, seconds, epochs }: Compared, output: Output): void {
  if (output.quiet || output.json || process.stderr.isTTY) return
  output.complain(
    `${model}: test accuracy ${percent(testAccuracy)}, ${plural(epochs ?? 0, 'epoch')} in ${duration(seconds)}`,
  )
}

/** What every model runs on. */
interface Race {
  parts: Parts
  /** The test rows, each with its words in another order. */
  shuffled: Record<string, string>[]
  columns: Columns
  flags: CompareFlags
  network: ReturnType<typeof classifierOptions>
  /** Known from the first start on. */
  engine: EngineFacts | null
  output: Output
}

/** Says once what all of them run on. */
function tellEngine(race: Race, { engine, precision, threads }: EngineFacts): void {
  const { output } = race
  if (!race.engine && !output.quiet && !(output.json && !process.stderr.isTTY))
    output.complain(output.errorColors.dim(describeEngine({ engine, precision, threads })))
  race.engine = { engine, precision, threads }
}

async function readParts(data: string, flags: CompareFlags, seed: number, output: Output) {
  const all = await readRows(data, flags, output)
  refuseOneRow(all)
  const { columns } = all
  const given = flags.test === undefined ? undefined : await readRowsLike(all, flags.test, output)
  const validationFile =
    typeof flags.validation === 'string' ? await readRowsLike(all, flags.validation, output) : undefined
  const outer = given
    ? { train: all.rows, aside: given.rows }
    : splitAs(all.rows, columns.label, TEST_SHARE, [seed, 'test'])
  const share = typeof flags.validation === 'number' ? flags.validation : VALIDATION_SHARE
  const inner = validationFile
    ? { train: outer.train, aside: validationFile.rows }
    : splitAs(outer.train, columns.label, share, [seed, 'validation'])
  return {
    parts: { train: inner.train, validation: inner.aside, test: outer.aside },
    columns,
    heldOut: !given,
  }
}

const words = createTokenizer({ kind: 'words', lowercase: false })

/** The same words in an order that the seed decides. */
function shuffleWords(text: string, seed: number, row: number): string {
  return new Random(seed, 'words', row).shuffle(words.tokenize(text)).join(' ')
}

function floorRow({ parts, shuffled, columns }: Race): Compared {
  const started = performance.now()
  const model = naiveBayes(parts.train, columns)
  const seconds = (performance.now() - started) / 1000
  const accuracy = (rows: readonly object[]): number | null =>
    rows.length ? model.evaluate(rows).accuracy : null
  return {
    model: 'naive Bayes',
    parameters: null,
    epochs: null,
    secondsPerEpoch: null,
    seconds,
    trainAccuracy: accuracy(parts.train),
    validationAccuracy: accuracy(parts.validation),
    testAccuracy: accuracy(parts.test),
    shuffledAccuracy: accuracy(shuffled),
    warnings: [],
  }
}

/** Trains one kind and measures it; nothing comes back if it was stopped. */
async function compareCell(cell: Cell, race: Race, signal: AbortSignal): Promise<Compared | undefined> {
  const { parts, columns, flags, network, output } = race
  const model = textClassifier({ ...optionsFor(cell, network), cell }) as TextClassifier
  const progress = new TrainingProgress(output, { name: `${cell}, epoch`, everyEpoch: false })
  const validation: ClassifierFitOptions['validation'] = parts.validation.length > 0 ? parts.validation : 0
  const options = { ...fitOptions(flags), ...columns, validation } as ClassifierFitOptions<
    Record<string, string>
  >
  const report = await model.fit(parts.train, {
    ...options,
    signal,
    onEvent(event) {
      if (event.type === 'start') tellEngine(race, event)
      progress.show(event)
    },
  })
  progress.end()
  if (report.stopped === 'aborted') return undefined
  const measured = await measureParts(model, cell, race, signal)
  if (!measured) return undefined
  for (const note of report.warnings) output.note(`${cell}: ${note}`)
  return {
    model: cell,
    parameters: report.parameters,
    epochs: report.epochs,
    secondsPerEpoch: report.seconds / Math.max(1, report.epochs),
    seconds: report.seconds,
    ...measured,
    warnings: report.warnings,
  }
}

/** Accuracies on every part; nothing comes back if it was stopped. */
async function measureParts(model: TextClassifier, cell: Cell, race: Race, signal: AbortSignal) {
  const { parts, shuffled, columns, output } = race
  const live = new LiveLine(output)
  const accuracy = async (rows: readonly Record<string, string>[], part: string): Promise<number | null> => {
    if (rows.length === 0) return null
    const onProgress = (share: number): void =>
      live.draw((width) => drawShare(`${cell}, ${part}`, share, width, output.errorColors))
    return (await model.evaluate(rows, { ...columns, signal, onProgress })).accuracy
  }
  try {
    return {
      trainAccuracy: await accuracy(parts.train, 'train rows'),
      validationAccuracy: await accuracy(parts.validation, 'validation rows'),
      testAccuracy: await accuracy(parts.test, 'test rows'),
      shuffledAccuracy: await accuracy(shuffled, 'shuffled test rows'),
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
    return undefined
  } finally {
    live.clear()
  }
}

/** The nets without order know neither layers nor directions. */
function optionsFor(cell: Cell, options: Race['network']) {
  if (cell !== 'ann' && cell !== 'bag') return options
  const { layers: _layers, bidirectional: _bidirectional, embedding, ...rest } = options
  return embedding === 'oneHot' || embedding === undefined ? rest : { ...rest, embedding }
}
