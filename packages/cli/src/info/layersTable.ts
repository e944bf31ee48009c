/** The layers of a model as a table, and its conventions, as printed by `import` and `info`. */
import type { ImportedModel, LayerFacts, ModelInput } from 'latch/formats'
import { grouped } from './grouped.ts'
import { splitGlyphs, visible, displayWidth, wrap } from '../terminal/glyphWidth.ts'
import { maximum } from 'latch/inspection'
import { count } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { drawTable } from '../training/reports.ts'

/** One line per layer: name, type, output, parameters; conventions in a last column if it fits, else below. */
export function printLayers(layers: readonly LayerFacts[], output: Output): void {
  const rows = layers.map(({ name, type, output: shape, parameters }) => [
    visible(name),
    visible(type),
    shape ?? '–',
    parameters ? count(parameters) : '–',
  ])
  const head = ['layer', 'type', 'output', 'parameters']
  const widths = head.map((title, i) =>
    maximum(
      rows.map((row) => displayWidth(row[i])),
      displayWidth(title),
    ),
  )
  const available = output.width - widths.reduce((sum, width) => sum + width + GAP, 0)
  const conventions = layers.map((layer) => visible(layer.conventions))
  const options = { head, left: [0, 1, 2, 4], colors: output.colors }
  if (available >= Math.min(MIN_WIDTH, maximum(conventions.map(displayWidth), 'conventions'.length))) {
    const full = rows.map((row, i) => [...row, wrap(conventions[i], available).join('\n')])
    return output.print(drawTable(full, { ...options, head: [...head, 'conventions'] }))
  }
  const longest = Math.max(MIN_NAME_WIDTH, widths[0] + available + GAP)
  output.print(
    drawTable(
      rows.map(([name, ...others]) => [truncateStart(name, longest), ...others]),
      { ...options, width: output.width, drop: [1, 2] },
    ),
  )
  const named = layers.map(({ name }, i) => (conventions[i] === '' ? '' : `${name}: ${conventions[i]}`))
  printSentences('conventions', named.filter(Boolean), output)
}

/** The end of a long name, which is its most specific part: `…/cell_0/basic_lstm_cell`. */
function truncateStart(name: string, width: number): string {
  const glyphs = splitGlyphs(name)
  return glyphs.length <= width ? name : `…${glyphs.slice(1 - width).join('')}`
}

/** Minimum width of a truncated name. */
const MIN_NAME_WIDTH = 16
/** Spaces between the columns of a table. */
const GAP = 2
/** Minimum width of the column of conventions; if narrower, they are printed below the table. */
const MIN_WIDTH = 28

/** Sentences under a heading, wrapped; those that apply to several layers are printed once. */
export function printSentences(title: string, sentences: readonly string[], output: Output): void {
  if (sentences.length === 0) return
  output.print()
  output.print(output.colors.dim(`${title}:`))
  for (const sentence of grouped(sentences)) {
    const lines = wrap(visible(sentence), Math.max(20, output.width - 4))
    output.print(`  ${lines.join('\n    ')}`)
  }
}

/** `ids of 57 tokens`, `24 steps of 36 features`. */
export function describeInput({ kind, width, steps }: ModelInput): string {
  const what = kind === 'ids' ? `ids below ${count(width)}` : `${count(width)} features a step`
  return steps === null ? what : `${count(steps)} steps, ${what}`
}

/** `Keras 2.10.0`, or the format's name where the file does not say. */
export function describeOrigin({ format, producer }: Pick<ImportedModel, 'format' | 'producer'>): string {
  return producer === null ? format : `${format} (${producer})`
}
