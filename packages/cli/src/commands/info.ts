/** `latch info`: versions and engine of this installation, or the contents of a model file of any format. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { availableParallelism } from 'node:os'
import { describeFile, type AnyModel, type ImportedModel, type LayerFacts } from 'latch/formats'
import { describeEngine, supportedEngines, type EngineName } from 'latch'
import { ENGINE_DESCRIPTIONS } from '../terminal/engineText.ts'
import { visible, displayWidth, wrap } from '../terminal/glyphWidth.ts'
import {
  allowNonFiniteOption,
  outputActivationOption,
  configOption,
  importOptions,
  labelsOption,
  prefixOption,
  maxLengthOption,
  paddingIdOption,
  paddingOption,
  tokensOption,
  truncatingOption,
  unknownTokenOption,
  upToOption,
  vocabularyOption,
} from '../options/importFlags.ts'
import { describeInput, describeOrigin, printLayers, printSentences } from '../info/layersTable.ts'
import type { Contents } from '../info/contents.ts'
import { contentsAsObjects, printContents as printContentsTable } from '../info/contentsTable.ts'
import { nounOf } from '../options/modelNouns.ts'
import { openModelAt } from '../options/models.ts'
import { maximum } from 'latch/inspection'
import { count, percent } from '../terminal/numbers.ts'
import { labelText } from '../inspect/traceRows.ts'
import { fixesAsFlags, type Typed, getTyped } from '../options/fixes.ts'
import { describeError } from '../terminal/exitCodes.ts'
import { engineOption, engineOptions, reproducibleOption, threadsOption } from '../options/options.ts'
import type { EngineFlags } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
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
    .summary('print versions and the engine, or the contents of a model file')
    .description(
      'Without an argument, print the versions of Latch and Node and the engine. With a model file of any format, print its layers, shapes, parameters and conventions.',
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
    .option(...unknownTokenOption)
    .option(...paddingOption)
    .option(...truncatingOption)
    .option(...maxLengthOption)
    .option(...paddingIdOption)
    .option(...outputActivationOption)
    .option(...allowNonFiniteOption)
    .option('--json', 'print one JSON object')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, flags, command) => {
      if (path === undefined) return printModel(hostFacts(flags), null, output)
      const found = await openModelAt(path, engineOptions(flags), await importOptions(flags))
      if ('model' in found) {
        const { model } = found
        const { warnings } = model.summary()
        return printModel(modelFacts(path, model), (await describeFile(found.files)).layers, output, {
          warnings,
          omitted: [],
        })
      }
      const typed = getTyped(command as unknown as CommandUnknownOpts)
      if ('contents' in found) return printContents(path, found.contents, typed, output)
      const { imported } = found
      printModel(importedFacts(path, imported), imported.layers, output, imported)
      printSentences('options', fixesAsFlags(imported.fixes ?? [], typed), output)
    })
}

function printModel(
  facts: Facts,
  layers: readonly LayerFacts[] | null,
  output: Output,
  imported?: Pick<ImportedModel, 'warnings' | 'omitted'>,
): void {
  const { warnings = [], omitted = [] } = imported ?? {}
  output.emit({
    ...facts,
    ...(layers ? { network: layers } : {}),
    ...(imported ? { warnings, omitted } : {}),
  })
  printFacts(facts, output)
  if (!layers) return
  output.print()
  printLayers(layers, output)
  printSentences('notes', warnings, output)
  printSentences('omitted', omitted, output)
}

function printFacts(facts: Facts, output: Output): void {
  const width = maximum(Object.keys(facts).map((name) => displayWidth(name))) + 2
  for (const [name, value] of Object.entries(facts)) {
    const lines = wrap(formatFact(value), Math.max(20, output.width - width))
    output.print(`${output.colors.dim(name.padEnd(width))}${lines.join(`\n${' '.repeat(width)}`)}`)
  }
}

/** Of a list on one line. */
const MAX_ITEMS = 20

/** Of a file that does not open as layers. */
function printContents(path: string, contents: Contents, typed: Typed, output: Output): void {
  const { format, producer, parameters, operators } = contents
  const { problem, remedy } = describeError(contents.why, typed)
  const why = remedy === undefined ? problem : `${problem}. ${remedy}`
  const facts = { file: path, format, producer, parameters }
  output.emit({ ...facts, ...(operators && { operators }), contents: contentsAsObjects(contents), why })
  const numbers = Object.entries(operators ?? {})
  const nodes = numbers.reduce((sum, [, n]) => sum + n, 0)
  const counted = numbers.map(([type, n]) => `${type} ${count(n)}`).join(', ')
  printFacts({ ...facts, ...(operators && { nodes, operators: counted }) }, output)
  output.print()
  printContentsTable(contents, output)
  output.note(why)
}

type Facts = Record<string, string | number | boolean | readonly string[] | object | null>

function hostFacts(flags: EngineFlags): Facts {
  const engine = describeEngine(engineOptions(flags))
  return {
    latch: version(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    engine: engine.name,
    why: engineReason(engine.name, flags),
    engines: supportedEngines(),
    precision: engine.precision,
    threads: engine.threads,
    ...(engine.threadsNote === null ? {} : { threadsNote: engine.threadsNote }),
    cores: availableParallelism(),
  }
}

function engineReason(name: EngineName, { engine, reproducible }: EngineFlags): string {
  const words = ENGINE_DESCRIPTIONS[name]
  if (engine !== undefined) return `${words}: selected by --engine`
  if (reproducible) return `${words}: selected by --reproducible`
  if (process.env.LATCH_ENGINE) return `${words}: selected by LATCH_ENGINE`
  return `${words}: the fastest on this machine`
}

function modelFacts(path: string, model: AnyModel): Facts {
  const { settings, history } = model
  const { task, reads, input, labels, tokens, vocabularySize, parameters, source } = model.summary()
  const named = labels.some((label, i) => label !== String(i))
  return {
    model: path,
    task:
      task === 'multiLabelClassifier' || task === 'textPairClassifier'
        ? nounOf(model).replace('a ', '')
        : task.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`),
    ...(source === null ? {} : { from: describeOrigin(source) }),
    ...(reads.includes('text')
      ? {}
      : { input: reads.includes('pair') ? 'pairs of texts' : describeInput(input) }),
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
    input: describeInput(input),
    outputActivation,
    stateful,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    vocabulary: vocabulary?.length ?? null,
    tokens,
    labels,
    ...(document === null ? {} : { task: 'exported by Latch; imports with its task' }),
  }
}

function formatFact(value: Facts[string]): string {
  if (value === null) return '–'
  if (Array.isArray(value)) {
    const shown = value
      .slice(0, MAX_ITEMS)
      .map((item) => labelText(String(item)))
      .join(', ')
    return value.length > MAX_ITEMS ? `${shown}, … (${count(value.length)} in total)` : shown
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return Number.isInteger(value) ? count(value) : String(value)
  if (typeof value === 'string') return visible(value)
  const best = value as { epoch?: number; accuracy?: number | null }
  return `epoch ${best.epoch}, validation accuracy ${percent(best.accuracy)}`
}
