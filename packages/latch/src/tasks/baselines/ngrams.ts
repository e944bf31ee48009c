/**
 * An interpolated n-gram model with Witten–Bell smoothing (Chen & Goodman 1998): the baseline that a language model
 * should beat. P(w | context) = (count(context w) + d·P(w | shorter context)) / (count(context) + d), where d is the
 * number of different tokens after the context; without context the shorter one is uniform.
 */

/** What follows a context. */
interface Followers {
  total: number
  readonly counts: Map<number, number>
}

/** A fitted n-gram model. */
export interface Ngrams {
  /** Mean nats a token over all tokens but the first of each sequence, and their number. */
  evaluate(sequences: Iterable<Int32Array>): { value: number; n: number }
}

/** Counts the n-grams of the sequences; `order` is n. */
export function fitNgrams(sequences: Iterable<Int32Array>, order: number, vocabulary: number): Ngrams {
  const tables = Array.from({ length: order }, () => new Map<string, Followers>())
  for (const ids of sequences) {
    for (let i = 1; i < ids.length; i++) {
      for (let context = 0; context < Math.min(order, i + 1); context++) {
        const key = keyOf(ids, i, context)
        let followers = tables[context].get(key)
        if (!followers) tables[context].set(key, (followers = { total: 0, counts: new Map() }))
        followers.total++
        followers.counts.set(ids[i], (followers.counts.get(ids[i]) ?? 0) + 1)
      }
    }
  }
  const probability = (ids: Int32Array, i: number) => {
    let p = 1 / vocabulary
    for (let context = 0; context < Math.min(order, i + 1); context++) {
      const followers = tables[context].get(keyOf(ids, i, context))
      if (!followers) break
      const { total, counts } = followers
      p = ((counts.get(ids[i]) ?? 0) + counts.size * p) / (total + counts.size)
    }
    return p
  }
  return {
    evaluate(given) {
      let [nats, n] = [0, 0]
      for (const ids of given) {
        for (let i = 1; i < ids.length; i++) nats -= Math.log(probability(ids, i))
        n += Math.max(0, ids.length - 1)
      }
      return { value: n > 0 ? nats / n : 0, n }
    },
  }
}

/** The `context` tokens before token `i`. */
function keyOf(ids: Int32Array, i: number, context: number): string {
  return ids.subarray(i - context, i).join()
}
