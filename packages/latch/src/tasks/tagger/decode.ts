/** The tags of sentences, from a network's last forward pass. */
import { crfOf } from '../../layers/crf/crf.ts'
import { bestPath } from '../../layers/crf/chain.ts'
import type { SentenceLabelLayer } from '../../layers/words/sentenceLabel.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { pickClass } from '../prediction.ts'
import type { Trained } from '../task.ts'
import type { TaggerLearned } from './learned.ts'
import { rulesOf } from './spans.ts'

/** The scores of the labels of each sentence, in the caller's order, of a network's last forward pass; null: it has none. */
export function sentenceScores(network: Network, batch: PackedBatch): Float64Array[] | null {
  const layer = internalsOf(network).layers.find(({ type }) => type === 'sentenceLabel')
  return layer ? (layer as SentenceLabelLayer).scoresOf(batch) : null
}

/**
 * The class numbers of each sentence, in the caller's order: of a CRF the likeliest path, else the likeliest tag of each
 * token; where tags mark spans, only what their scheme allows.
 * @param rows the output rows of each sentence
 */
export function decodeTags(
  { network, learned }: Trained<TaggerLearned>,
  batch: PackedBatch | null,
  rows: readonly (readonly ArrayLike<number>[])[],
): Int32Array[] {
  const { settings, labels, outputActivation } = learned
  const rules = rulesOf(settings.scheme!, labels)
  const crf = crfOf(internalsOf(network).output)
  if (crf && batch) return crf.decode(batch, rules)
  const C = labels.length
  if (!rules) return rows.map((own) => Int32Array.from(own, (row) => pickClass(row, outputActivation)))
  const none = { transitions: new Float64Array(C * C), start: new Float64Array(C), end: new Float64Array(C) }
  return rows.map((own) => bestPath(none, Float64Array.from(own.flatMap((row) => Array.from(row))), rules))
}
