/** `latch info`: which Latch, which Node, which engine and why; and what is in a model file. */
import { Command } from '@commander-js/extra-typings'
import { availableParallelism } from 'node:os'
import { TextClassifier, createEngine, supportedEngines } from '../src/node.ts'
import type { EngineName } from '../src/node.ts'
import { ENGINE_WORDS } from './engineWords.ts'
import { visible, widthOf } from './glyphWidth.ts'
import { count, percent } from './numbers.ts'
import { engineOption, engineOptions, reproducibleOption, threadsOption } from './options.ts'
import type { EngineFlags } from './options.ts'
import type { Output } from './output.ts'
import { version } from './version.ts'

const EXAMPLES = `
Examples:
  $ latch info
  $ latch info --reproducible
  $ latch info model.safetensors
  $ latch info model.safetensors --json`

export function infoCommand(output: Output) {
  return new Command('info')
    .summary('show version and engine, or what is in a model file')
    .description('Version, Node and engine of this Latch; with a model file, what is in it.')
    .argument('[model]', 'model file')
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (path, flags) => {
      const facts = path === undefined ? hostFacts(flags) : await modelFacts(path, flags)
      output.event(facts)
      const width = Math.max(...Object.keys(facts).map((name) => widthOf(name))) + 2
      for (const [name, value] of Object.entries(facts)) {
        output.say(`${output.colors.dim(name.padEnd(width))}${inWords(value)}`)
      }
    })
}

type Facts = Record<string, string | number | boolean | readonly string[] | object | null>

function hostFacts(flags: EngineFlags): Facts {
  const engine = createEngine(engineOptions(flags))
  return {
    latch: version(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    engine: engine.name,
    why: whyEngine(engine.name, flags),
    engines: supportedEngines(),
    precision: engine.precision,
    threads: engine.threads,
    ...(engine.threadsNote === null ? {} : { threadsNote: engine.threadsNote }),
    cores: availableParallelism(),
  }
}

function whyEngine(name: EngineName, { engine, reproducible }: EngineFlags): string {
  const words = ENGINE_WORDS[name]
  if (engine !== undefined) return `${words}: asked for by --engine`
  if (reproducible) return `${words}: asked for by --reproducible`
  if (process.env.LATCH_ENGINE) return `${words}: asked for by LATCH_ENGINE`
  return `${words}: the fastest that this machine runs`
}

async function modelFacts(path: string, flags: EngineFlags): Promise<Facts> {
  const model = await TextClassifier.load(path, engineOptions(flags))
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
