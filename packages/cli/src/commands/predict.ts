/** `latch predict`: predictions for texts, ids or features from the command line, a file or standard input. */
import { Command } from '@commander-js/extra-typings'
import { UsageError } from 'latch'
import { readLines, readTexts } from 'latch/tables'
import type { AnyModel } from 'latch/formats'
import { bar } from '../training/bars.ts'
import { fit, pad, visible, displayWidth } from '../terminal/glyphWidth.ts'
import { openAnyModel, printThreadsNote, idsAsText } from '../options/models.ts'
import { maximum } from 'latch/inspection'
import { percent, plural, outputNumber } from '../terminal/numbers.ts'
import {
  engineOption,
  engineOptions,
  formatOption,
  reproducibleOption,
  threadsOption,
} from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { LiveLine } from '../training/progress.ts'
import { formatByName, headerOption, noHeaderOption, textOption } from '../options/rows.ts'
import { labelText } from '../inspect/traceRows.ts'

const EXAMPLES = `
Without texts and --file, reads texts from standard input, one per line. Prints
one line per text: label, probability and text, separated by tabs when piped.
A model with numeric outputs prints numbers instead of label and probability.
For a model without a vocabulary, pass --ids, or features as JSON, one row per
step.

Examples:
  $ latch predict model.safetensors "you are not good" "well done"
  $ latch predict model.safetensors --file comments.csv --text comment --json > labels.jsonl
  $ tail -f chat.log | latch predict model.safetensors
  $ latch predict model.onnx --ids "3 1 4"
  $ latch predict series.safetensors "[[0.1, 0.2], [0.3, 0.4]]"`

/** Texts per batch. */
const BATCH_SIZE = 256

export function predictCommand(output: Output) {
  return new Command('predict')
    .summary('predict labels with a saved model')
    .description('Print the predicted label of each text and its probability.')
    .argument('<model>', 'model file')
    .argument('[texts...]', 'input texts')
    .option('--ids <numbers>', 'input token ids of one sequence, as in "3 1 4"')
    .option('--file <data>', 'data table with the texts: CSV, TSV or JSON Lines, plain or gzipped')
    .option(...textOption)
    .option(...formatOption)
    .option(...headerOption)
    .option(...noHeaderOption)
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option('--json', 'print one JSON object per line: { label, probabilities }, or { output } for numbers')
    .option('-q, --quiet', 'hide progress and notes')
    .addHelpText('after', EXAMPLES)
    .action(async (path, texts, flags) => {
      if ((flags.file !== undefined || flags.ids !== undefined) && texts.length > 0) {
        const expected = `either texts or \`${flags.file === undefined ? '--ids' : '--file'}\``
        throw new UsageError({ where: 'predict', expected, got: 'both' })
      }
      if (flags.text !== undefined && flags.file === undefined) {
        const remedy = 'Use `--file DATA --text COLUMN`.'
        throw new UsageError({
          where: '--text',
          expected: 'a table given with `--file`',
          got: 'no `--file`',
          remedy,
        })
      }
      const { model } = await openAnyModel(path, engineOptions(flags))
      printThreadsNote(model, output)
      const printer = new Printer(output, model.labels)
      const given = flags.ids === undefined ? texts : [idsAsText(flags.ids, model)]
      if (given.length > 0) await printAll(chunks(given), model, printer)
      else if (flags.file !== undefined)
        await printAll(chunks(await loadTexts(flags.file, flags, output)), model, printer)
      else await predictInput(model, printer, output)
    })
}

async function loadTexts(file: string, flags: TableFlags, output: Output): Promise<string[]> {
  const { text, format = formatByName(file), header } = flags
  const { texts, notes } = await readTexts(file, { text, format, header })
  for (const note of notes) output.note(note)
  return texts
}

interface TableFlags {
  text?: string
  format?: 'csv' | 'tsv' | 'jsonl'
  header?: boolean
}

async function predictInput(model: AnyModel, printer: Printer, output: Output): Promise<void> {
  if (process.stdin.isTTY) output.note('type a text and press Enter; press Ctrl-D to quit.')
  await printAll(grouped(readLines('-'), BATCH_SIZE), model, printer)
}

async function printAll(groups: AsyncIterable<string[]>, model: AnyModel, printer: Printer): Promise<void> {
  for await (const texts of groups) {
    const predictions = predictAll(model, texts)
    predictions.forEach((prediction, i) => printer.print(texts[i], prediction))
    if (await printer.finished()) break
  }
  printer.end()
}

/** A prediction as it is printed: a label with the probability of every label, or numbers. */
type Printed = { label: string; probabilities: Record<string, number> } | { output: number[] }

function predictAll(model: AnyModel, texts: string[]): Printed[] {
  return model.predict(texts).map(({ label, probabilities, output, steps }) => {
    if (label !== null && probabilities) return { label, probabilities, ...(steps ? { steps } : {}) }
    return { output, ...(steps ? { steps } : {}) }
  })
}

async function* chunks(texts: readonly string[]): AsyncGenerator<string[]> {
  for (let from = 0; from < texts.length; from += BATCH_SIZE) yield texts.slice(from, from + BATCH_SIZE)
}

/** Lines in groups: those available without waiting, so that a slow pipe gets its predictions immediately. */
async function* grouped(lines: AsyncGenerator<string>, most: number): AsyncGenerator<string[]> {
  let next = lines.next()
  for (;;) {
    const first = await next
    if (first.done) return
    const group = [first.value]
    next = lines.next()
    while (group.length < most) {
      const ready = await Promise.race([
        next,
        new Promise<undefined>((resolve) => setImmediate(resolve, undefined)),
      ])
      if (!ready || ready.done) break
      group.push(ready.value)
      next = lines.next()
    }
    yield group
  }
}

/** Prints predictions as JSON, as aligned columns on a terminal, or separated by tabs. */
class Printer {
  readonly #output: Output
  readonly #live: LiveLine
  readonly #labelWidth: number
  #printed = 0

  constructor(output: Output, labels: readonly string[]) {
    this.#output = output
    this.#live = new LiveLine(output)
    this.#labelWidth = Math.min(20, maximum(labels.map((label) => displayWidth(visible(label)))))
  }

  print(text: string, prediction: Printed): void {
    this.#printed++
    this.#output.emit(prediction)
    if (this.#output.json) return
    const numbers = 'output' in prediction ? prediction.output.map(outputNumber).join(' ') : null
    if (numbers !== null)
      this.#output.print([numbers, visible(text)].map(cell).join(this.#output.isTerminal ? '  ' : '\t'))
    else this.#printLabel(text, prediction as Exclude<Printed, { output: number[] }>)
  }

  #printLabel(text: string, { label, probabilities }: Exclude<Printed, { output: number[] }>): void {
    const probability = probabilities[label]
    if (!this.#output.isTerminal)
      this.#output.print([label, probability.toFixed(4), text].map(cell).join('\t'))
    else this.#output.print(this.#line(visible(text), labelText(label), probability))
  }

  /** Waits until the output is written. @returns whether its reader is gone */
  async finished(): Promise<boolean> {
    if (!this.#output.isTerminal) this.#live.draw(() => `${plural(this.#printed, 'text')} done`)
    await this.#output.drained()
    return this.#output.closed
  }

  end(): void {
    this.#live.clear()
  }

  #line(text: string, label: string, probability: number): string {
    const { bold, cyan } = this.#output.colors
    const name = bold(pad(fit(label, this.#labelWidth), this.#labelWidth))
    const available = Math.max(10, this.#output.width - this.#labelWidth - 20)
    return `${name}  ${pad(percent(probability), 7, 'end')} ${cyan(bar(probability, 6))}  ${fit(text, available)}`
  }
}

/** One field of a tab-separated line. */
function cell(text: string): string {
  return visible(text.replace(/[\t\r\n]/g, ' '))
}
