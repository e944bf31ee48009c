/** Remedies of pairs of texts. */
import { ShapeError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { textPairClassifier } from '../../../src/tasks/textPairClassifier/textPairClassifier.ts'
import { network } from '../../networks.ts'
import { sameNumber, TINY } from '../../tasks/textPairClassifier/pairHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const rows = sameNumber(20)
const once = { epochs: 1, validation: 0 } as const

async function tiny() {
  const model = textPairClassifier(TINY)
  await model.fit(rows, once)
  return model
}

const above = (...layers: LayerOptions[]) =>
  network([{ type: 'pairEmbedding', vocabulary: 4, size: 2 }, ...layers, { type: 'pairFeatures' }])

export const PAIR_CASES: readonly RemedyCase[] = [
  {
    name: 'a stream of pairs of texts',
    kind: UnsupportedError,
    remedy: 'Use `predict` with both texts.',
    raise: async () => (await tiny()).stream(),
    follow: async () => (await tiny()).predict({ a: 'one', b: '1' }),
  },
  {
    name: 'no rows of pairs',
    kind: UsageError,
    remedy: 'Each row has two texts and a label, such as { a, b, label }.',
    raise: () => textPairClassifier(TINY).fit(5 as never),
    follow: () => textPairClassifier(TINY).fit(rows, once),
  },
  {
    name: 'features of the steps of pairs',
    kind: ShapeError,
    remedy: 'Pool the steps below it, or give the recurrent layer returnSequences: false.',
    raise: () => above({ type: 'recurrent', cell: 'gru', units: 2 }),
    follow: () => [
      above({ type: 'recurrent', cell: 'gru', units: 2, returnSequences: false }),
      above({ type: 'pool', pooling: 'max' }),
    ],
  },
]
