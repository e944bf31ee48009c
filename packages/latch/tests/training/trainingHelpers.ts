/** A small task for training tests: which of two marks comes first decides the class; order is all. */
import type { EngineOptions } from '../../src/engine/engine.ts'
import type { LossOptions } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
import type { Dataset } from '../../src/training/dataset.ts'

export const VOCABULARY = 12

/** Sequences of 2 to 9 tokens; class 1 where token 2 comes before token 1; `noise` of the classes are turned. */
export function firstMark(size: number, seed: number, noise = 0): Dataset & { classes: Int32Array } {
  const random = new Random(seed, 'first mark')
  const rows = Array.from({ length: size }, () => {
    const ids = Array.from({ length: 2 + random.integer(8) }, () => 3 + random.integer(VOCABULARY - 3))
    const first = random.integer(ids.length - 1)
    const later = first + 1 + random.integer(ids.length - first - 1)
    const turned = random.integer(2)
    ids[first] = turned ? 2 : 1
    ids[later] = turned ? 1 : 2
    return { ids, label: random.uniform() < noise ? 1 - turned : turned }
  })
  return datasetOf(
    rows.map((row) => row.ids),
    rows.map((row) => row.label),
  )
}

export function datasetOf(sequences: number[][], labels: number[]): Dataset & { classes: Int32Array } {
  return {
    size: sequences.length,
    lengths: Int32Array.from(sequences, (ids) => ids.length),
    classes: Int32Array.from(labels),
    batch: (rows) => ({
      batch: PackedBatch.ofIds(Array.from(rows, (row) => sequences[row])),
      targets: { classes: Int32Array.from(rows, (row) => labels[row]) },
    }),
  }
}

export interface ClassifierOptions extends EngineOptions {
  cell?: 'rnn' | 'lstm' | 'gru'
  units?: number
  dropout?: number
  classes?: number
  loss?: LossOptions
  seed?: number
}

export function classifier(options: ClassifierOptions = {}): Network {
  const { cell = 'gru', units = 6, dropout = 0, classes = 2, seed = 1, loss, ...engine } = options
  const layers: LayerOptions[] = [
    { type: 'embedding', vocabulary: VOCABULARY, size: 5, wordDropout: dropout / 2 },
    { type: 'dropout', rate: dropout },
    { type: 'recurrent', cell, units, returnSequences: false },
    { type: 'dropout', rate: dropout },
    { type: 'dense', units: classes },
  ]
  return network(layers, { ...engine, seed, loss: loss ?? { type: 'softmaxCrossEntropy' } })
}

/** The weights' bytes, for equality to the bit. */
export function bitsOf(net: Network, region = 'weights'): string {
  return net.parameters
    .map((parameter) => {
      const data = internalsOf(net).store.read(parameter, region)
      return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
    })
    .join()
}
