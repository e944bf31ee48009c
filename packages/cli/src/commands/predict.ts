/** `latch predict`: what a model says of texts, ids or features from the command line, a file or standard input. */
import { Command } from '@commander-js/extra-typings'
import { UsageError } from 'latch'
import { readLines, readTexts } from 'latch/tables'
import type { AnyModel } from 'latch/formats'
import { bar } from '../training/bars.ts'
import { fit, pad, visible, widthOf } from '../terminal/glyphWidth.ts'
import { openAnyModel, printThreadsNote, textOfIds } from '../options/models.ts'
import { largest, percent, plural, outputNumber } from '../terminal/numbers.ts'
import {
  engineOption,
  engineOptions,
  formatOption,
  reproducibleOption,
  threadsOption,
} from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { LiveLine } from '../training/progress.ts'
import { formatByName } from '../options/rows.ts'
import { labelText } from '../inspect/traceRows.ts'

const EXAMPLES = `
With neither TEXT nor --file, texts come from standard input, one a line; for
each text one line comes out. On a terminal: label, probability, text. On a pipe:
the same three with tabs between. Where the model says numbers and no label, they
stand there instead. A model without a vocabulary takes --ids, or features as
JSON, a row a step.

Examples:
  $ latch predict model.safetensors "you are not good" "well done"
  $ latch predict model.safetensors --file comments.csv --text comment --json > labels.jsonl
  $ tail -f chat.log | latch predict model.safetensors
  $ latch predict model.onnx --ids "3 1 4"
  $ latch predict series.safetensors "[[0.1, 0.2], [0.3, 0.4]]"`

/** Texts that the model reads at once. */
const AT_ONCE = 256

export function predictCommand(output: Output) {
  return new Command('predict')
    .summary('label texts with a saved model')
    .description('The label of each text, and how probable each label is.')
    .argument('<model>', 'model file')
    .argument('[texts...]', 'texts to label')
    .option('--ids <numbers>', 'token ids of one sequence: "3 1 4"')
    .option('--file <data>', 'table with the texts: CSV, TSV or JSON Lines, plain or gzip')
    .option('--text <column>', 'its column of texts, by name or by number from 0 (guessed and told)')
    .option(...formatOption)
    .option('--header', 'the first line names the columns (guessed and told)')
    .option('--no-header', 'the first line is data; columns go by number')
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option('--json', 'print one JSON object a line: { label, probabilities }, of numbers { output }')
    .option('-q, --quiet', 'no notes, no progress')
    .addHelpText('after', EXAMPLES)
    .action(async (path, texts, flags) => {
      if ((flags.file !== undefined || flags.ids !== undefined) && texts.length > 0) {
        const expected = flags.file === undefined ? 'texts or --ids' : 'texts or --file'
        throw new UsageError({ where: 'predict', expected, got: 'both' })
      }
      if (flags.text !== undefined && flags.file === undefined) {
        const remedy = 'Write --file DATA --text COLUMN'
        throw new UsageError({ where: '--text', expected: '--file with it', got: 'none', remedy })
      }
      const { model } = await openAnyModel(path, engineOptions(flags))
      printThreadsNote(model, output)
      const printer = new Printer(output, model.labels)
      const given = flags.ids === undefined ? texts : [textOfIds(flags.ids, model)]
      if (given.length > 0) await printAll(chunks(given), model, printer)
      else if (flags.file !== undefined)
        await printAll(chunks(await readTextsOf(flags.file, flags, output)), model, printer)
      else await predictInput(model, printer, output)
    })
}

async function readTextsOf(file: string, flags: TableFlags, output: Output): Promise<string[]> {
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
  if (process.stdin.isTTY) output.note('type a text and Enter; Ctrl-D ends.')
  await printAll(gathered(readLines('-'), AT_ONCE), model, printer)
}

async function printAll(groups: AsyncIterable<string[]>, model: AnyModel, printer: Printer): Promise<void> {
  for await (const texts of groups) {
    const predictions = said(model, texts)
    predictions.forEach((prediction, i) => printer.print(texts[i], prediction))
    if (await printer.finished()) break
  }
  printer.end()
}

/** What a model says: a label with every label's probability, or numbers. */
type Said = { label: string; probabilities: Record<string, number> } | { output: number[] }

function said(model: AnyModel, texts: string[]): Said[] {
  return model.predict(texts).map(({ label, probabilities, output, steps }) => {
    if (label !== null && probabilities) return { label, probabilities, ...(steps ? { steps } : {}) }
    return { output, ...(steps ? { steps } : {}) }
  })
}

async function* chunks(texts: readonly string[]): AsyncGenerator<string[]> {
  for (let from = 0; from < texts.length; from += AT_ONCE) yield texts.slice(from, from + AT_ONCE)
}

/** Lines in groups: as many as are there, without waiting for more, so that a slow pipe is answered at once. */
async function* gathered(lines: AsyncGenerator<string>, most: number): AsyncGenerator<string[]> {
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

/** Prints predictions in the form that the reader wants. */
class Printer {
  readonly #output: Output
  readonly #live: LiveLine
  readonly #labelWidth: number
  #printed = 0

  constructor(output: Output, labels: readonly string[]) {
    this.#output = output
    this.#live = new LiveLine(output)
    this.#labelWidth = Math.min(20, largest(labels.map((label) => widthOf(visible(label)))))
  }

  print(text: string, prediction: Said): void {
    this.#printed++
    this.#output.event(prediction)
    if (this.#output.json) return
    const numbers = 'output' in prediction ? prediction.output.map(outputNumber).join(' ') : null
    if (numbers !== null)
      this.#output.say([numbers, visible(text)].map(cell).join(this.#output.isTerminal ? '  ' : '\t'))
    else this.#sayLabel(text, prediction as Exclude<Said, { output: number[] }>)
  }

  #sayLabel(text: string, { label, probabilities }: Exclude<Said, { output: number[] }>): void {
    const share = probabilities[label]
    if (!this.#output.isTerminal) this.#output.say([label, share.toFixed(4), text].map(cell).join('\t'))
    else this.#output.say(this.#line(visible(text), labelText(label), share))
  }

  /** Whether nobody reads any more; waits until the reader has kept up. */
  async finished(): Promise<boolean> {
    if (!this.#output.isTerminal) this.#live.draw(() => `${plural(this.#printed, 'text')} labelled`)
    await this.#output.drained()
    return this.#output.closed
  }

  end(): void {
    this.#live.clear()
  }

  #line(text: string, label: string, share: number): string {
    const { bold, cyan } = this.#output.colors
    const name = bold(pad(fit(label, this.#labelWidth), this.#labelWidth))
    const room = Math.max(10, this.#output.width - this.#labelWidth - 20)
    return `${name}  ${pad(percent(share), 7, 'end')} ${cyan(bar(share, 6))}  ${fit(text, room)}`
  }
}

/** A cell of a line with tabs between. */
function cell(text: string): string {
  return visible(text.replace(/[\t\r\n]/g, ' '))
}
