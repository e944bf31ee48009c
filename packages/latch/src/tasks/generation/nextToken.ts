/** How a network reads a text to predict its next token: step by step, or the last part of the text for each token. */
import { append } from '../../core/lists.ts'
import type { Network } from '../../model/network.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { outputRows } from '../prediction.ts'
import type { NextToken, NextTokens } from './writer.ts'

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

/** Several texts step by step. @throws UnsupportedError for a network that needs whole sequences */
export function readByStreams(network: Network, count: number): NextTokens {
  const streams = network.streams(count)
  const { width } = network.output
  const row = (outputs: ArrayLike<number>, i: number) =>
    Array.prototype.slice.call(outputs, i * width, (i + 1) * width) as number[]
  const steps = new Int32Array(count)
  const push = (active: number) =>
    streams.push(
      steps,
      Uint8Array.from(steps, (_, i) => Number(i < active)),
    )
  return {
    begin(ids) {
      let outputs: ArrayLike<number> = []
      for (const id of ids) {
        steps[0] = id
        outputs = push(1)
      }
      return [row(outputs, 0)]
    },
    advance(from, ids) {
      const saved = new Map(from.map((text) => [text, streams.save(text)]))
      from.forEach((text, i) => {
        if (text !== i) streams.restore(saved.get(text)!, i)
        steps[i] = ids[i]
      })
      const outputs = push(ids.length)
      return ids.map((_, i) => row(outputs, i))
    },
  }
}

/** Several texts, each in one pass for each token; `window` as above. */
export function readManyByWindow(
  network: Network,
  window: (ids: readonly number[]) => readonly number[],
): NextTokens {
  let texts: (readonly number[])[] = []
  const rows = () =>
    outputRows(network, PackedBatch.ofIds(texts.map(window))).map((all) => all[all.length - 1])
  return {
    begin(ids) {
      texts = [ids]
      return rows()
    },
    advance(from, ids) {
      texts = from.map((text, i) => [...texts[text], ids[i]])
      return rows()
    },
  }
}
