/** Remedies of sequence-to-sequence models. */
import { DataError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { dense, embedding, gru, network } from '../../../src/index.ts'
import {
  explain,
  gradientFlow,
  influence,
  traceEncoderDecoder,
  traceSequence,
} from '../../../src/inspection.ts'
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

const oneSequence = () =>
  network([embedding({ vocabulary: 4, size: 2 }), gru(2, { returnSequences: false }), dense(2)], {
    loss: { type: 'softmaxCrossEntropy' },
  })

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
    name: 'a stream of a model of two sequences',
    kind: UnsupportedError,
    remedy: 'Use `predict` or `beamSearch` of the model.',
    raise: async () => (await tiny()).stream(),
    follow: async () => (await tiny()).beamSearch('ab'),
  },
  {
    name: 'an encoder and a decoder, traced as one sequence',
    kind: UnsupportedError,
    remedy: 'Use `traceEncoderDecoder`, or `trace`, `gradientFlow`, `influence` and `explain` of a model.',
    raise: async () => traceSequence((await tiny()).network, [1, 2], { stepClasses: [[1]] }),
    follow: async () => {
      const model = await tiny()
      const { ids, targets } = model.encodeBoth('ab', 'ba')
      traceEncoderDecoder(model.network, ids!, targets)
      explain(model.trace('ab'), 0, 'hidden', 0)
      gradientFlow(model, 'ab')
      influence(model, 'ab')
    },
  },
  {
    name: 'one sequence, traced as an encoder and a decoder',
    kind: UnsupportedError,
    remedy: 'Use `traceSequence`.',
    raise: () => traceEncoderDecoder(oneSequence(), [1, 2], { classes: [1] }),
    follow: () => traceSequence(oneSequence(), [1, 2], { classes: [1] }),
  },
]
