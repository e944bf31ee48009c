/** `latch export`: a model as ONNX, PyTorch, Keras or TensorFlow.js reads it. */
import { Command } from '@commander-js/extra-typings'
import { basename, join, resolve } from 'node:path'
import { type ExportFormat, writeExport } from 'latch/formats'
import { visible } from '../terminal/glyphWidth.ts'
import { openAnyModel } from '../options/models.ts'
import { sizeInWords } from '../terminal/numbers.ts'
import { oneOf } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import {
  checkOutputs,
  forceOption,
  freeName,
  noteReplaced,
  type OutputFile,
} from '../terminal/outputFiles.ts'
import type { OwnKind } from '../terminal/ownFiles.ts'

const EXAMPLES = `
onnx: one file for any runtime, batch and steps dynamic. torch: a state_dict as
.safetensors, and the Python that loads it is printed. keras: a .keras file.
tfjs: a folder of model.json and weights.

Examples:
  $ latch export model.safetensors --to onnx
  $ latch export model.safetensors --to torch --out weights.safetensors > load.py
  $ latch export model.safetensors --to tfjs --out web`

const ENDINGS: Readonly<Record<ExportFormat, string>> = {
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
    .summary('write a model for ONNX, PyTorch, Keras or TensorFlow.js')
    .description(
      'A saved model in another format. Vocabulary, labels and task travel along where it has room.',
    )
    .argument('<model>', 'model file')
    .requiredOption(
      '--to <format>',
      'onnx, torch, keras or tfjs',
      oneOf('--to', ['onnx', 'torch', 'keras', 'tfjs']),
    )
    .option('--out <file>', 'where to write it (the model’s name with the format’s ending, in this folder)')
    .option(...forceOption)
    .option('--json', 'print one JSON object: the files and their sizes')
    .addHelpText('after', EXAMPLES)
    .action(async (path, { to, out, force }) => {
      const { model, files: source } = await openAnyModel(path, {})
      const stem = basename(resolve(path)).replace(/\.[^.]*$/, '')
      const target = out ?? (await freeName(`${stem}${ENDINGS[to]}`, output))
      const { exporters, torchSnippet } = await import('latch/formats')
      const exported = await model.exportTo(exporters[to], stem)
      const inputs = source.read.map((file) => ({ what: 'the model itself', path: file }))
      const outputs = exported.map(({ name }): OutputFile => {
        const place = exported.length === 1 ? target : join(target, basename(name))
        return { where: `--out ${place}`, path: place, kind: KINDS[to] }
      })
      noteReplaced(await checkOutputs(outputs, inputs, force), output)
      const files = await writeExport(exported, target)
      const python = to === 'torch' ? await torchSnippet(model, basename(target)) : null
      output.event({ event: 'exported', model: path, format: to, files, ...(python ? { python } : {}) })
      for (const { path: file, bytes } of files) {
        const said = `Wrote ${visible(file)} (${sizeInWords(bytes)}).`
        // Python alone on standard output can be sent into a file.
        if (python === null) output.say(said)
        else if (!output.json) output.note(said)
      }
      if (python !== null) output.say(python.trimEnd())
    })
}
