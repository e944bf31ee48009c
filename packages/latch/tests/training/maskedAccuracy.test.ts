/** Accuracy counts the steps that the loss counts: of masked steps neither target nor prediction matters. */
import { describe, expect, it } from 'vitest'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import type { Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
import type { Dataset } from '../../src/training/dataset.ts'
import { evaluate } from '../../src/training/evaluate.ts'
import { fit } from '../../src/training/fit.ts'
const random = new Random(3, 'masked accuracy')
const lengths = [6, 3, 5, 1, 4, 2]
const ids = lengths.map((n) => Array.from({ length: n }, () => random.integer(5)))
const masks = ids.map((list) => list.map((id) => (id === 0 ? 0 : 1)))
const features = ids.map((list) => list.map((id) => (id === 0 ? [0, 0] : [id - 2.5, 1])))

/** How steps are masked: by the batch, by the embedding, by a masking layer. */
const forms: Record<string, { layers: LayerOptions[]; batch: (rows: number[]) => PackedBatch }> = {
  'the batch': {
    layers: [{ type: 'embedding', vocabulary: 5, size: 4 }],
    batch: (rows) =>
      PackedBatch.ofIds(
        rows.map((row) => ids[row]),
        rows.map((row) => masks[row]),
      ),
  },
  'the embedding': {
    layers: [{ type: 'embedding', vocabulary: 5, size: 4, maskZero: true }],
    batch: (rows) => PackedBatch.ofIds(rows.map((row) => ids[row])),
  },
  'a masking layer': {
    layers: [
      { type: 'features', width: 2 },
      { type: 'masking', value: 0 },
    ],
    batch: (rows) => {
      const T = Math.max(...rows.map((row) => lengths[row]))
      const flat = rows.flatMap((row) => [
        ...features[row].flat(),
        ...Array<number>(2 * (T - lengths[row])).fill(0),
      ])
      return PackedBatch.ofFeatures(
        flat,
        [rows.length, T, 2],
        rows.map((row) => lengths[row]),
      )
    },
  },
}

function made(layers: readonly LayerOptions[], classes: number): Network {
  const type = classes === 2 ? 'binaryCrossEntropy' : 'softmaxCrossEntropy'
  const above: LayerOptions[] = [
    { type: 'recurrent', cell: 'gru', units: 5 },
    { type: 'dense', units: classes === 2 ? 1 : classes },
  ]
  return network([...layers, ...above], { loss: { type }, engine: 'reference' })
}

/** What the network says of each step. */
function said(net: Network, batch: PackedBatch, row: number): number[] {
  net.forward(batch)
  const out = net.readOutput(batch)
  const { width } = net.output
  return ids[row].map((_, t) => {
    const step = Array.from(out.slice(t * width, (t + 1) * width))
    return width === 1 ? Number(step[0] > 0) : step.indexOf(Math.max(...step))
  })
}

describe.each(Object.entries(forms))('steps masked by %s', (_, { layers, batch }) => {
  it.each([2, 3])('count for nothing: %i classes', async (classes) => {
    const net = made(layers, classes)
    const answers = lengths.map((_length, row) => said(net, batch([row]), row))
    // Right at every masked step, wrong at the first step that counts, right at the others; and the other way about.
    for (const atMasked of [0, 1]) {
      const targets = answers.map((list, row) => {
        const first = masks[row].indexOf(1)
        return list.map((c, t) => ((masks[row][t] ? t === first : atMasked) ? (c + 1) % classes : c))
      })
      const data: Dataset = {
        size: lengths.length,
        lengths: Int32Array.from(lengths),
        masked: true,
        batch: (rows) => ({
          batch: batch([...rows]),
          targets: { stepClasses: Array.from(rows, (row) => targets[row]) },
        }),
      }
      const counting = masks.flat().filter(Boolean).length
      const wrong = masks.filter((mask) => mask.includes(1)).length
      const found = await evaluate(net, data)
      expect(found.n).toBe(counting)
      expect(found.accuracy).toBeCloseTo((counting - wrong) / counting, 12)
      expect(found.actual.filter((c) => c < 0)).toHaveLength(masks.flat().length - counting)
      // A rate too small to change any answer: what training counts.
      const options = { epochs: 1, batchSize: 3, learningRate: 1e-12, optimizer: { type: 'sgd' } } as const
      const report = await fit(net, { ...options, train: data, validation: data })
      expect(report.history[0].trainAccuracy).toBeCloseTo((counting - wrong) / counting, 12)
      expect(report.history[0].validationAccuracy).toBeCloseTo((counting - wrong) / counting, 12)
    }
    net.dispose()
  })
})
