/** `latch info`: which Latch, which Node, which engine; and what is in a model file. */
import { Command } from '@commander-js/extra-typings'
import { TextClassifier, createEngine } from '../src/node.ts'
import { visible, widthOf } from './glyphWidth.ts'
import { count, percent } from './numbers.ts'
import type { Output } from './output.ts'
import { version } from './version.ts'

const EXAMPLES = `
Examples:
  $ latch info
  $ latch info model.safetensors
  $ latch info model.safetensors --json`

export function infoCommand(output: Output) {
  return new Command('info')
    .summary('show version and engine, or what is in a model file')
    .description('Version, Node and engine of this Latch; with a model file, what is in it.')
    .argument('[model]', 'model file')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (path) => {
      const facts = path === undefined ? hostFacts() : await modelFacts(path)
      output.event(facts)
      const width = Math.max(...Object.keys(facts).map((name) => widthOf(name))) + 2
      for (const [name, value] of Object.entries(facts)) {
        output.say(`${output.colors.dim(name.padEnd(width))}${inWords(value)}`)
      }
    })
}

type Facts = Record<string, string | number | boolean | readonly string[] | object | null>

function hostFacts(): Facts {
  const engine = createEngine()
  return {
    latch: version(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    engine: engine.name,
    precision: engine.precision,
    threads: engine.threads,
  }
}

async function modelFacts(path: string): Promise<Facts> {
  const model = await TextClassifier.load(path)
  const { history, settings, labels } = model
  const { cell, units, layers, bidirectional, tokens, lowercase, embedding, maximumLength } = settings
  return {
    model: path,
    task: 'text classifier',
    cell,
    units,
    layers,
    bidirectional,
    tokens,
    lowercase,
    embedding,
    maximumLength,
    parameters: model.parameterCount,
    vocabulary: model.vocabulary.size,
    labels,
    epochs: history?.epochs ?? null,
    best: history?.best ?? null,
  }
}

function inWords(value: Facts[string]): string {
  if (value === null) return '–'
  if (Array.isArray(value)) return value.map((item) => visible(String(item))).join(', ')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return count(value)
  if (typeof value === 'string') return visible(value)
  const best = value as { epoch?: number; accuracy?: number | null }
  return `epoch ${best.epoch}, validation accuracy ${percent(best.accuracy)}`
}
