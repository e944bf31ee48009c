/** The options of a language model that regularise it, beside those of all tasks: dropout by place, and tied weights. */
import type { CellName } from '../../cells/registry.ts'
import { readBoolean, type Field } from '../../core/validation.ts'
import { readFields, readRate } from '../../layers/fields.ts'
import { embeddingOption, flagOption, rateOption, throwOption } from '../optionChecks.ts'
import {
  numbersOption,
  regularisationReaders,
  resolveRegularisation,
  since,
  type Regularisation,
  type RegularisationSettings,
} from '../regularisation.ts'

/** Dropout rates by place. */
export interface LanguageDropout {
  /** Elements of the embedded tokens. */
  input: number
  /** Elements between recurrent layers. */
  layers: number
  /** Elements before the output. */
  output: number
}

/** Options that regularise a language model. All are optional, and change training alone unless they say otherwise. */
export interface LanguageRegularisation extends Regularisation {
  /** Dropout of the embedded tokens, between the layers and before the output: one rate, or rates by name. Default 0.1. */
  dropout?: number | Partial<LanguageDropout>
  /**
   * Whether the output layer's weight is the embedding's table (Press & Wolf 2017). Where `units` differ from
   * `embedding`, a dense layer of `embedding` units lies between. It holds outside training too. Default false.
   */
  tied?: boolean
}

/** The same with their values, as stored in a model file. */
export interface LanguageRegularisationSettings extends RegularisationSettings {
  dropout: number | LanguageDropout
  tied: boolean
}

const DEFAULT_DROPOUT = 0.1

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveLanguageRegularisation(
  options: LanguageRegularisation,
  cell: CellName,
  embedding: number | 'oneHot',
): LanguageRegularisationSettings {
  const { tied = false } = options
  const settings = {
    dropout: dropoutOption(options.dropout),
    ...resolveRegularisation(options, cell),
    tied: flagOption('tied', tied),
  }
  if (embedding !== 'oneHot') return settings
  const withTable = tied ? 'tied' : settings.embeddingDropout > 0 ? 'embeddingDropout' : null
  if (withTable)
    throwOption('embedding', `a width, as \`${withTable}\` needs a table`, embeddingOption(embedding))
  return settings
}

function dropoutOption(given: LanguageRegularisation['dropout'] = DEFAULT_DROPOUT): number | LanguageDropout {
  if (typeof given !== 'object' || given === null) return rateOption('dropout', given)
  const rates = numbersOption('dropout', given, { names: ['input', 'layers', 'output'], check: rateOption })
  for (const name of ['input', 'layers', 'output'] as const)
    if (given[name] === undefined) rates[name] = DEFAULT_DROPOUT
  return rates
}

/** Readers of the settings; files of before the options have none of them but `dropout`. */
export const languageRegularisationReaders = {
  dropout: (field: Field) =>
    typeof field.value === 'object'
      ? readFields<LanguageDropout>(field, { input: readRate, layers: readRate, output: readRate })
      : readRate(field),
  ...regularisationReaders,
  tied: since(readBoolean, false),
}
