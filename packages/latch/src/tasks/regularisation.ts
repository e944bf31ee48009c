/** The options that regularise recurrent networks (AWD-LSTM: Merity et al. 2018), for tasks: checked, read, and as layers. */
import { cells, findCell, type CellName } from '../cells/registry.ts'
import type { Names } from '../core/knownNames.ts'
import { describeTyped } from '../core/typedValues.ts'
import { readBoolean, readOptional, type Field } from '../core/validation.ts'
import { readFields, readRate } from '../layers/fields.ts'
import { readFactor } from '../layers/regularisation/activationPenalty.ts'
import type { LayerOptions } from '../model/config.ts'
import { flagOption, rateOption, throwOption } from './optionChecks.ts'

/** Options that regularise a recurrent network. All are optional, and change training alone unless they say otherwise. */
export interface Regularisation {
  /** Whether `dropout` has one mask for all steps of a sequence ("variational"). Default false. */
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
}

/** The same with their values, as stored in a model file. */
export interface RegularisationSettings {
  lockedDropout: boolean
  embeddingDropout: number
  weightDropout: number
  zoneout: { hidden: number; cell: number }
  activationPenalty: { alpha: number; beta: number }
}

/** Their names. */
export const REGULARISATION: Names<Regularisation> = {
  lockedDropout: 1,
  embeddingDropout: 1,
  weightDropout: 1,
  zoneout: 1,
  activationPenalty: 1,
}

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveRegularisation(options: Regularisation, cell: CellName): RegularisationSettings {
  const { lockedDropout = false, embeddingDropout = 0, weightDropout = 0, activationPenalty = {} } = options
  return {
    lockedDropout: flagOption('lockedDropout', lockedDropout),
    embeddingDropout: rateOption('embeddingDropout', embeddingDropout),
    weightDropout: rateOption('weightDropout', weightDropout),
    zoneout: zoneoutOption(options.zoneout, cell),
    activationPenalty: numbersOption('activationPenalty', activationPenalty, {
      names: ['alpha', 'beta'],
      check: factorOption,
    }),
  }
}

function zoneoutOption(given: Regularisation['zoneout'] = 0, cell: CellName) {
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
export function numbersOption<const K extends string>(
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

/** A factor of a term of the loss. */
export function factorOption(name: string, value: number): number {
  return Number.isFinite(value) && value >= 0
    ? value
    : throwOption(name, 'a number from 0', describeTyped(value))
}

/** A field of newer files. */
export const since =
  <T>(read: (field: Field) => T, absent: T) =>
  (field: Field) =>
    readOptional(field, read, absent)

/** Readers of the settings; files of before the options have none of them. */
export const regularisationReaders = {
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
}

/** Options of the embedding. */
export function ofEmbedding({ embeddingDropout }: RegularisationSettings): { rowDropout?: number } {
  return embeddingDropout > 0 ? { rowDropout: embeddingDropout } : {}
}

/** Options of each recurrent layer. */
export function ofRecurrent({ weightDropout, zoneout }: RegularisationSettings) {
  return {
    ...(weightDropout > 0 ? { weightDropout } : {}),
    ...(zoneout.hidden > 0 || zoneout.cell > 0 ? { zoneout } : {}),
  }
}

/** Dropout at a rate, or nothing. */
export function dropoutOf({ lockedDropout }: RegularisationSettings, rate: number): LayerOptions[] {
  return rate > 0 ? [{ type: 'dropout', rate, ...(lockedDropout ? { locked: true } : {}) }] : []
}

/** What follows the last recurrent layer: dropout, with AR of the values after it and TAR of those before it. */
export function dropoutAbove(settings: RegularisationSettings, rate: number): LayerOptions[] {
  const { alpha, beta } = settings.activationPenalty
  return [
    ...(beta > 0 ? [{ type: 'activationPenalty', beta } as const] : []),
    ...dropoutOf(settings, rate),
    ...(alpha > 0 ? [{ type: 'activationPenalty', alpha } as const] : []),
  ]
}
