/** Remedies of sequence-to-sequence models. */
import { DataError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { internalsOf } from '../../../src/model/network.ts'
import { sequenceToSequence } from '../../../src/tasks/sequenceToSequence/sequenceToSequence.ts'
import { backwards, tiny } from '../../tasks/sequenceToSequence/helpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const fitting = (minimumCount: number) =>
  sequenceToSequence({ units: 4, embedding: 4, minimumCount, engine: 'reference' }).fit(
    [
      { source: 'a', target: 'b' },
      { source: 'c', target: 'd' },
    ],
    { epochs: 1, validation: 0 },
  )

export const SEQUENCE_CASES: readonly RemedyCase[] = [
  {
    name: 'sources of rare tokens alone',
    kind: DataError,
    remedy: 'Add rows, or keep rare tokens with a lower `minimumCount`.',
    raise: () => fitting(2),
    follow: () => fitting(1),
  },
  {
    name: 'the most likely labels of a model of texts',
    kind: UsageError,
    remedy: 'Omit `top`; `beamSearch` gives several targets.',
    raise: async () => (await tiny()).predict('ab', { top: 2 }),
    follow: async () => {
      const model = await tiny()
      model.predict('ab')
      model.beamSearch('ab')
    },
  },
  {
    name: 'a length penalty without beam search',
    kind: UsageError,
    remedy: 'Add `beams: 5`, or omit `lengthPenalty`.',
    raise: async () => (await tiny()).evaluate(backwards(2), { lengthPenalty: 1 }),
    follow: async () => {
      const model = await tiny()
      await model.evaluate(backwards(2), { lengthPenalty: 1, beams: 5 })
      await model.evaluate(backwards(2))
    },
  },
  {
    name: 'the trace of a model of two sequences',
    kind: UnsupportedError,
    remedy: 'Use `attention` of a prediction.',
    raise: async () => (await tiny()).trace(),
    follow: async () => (await tiny()).predict('ab').attention!.length,
  },
  {
    name: 'a stream of a model of two sequences',
    kind: UnsupportedError,
    remedy: 'Use `predict` or `beamSearch` of the model.',
    raise: async () => (await tiny()).stream(),
    follow: async () => (await tiny()).beamSearch('ab'),
  },
  {
    name: 'a layer that answers at the steps of another sequence, traced',
    kind: UnsupportedError,
    remedy: 'Use the attention that `predict` gives.',
    raise: async () => {
      const [layer] = internalsOf((await tiny()).network).layers
      layer.timeline!.throwUntraceable!('trace')
    },
    follow: async () => (await tiny()).predict('ab').attention!.length,
  },
]
