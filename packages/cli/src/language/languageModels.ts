/** Language models among the models of every task. */
import { type LanguageModel, UnsupportedError } from 'latch'
import type { AnyModel } from 'latch/formats'
import { nounOf } from '../options/modelNouns.ts'

/** The model, if it says how likely each next token is; else null. */
export function asLanguageModel(model: AnyModel): LanguageModel | null {
  return model.task === 'languageModel' ? (model as unknown as LanguageModel) : null
}

/** A model that writes: a language model, or an imported one that predicts its next token. @throws UnsupportedError */
export function requireWriter(
  model: AnyModel,
  path: string,
): { [method in 'generate' | 'beamSearch']: NonNullable<AnyModel[method]> } {
  const { generate, beamSearch } = model
  return generate && beamSearch
    ? { generate: generate.bind(model), beamSearch: beamSearch.bind(model) }
    : requireLanguageModel(model, path, 'generate')
}

/** @throws UnsupportedError for a model of another task */
export function requireLanguageModel(model: AnyModel, path: string, where: string): LanguageModel {
  const language = asLanguageModel(model)
  if (language) return language
  throw new UnsupportedError({
    where: `${where}, ${path}`,
    expected: 'a language model',
    got: nounOf(model),
    remedy: 'Train one with `latch train TEXT --task lm`.',
  })
}
