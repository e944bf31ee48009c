/** A model's layers as a table, and what was found about its conventions: what `import` and `info` print. */
import type { ImportedModel, LayerFacts, ModelInput } from 'latch/formats'
import { grouped } from './grouped.ts'
import { glyphsOf, visible, widthOf, wrap } from '../terminal/glyphWidth.ts'
import { count, largest } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { drawTable } from '../training/reports.ts'

/** One line a layer: name, type, output, parameters; conventions beside it where there is room, else below. */
export function sayLayers(layers: readonly LayerFacts[], output: Output): void {
  const rows = layers.map(({ name, type, output: shape, parameters }) => [
    visible(name),
    visible(type),
    shape ?? '–',
    parameters ? count(parameters) : '–',
  ])
  const head = ['layer', 'type', 'output', 'parameters']
  const widths = head.map((title, i) =>
    largest(
      rows.map((row) => widthOf(row[i])),
      widthOf(title),
    ),
  )
  const room = output.width - widths.reduce((sum, width) => sum + width + GAP, 0)
  const said = layers.map(({ conventions }) => visible(conventions))
  const options = { head, left: [0, 1, 2, 4], colors: output.colors }
  if (room >= Math.min(LEAST_ROOM, largest(said.map(widthOf), 'conventions'.length))) {
    const full = rows.map((row, i) => [...row, wrap(said[i], room).join('\n')])
    return output.say(drawTable(full, { ...options, head: [...head, 'conventions'] }))
  }
  const longest = Math.max(LEAST_NAME, widths[0] + room + GAP)
  output.say(
    drawTable(
      rows.map(([name, ...others]) => [endOf(name, longest), ...others]),
      options,
    ),
  )
  const named = layers.map(({ name }, i) => (said[i] === '' ? '' : `${name}: ${said[i]}`))
  saySentences('conventions', named.filter(Boolean), output)
}

/** The end of a name tells more than its beginning: `…/cell_0/basic_lstm_cell`. */
function endOf(name: string, width: number): string {
  const glyphs = glyphsOf(name)
  return glyphs.length <= width ? name : `…${glyphs.slice(1 - width).join('')}`
}

/** Of a name that must give way. */
const LEAST_NAME = 16
/** Columns between two of a table's. */
const GAP = 2
/** Narrower than this, conventions are read better below the table. */
const LEAST_ROOM = 28

/** Sentences under a heading, each wrapped; what is true of many layers is written once. */
export function saySentences(title: string, sentences: readonly string[], output: Output): void {
  if (sentences.length === 0) return
  output.say()
  output.say(output.colors.dim(`${title}:`))
  for (const sentence of grouped(sentences)) {
    const lines = wrap(visible(sentence), Math.max(40, output.width - 4))
    output.say(`  ${lines.join('\n    ')}`)
  }
}

/** `ids of 57 tokens`, `24 steps of 36 features`. */
export function inputInWords({ kind, width, steps }: ModelInput): string {
  const what = kind === 'ids' ? `ids below ${count(width)}` : `${count(width)} features a step`
  return steps === null ? what : `${count(steps)} steps, ${what}`
}

/** `Keras 2.10.0`, or the format's name where the file does not say. */
export function originInWords({ format, producer }: Pick<ImportedModel, 'format' | 'producer'>): string {
  return producer === null ? format : `${format} (${producer})`
}
