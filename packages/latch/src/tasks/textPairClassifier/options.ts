/** The options of a classifier of pairs of texts: those of a text classifier, and how both encodings are put together. */
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { PAIR_FEATURES, type PairCombination } from '../../layers/pairs/pairFeatures.ts'
import { withoutCounts } from '../multiLabelClassifier/options.ts'
import { choiceOption, throwOption } from '../optionChecks.ts'
import {
  CLASSIFIER_OPTIONS,
  resolveSettings,
  type CellChoice,
  type ClassifierOptions,
  type ClassifierSettings,
} from '../textClassifier/options.ts'
import { keepVectors } from '../vectors/option.ts'

/** Options of `textPairClassifier`. All are optional; those of `textClassifier` mean and default to the same. */
export interface TextPairOptions<C extends CellChoice = CellChoice, L extends string = string> extends Omit<
  ClassifierOptions<C, L>,
  'counts' | 'embedding'
> {
  /** Width of the embedding. Default 64. */
  embedding?: number
  /**
   * What the output reads of the encodings u and v of both texts. `concat`: u, v, |u − v| and u∘v; `symmetric`: the last two
   * alone, where the order of the texts does not matter. Default `concat`.
   */
  combine?: PairCombination
}

/** All options with their values. */
export interface TextPairSettings extends ClassifierSettings {
  combine: PairCombination
}

const { counts: _, ...SHARED } = CLASSIFIER_OPTIONS
const NAMES: Names<TextPairOptions> = { ...SHARED, combine: 1 }

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveTextPairSettings(options: TextPairOptions): TextPairSettings {
  const given = withoutCounts(options, 'pairs of texts')
  assertKnownOptions('option', given, NAMES)
  const { combine = 'concat', ...rest } = given
  if ((rest.embedding as unknown) === 'oneHot')
    throwOption('embedding', 'a width for pairs of texts', 'oneHot')
  const settings = {
    ...resolveSettings({ ...rest, counts: false }),
    combine: choiceOption('combine', combine, PAIR_FEATURES),
  }
  return keepVectors(settings, given.vectors)
}
