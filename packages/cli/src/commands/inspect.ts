/** `latch inspect`: traces one text through a saved model, step by step. */
import { Command } from '@commander-js/extra-typings'
import { type Trace, UsageError } from 'latch'
import { PICTURES, checkFiles, checkPicture, writeFiles } from '../inspect/files.ts'
import { allowNonFiniteOption } from '../options/importFlags.ts'
import { latchBytes, openAnyModel, printModelNotes, idsAsText } from '../options/models.ts'
import { engineOption, engineOptions, oneOf, reproducibleOption, threadsOption } from '../options/options.ts'
import { asLanguageModel } from '../language/languageModels.ts'
import { drawSurprise } from '../language/surprise.ts'
import { inspectSequences } from '../sequences/inspect.ts'
import { requireOneText } from '../pairs/models.ts'
import { asSequenceToSequence } from '../sequences/models.ts'
import { drawTags, tagsJson } from '../tagging/predict.ts'
import { asTagger } from '../tagging/taggers.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { forceOption, noteReplaced } from '../terminal/outputFiles.ts'
import { MOST_ROWS, drawTrace } from '../inspect/tracePicture.ts'

const EXAMPLES = `
Examples:
  $ latch inspect model.safetensors "you are not good"
  $ latch inspect model.safetensors "you are not good" --label positive
  $ latch inspect model.safetensors "$(cat letter.txt)" --layout columns
  $ latch inspect model.safetensors "you are not good" --html report.html
  $ latch inspect model.safetensors "you are not good" --png flow.png --picture flow
  $ latch inspect model.onnx --ids "3 1 4"
  $ latch inspect series.safetensors "[[0.1, 0.2], [0.3, 0.4]]"
  $ latch inspect model.safetensors "you are not good" --json`

export function inspectCommand(output: Output) {
  return new Command('inspect')
    .summary('trace a text through a model, token by token')
    .description(
      'Trace one text through a model. For each token, print the fraction of the memory kept, the prediction so ' +
        'far, and the norms of the gradient of the loss with respect to the hidden and the cell state.',
    )
    .argument('<model>', 'model file')
    .argument(
      '[text]',
      'input text (after -- if it begins with a dash), or features as JSON for a model that takes features',
    )
    .option('--ids <numbers>', 'input token ids instead of a text, as in "3 1 4"')
    .option('--label <label>', 'label whose loss is differentiated (default: the predicted label)')
    .option(
      '--layout <kind>',
      `rows (one token per line) or columns (default: rows up to ${MOST_ROWS} tokens)`,
      oneOf('--layout', ['rows', 'columns']),
    )
    .option('--html <file>', 'write a self-contained interactive page with model, text and studio')
    .option('--svg <file>', 'write a picture as SVG')
    .option('--png <file>', 'write a picture as PNG')
    .option(
      '--picture <kind>',
      'content of --svg and --png: gates (heat map) or flow (gradient norms) (default: gates)',
      oneOf('--picture', PICTURES),
    )
    .option(...forceOption)
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option(...allowNonFiniteOption)
    .option('--json', 'print the whole trace as one JSON object: gates, candidate, c and h of every layer')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, text, flags) => {
      checkPicture(flags)
      await checkFiles(flags, [path])
      if ((text === undefined) === (flags.ids === undefined)) {
        const got = text === undefined ? 'neither' : 'both'
        throw new UsageError({ where: 'inspect', expected: 'either a text or `--ids`', got })
      }
      const opened = await openAnyModel(path, engineOptions(flags), { allowNonFinite: flags.allowNonFinite })
      const { model, files } = opened
      printModelNotes(opened, output)
      noteReplaced(await checkFiles(flags, files.read), output)
      requireOneText('inspect', model)
      const sequences = asSequenceToSequence(model)
      if (sequences) {
        const trace = inspectSequences(sequences, text, flags, output)
        const bytes = flags.html === undefined ? new Uint8Array(0) : latchBytes(opened)
        return writeFiles({ path, bytes, model, trace }, flags, output)
      }
      const trace = model.trace(text ?? idsAsText(flags.ids!, model), { label: flags.label }) as Trace
      const language = asLanguageModel(model)
      const score = language && text !== undefined ? language.score(text) : null
      const tagger = asTagger(model)
      const tagged = tagger && text !== undefined ? tagger.predict(text) : null
      const more = { ...(score && { score }), ...(tagged && { tagged: tagsJson(tagged) }) }
      output.emit({ ...trace, ...more })
      if (!output.json) {
        if (tagged) for (const line of [...drawTags(tagged), '']) output.print(line)
        if (score)
          for (const line of drawSurprise(score, trace, output.colors, output.width)) output.print(line)
        const layout = flags.layout ?? (trace.steps.length > MOST_ROWS ? 'columns' : 'rows')
        const options = { width: output.width, colors: output.colors, layout }
        for (const line of drawTrace(trace, options)) output.print(line)
        if (flags.html ?? flags.svg ?? flags.png) output.print()
      }
      const bytes = flags.html === undefined ? new Uint8Array(0) : latchBytes(opened)
      await writeFiles({ path, bytes, model, trace }, flags, output)
    })
}
