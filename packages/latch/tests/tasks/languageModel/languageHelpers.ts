/** A small language model of sentences. */
import type { FitOptions } from '../../../src/tasks/fit/fitOptions.ts'
import { languageModel, type LanguageModel } from '../../../src/tasks/languageModel/languageModel.ts'
import type { LanguageModelOptions } from '../../../src/tasks/languageModel/options.ts'

export const SENTENCES: readonly string[] = ['cat', 'dog', 'old bird'].flatMap((who) =>
  ['sleeps .', 'sings a song .', 'is here !', 'runs'].flatMap((what) => [
    `the ${who} ${what}`,
    `a ${who} ${what}`,
  ]),
)

/** Trained for an epoch, unless more is asked for. */
export async function tinyLanguage(
  options: LanguageModelOptions = {},
  fitOptions: FitOptions = {},
): Promise<LanguageModel> {
  const model = languageModel({
    units: 12,
    embedding: 8,
    steps: 10,
    dropout: 0,
    engine: 'simd',
    threads: 1,
    ...options,
  })
  await model.fit(SENTENCES, {
    epochs: 1,
    batchSize: 8,
    validation: 0.25,
    patience: null,
    seed: 1,
    ...fitOptions,
  })
  return model
}
