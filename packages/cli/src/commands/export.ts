/** `latch export`: writes a model as an ONNX, PyTorch, Keras or TensorFlow.js file. */
import { Command } from '@commander-js/extra-typings'
import { basename, join, resolve } from 'node:path'
import { type ExportFormat, writeExport } from 'latch/formats'
import { visible } from '../terminal/glyphWidth.ts'
import { allowNonFiniteOption } from '../options/importFlags.ts'
import { openAnyModel } from '../options/models.ts'
import { formatSize } from '../terminal/numbers.ts'
import { oneOf } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import {
  checkOutputs,
  forceOption,
  freeName,
  noteReplaced,
  type OutputFile,
} from '../terminal/outputFiles.ts'
import type { OwnKind } from '../terminal/ownFiles.ts'

const EXAMPLES = `
Formats:
  onnx   one file; batch size and number of steps are dynamic. Of a sequence-to-sequence
         model a folder with two, the encoder and a step of the decoder
  torch  a state_dict as .safetensors; prints the Python code that loads it
  keras  a .keras file
  tfjs   a folder with model.json and the weights

Examples:
  $ latch export model.safetensors --to onnx
  $ latch export model.safetensors --to torch --out weights.safetensors > load.py
  $ latch export model.safetensors --to tfjs --out web`

const EXTENSIONS: Readonly<Record<ExportFormat, string>> = {
  onnx: '.onnx',
  torch: '.torch.safetensors',
  keras: '.keras',
  tfjs: '.tfjs',
}

const KINDS: Readonly<Record<ExportFormat, OwnKind>> = {
  onnx: 'onnx',
  torch: 'safetensors',
  keras: 'keras',
  tfjs: 'tfjs',
}

export function exportCommand(output: Output) {
  return new Command('export')
    .summary('convert a model to ONNX, PyTorch, Keras or TensorFlow.js')
    .description(
      'Convert a saved model to another format. Vocabulary, labels and task are stored as metadata.',
    )
    .argument('<model>', 'model file')
    .requiredOption(
      '--to <format>',
      'target format: onnx, torch, keras or tfjs',
      oneOf('--to', ['onnx', 'torch', 'keras', 'tfjs']),
    )
    .option(
      '--out <file>',
      'output file (default: the name of the model with the extension of the format, in this folder)',
    )
    .option(...forceOption)
    .option(...allowNonFiniteOption)
    .option('--json', 'print one JSON object with the files and their sizes')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, { to, out, force, allowNonFinite }) => {
      const { model, files: source, warnings } = await openAnyModel(path, {}, { allowNonFinite })
      for (const warning of warnings) output.note(warning)
      const stem = basename(resolve(path)).replace(/\.[^.]*$/, '')
      const target = out ?? (await freeName(`${stem}${EXTENSIONS[to]}`, output))
      const { exporters, torchSnippet } = await import('latch/formats')
      const exported = await model.exportTo(exporters[to], stem)
      const inputs = source.read.map((file) => ({ what: 'the model itself', path: file }))
      const outputs = exported.map(({ name }): OutputFile => {
        const place = exported.length === 1 || target === '' ? target : join(target, basename(name))
        return { where: `--out ${place}`, path: place, kind: KINDS[to], inNewFolder: exported.length > 1 }
      })
      noteReplaced(await checkOutputs(outputs, inputs, force), output)
      const files = await writeExport(exported, target)
      const python = to === 'torch' ? await torchSnippet(model, basename(target)) : null
      output.emit({ event: 'exported', model: path, format: to, files, ...(python ? { python } : {}) })
      for (const { path: file, bytes } of files) {
        const message = `Wrote ${visible(file)} (${formatSize(bytes)}).`
        // Standard output carries the Python code alone, so that it can be redirected to a file.
        if (python === null) output.print(message)
        else if (!output.json) output.note(message)
      }
      for (const { omitted = [] } of files)
        for (const sentence of omitted) output.note(`Omitted: ${sentence}.`)
      if (python !== null) output.print(python.trimEnd())
    })
}
