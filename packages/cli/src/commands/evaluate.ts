/** `latch evaluate`: metrics of a saved model on labelled rows. */
import { Command } from '@commander-js/extra-typings'
import type { AnyModel } from 'latch/formats'
import { UnsupportedError } from 'latch'
import { allowNonFiniteOption } from '../options/importFlags.ts'
import { openAnyModel, printModelNotes } from '../options/models.ts'
import { evaluateLanguageModel } from '../language/evaluate.ts'
import { asLanguageModel, requireLanguageModel } from '../language/languageModels.ts'
import { evaluateSequenceToSequence } from '../sequences/evaluate.ts'
import { asSequenceToSequence } from '../sequences/models.ts'
import {
  assertNoSequenceFlags,
  beamsOption,
  lengthPenaltyOption,
  sourceOption,
  targetOption,
} from '../sequences/options.ts'
import { evaluateTagger } from '../tagging/evaluate.ts'
import { asTagger } from '../tagging/taggers.ts'
import { evaluateWithProgress } from '../training/evaluation.ts'
import { engineOption, engineOptions, reproducibleOption, threadsOption } from '../options/options.ts'
import {
  delimiterOption,
  encodingOption,
  formatOption,
  headerOption,
  quotesOption,
} from '../options/tableFlags.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'
import { drawEvaluation, evaluationJson } from '../training/reports.ts'
import { usableRows } from '../options/badRows.ts'
import { evaluateTexts } from '../texts/evaluate.ts'
import { asTextModel } from '../texts/models.ts'
import { atFile, dataArgument, labelOption, readRows, tagsOption, textOption } from '../options/rows.ts'

const EXAMPLES = `
Rows that the model cannot read, or whose label it does not have, are reported with
their place, and nothing is evaluated unless --skip-bad-rows leaves them out.

Examples:
  $ latch evaluate model.safetensors test.csv --text comment --label sentiment
  $ latch evaluate model.safetensors test.tsv.gz --text 1 --label 0 --json
  $ latch evaluate tagger.safetensors test.conll --train train.conll
  $ latch evaluate dates.safetensors test.csv --source written --target iso --beams 5`

export function evaluateCommand(output: Output) {
  return new Command('evaluate')
    .summary('evaluate a saved model on labelled data')
    .description(
      'Print accuracy, per-class precision, recall and F1, and the confusion matrix of a saved model.',
    )
    .argument('<model>', 'model file')
    .argument(...dataArgument)
    .option(...textOption)
    .option(...labelOption)
    .option(...sourceOption)
    .option(...targetOption)
    .option(...beamsOption)
    .option(...lengthPenaltyOption)
    .option('--lines', 'language model: each line of a text file is a text of its own')
    .option('--train <file>', 'tagger: compare with the most frequent tag of each word of these sentences')
    .option(...tagsOption)
    .option('--sentence <column>', 'tagger: column with the sentence of each token, in a table of tokens')
    .option('--ngrams <file>', 'language model: compare with n-grams of these training texts')
    .option(...formatOption)
    .option(...headerOption)
    .option(...delimiterOption)
    .option(...quotesOption)
    .option(...encodingOption)
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option(...allowNonFiniteOption)
    .option('--skip-bad-rows', 'leave out rows that the model cannot read, or whose label it does not have')
    .option('--json', 'print one JSON object; before it, { row, error } for each bad row')
    .option('-q, --quiet', 'hide progress and notes')
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action(async (path, data, flags) => {
      const opened = await openAnyModel(path, engineOptions(flags), { allowNonFinite: flags.allowNonFinite })
      const { model } = opened
      printModelNotes(opened, output)
      const sequences = asSequenceToSequence(model)
      if (sequences) return evaluateSequenceToSequence(sequences, data, flags, output)
      assertNoSequenceFlags('evaluate', {
        '--source': flags.source,
        '--target': flags.target,
        '--beams': flags.beams,
        '--length-penalty': flags.lengthPenalty,
      })
      const tagger = asTagger(model)
      if (tagger) return evaluateTagger(tagger, data, flags, output)
      const language = asLanguageModel(model)
      if (language) return evaluateLanguageModel(language, data, flags, output)
      if (flags.ngrams !== undefined || flags.lines) requireLanguageModel(model, path, 'evaluate')
      const texts = asTextModel(model)
      if (texts) return evaluateTexts(texts, data, flags, output)
      requireTextClasses(model)
      const table = await readRows(data, flags, output, { trained: model.summary().textColumn })
      const { usable, warnings } = usableRows(model, table, { path, skip: flags.skipBadRows, output })
      const found = await evaluateWithProgress(model, usable, output).catch((error: unknown) => {
        throw atFile(error, usable)
      })
      if (!found) {
        output.emit({ event: 'interrupted' })
        return output.log('Stopped before every row was evaluated.')
      }
      const result = { ...found, warnings: [...found.warnings, ...warnings] }
      for (const note of result.warnings) output.note(note)
      output.emit(evaluationJson(result))
      output.print(drawEvaluation(result, output.colors, output.width))
    })
}

/** Tables hold texts and labels. @throws UnsupportedError for a model that reads no texts, or has no single class as output */
function requireTextClasses(model: AnyModel): void {
  const { reads, predicts, per } = model.summary()
  const got = !reads.includes('text')
    ? reads.includes('ids')
      ? 'a model of token ids, without a vocabulary'
      : 'a model of features'
    : predicts === 'values'
      ? 'a model with numeric outputs'
      : per === 'step'
        ? 'a model with an output at every step'
        : null
  if (got === null) return
  throw new UnsupportedError({
    where: 'evaluate',
    expected: 'a model that reads texts and predicts one class',
    got,
    fix: reads.includes('ids') ? { option: 'vocabulary', to: 'import the model with its tokens' } : [],
  })
}
