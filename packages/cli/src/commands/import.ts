/** `latch import`: a model of another format becomes a Latch model file; what was found in it is said. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { basename, resolve } from 'node:path'
import type { ImportedModel } from 'latch/formats'
import { writeFileAtomic } from 'latch'
import { visible } from '../terminal/glyphWidth.ts'
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
import { fixesAsFlags, type Typed, typedBy } from '../options/fixes.ts'
import { count, sizeInWords } from '../terminal/numbers.ts'
import { readFilesAt } from '../options/models.ts'
import type { Output } from '../terminal/output.ts'
import { checkOutputs, forceOption, freeName, noteReplaced, type InputFile } from '../terminal/outputFiles.ts'
import { checkWritable, savedPaths } from '../training/savedPaths.ts'

const EXAMPLES = `
Reads Keras (.keras, .h5), PyTorch (state_dict as .safetensors), ONNX,
TensorFlow.js (model.json) and TensorFlow 1 dumps (manifest.json). What it cannot
open it names; a .pt file is refused with the lines that convert it.

Examples:
  $ latch import model.h5
  $ latch import weights.safetensors --prefix encoder. --out encoder.safetensors
  $ latch import weights.hdf5 --config config.json --vocabulary tokens.json
  $ latch import model.keras --up-to lstm_1 --json`

export function importCommand(output: Output) {
  return new Command('import')
    .summary('make a Latch model of a Keras, PyTorch, ONNX or TensorFlow.js one')
    .description('Reads a model of another format, says what is in it, and saves it as a Latch model file.')
    .argument('<file>', 'model file, or the folder of a model.json or manifest.json')
    .option('--out <model>', 'where to save it (the file’s name with .safetensors, in this folder)')
    .option(...forceOption)
    .option(...configOption)
    .option(...upToOption)
    .option(...prefixOption)
    .option(...vocabularyOption)
    .option(...labelsOption)
    .option(...tokensOption)
    .option(...outputActivationOption)
    .option('--json', 'print one JSON object: what was found, and where it is saved')
    .addHelpText('after', EXAMPLES)
    .action(async (path, flags, command) => {
      const out = flags.out ?? (await freeName(defaultOut(path), output))
      await checkWritable(savedPaths(out))
      const target = { where: `--out ${out}`, path: out, kind: 'safetensors' } as const
      const given = [flags.config, flags.vocabulary].filter((file) => file !== undefined)
      const inputs = (read: readonly string[]) =>
        [...read, ...given].map((file): InputFile => ({ what: 'the file that is read', path: file }))
      const files = await readFilesAt(path)
      await checkOutputs([target], inputs(files.read), flags.force)
      const options = await importOptions(flags)
      const { modelFromImported, readModel } = await import('latch/formats')
      const imported = await readModel(files, options)
      // Files beside the model are known by now.
      noteReplaced(await checkOutputs([target], inputs(files.read), flags.force), output)
      const model = modelFromImported(imported, path)
      const bytes = model.toBytes()
      await writeFileAtomic(out, bytes)
      // Its own notes say what the model makes of inputs, too.
      const own = model.summary().warnings
      const warnings = own.length > 0 ? own : imported.warnings
      tell(
        path,
        out,
        bytes.length,
        { ...imported, warnings },
        output,
        typedBy(command as unknown as CommandUnknownOpts),
      )
    })
}

/** `model.h5` → `model.safetensors`; a file of that ending already → `model.latch.safetensors`. */
function defaultOut(path: string): string {
  const name = basename(resolve(path))
  const stem = name.replace(/\.[^.]*$/, '')
  return /\.safetensors$/i.test(name) ? `${stem}.latch.safetensors` : `${stem}.safetensors`
}

function tell(
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
  output.event({
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
  output.say(`${bold(visible(path))}: ${visible(originInWords(imported))}, ${count(parameters)} parameters`)
  output.say(
    dim(
      `reads ${inputInWords(input)}; answers ${outputActivation}${labels ? ` of ${labels.length} labels` : ''}`,
    ),
  )
  output.say()
  sayLayers(layers, output)
  saySentences('found', warnings, output)
  saySentences('left out', omitted, output)
  saySentences('options', fixesAsFlags(fixes, typed), output)
  output.say()
  const task = document === null ? '' : ', with the task it was exported from'
  output.say(`Saved ${bold(visible(out))} (${sizeInWords(bytes)})${task}.`)
}
