/** `latch import`: converts a model of another format to a Latch model file and prints what it contains. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { basename, resolve } from 'node:path'
import type { ImportedModel } from 'latch/formats'
import { writeFileAtomic } from 'latch'
import { visible } from '../terminal/glyphWidth.ts'
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
import { fixesAsFlags, type Typed, getTyped } from '../options/fixes.ts'
import { count, formatSize, plural } from '../terminal/numbers.ts'
import { readFilesAt } from '../options/models.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { checkOutputs, forceOption, freeName, noteReplaced, type InputFile } from '../terminal/outputFiles.ts'

const EXAMPLES = `
Reads Keras (.keras, .h5), PyTorch (state_dict as .safetensors), ONNX,
TensorFlow.js (model.json) and TensorFlow 1 dumps (manifest.json). For a .pt
file, the error message shows the Python code that converts it.

Examples:
  $ latch import model.h5
  $ latch import weights.safetensors --prefix encoder. --out encoder.safetensors
  $ latch import weights.hdf5 --config config.json --vocabulary tokens.json
  $ latch import model.keras --up-to lstm_1 --json`

export function importCommand(output: Output) {
  return new Command('import')
    .summary('convert a Keras, PyTorch, ONNX or TensorFlow.js model to a Latch model')
    .description(
      'Read a model of another format, print its layers and conventions, and save it as a Latch model file.',
    )
    .argument('<file>', 'model file, or a folder with a model.json or manifest.json')
    .option('--out <model>', 'output file (default: the name of the file with .safetensors, in this folder)')
    .option(...forceOption)
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
    .option('--json', 'print one JSON object with the model’s facts and the file it is saved to')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, flags, command) => {
      const out = flags.out ?? (await freeName(defaultOut(path), output))
      const target = { where: `--out ${out}`, path: out, kind: 'safetensors' } as const
      const given = [flags.config, flags.vocabulary].filter((file) => file !== undefined)
      const inputs = (read: readonly string[]) =>
        [...read, ...given].map((file): InputFile => ({ what: 'an input file', path: file }))
      const files = await readFilesAt(path)
      await checkOutputs([target], inputs(files.read), flags.force)
      const options = await importOptions(flags)
      const { modelFromImported, readModel } = await import('latch/formats')
      const imported = await readModel(files, options)
      // By now the files beside the model are known.
      noteReplaced(await checkOutputs([target], inputs(files.read), flags.force), output)
      const model = modelFromImported(imported, path)
      const bytes = model.toBytes()
      await writeFileAtomic(out, bytes)
      // The warnings of the model include those about its inputs.
      const own = model.summary().warnings
      const warnings = own.length > 0 ? own : imported.warnings
      printImported(
        path,
        out,
        bytes.length,
        { ...imported, warnings },
        output,
        getTyped(command as unknown as CommandUnknownOpts),
      )
    })
}

/** `model.h5` → `model.safetensors`; `model.safetensors` → `model.latch.safetensors`. */
function defaultOut(path: string): string {
  const name = basename(resolve(path))
  const stem = name.replace(/\.[^.]*$/, '')
  return /\.safetensors$/i.test(name) ? `${stem}.latch.safetensors` : `${stem}.safetensors`
}

function printImported(
  path: string,
  out: string,
  bytes: number,
  imported: ImportedModel,
  output: Output,
  typed: Typed,
): void {
  const {
    format,
    producer,
    input,
    outputActivation,
    labels,
    layers,
    warnings,
    omitted,
    document,
    fixes = [],
  } = imported
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0)
  output.emit({
    event: 'imported',
    file: path,
    model: out,
    bytes,
    format,
    producer,
    input,
    outputActivation,
    labels,
    parameters,
    layers,
    warnings,
    omitted,
    fixes,
  })
  const { bold, dim } = output.colors
  output.print(
    `${bold(visible(path))}: ${visible(describeOrigin(imported))}, ${count(parameters)} parameters`,
  )
  output.print(
    dim(
      `input: ${describeInput(input)}; output: ${outputActivation}${labels ? `, ${describeLabels(labels)}` : ''}`,
    ),
  )
  output.print()
  printLayers(layers, output)
  printSentences('notes', warnings, output)
  printSentences('omitted', omitted, output)
  printSentences('options', fixesAsFlags(fixes, typed), output)
  output.print()
  const task = document === null ? '' : ', with the task it was exported from'
  output.print(`Saved ${bold(visible(out))} (${formatSize(bytes)})${task}.`)
}

/** `2 labels: "no", "yes, please"`. */
function describeLabels(labels: readonly string[]): string {
  const shown = labels.slice(0, 20).map((label) => JSON.stringify(label))
  const more = labels.length > shown.length ? ', …' : ''
  return `${plural(labels.length, 'label')}: ${visible(shown.join(', '))}${more}`
}
