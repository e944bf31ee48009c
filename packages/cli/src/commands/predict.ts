/** `latch predict`: predictions for texts, ids or features from the command line, a file or standard input. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import {
  LatchError,
  UsageError,
  type MultiLabelPrediction,
  type Prediction,
  type PredictOptions,
  type RankedLabel,
  type TagPrediction,
  type WrittenSequence,
} from 'latch'
import { readLines, readTexts } from 'latch/tables'
import type { AnyModel } from 'latch/formats'
import { bar } from '../training/bars.ts'
import { fit, pad, visible, displayWidth } from '../terminal/glyphWidth.ts'
import { allowNonFiniteOption } from '../options/importFlags.ts'
import { openAnyModel, printModelNotes, idsAsText } from '../options/models.ts'
import { maximum } from 'latch/inspection'
import { count, exactNumber, percent, plural, outputNumber } from '../terminal/numbers.ts'
import {
  dashedPath,
  engineOption,
  engineOptions,
  reproducibleOption,
  shellWord,
  threadsOption,
  wholeNumber,
} from '../options/options.ts'
import { programName } from '../terminal/programName.ts'
import {
  TABLE_HELP,
  delimiterOption,
  encodingOption,
  formatOption,
  headerOption,
  isTable,
  noteAsFlags,
  quotesOption,
  tableOptions,
  type TableFlags,
} from '../options/tableFlags.ts'
import { readsPairs } from '../pairs/models.ts'
import { givenPairs, linePair, tablePairs } from '../pairs/predict.ts'
import { asSequenceToSequence } from '../sequences/models.ts'
import {
  beamsOption,
  lengthPenaltyOption,
  assertNoSequenceFlags,
  sourceOption,
  targetSearchOptions,
} from '../sequences/options.ts'
import { readSources } from '../sequences/pairs.ts'
import { drawWritten, writer, writtenCells, writtenJson } from '../sequences/predict.ts'
import { predictFile, taggedLine, tagsJson } from '../tagging/predict.ts'
import { asTagger, requireTaggerFlags } from '../tagging/taggers.ts'
import { answerAll, type Answers, type Item } from '../texts/answers.ts'
import { drawLabelList, labelListCells, type LabelList } from '../texts/predict.ts'
import { textColumns } from '../options/rows.ts'
import { getTyped, type Typed } from '../options/fixes.ts'
import { describeError, EXIT_FAILED } from '../terminal/exitCodes.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { tableCell } from '../terminal/tableCell.ts'
import { LiveLine } from '../training/progress.ts'
import { labelText } from '../inspect/traceRows.ts'

const EXAMPLES = `
Without texts and --file, reads texts from standard input, one per line. Prints
one line per text: label, probability and text, separated by tabs when piped. With
--top 3, a line begins with the three most likely labels, each with its
probability. A model with numeric outputs prints numbers instead of label and
probability; one with several labels, when piped, a JSON list of labels and one of their probabilities. For a model without a vocabulary, pass --ids, or features as JSON, one
row per step. A text that the model cannot read is reported in its place; the
others are answered, and the exit code is 1. A piped field that a spreadsheet would
take for a formula begins with an apostrophe; --json has every text as it is.

A classifier of pairs of texts takes two texts for each pair, the columns of --text
A,B, or lines with a tab between both.

A sequence-to-sequence model prints the text that it writes, its probability and the
source; --beams finds likelier ones, --top several.

A tagger prints each text as token/TAG; for a --file of tokens (CoNLL, JSON Lines or a
table), CoNLL: a token, a tab and its tag in each line.

Examples:
  $ latch predict model.safetensors "you are not good" "well done"
  $ latch predict model.safetensors --file comments.csv --text comment --json > labels.jsonl
  $ tail -f chat.log | latch predict model.safetensors
  $ latch predict model.safetensors "you are not good" --top 3
  $ latch predict pairs.safetensors "how old are you" "what is your age"
  $ latch predict dates.safetensors "4th of July 1976" --beams 5
  $ latch predict model.onnx --ids "3 1 4"
  $ latch predict series.safetensors "[[0.1, 0.2], [0.3, 0.4]]"`

/** Texts per batch. */
const BATCH_SIZE = 256

export function predictCommand(output: Output) {
  return new Command('predict')
    .summary('predict labels with a saved model')
    .description('Print the predicted label of each text and its probability.')
    .argument('<model>', 'model file')
    .argument('[texts...]', 'input texts; one that begins with a dash goes after --')
    .option(
      '--top <n>',
      'print this many of the most likely labels, or with --beams texts, each with its probability',
      wholeNumber('--top'),
    )
    .option('--ids <numbers>', 'input token ids of one sequence, as in "3 1 4"')
    .option(
      '--file <data>',
      `texts: a table (${TABLE_HELP}), a folder with subfolders of text files, or any other file with one text per line`,
    )
    .option(
      '--text <columns>',
      'text column, by name or by number from 0; several are separated by commas (default: that of the training, or the only one)',
    )
    .option(...sourceOption)
    .option(...beamsOption)
    .option(...lengthPenaltyOption)
    .option('--sentence <column>', 'tagger: column with the sentence of each token, in a table of tokens')
    .option(...formatOption)
    .option(...headerOption)
    .option(...delimiterOption)
    .option(...quotesOption)
    .option(...encodingOption)
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option(...allowNonFiniteOption)
    .option(
      '--json',
      'print one JSON object per line: { label, probabilities }, with --top { top } too; { labels, probabilities } for any number of labels; { output } for numbers; { text, probability, ended } of a sequence-to-sequence model; or { row, error }',
    )
    .option('-q, --quiet', 'hide progress and notes')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, texts, flags, command) => {
      checkSources(texts, flags)
      const opened = await openAnyModel(path, engineOptions(flags), { allowNonFinite: flags.allowNonFinite })
      const { model } = opened
      printModelNotes(opened, output)
      const tagger = asTagger(model)
      if (tagger) requireTaggerFlags('predict', { '--top': flags.top, '--ids': flags.ids })
      const sequences = asSequenceToSequence(model)
      if (!sequences) assertNoSequenceFlags('predict', sequenceFlags(flags))
      const search = sequences ? targetSearchOptions(flags) : null
      if (flags.top !== undefined && !sequences) requireLabels(model)
      if (tagger && flags.file !== undefined) return predictFile(tagger, flags.file, flags, output)
      const given = flags.ids === undefined ? texts : [idsAsText(flags.ids, model)]
      const typed = getTyped(command as unknown as CommandUnknownOpts)
      noteUnquoted(path, texts, model, output)
      const answers = sequences
        ? writtenAnswers(sequences, search, flags.top)
        : labelAnswers(model, { top: flags.top })
      const top = sequences ? (flags.top ?? 1) : Math.min(flags.top ?? 1, model.labels.length)
      await printAll(
        await sourceOf(given, flags, model, output),
        answers,
        new Printer(output, model.labels, top, typed),
      )
    })
}

interface PredictFlags extends TableFlags {
  ids?: string
  file?: string
  text?: string
  source?: string
  sentence?: string
  beams?: number
  lengthPenalty?: number
}

function sequenceFlags({ source, beams, lengthPenalty }: PredictFlags): Record<string, unknown> {
  return { '--source': source, '--beams': beams, '--length-penalty': lengthPenalty }
}

/** @throws UsageError for a model whose outputs are numbers */
function requireLabels(model: AnyModel): void {
  if (model.summary().predicts !== 'values') return
  throw new UsageError({
    where: '--top',
    expected: 'a model that predicts labels',
    got: 'a model with numeric outputs',
    remedy: 'Omit `--top`: numbers are printed as they are.',
  })
}

/** Words without quotes arrive as a text each. */
function noteUnquoted(path: string, texts: readonly string[], model: AnyModel, output: Output): void {
  const { reads, tokens } = model.summary()
  if (texts.length < 2 || !reads.includes('text') || tokens === 'chars') return
  if (texts.some((text) => /\s/.test(text) || text === '')) return
  const quoted = [programName(), 'predict', shellWord(dashedPath(path)), shellWord(texts.join(' '))].join(' ')
  output.note(`${plural(texts.length, 'text')} of one word each; for one text, quote it: ${quoted}`)
}

/** @throws UsageError for options that exclude each other, or have no effect */
function checkSources(texts: readonly string[], flags: PredictFlags): void {
  if ((flags.file !== undefined || flags.ids !== undefined) && texts.length > 0) {
    const expected = `either texts or \`${flags.file === undefined ? '--ids' : '--file'}\``
    throw new UsageError({ where: 'predict', expected, got: 'both' })
  }
  if (flags.file !== undefined) return
  const { encoding: _encoding, ...table } = tableOptions(flags)
  const columns = (['text', 'source'] as const).filter((name) => flags[name] !== undefined)
  const [option] = [...columns, ...Object.keys(table)]
  if (option === undefined) return
  const remedy = `Use \`--file DATA\` with \`--${option}\`.`
  throw new UsageError({
    where: `--${option}`,
    expected: 'a table given with `--file`',
    got: 'no `--file`',
    remedy,
  })
}

/** Texts, and where they come from. */
interface Source {
  groups: AsyncIterable<Item[]>
  /** The place of a text (from 0) in messages; null for the only one, whose error is that of the command. */
  place: ((row: number) => string) | null
}

async function sourceOf(
  given: readonly string[],
  flags: PredictFlags,
  model: AnyModel,
  output: Output,
): Promise<Source> {
  const isPair = readsPairs(model)
  if (given.length > 0) {
    const items = isPair ? givenPairs(given) : itemsOf(given)
    const place = (row: number) => `${isPair ? 'pair' : 'text'} ${row + 1}`
    return { groups: chunks(items), place: items.length === 1 ? null : place }
  }
  const { file } = flags
  if (file === undefined) {
    if (process.stdin.isTTY) output.note('type a text and press Enter; press Ctrl-D to quit.')
    return lineSource('-', flags, isPair, output)
  }
  const name = file === '-' ? 'standard input' : file
  const place = (row: number) => `${name}, row ${row}`
  const pairs = isPair ? await tablePairs(file, flags, output, model.summary().textColumn) : null
  if (pairs) return { groups: chunks(pairs), place }
  if (asSequenceToSequence(model) && isTable(file, { ...flags, text: flags.source }))
    return { groups: chunks(itemsOf(await readSources(file, flags, output))), place }
  if (!isTable(file, flags) && !isFolder(file)) {
    const what = isPair ? 'pair of texts, with a tab between them,' : 'text'
    const otherwise = `one ${what} per line; \`--text ${isPair ? 'A,B' : 'COLUMN'}\` or \`--format NAME\` reads a table`
    output.note(`${file === '-' ? 'standard input' : basename(file)}: read as ${otherwise}.`)
    return lineSource(file, flags, isPair, output)
  }
  const text = flags.text === undefined ? undefined : textColumns(flags.text)
  const trained = model.summary().textColumn
  const trainedText = trained === null ? null : textColumns(trained)
  const { texts, notes } = await readTexts(file, { text, trainedText, ...tableOptions(flags) })
  for (const note of notes) output.note(noteAsFlags(note))
  return { groups: chunks(itemsOf(texts)), place }
}

function isFolder(path: string): boolean {
  return path !== '-' && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}

/** The lines of a file or of standard input. In a stream, a line that cannot be decoded is an error of its own. */
function lineSource(file: string, { encoding }: PredictFlags, isPair: boolean, output: Output): Source {
  const faults = new Map<number, LatchError>()
  const lines = readLines(file, {
    encoding,
    onNote: (note) => output.note(noteAsFlags(note)),
    ...(file === '-' ? { onFault: (error, line) => faults.set(line - 1, error) } : {}),
  })
  const name = file === '-' ? 'standard input' : file
  const place = (row: number) => `${name}, line ${row + 1}`
  const items = readItems(lines, (text, row) =>
    isPair && !faults.has(row) ? linePair(text, place(row)) : { text, error: faults.get(row) },
  )
  return { groups: grouped(items, BATCH_SIZE), place }
}

async function* readItems(
  lines: AsyncIterable<string>,
  itemOf: (text: string, row: number) => Item,
): AsyncGenerator<Item> {
  let row = 0
  for await (const text of lines) yield itemOf(text, row++)
}

function itemsOf(texts: readonly string[]): Item[] {
  return texts.map((text) => ({ text }))
}

function labelAnswers(model: AnyModel, options: PredictOptions): Answers<Printed> {
  const inputOf = ({ text, pair }: Item) => pair ?? text
  return {
    one: (item) => printed(model.predict(inputOf(item), options)),
    many: (items) => model.predict(items.map(inputOf), options).map(printed),
  }
}

function writtenAnswers(...given: Parameters<typeof writer>): Answers<Printed> {
  const { one, many } = writer(...given)
  return {
    one: ({ text }) => ({ written: one(text) }),
    many: (items) => many(items.map(({ text }) => text)).map((written) => ({ written })),
  }
}

async function printAll(
  { groups, place }: Source,
  answers: Answers<Printed>,
  printer: Printer,
): Promise<void> {
  let row = 0
  for await (const items of groups) {
    const found = place ? answerAll(answers, items) : items.map((item) => answers.one(item))
    for (const [i, answer] of found.entries()) {
      if (answer instanceof LatchError) {
        // A line that could not be read says itself where it is.
        printer.printError(items[i].text, answer, row, items[i].error ? '' : `${place!(row)}: `)
      } else printer.print(items[i].text, answer)
      row++
    }
    if (await printer.finished()) break
  }
  printer.end()
}

/** A prediction as it is printed: a label with the probability of every label, or numbers. */
type Printed =
  | Labelled
  | LabelList
  | { output: number[] }
  | { tagged: TagPrediction }
  | { written: readonly WrittenSequence[] }

interface Labelled {
  label: string
  probabilities: Record<string, number>
  top?: RankedLabel[]
}

function printed(prediction: Prediction): Printed {
  if ('tags' in prediction) return { tagged: prediction as TagPrediction }
  const { label, probabilities, output, steps, top } = prediction
  const more = { ...(top && { top }), ...(steps && { steps }) }
  if ('labels' in prediction && probabilities)
    return { labels: (prediction as MultiLabelPrediction).labels, probabilities, ...more }
  return label !== null && probabilities ? { label, probabilities, ...more } : { output, ...more }
}

async function* chunks(items: readonly Item[]): AsyncGenerator<Item[]> {
  for (let from = 0; from < items.length; from += BATCH_SIZE) yield items.slice(from, from + BATCH_SIZE)
}

/** Lines in groups: those available without waiting, so that a slow pipe gets its predictions immediately. */
async function* grouped(lines: AsyncGenerator<Item>, most: number): AsyncGenerator<Item[]> {
  let next = lines.next()
  for (;;) {
    const first = await next
    if (first.done) return
    const group = [first.value]
    next = lines.next()
    // The group is answered first; the next turn throws what went wrong.
    next.catch(() => undefined)
    while (group.length < most) {
      const ready = await Promise.race([
        next.catch(() => undefined),
        new Promise<undefined>((resolve) => setImmediate(resolve, undefined)),
      ])
      if (!ready || ready.done) break
      group.push(ready.value)
      next = lines.next()
      next.catch(() => undefined)
    }
    yield group
  }
}

/** Prints predictions as JSON, as aligned columns on a terminal, or separated by tabs. */
class Printer {
  readonly #output: Output
  readonly #live: LiveLine
  readonly #labelWidth: number
  /** Labels per text. */
  readonly #top: number
  readonly #typed: Typed
  #printed = 0
  #failed = 0

  constructor(output: Output, labels: readonly string[], top: number, typed: Typed) {
    this.#output = output
    this.#top = top
    this.#typed = typed
    this.#live = new LiveLine(output)
    this.#labelWidth = Math.min(20, maximum(labels.map((label) => displayWidth(visible(label)))))
  }

  print(text: string, prediction: Printed): void {
    this.#printed++
    if ('written' in prediction) return this.#printWritten(text, prediction.written)
    const isTagged = 'tagged' in prediction
    this.#output.emit(isTagged ? tagsJson(prediction.tagged) : prediction)
    if (this.#output.json) return
    if (isTagged) return this.#output.print(taggedLine(prediction.tagged))
    const written = this.#output.isTerminal ? outputNumber : exactNumber
    const numbers = 'output' in prediction ? prediction.output.map(written).join(' ') : null
    if (numbers !== null)
      this.#output.print(
        this.#output.isTerminal ? `${numbers}  ${visible(text)}` : `${numbers}\t${tableCell(text)}`,
      )
    else if ('labels' in prediction) this.#printLabels(text, prediction)
    else this.#printLabel(text, prediction as Labelled)
  }

  #printLabels(text: string, list: LabelList): void {
    const output = this.#output
    if (output.isTerminal) output.print(drawLabelList(list, text, output.colors))
    else output.print([...labelListCells(list), text].map(tableCell).join('\t'))
  }

  #printWritten(source: string, written: readonly WrittenSequence[]): void {
    const output = this.#output
    output.emit(writtenJson(written, this.#top))
    if (output.json) return
    if (output.isTerminal) output.print(drawWritten(written, source, output.colors))
    else output.print(writtenCells(written, source).map(tableCell).join('\t'))
  }

  #printLabel(text: string, prediction: Labelled): void {
    const { label, probabilities, top } = prediction
    const labels = top ?? [{ label, probability: probabilities[label] }]
    if (!this.#output.isTerminal) {
      const cells = labels.flatMap((one) => [one.label, exactNumber(one.probability)])
      this.#output.print([...cells, text].map(tableCell).join('\t'))
    } else this.#output.print(this.#line(visible(text), labels))
  }

  /** In the place of the prediction, so that there is a line for each text; the remedy only once. */
  printError(text: string, error: LatchError, row: number, place: string): void {
    const { problem, remedy } = describeError(error, this.#typed)
    const message = problem.replace(/^row \d+, /, '')
    this.#printed++
    this.#live.clear()
    this.#output.error(`${place}${message}`, this.#failed++ === 0 ? remedy : undefined)
    this.#output.emit({ row, error: message })
    if (this.#output.isTerminal) this.#output.print(`${this.#output.colors.red('error')}  ${visible(text)}`)
    else {
      const empty = new Array<string>(2 * this.#top - 1).fill('')
      this.#output.print(['error', ...empty, text].map(tableCell).join('\t'))
    }
  }

  /** Waits until the output is written. @returns whether its reader is gone */
  async finished(): Promise<boolean> {
    if (!this.#output.isTerminal) this.#live.draw(() => `${plural(this.#printed, 'text')} done`)
    await this.#output.drained()
    return this.#output.closed
  }

  /** A failed row makes the command fail, at its end. */
  end(): void {
    this.#live.clear()
    if (this.#failed === 0) return
    this.#output.log(`${count(this.#failed)} of ${plural(this.#printed, 'row')} failed.`)
    process.exitCode = EXIT_FAILED
  }

  #line(text: string, labels: readonly RankedLabel[]): string {
    const { bold, cyan } = this.#output.colors
    const width = this.#labelWidth
    const columns = labels.map(({ label, probability }, i) => {
      const name = pad(fit(labelText(label), width), width)
      return `${i === 0 ? bold(name) : name}  ${pad(percent(probability), 7, 'end')}`
    })
    const [{ probability }] = labels
    const drawn = labels.length > 1 ? '' : ` ${cyan(bar(probability, 6))}`
    const available = Math.max(10, this.#output.width - labels.length * (width + 11) - (drawn ? 9 : 0))
    return `${columns.join('  ')}${drawn}  ${fit(text, available)}`
  }
}
