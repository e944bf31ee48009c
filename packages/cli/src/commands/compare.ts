/** `latch compare`: every kind of model on the same split and seed, with a naive Bayes baseline. */
import { Option } from '@commander-js/extra-typings'
import {
  CELL_CHOICES,
  Random,
  UsageError,
  cells,
  createTokenizer,
  naiveBayes,
  textClassifier,
  type CellChoice,
  type ClassifierFitOptions,
  type TextClassifier,
} from 'latch'
import { stratifiedParts } from '../training/baseline.ts'
import type { Columns, Parts } from '../training/baseline.ts'
import { drawComparison, mean, verdicts } from '../training/comparison.ts'
import type { Compared } from '../training/comparison.ts'
import { describeEngine } from '../terminal/engineText.ts'
import type { EngineFacts } from '../terminal/engineText.ts'
import { EXIT_INTERRUPTED } from '../terminal/exitCodes.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import { duration, percent, plural } from '../terminal/numbers.ts'
import { invalidValue, oneOf } from '../options/options.ts'
import { TASKS } from '../training/resume.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { LiveLine, TrainingProgress, drawFraction } from '../training/progress.ts'
import { readRows, readRowsLike, requireTwoRows } from '../options/rows.ts'
import { classifierOptions, fitOptions, givenVectors } from '../training/options.ts'
import { trainingCommand } from '../training/command.ts'
import type { TrainingFlags } from '../training/command.ts'

/** Every network, the simplest first. */
const CELLS: readonly CellChoice[] = [...CELL_CHOICES].reverse()

/** Fraction of the rows held out for testing without `--test`. */
const TEST_FRACTION = 0.2
const VALIDATION_FRACTION = 0.1
/** How often the words of the test rows are shuffled. */
const SHUFFLES = 5

const EXAMPLES = `
Without --test, a fifth of the rows is held out for testing, stratified by
class. The last column of the table is the mean test accuracy after the words of
each text are shuffled, five times: a model that ignores word order loses nothing.
A difference is claimed only if its 95 % interval, from the number of test rows and
from the shuffles, does not contain 0.

Examples:
  $ latch compare comments.csv --text comment --label sentiment
  $ latch compare train.tsv --test test.tsv --text 1 --label 0 --epochs 10
  $ latch compare names.jsonl --tokens chars --cell bag,rnn,gru --json`

export function compareCommand(output: Output) {
  const cell = { help: `comma-separated list of ${CELLS.join(', ')} (default: all)`, read: cellList }
  return trainingCommand('compare', cell)
    .summary('train every kind of model on the same data and compare them')
    .description(
      'Train an ANN, a bag of words, an RNN, an LSTM and a GRU on the same split and seed, and compare them ' +
        'with each other and with a naive Bayes baseline.',
    )
    .addOption(new Option('--task <name>').argParser(oneOf('--task', TASKS)).hideHelp())
    .optionsGroup('Output:')
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'hide progress and notes')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action((data, flags) => compare(data, flags, output))
}

type CompareFlags = TrainingFlags & { cell?: CellChoice[]; task?: string }

function cellList(text: string): CellChoice[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !CELLS.includes(name as CellChoice))
  if (unknown === undefined) return [...new Set(names as CellChoice[])]
  throw invalidValue('--cell', `a comma-separated list of ${CELLS.join(', ')}`, unknown)
}

/** @throws UsageError for a task other than that of text classifiers */
function requireClassify(task: string | undefined): void {
  if (task === undefined || task === 'classify') return
  throw new UsageError({
    where: `--task ${task}`,
    expected: 'no task: `latch compare` trains text classifiers',
    got: task,
    remedy: `Use \`latch train --task ${task}\`: it prints the model beside its baseline.`,
  })
}

async function compare(data: string, flags: CompareFlags, output: Output): Promise<void> {
  requireClassify(flags.task)
  const { seed = 1 } = flags
  const network = { ...classifierOptions(flags), ...(await givenVectors(flags)) }
  const { parts, columns, heldOut } = await readParts(data, flags, seed, output)
  const shuffled = Array.from({ length: SHUFFLES }, (_, shuffle) =>
    parts.test.map((row, i) => ({
      ...row,
      [columns.text]: shuffleWords(row[columns.text], seed, i, shuffle),
    })),
  )
  const comparison: Comparison = { parts, shuffled, columns, flags, network, engine: null, output }
  const rows: Compared[] = [baselineRow(comparison)]
  const interruption = listenForInterrupt(() =>
    output.log('\nStopping (press Ctrl-C again to quit immediately) …'),
  )
  try {
    for (const cell of flags.cell ?? CELLS) {
      const row = await compareCell(cell, comparison, interruption.signal)
      if (!row) break
      rows.push(row)
      printResult(row, output)
    }
  } finally {
    interruption.release()
  }
  if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
  const sizes = { train: parts.train.length, validation: parts.validation.length, test: parts.test.length }
  const conclusions = verdicts(rows, sizes.test)
  output.emit({
    models: rows,
    verdict: conclusions,
    rows: { ...sizes, testHeldOut: heldOut },
    seed,
    ...comparison.engine,
    complete: interruption.exitCode === undefined,
  })
  output.print(
    drawComparison(rows, conclusions, { sizes, heldOut, colors: output.colors, width: output.width }),
  )
}

/** Prints one line per model where there is no live line. */
function printResult({ model, testAccuracy, seconds, epochs }: Compared, output: Output): void {
  if (output.quiet || output.json || output.errorIsTerminal) return
  output.log(
    `${model}: test accuracy ${percent(testAccuracy)}, ${plural(epochs ?? 0, 'epoch')} in ${duration(seconds)}`,
  )
}

/** What all models have in common. */
interface Comparison {
  parts: Parts
  /** The test rows, each with its words in another order; several times. */
  shuffled: Record<string, string>[][]
  columns: Columns
  flags: CompareFlags
  network: ReturnType<typeof classifierOptions>
  /** Null before the first model starts. */
  engine: EngineFacts | null
  output: Output
}

/** Prints once which engine the models run on. */
function printEngine(comparison: Comparison, { engine, precision, threads }: EngineFacts): void {
  const { output } = comparison
  if (!comparison.engine && !output.quiet && !(output.json && !output.errorIsTerminal))
    output.log(output.errorColors.dim(`engine ${describeEngine({ engine, precision, threads })}`))
  comparison.engine = { engine, precision, threads }
}

async function readParts(data: string, flags: CompareFlags, seed: number, output: Output) {
  const all = await readRows(data, flags, output)
  requireTwoRows(all)
  const { columns } = all
  const given = flags.test === undefined ? undefined : await readRowsLike(all, flags.test, output)
  const validationFile =
    typeof flags.validation === 'string' ? await readRowsLike(all, flags.validation, output) : undefined
  const outer = given
    ? { train: all.rows, heldOut: given.rows }
    : stratifiedParts(all.rows, columns.label, TEST_FRACTION, [seed, 'test'])
  const fraction = typeof flags.validation === 'number' ? flags.validation : VALIDATION_FRACTION
  const inner = validationFile
    ? { train: outer.train, heldOut: validationFile.rows }
    : stratifiedParts(outer.train, columns.label, fraction, [seed, 'validation'])
  return {
    parts: { train: inner.train, validation: inner.heldOut, test: outer.heldOut },
    columns,
    heldOut: !given,
  }
}

const words = createTokenizer({ kind: 'words', lowercase: false })

/** The words of a text in a random order that depends on the seed, the row and the number of the shuffle alone. */
function shuffleWords(text: string, seed: number, row: number, shuffle: number): string {
  return new Random(seed, 'words', row, shuffle).shuffle(words.tokenize(text)).join(' ')
}

function baselineRow({ parts, shuffled, columns }: Comparison): Compared {
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
    ...ofShuffles(shuffled.map(accuracy)),
    warnings: [],
  }
}

function ofShuffles(
  accuracies: readonly (number | null)[],
): Pick<Compared, 'shuffledAccuracy' | 'shuffledAccuracies'> {
  const measured = accuracies.filter((accuracy) => accuracy !== null)
  return { shuffledAccuracy: measured.length > 0 ? mean(measured) : null, shuffledAccuracies: measured }
}

/** Trains and evaluates one kind of model; undefined if interrupted. */
async function compareCell(
  cell: CellChoice,
  comparison: Comparison,
  signal: AbortSignal,
): Promise<Compared | undefined> {
  const { parts, columns, flags, network, output } = comparison
  // Networks are compared with each other and with naive Bayes: none has counts of its own unless it is asked for.
  const model = textClassifier({ counts: false, ...optionsFor(cell, network), cell }) as TextClassifier
  const progress = new TrainingProgress(output, { name: `${cell}, epoch`, everyEpoch: false })
  const validation: ClassifierFitOptions['validation'] = parts.validation.length > 0 ? parts.validation : 0
  const options = { ...fitOptions(flags), ...columns, validation } as ClassifierFitOptions<
    Record<string, string>
  >
  const report = await model.fit(parts.train, {
    ...options,
    signal,
    onEvent(event) {
      if (event.type === 'start') printEngine(comparison, event)
      progress.show(event)
    },
  })
  progress.end()
  if (report.stopped === 'aborted') return undefined
  const accuracies = await evaluateParts(model, cell, comparison, signal)
  if (!accuracies) return undefined
  for (const note of report.warnings) output.note(`${cell}: ${note}`)
  return {
    model: cell,
    parameters: report.parameters,
    epochs: report.epochs,
    secondsPerEpoch: report.seconds / Math.max(1, report.epochs),
    seconds: report.seconds,
    ...accuracies,
    warnings: report.warnings,
  }
}

/** Accuracies on every part of the data; undefined if interrupted. */
async function evaluateParts(
  model: TextClassifier,
  cell: CellChoice,
  comparison: Comparison,
  signal: AbortSignal,
) {
  const { parts, shuffled, columns, output } = comparison
  const live = new LiveLine(output)
  const accuracy = async (rows: readonly Record<string, string>[], part: string): Promise<number | null> => {
    if (rows.length === 0) return null
    const onProgress = (fraction: number): void =>
      live.draw((width) => drawFraction(`${cell}, ${part}`, fraction, width, output.errorColors))
    return (await model.evaluate(rows, { ...columns, signal, onProgress })).accuracy
  }
  try {
    const again: (number | null)[] = []
    for (const rows of shuffled) again.push(await accuracy(rows, 'shuffled test rows'))
    return {
      trainAccuracy: await accuracy(parts.train, 'training rows'),
      validationAccuracy: await accuracy(parts.validation, 'validation rows'),
      testAccuracy: await accuracy(parts.test, 'test rows'),
      ...ofShuffles(again),
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
    return undefined
  } finally {
    live.clear()
  }
}

/** The options that this cell has: the others are those of another cell of the comparison. */
function optionsFor(cell: CellChoice, options: Comparison['network']) {
  const { reset, activation, ...common } = options
  if (cell !== 'ann' && cell !== 'bag') {
    const gateNames: readonly string[] = cells.find(({ name }) => name === cell)!.gateNames
    return {
      ...common,
      ...(gateNames.includes('reset') ? { reset } : {}),
      ...(gateNames.length === 1 ? { activation } : {}),
    }
  }
  const { layers: _layers, bidirectional: _bidirectional, pooling: _pooling, embedding, ...rest } = common
  return embedding === 'oneHot' || embedding === undefined ? rest : { ...rest, embedding }
}
