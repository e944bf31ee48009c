/** `latch info`: which Latch, which Node, which engine and why; and what is in a model file of any format. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { availableParallelism } from 'node:os'
import { describeFile, type AnyModel, type ImportedModel, type LayerFacts } from 'latch/formats'
import { createEngine, supportedEngines, type EngineName } from 'latch'
import { ENGINE_DESCRIPTIONS } from '../terminal/engineText.ts'
import { visible, widthOf, wrap } from '../terminal/glyphWidth.ts'
import {
  outputActivationOption,
  configOption,
  importOptions,
  labelsOption,
  prefixOption,
  tokensOption,
  upToOption,
  vocabularyOption,
} from '../options/importFlags.ts'
import { inputInWords, originInWords, sayLayers, saySentences } from '../info/layersTable.ts'
import type { Contents } from '../info/contents.ts'
import { contentsAsObjects, sayContents } from '../info/contentsTable.ts'
import { openModelAt } from '../options/models.ts'
import { count, largest, percent } from '../terminal/numbers.ts'
import { labelText } from '../inspect/traceRows.ts'
import { fixesAsFlags, type Typed, typedBy } from '../options/fixes.ts'
import { describeError } from '../terminal/exitCodes.ts'
import { engineOption, engineOptions, reproducibleOption, threadsOption } from '../options/options.ts'
import type { EngineFlags } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { version } from '../terminal/version.ts'

const EXAMPLES = `
Examples:
  $ latch info
  $ latch info --reproducible
  $ latch info model.safetensors
  $ latch info model.safetensors --json
  $ latch info model.onnx
  $ latch info weights.hdf5 --config config.json`

export function infoCommand(output: Output) {
  return new Command('info')
    .summary('show version and engine, or what is in a model file')
    .description(
      'Version, Node and engine of this Latch; with a model file of any format, what is in it: layers, shapes,\nparameters, conventions found.',
    )
    .argument('[model]', 'model file')
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option(...configOption)
    .option(...upToOption)
    .option(...prefixOption)
    .option(...vocabularyOption)
    .option(...labelsOption)
    .option(...tokensOption)
    .option(...outputActivationOption)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (path, flags, command) => {
      if (path === undefined) return tell(hostFacts(flags), null, output)
      const found = await openModelAt(path, engineOptions(flags), await importOptions(flags))
      if ('model' in found) {
        const { model } = found
        const { warnings } = model.summary()
        return tell(modelFacts(path, model), (await describeFile(found.files)).layers, output, {
          warnings,
          omitted: [],
        })
      }
      const typed = typedBy(command as unknown as CommandUnknownOpts)
      if ('contents' in found) return tellContents(path, found.contents, typed, output)
      const { imported } = found
      tell(importedFacts(path, imported), imported.layers, output, imported)
      saySentences('options', fixesAsFlags(imported.fixes ?? [], typed), output)
    })
}

function tell(
  facts: Facts,
  layers: readonly LayerFacts[] | null,
  output: Output,
  imported?: Pick<ImportedModel, 'warnings' | 'omitted'>,
): void {
  const { warnings = [], omitted = [] } = imported ?? {}
  output.event({
    ...facts,
    ...(layers ? { network: layers } : {}),
    ...(imported ? { warnings, omitted } : {}),
  })
  sayFacts(facts, output)
  if (!layers) return
  output.say()
  sayLayers(layers, output)
  saySentences('found', warnings, output)
  saySentences('left out', omitted, output)
}

function sayFacts(facts: Facts, output: Output): void {
  const width = largest(Object.keys(facts).map((name) => widthOf(name))) + 2
  for (const [name, value] of Object.entries(facts)) {
    const lines = wrap(inWords(value), Math.max(40, output.width - width))
    output.say(`${output.colors.dim(name.padEnd(width))}${lines.join(`\n${' '.repeat(width)}`)}`)
  }
}

/** Of a list on one line. */
const MOST_ITEMS = 20

/** Of a file that does not open as layers. */
function tellContents(path: string, contents: Contents, typed: Typed, output: Output): void {
  const { format, producer, parameters } = contents
  const { problem, remedy } = describeError(contents.why, typed)
  const why = remedy === undefined ? problem : `${problem}. ${remedy}`
  const facts = { file: path, format, producer, parameters }
  output.event({ ...facts, contents: contentsAsObjects(contents), why })
  sayFacts(facts, output)
  output.say()
  sayContents(contents, output)
  output.note(why)
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
  const words = ENGINE_DESCRIPTIONS[name]
  if (engine !== undefined) return `${words}: asked for by --engine`
  if (reproducible) return `${words}: asked for by --reproducible`
  if (process.env.LATCH_ENGINE) return `${words}: asked for by LATCH_ENGINE`
  return `${words}: the fastest that this machine runs`
}

function modelFacts(path: string, model: AnyModel): Facts {
  const { settings, history } = model
  const { task, reads, input, labels, tokens, vocabularySize, parameters, source } = model.summary()
  const named = labels.some((label, i) => label !== String(i))
  return {
    model: path,
    task: task.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`),
    ...(source === null ? {} : { from: originInWords(source) }),
    ...(reads.includes('text') ? {} : { input: inputInWords(input) }),
    tokens,
    // Single values; the lists of an imported model's settings stand below.
    ...Object.fromEntries(
      Object.entries(settings).filter(([, value]) => typeof value !== 'object') as [
        string,
        string | number,
      ][],
    ),
    parameters,
    vocabulary: vocabularySize,
    labels: named ? labels : null,
    epochs: history?.epochs ?? null,
    best: history?.best ?? null,
  }
}

/** Of a file of another format. */
function importedFacts(path: string, imported: ImportedModel): Facts {
  const {
    format,
    producer,
    input,
    outputActivation,
    stateful,
    vocabulary,
    tokens,
    labels,
    layers,
    document,
  } = imported
  return {
    file: path,
    format,
    producer,
    input: inputInWords(input),
    outputActivation,
    stateful,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    vocabulary: vocabulary?.length ?? null,
    tokens,
    labels,
    ...(document === null ? {} : { task: 'exported by Latch, comes back whole' }),
  }
}

function inWords(value: Facts[string]): string {
  if (value === null) return '–'
  if (Array.isArray(value)) {
    const shown = value
      .slice(0, MOST_ITEMS)
      .map((item) => labelText(String(item)))
      .join(', ')
    return value.length > MOST_ITEMS ? `${shown}, … ${count(value.length)} in all` : shown
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return count(value)
  if (typeof value === 'string') return visible(value)
  const best = value as { epoch?: number; accuracy?: number | null }
  return `epoch ${best.epoch}, validation accuracy ${percent(best.accuracy)}`
}
