/** Remedies of networks and their streams. */
import { DataError, ShapeError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { dense } from '../../../src/layers/dense.ts'
import { features, maskedFeatures } from '../../../src/layers/features.ts'
import { oneHot } from '../../../src/layers/oneHot.ts'
import { gru } from '../../../src/layers/recurrent/factories.ts'
import { allLayers } from '../../../src/model/allLayers.ts'
import { network, networkFromConfig } from '../../../src/model/network.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { fit } from '../../../src/training/fit.ts'
import { nextLetter } from '../../tasks/sequenceModel/sequenceFixtures.ts'
import { classifier, firstMark } from '../../training/trainingHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const threeUnits = () => network([features(2), gru(3)], { seed: 1 })
const batch = () => PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2])
const masked = () => PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2], undefined, [false, true])
const layersAsJson = [
  { type: 'features', width: 2 },
  { type: 'dense', units: 3 },
] as const
const withLoss = (last: ReturnType<typeof dense>) =>
  network([features(2), gru(3, { returnSequences: false }), last], { loss: { type: 'softmaxCrossEntropy' } })

const STREAMS: readonly RemedyCase[] = [
  {
    name: 'a state of another network',
    kind: ShapeError,
    remedy: 'Restore it into a stream of the network that it was saved from.',
    raise: () =>
      network([features(2), gru(4)])
        .stream()
        .restore(threeUnits().stream().save()),
    follow: () => {
      const net = threeUnits()
      net.stream().restore(net.stream().save())
    },
  },
  {
    name: 'a stream of one-hot rows alone',
    kind: UnsupportedError,
    remedy: 'Add a layer.',
    raise: () => network([oneHot({ vocabulary: 4 })]).stream(),
    follow: () =>
      network([oneHot({ vocabulary: 4 }), gru(2)])
        .stream()
        .push(1),
  },
  {
    name: 'an id outside the vocabulary in a stream',
    kind: DataError,
    remedy: 'Encode with the model’s vocabulary.',
    raise: () => SequenceModel.fromImported(nextLetter()).network.stream().push(99),
    follow: () => {
      const model = SequenceModel.fromImported(nextLetter())
      for (const id of model.encode('abc').ids!) model.network.stream().push(id)
    },
  },
]

const MASK_REMEDY =
  'Begin the network with `maskedFeatures` in place of `features`, or read it with `allLayers`.'

export const MODEL_CASES: readonly RemedyCase[] = [
  ...STREAMS,
  {
    name: 'a second training at once',
    kind: UsageError,
    remedy: 'Await it first.',
    raise: async () => {
      const [net, options] = [classifier(), { train: firstMark(8, 1), epochs: 1 }]
      const running = fit(net, options)
      try {
        await fit(net, options)
      } finally {
        await running
      }
    },
    follow: async () => {
      const [net, options] = [classifier(), { train: firstMark(8, 1), epochs: 1 }]
      await fit(net, options)
      await fit(net, options)
    },
  },
  {
    name: 'a loss of logits over an activation',
    kind: ShapeError,
    remedy: 'Drop the last activation `sigmoid`.',
    raise: () => withLoss(dense(2, { activation: 'sigmoid' })),
    follow: () => withLoss(dense(2)),
  },
  {
    name: 'outputs before a forward pass',
    kind: UsageError,
    remedy: 'Call `forward` with it first.',
    raise: () => threeUnits().readOutput(batch()),
    follow: () => {
      const [net, own] = [threeUnits(), batch()]
      net.forward(own)
      return net.readOutput(own)
    },
  },
  {
    name: 'layers as JSON for the factories’ function',
    kind: UsageError,
    remedy: 'Build networks from JSON with networkFromConfig.',
    raise: () => network(layersAsJson as never),
    follow: () => networkFromConfig({ layers: layersAsJson }, allLayers),
  },
  {
    name: 'a mask for layers that have none',
    kind: UnsupportedError,
    remedy: MASK_REMEDY,
    raise: () => threeUnits().forward(masked()),
    follow: () => network([maskedFeatures(2), gru(3)]).forward(masked()),
  },
  {
    name: 'a mask for layers that have none, read from JSON',
    kind: UnsupportedError,
    remedy: MASK_REMEDY,
    raise: () => threeUnits().forward(masked()),
    follow: () => networkFromConfig(threeUnits().config, allLayers).forward(masked()),
  },
]
