/** Remedies of layers, losses, cells and batches. */
import { DataError, ShapeError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { lstmCell } from '../../../src/cells/lstm/lstm.ts'
import { createReferenceEngine } from '../../../src/engine/reference/index.ts'
import type { LossOptions } from '../../../src/layers/loss.ts'
import { features } from '../../../src/layers/features.ts'
import type { Conv1dOptions } from '../../../src/layers/windows/conv1d.ts'
import { genericLstm } from '../../../src/layers/recurrent/factories.ts'
import { allLayers } from '../../../src/model/allLayers.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { network as build, networkFromConfig } from '../../../src/model/network.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { network } from '../../networks.ts'
import { nextLetter } from '../../tasks/sequenceModel/sequenceFixtures.ts'
import { tinyTagger, WORDS as WORDS_OF_TAGS } from '../../tasks/tagger/taggerHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const FEATURES: LayerOptions = { type: 'features', width: 2 }
const GRU: LayerOptions = { type: 'recurrent', cell: 'gru', units: 3 }
const LAST: LayerOptions = { ...GRU, returnSequences: false }
const DENSE: LayerOptions = { type: 'dense', units: 3 }
const ONE_HOT: LayerOptions = { type: 'oneHot', vocabulary: 4 }
const POOL: LayerOptions = { type: 'pool', pooling: 'mean' }
const CRF: LayerOptions = { type: 'crf' }
const WORDS: LayerOptions = {
  type: 'wordCharacters',
  vocabulary: 4,
  size: 2,
  characters: 5,
  characterSize: 2,
  cell: 'gru',
  units: 2,
  length: 3,
}
const SENTENCE_LABEL: LayerOptions = { type: 'sentenceLabel', classes: 2 }
const KINDS = WORDS_OF_TAGS.map((row) => ({ ...row, kind: row.tokens.length > 3 ? 'long' : 'short' }))
const concat = (...inputs: string[]): LayerOptions => ({ type: 'concat', inputs })
const steps = () => PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2])
const padded = () => PackedBatch.ofFeatures([1, 2, 0, 0], [1, 2, 2], undefined, [true, false])
/** The same sequence, as long as it is. */
const unpadded = () => PackedBatch.ofFeatures([1, 2], [1, 1, 2])
const projected = (direction?: 'reverse') =>
  network([FEATURES, { type: 'projectedLstm', units: 3, projectionSize: 2, ...(direction && { direction }) }])
const CTC: LossOptions = { type: 'ctc' }
const LABELS = { labels: [[1]] }
const learn = (layers: readonly LayerOptions[], loss: LossOptions, batch: PackedBatch) => {
  const net = network(layers, { loss })
  net.forward(batch)
  return net.loss(batch, LABELS)
}

const conv1d = (more: Partial<Conv1dOptions> = {}): LayerOptions => ({
  type: 'conv1d',
  filters: 2,
  kernelSize: 3,
  ...more,
})
const SAME: Partial<Conv1dOptions> = { padding: 'same', stride: 1 }
const FORWARD = "Train it with direction 'forward': the way back begins at the end."

const MEETS: LayerOptions[] = [
  FEATURES,
  { type: 'pool', pooling: 'last' },
  { type: 'merge', operation: 'add', inputs: ['features.0', 'pool.0'] },
]

const STREAMS: readonly RemedyCase[] = [
  {
    name: 'a stream of reversed steps',
    kind: UnsupportedError,
    remedy: 'Pass whole sequences to forward.',
    raise: () => network([FEATURES, { type: 'reverse' }, GRU]).stream(),
    follow: () => network([FEATURES, { type: 'reverse' }, GRU]).forward(steps()),
  },
  {
    name: 'a stream where the last step meets each step',
    kind: UnsupportedError,
    remedy: 'Pass whole sequences to forward.',
    raise: () => network(MEETS).stream(),
    follow: () => network(MEETS).forward(steps()),
  },
  {
    name: 'a stream of both directions',
    kind: UnsupportedError,
    remedy: FORWARD,
    raise: () => network([FEATURES, { ...GRU, direction: 'bidirectional' }]).stream(),
    follow: () =>
      network([FEATURES, { ...GRU, direction: 'forward' }])
        .stream()
        .push([1, 2]),
  },
  {
    name: 'a stream of a projection from the end',
    kind: UnsupportedError,
    remedy: FORWARD,
    raise: () => projected('reverse').stream(),
    follow: () => projected().stream().push([1, 2]),
  },
  {
    name: 'a stream of labels of sentences',
    kind: UnsupportedError,
    remedy: 'Train it without `sentenceLabel`.',
    raise: () => network([FEATURES, SENTENCE_LABEL, DENSE]).stream(),
    follow: () => network([FEATURES, DENSE]).stream().push([1, 2]),
  },
  {
    name: 'training of labels of sentences outside of a tagger',
    kind: UnsupportedError,
    remedy: 'Use `tagger`.',
    raise: () => {
      const net = network([FEATURES, SENTENCE_LABEL, DENSE], { loss: { type: 'softmaxCrossEntropy' } })
      net.prepareTraining()
      net.forward(steps())
    },
    follow: () => tinyTagger({ sentenceLabel: 'kind' }, KINDS, { epochs: 1 }),
  },
  {
    name: 'a stream of a CRF',
    kind: UnsupportedError,
    remedy: 'Train it with `crf: false`.',
    raise: () => network([FEATURES, CRF]).stream(),
    follow: () => network([FEATURES, DENSE]).stream().push([1, 2]),
  },
  {
    name: 'a stream of words with characters',
    kind: UnsupportedError,
    remedy: 'Train it with `characters: false`.',
    raise: () => network([WORDS, GRU]).stream(),
    follow: () =>
      network([{ type: 'embedding', vocabulary: 4, size: 2 }, GRU])
        .stream()
        .push(1),
  },
  {
    name: 'a stream of flattened steps',
    kind: UnsupportedError,
    remedy: 'Use a recurrent layer or a pool layer there.',
    raise: () => network([FEATURES, { type: 'flatten', steps: 2 }]).stream(),
    follow: () => {
      network([FEATURES, LAST]).stream().push([1, 2])
      network([FEATURES, POOL]).stream().push([1, 2])
    },
  },
]

const WINDOWS: readonly RemedyCase[] = [
  {
    name: 'a sequence shorter than a window',
    kind: ShapeError,
    remedy: "Use padding 'same', or leave out shorter sequences.",
    raise: () => network([FEATURES, conv1d()]).forward(steps()),
    follow: () => {
      network([FEATURES, conv1d(SAME)]).forward(steps())
      network([FEATURES, conv1d()]).forward(PackedBatch.ofFeatures([1, 2, 3, 4, 5, 6], [1, 3, 2]))
    },
  },
  {
    name: 'windows of masked steps',
    kind: UnsupportedError,
    remedy: 'Give sequences of their own lengths in place of padding.',
    raise: () => network([FEATURES, conv1d(SAME)]).forward(padded()),
    follow: () => network([FEATURES, conv1d(SAME)]).forward(unpadded()),
  },
  {
    name: 'a stream of windows that look ahead',
    kind: UnsupportedError,
    remedy: "Use conv1d with padding 'causal' and stride 1.",
    raise: () => network([FEATURES, { type: 'maxPool1d', kernelSize: 2 }]).stream(),
    follow: () =>
      network([FEATURES, conv1d({ padding: 'causal', stride: 1 })])
        .stream()
        .push([1, 2]),
  },
  {
    name: 'outputs of unlike numbers of steps side by side',
    kind: ShapeError,
    remedy: "Give that layer padding 'same' and stride 1, or join the outputs below it.",
    raise: () => network([FEATURES, conv1d(), concat('features.0', 'conv1d.0')]),
    follow: () => {
      network([FEATURES, conv1d(SAME), concat('features.0', 'conv1d.0')])
      network([FEATURES, concat('features.0'), conv1d()])
    },
  },
]

const [PERMUTE, RESHAPE]: LayerOptions[] = [
  { type: 'permute', steps: 2 },
  { type: 'reshape', steps: 4, width: 1 },
]

const SHAPES: readonly RemedyCase[] = [
  {
    name: 'a sequence of other steps than a permutation has',
    kind: ShapeError,
    remedy: 'Cut or pad sequences to 2 steps, or build the layer for others.',
    raise: () => network([FEATURES, PERMUTE]).forward(unpadded()),
    follow: () => {
      network([FEATURES, PERMUTE]).forward(steps())
      network([FEATURES, { type: 'permute', steps: 1 }]).forward(unpadded())
    },
  },
  {
    name: 'a reshape of masked steps',
    kind: UnsupportedError,
    remedy: 'Give sequences of their own lengths in place of padding.',
    raise: () => network([FEATURES, RESHAPE]).forward(padded()),
    follow: () => network([FEATURES, { ...RESHAPE, steps: 2 } as LayerOptions]).forward(unpadded()),
  },
  {
    name: 'a stream of permuted steps',
    kind: UnsupportedError,
    remedy: 'Pass whole sequences to forward.',
    raise: () => network([FEATURES, PERMUTE, GRU]).stream(),
    follow: () => network([FEATURES, PERMUTE, GRU]).forward(steps()),
  },
]

const LOSSES: readonly RemedyCase[] = [
  {
    name: 'a softmax of one output',
    kind: ShapeError,
    remedy: 'One logit is a sigmoid: use binaryCrossEntropy.',
    raise: () => network([FEATURES, LAST, { ...DENSE, units: 1 }], { loss: { type: 'softmaxCrossEntropy' } }),
    follow: () => network([FEATURES, LAST, { ...DENSE, units: 1 }], { loss: { type: 'binaryCrossEntropy' } }),
  },
  {
    name: 'CTC over one output a sequence',
    kind: ShapeError,
    remedy: 'Give recurrent layers returnSequences: true, and drop the pooling.',
    raise: () => learn([FEATURES, LAST, { type: 'dense', units: 3 }], CTC, steps()),
    follow: () => learn([FEATURES, { ...GRU, returnSequences: true }, DENSE], CTC, steps()),
  },
  {
    name: 'the loss of a CRF without one',
    kind: ShapeError,
    remedy: 'End the network with `crf()`.',
    raise: () => network([FEATURES, DENSE], { loss: { type: 'crf' } }),
    follow: () => network([FEATURES, DENSE, CRF], { loss: { type: 'crf' } }),
  },
  {
    name: 'a CRF over masked steps',
    kind: UnsupportedError,
    remedy: 'Give sequences of their own lengths in place of padding.',
    raise: () => network([{ type: 'features', width: 2 }, CRF]).forward(padded()),
    follow: () => network([FEATURES, CRF]).forward(unpadded()),
  },
  {
    name: 'CTC over masked steps',
    kind: UnsupportedError,
    remedy: 'Give sequences of their own lengths in place of padding.',
    raise: () => learn([FEATURES, GRU, DENSE], CTC, padded()),
    follow: () => learn([FEATURES, GRU, DENSE], CTC, unpadded()),
  },
]

const RECURRENT: readonly RemedyCase[] = [
  {
    name: 'a projection over masked steps',
    kind: UnsupportedError,
    remedy: 'Give sequences of their own lengths in place of padding.',
    raise: () => projected().forward(padded()),
    follow: () => projected().forward(unpadded()),
  },
  {
    name: 'initial states of another batch',
    kind: UsageError,
    remedy: 'States hold for the next pass of their own batch; give them again.',
    raise: () => {
      const net = network([FEATURES, GRU])
      net.writeInitialState(steps(), [1, 2, 3])
      net.forward(steps())
    },
    follow: () => {
      const [net, batch] = [network([FEATURES, GRU]), steps()]
      net.writeInitialState(batch, [1, 2, 3])
      net.forward(batch)
    },
  },
  {
    name: 'an LSTM with an option of the generic one',
    kind: UnsupportedError,
    remedy:
      'Other forms need the generic cell: use `genericLstm`, or `allLayers` where a network is read from JSON.',
    raise: () => lstmCell.create({ peepholes: true } as never, createReferenceEngine('float32')),
    follow: () => {
      build([features(2), genericLstm(3, { peepholes: true })])
      const layers: LayerOptions[] = [
        FEATURES,
        { type: 'recurrent', cell: 'lstm', units: 3, peepholes: true },
      ]
      return networkFromConfig({ layers }, allLayers)
    },
  },
]

export const LAYER_CASES: readonly RemedyCase[] = [
  ...STREAMS,
  ...WINDOWS,
  ...SHAPES,
  ...LOSSES,
  ...RECURRENT,
  {
    name: 'a sequence without steps',
    kind: ShapeError,
    remedy: 'Remove empty sequences.',
    raise: () => PackedBatch.ofIds([[1], []]),
    follow: () => PackedBatch.ofIds([[1], []].filter(({ length }) => length > 0)),
  },
  {
    name: 'steps beside sequences',
    kind: ShapeError,
    remedy: 'Pool the steps first, or give recurrent layers returnSequences: true.',
    raise: () => network([FEATURES, LAST, concat('features.0', 'recurrent.0')]),
    follow: () => {
      network([FEATURES, { ...LAST, returnSequences: true }, concat('features.0', 'recurrent.0')])
      network([FEATURES, GRU, POOL, concat('pool.0', 'pool.0')])
    },
  },
  {
    name: 'a pool of one-hot rows',
    kind: UnsupportedError,
    remedy: 'Use an embedding: it is the same product without the one-hot rows.',
    raise: () => network([ONE_HOT, POOL]),
    follow: () => network([{ type: 'embedding', vocabulary: 4, size: 3 }, POOL]),
  },
  {
    name: 'dropout of one-hot rows',
    kind: ShapeError,
    remedy: 'Use word dropout there.',
    raise: () => network([ONE_HOT, { type: 'dropout', rate: 0.2 }, GRU]),
    follow: () => network([{ ...ONE_HOT, wordDropout: 0.2 } as LayerOptions, GRU]),
  },
  {
    name: 'an id outside the vocabulary in a batch',
    kind: DataError,
    remedy: 'Encode with the model’s vocabulary.',
    raise: () => SequenceModel.fromImported(nextLetter()).network.forward(PackedBatch.ofIds([[1, 99]])),
    follow: () => {
      const model = SequenceModel.fromImported(nextLetter())
      model.network.forward(PackedBatch.ofIds([model.encode('abc').ids!]))
    },
  },
]
