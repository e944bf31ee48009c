/** Remedies of multi-label classifiers and text regressors. */
import { DataError, UsageError } from '../../../src/core/errors.ts'
import { multiLabelClassifier } from '../../../src/tasks/multiLabelClassifier/multiLabelClassifier.ts'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { textRegressor } from '../../../src/tasks/textRegressor/textRegressor.ts'
import type { RemedyCase } from './remedyCase.ts'

const SMALL = { units: 2, embedding: 2, minimumCount: 1, engine: 'reference' } as const
const FIT = { text: 'text', label: 'label', epochs: 1, validation: 0 } as const

const labelling = (...labels: string[][]) =>
  multiLabelClassifier(SMALL).fit(
    labels.map((label, i) => ({ text: `text ${i}`, label })),
    FIT,
  )
const rating = (...stars: unknown[]) =>
  textRegressor(SMALL).fit(
    stars.map((label, i) => ({ text: `text ${i}`, label })),
    FIT,
  )

export const TEXT_CASES: readonly RemedyCase[] = [
  {
    name: 'counts of words for several labels',
    kind: UsageError,
    remedy: 'Counts of words answer with one label per text: omit `counts`, or use `textClassifier`.',
    raise: async () => multiLabelClassifier({ counts: true } as never),
    follow: async () => {
      multiLabelClassifier({})
      textClassifier({ counts: true })
    },
  },
  {
    name: 'one label in all rows with several',
    kind: DataError,
    remedy: 'Check the label column, or add rows with other labels.',
    raise: () => labelling(['rude'], ['rude']),
    follow: () => labelling(['rude'], ['loud', 'rude']),
  },
  {
    name: 'a number with words in its cell',
    kind: DataError,
    remedy: 'Write numbers with a decimal point and nothing else, such as 4.5.',
    raise: () => rating('4,5 stars', 1),
    follow: () => rating('4.5', 1),
  },
  {
    name: 'the same number in all rows',
    kind: DataError,
    remedy: 'Check the column of the numbers, or add rows with others.',
    raise: () => rating(4, 4),
    follow: () => rating(4, 5),
  },
]
