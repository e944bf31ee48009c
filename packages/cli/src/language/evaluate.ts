/** `latch evaluate` of a language model: nats, bits a character and perplexity, beside n-grams. */
import { type LanguageModel, UsageError } from 'latch'
import { loss } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { withEvaluationProgress } from '../training/evaluation.ts'
import { drawEvaluation, evaluationJson } from '../training/reports.ts'
import { readCorpus, type CorpusFlags } from './corpus.ts'
import { measureNgrams } from './ngrams.ts'

export interface LanguageEvaluationFlags extends CorpusFlags {
  label?: string
  skipBadRows?: boolean
  /** A file of training texts, for the n-grams. */
  ngrams?: string
}

/** Evaluates a language model on the texts of a file, and prints the metrics. */
export async function evaluateLanguageModel(
  model: LanguageModel,
  data: string,
  flags: LanguageEvaluationFlags,
  output: Output,
): Promise<void> {
  requireLanguageFlags(flags)
  const { texts } = await readCorpus(data, flags, output)
  const training = flags.ngrams === undefined ? undefined : await readCorpus(flags.ngrams, flags, output)
  const found = await withEvaluationProgress((watch) => model.evaluate(texts, watch), output)
  if (!found) {
    output.emit({ event: 'interrupted' })
    return output.log('Stopped before every text was evaluated.')
  }
  const ngrams = training && (await measureNgrams(model, training.texts, texts, output))
  for (const note of found.warnings) output.note(note)
  output.emit({ ...evaluationJson(found), ...(ngrams ? { ngrams } : {}) })
  output.print(drawEvaluation(found, output.colors, output.width))
  if (ngrams)
    output.print(
      `5-grams ${loss(ngrams.fiveGram)} nats a token   unigrams ${loss(ngrams.unigram)} nats a token`,
    )
}

function requireLanguageFlags({ label, skipBadRows }: LanguageEvaluationFlags): void {
  const wrong = [...(label === undefined ? [] : ['--label']), ...(skipBadRows ? ['--skip-bad-rows'] : [])]
  if (wrong.length === 0) return
  throw new UsageError({
    where: 'evaluate',
    expected: 'options that apply to a language model',
    got: wrong.join(', '),
    remedy: `Omit ${wrong.join(', ')}.`,
  })
}
