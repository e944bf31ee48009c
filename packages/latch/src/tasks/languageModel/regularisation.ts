/** The options of a language model that regularise it (AWD-LSTM: Merity et al. 2018): checked, read, and in its network. */
import { cells, findCell, type CellName } from '../../cells/registry.ts'
import { describeTyped } from '../../core/typedValues.ts'
import { readBoolean, readNumber, readOptional, type Field } from '../../core/validation.ts'
import { readFields, readRate } from '../../layers/fields.ts'
import { embeddingOption, flagOption, rateOption, throwOption } from '../optionChecks.ts'

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
export interface LanguageRegularisation {
  /** Dropout of the embedded tokens, between the layers and before the output: one rate, or rates by name. Default 0.1. */
  dropout?: number | Partial<LanguageDropout>
  /** Whether `dropout` has one mask for all steps of a part of the corpus ("variational"). Default false. */
  lockedDropout?: boolean
  /** Rate at which whole tokens are dropped from the embedding's table. Default 0. */
  embeddingDropout?: number
  /** Rate at which elements of the recurrent weights `weight_hh` are dropped. Default 0. */
  weightDropout?: number
  /**
   * Rate at which units keep their states of the step before (Krueger et al. 2017), of every state or by name; outside
   * training states are their expected values. Default 0.
   */
  zoneout?: number | { hidden?: number; cell?: number }
  /**
   * Factors of two penalties on the outputs of the last recurrent layer: alpha · their mean square (AR), beta · the mean
   * square of their differences from step to step (TAR). Losses are reported without them. Default 0.
   */
  activationPenalty?: { alpha?: number; beta?: number }
  /**
   * Whether the output layer's weight is the embedding's table (Press & Wolf 2017). Where `units` differ from
   * `embedding`, a dense layer of `embedding` units lies between. It holds outside training too. Default false.
   */
  tied?: boolean
}

/** The same with their values, as stored in a model file. */
export interface LanguageRegularisationSettings {
  dropout: number | LanguageDropout
  lockedDropout: boolean
  embeddingDropout: number
  weightDropout: number
  zoneout: { hidden: number; cell: number }
  activationPenalty: { alpha: number; beta: number }
  tied: boolean
}

const DEFAULT_DROPOUT = 0.1

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveRegularisation(
  options: LanguageRegularisation,
  cell: CellName,
  embedding: number | 'oneHot',
): LanguageRegularisationSettings {
  const { lockedDropout = false, embeddingDropout = 0, weightDropout = 0, tied = false } = options
  const settings: LanguageRegularisationSettings = {
    dropout: dropoutOption(options.dropout),
    lockedDropout: flagOption('lockedDropout', lockedDropout),
    embeddingDropout: rateOption('embeddingDropout', embeddingDropout),
    weightDropout: rateOption('weightDropout', weightDropout),
    zoneout: zoneoutOption(options.zoneout, cell),
    activationPenalty: numbersOption('activationPenalty', options.activationPenalty ?? {}, {
      names: ['alpha', 'beta'],
      check: factorOption,
    }),
    tied: flagOption('tied', tied),
  }
  if (embedding !== 'oneHot') return settings
  const withTable = tied ? 'tied' : embeddingDropout > 0 ? 'embeddingDropout' : null
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

function zoneoutOption(given: LanguageRegularisation['zoneout'] = 0, cell: CellName) {
  const hasCell = findCell(cells, cell).stateNames.includes('cell')
  if (typeof given !== 'object' || given === null) {
    const rate = rateOption('zoneout', given)
    return { hidden: rate, cell: hasCell ? rate : 0 }
  }
  const rates = numbersOption('zoneout', given, { names: ['hidden', 'cell'], check: rateOption })
  if (rates.cell > 0 && !hasCell) throwOption('zoneout.cell', `no value for cell ${cell}`, rates.cell)
  return rates
}

/** Numbers by name; those that are not given are 0. */
function numbersOption<const K extends string>(
  option: string,
  given: { readonly [name in K]?: number },
  { names, check }: { names: readonly K[]; check: (name: string, value: number) => number },
): Record<K, number> {
  if (typeof given !== 'object' || given === null)
    throwOption(option, `numbers named ${names.join(', ')}`, describeTyped(given))
  const unknown = Object.keys(given).find((name) => !names.includes(name as K))
  if (unknown !== undefined) throwOption(option, `numbers named ${names.join(', ')}`, unknown)
  const entries = names.map((name) => [name, check(`${option}.${name}`, given[name] ?? 0)])
  return Object.fromEntries(entries) as Record<K, number>
}

function factorOption(name: string, value: number): number {
  return Number.isFinite(value) && value >= 0
    ? value
    : throwOption(name, 'a number from 0', describeTyped(value))
}

/** A field of newer files. */
const since =
  <T>(read: (field: Field) => T, absent: T) =>
  (field: Field) =>
    readOptional(field, read, absent)

/** Readers of the settings; files of before the options have none of them but `dropout`. */
export const regularisationReaders = {
  dropout: (field: Field) =>
    typeof field.value === 'object'
      ? readFields<LanguageDropout>(field, { input: readRate, layers: readRate, output: readRate })
      : readRate(field),
  lockedDropout: since(readBoolean, false),
  embeddingDropout: since(readRate, 0),
  weightDropout: since(readRate, 0),
  zoneout: since(
    (field) => readFields<{ hidden: number; cell: number }>(field, { hidden: readRate, cell: readRate }),
    { hidden: 0, cell: 0 },
  ),
  activationPenalty: since(
    (field) => readFields<{ alpha: number; beta: number }>(field, { alpha: readFactor, beta: readFactor }),
    { alpha: 0, beta: 0 },
  ),
  tied: since(readBoolean, false),
}

function readFactor(field: Field): number {
  return readNumber(field, { min: 0 })
}
