/** A model's layers as a table, and what was found about its conventions: what `import` and `info` print. */
import type { ImportedModel, LayerFacts, ModelInput } from '../src/formats/imported.ts'
import { layersOf } from '../src/formats/latch.ts'
import type { Network } from '../src/model/network.ts'
import { visible, wrap } from './glyphWidth.ts'
import { count } from './numbers.ts'
import type { Output } from './output.ts'
import { drawTable } from './reports.ts'

/** Layers of a network as Latch has them. */
export function layersOfNetwork({ config, parameters }: Network): LayerFacts[] {
  const sizes = parameters.map(({ name, size }) => [name, { length: size }] as const)
  return layersOf(config, sizes as never)
}

/** One line a layer: name, type, output, parameters, conventions. */
export function sayLayers(layers: readonly LayerFacts[], output: Output): void {
  const rows = layers.map(({ name, type, output: shape, parameters, conventions }) => [
    visible(name),
    visible(type),
    shape ?? '–',
    parameters ? count(parameters) : '–',
    visible(conventions),
  ])
  const head = ['layer', 'type', 'output', 'parameters', 'conventions']
  output.say(drawTable(rows, { head, left: [0, 1, 2, 4], colors: output.colors }))
}

/** Sentences under a heading, each wrapped. */
export function saySentences(title: string, sentences: readonly string[], output: Output): void {
  if (sentences.length === 0) return
  output.say()
  output.say(output.colors.dim(`${title}:`))
  for (const sentence of sentences) {
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
