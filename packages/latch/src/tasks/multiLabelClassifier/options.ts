/** The options of a multi-label classifier: those of a text classifier, but for the counts of words. */
import { UsageError } from '../../core/errors.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { describeTyped } from '../../core/typedValues.ts'
import { throwOption } from '../optionChecks.ts'
import {
  CLASSIFIER_OPTIONS,
  resolveSettings,
  type CellChoice,
  type ClassifierOptions,
  type ClassifierSettings,
} from '../textClassifier/options.ts'
import { keepVectors } from '../vectors/option.ts'

/** Options of `multiLabelClassifier`. All are optional; those of `textClassifier` mean and default to the same. */
export interface MultiLabelOptions<C extends CellChoice = CellChoice, L extends string = string> extends Omit<
  ClassifierOptions<C, L>,
  'counts'
> {
  /** What stands between the labels of a text where rows have them in one string. Default `;`. */
  labelSeparator?: string
}

/** All options with their values. */
export interface MultiLabelSettings extends ClassifierSettings {
  labelSeparator: string
}

const { counts: _, ...SHARED } = CLASSIFIER_OPTIONS
const NAMES: Names<MultiLabelOptions> = { ...SHARED, labelSeparator: 1 }

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveMultiLabelSettings(options: MultiLabelOptions): MultiLabelSettings {
  const given = withoutCounts(options, 'several labels')
  assertKnownOptions('option', given, NAMES)
  const { labelSeparator = ';', ...rest } = given
  if (typeof labelSeparator !== 'string' || labelSeparator === '')
    throwOption('labelSeparator', 'a text that is not empty', describeTyped(labelSeparator))
  return keepVectors({ ...resolveSettings({ ...rest, counts: false }), labelSeparator }, given.vectors)
}

/** Options without `counts: false`. @throws UsageError for counts, which have one label per text. */
export function withoutCounts<O extends object>(options: O, target: string): O {
  if (!options || typeof options !== 'object' || !('counts' in options)) return options
  const { counts, ...rest } = options as O & { counts: unknown }
  if (counts === false || counts === undefined) return rest as unknown as O
  throw new UsageError({
    where: 'option counts',
    expected: `no value for ${target}`,
    got: describeTyped(counts),
    remedy: 'Counts of words answer with one label per text: omit `counts`, or use `textClassifier`.',
  })
}
