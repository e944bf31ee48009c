/**
 * A trained model and new rows: how many of their tokens it does not know, and its network with a larger vocabulary.
 */
import { DataError, UsageError } from '../../core/errors.ts'
import type { Network } from '../../model/network.ts'
import type { TaskTraining, TaskTypes } from '../task.ts'
import type { FitOptions } from './fitOptions.ts'

/** The fraction of unknown tokens above which a second `fit` is refused. */
const MAX_UNKNOWN = 0.5

/**
 * What the model knows, extended by the rows if `extendVocabulary` says so; null: unchanged.
 * @throws UsageError for a model without a vocabulary of its own
 */
export function extendLearned<T extends TaskTypes>(
  task: TaskTraining<T>,
  learned: T['Learned'],
  training: readonly T['Item'][],
): T['Learned'] | null {
  if (task.extend) return task.extend(learned, training)
  throw new UsageError({
    where: 'fit option extendVocabulary',
    expected: 'a model that learned its vocabulary from texts',
    got: 'a model with a fixed input',
  })
}

/**
 * A sentence if the model does not know some of the tokens.
 * @throws DataError if it does not know most of them
 */
export function describeUnknown<T extends TaskTypes>(
  task: TaskTraining<T>,
  learned: T['Learned'],
  training: readonly T['Item'][],
  { extendVocabulary, resume }: FitOptions,
): string | null {
  if (!task.unknownTokens || extendVocabulary || resume) return null
  const { unknown, total, examples } = task.unknownTokens(learned, training)
  if (unknown === 0) return null
  const percent = (100 * unknown) / total
  const named = examples.map((token) => JSON.stringify(token)).join(', ')
  const got = `${percent < 1 ? 'less than 1' : Math.round(percent)} % of the tokens (${named})`
  if (unknown <= total * MAX_UNKNOWN) return `${got} are unknown to the model.`
  throw new DataError({
    where: 'fit, vocabulary of the trained model',
    expected: 'rows of which it knows at least half of the tokens',
    got: `${got} that it does not know`,
    remedy: 'Train a new model, or extend the vocabulary of this one.',
    fix: { option: 'extendVocabulary', value: true, to: 'add the tokens to the vocabulary' },
  })
}

/**
 * Copies the weights of a network to one with more tokens, which are rows of an embedding, or columns of weights of
 * one-hot rows. The weights of new tokens stay as initialized.
 */
export function copyWeights(from: Network, to: Network): void {
  const old = new Map(from.parameters.map((parameter) => [parameter.name, parameter]))
  for (const parameter of to.parameters) {
    const source = old.get(parameter.name)!
    const values = from.readParameter(source.name)
    if (values.length === parameter.size) {
      to.writeParameter(parameter.name, values)
      continue
    }
    const wide = to.readParameter(parameter.name)
    const [rows, columns] = source.shape
    for (let row = 0; row < rows; row++) {
      wide.set(values.subarray(row * columns, (row + 1) * columns), row * parameter.shape[1])
    }
    to.writeParameter(parameter.name, wide)
  }
}
