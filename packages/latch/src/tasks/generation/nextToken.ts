/** How a network reads a text to predict its next token: step by step, or the last part of the text for each token. */
import { append } from '../../core/lists.ts'
import type { Network } from '../../model/network.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { outputRows } from '../prediction.ts'
import type { NextToken } from './writer.ts'

/** Step by step, from states of zero. @throws UnsupportedError for a network that needs whole sequences */
export function readByStream(network: Network): NextToken {
  const stream = network.stream()
  return (ids) => {
    let row: ArrayLike<number> = []
    for (const id of ids) row = stream.push(id)
    return row
  }
}

/** The text so far, in one pass for each token; `window`: the ids that the network reads of it. */
export function readByWindow(
  network: Network,
  window: (ids: readonly number[]) => readonly number[],
): NextToken {
  const all: number[] = []
  return (ids) => {
    append(all, ids)
    const [rows] = outputRows(network, PackedBatch.ofIds([window(all)]))
    return rows[rows.length - 1]
  }
}
