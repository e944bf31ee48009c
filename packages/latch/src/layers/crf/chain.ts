/**
 * A linear chain of tags (Lafferty et al. 2001), one sequence in float64: the sum over all paths, the probability of each
 * tag at each step, and the likeliest path. A path's score is the sum of its steps' scores, transitions, start and end.
 */
import { maximum } from '../../core/lists.ts'

/** The parameters of a chain of C tags. */
export interface ChainWeights {
  /** From tag i to tag j, row-major. (C, C) */
  readonly transitions: ArrayLike<number>
  /** Of the first step's tag. (C) */
  readonly start: ArrayLike<number>
  /** Of the last step's tag. (C) */
  readonly end: ArrayLike<number>
}

/** Which tags may begin and end a sequence, and follow each other. */
export interface ChainRules {
  /** allowed[i·C + j]: tag j may follow tag i. (C, C) */
  readonly transitions: Uint8Array
  /** (C) */
  readonly start: Uint8Array
  /** (C) */
  readonly end: Uint8Array
}

/** What the sum over all paths gives. */
export interface ChainSums {
  /** Logarithm of the sum of all paths' powers. */
  logSum: number
  /** Probability of each tag at each step. (T, C) */
  marginals: Float64Array
  /** How often tag j follows tag i, as expected over all paths. (C, C) */
  pairs: Float64Array
}

/**
 * The forward and backward algorithm.
 * @param scores of each step's tags (T, C)
 * @param fixed the tag of each step, negative where it is open; absent: all are open
 */
export function sumPaths(
  { transitions, start, end }: ChainWeights,
  scores: ArrayLike<number>,
  fixed?: ArrayLike<number>,
): ChainSums {
  const C = start.length
  const T = scores.length / C
  const isOpen = (t: number, j: number) => !fixed || fixed[t] < 0 || fixed[t] === j
  const score = (t: number, j: number) => (isOpen(t, j) ? scores[t * C + j] : -Infinity)
  const forward = new Float64Array(T * C)
  const backward = new Float64Array(T * C)
  const terms = new Float64Array(C)
  for (let j = 0; j < C; j++) forward[j] = start[j] + score(0, j)
  for (let t = 1; t < T; t++) {
    for (let j = 0; j < C; j++) {
      for (let i = 0; i < C; i++) terms[i] = forward[(t - 1) * C + i] + transitions[i * C + j]
      forward[t * C + j] = logSum(terms) + score(t, j)
    }
  }
  for (let j = 0; j < C; j++) backward[(T - 1) * C + j] = end[j]
  for (let t = T - 2; t >= 0; t--) {
    for (let i = 0; i < C; i++) {
      for (let j = 0; j < C; j++)
        terms[j] = transitions[i * C + j] + score(t + 1, j) + backward[(t + 1) * C + j]
      backward[t * C + i] = logSum(terms)
    }
  }
  for (let j = 0; j < C; j++) terms[j] = forward[(T - 1) * C + j] + end[j]
  const all = logSum(terms)
  const marginals = forward.map((x, at) => Math.exp(x + backward[at] - all))
  const pairs = new Float64Array(C * C)
  for (let t = 1; t < T; t++) {
    for (let i = 0; i < C; i++) {
      for (let j = 0; j < C; j++) {
        const after = transitions[i * C + j] + score(t, j) + backward[t * C + j]
        pairs[i * C + j] += Math.exp(forward[(t - 1) * C + i] + after - all)
      }
    }
  }
  return { logSum: all, marginals, pairs }
}

/** The score of one path. */
export function scorePath(
  { transitions, start, end }: ChainWeights,
  scores: ArrayLike<number>,
  path: ArrayLike<number>,
): number {
  const C = start.length
  let sum = start[path[0]] + end[path[path.length - 1]]
  for (let t = 0; t < path.length; t++) {
    sum += scores[t * C + path[t]]
    if (t > 0) sum += transitions[path[t - 1] * C + path[t]]
  }
  return sum
}

/**
 * The path with the highest score (Viterbi 1967), the first among equals; `rules` exclude others. Where they exclude
 * every path, they do not count.
 */
export function bestPath(weights: ChainWeights, scores: ArrayLike<number>, rules?: ChainRules): Int32Array {
  const { transitions, start, end } = weights
  const C = start.length
  const T = scores.length / C
  let best = new Float64Array(C)
  const from = new Int32Array(T * C)
  for (let j = 0; j < C; j++) best[j] = rules?.start[j] === 0 ? -Infinity : start[j] + scores[j]
  for (let t = 1; t < T; t++) {
    const next = new Float64Array(C).fill(-Infinity)
    for (let i = 0; i < C; i++) {
      if (best[i] === -Infinity) continue
      for (let j = 0; j < C; j++) {
        if (rules?.transitions[i * C + j] === 0) continue
        const score = best[i] + transitions[i * C + j] + scores[t * C + j]
        if (score <= next[j]) continue
        next[j] = score
        from[t * C + j] = i
      }
    }
    best = next
  }
  for (let j = 0; j < C; j++) best[j] = rules?.end[j] === 0 ? -Infinity : best[j] + end[j]
  let last = 0
  for (let j = 1; j < C; j++) if (best[j] > best[last]) last = j
  if (best[last] === -Infinity && rules) return bestPath(weights, scores)
  const path = new Int32Array(T)
  for (let t = T - 1; t >= 0; t--) {
    path[t] = last
    last = from[t * C + last]
  }
  return path
}

/** log Σ e^x, also of terms that are all −∞. */
function logSum(terms: Float64Array): number {
  const largest = maximum(terms)
  if (largest === -Infinity) return largest
  let sum = 0
  for (let i = 0; i < terms.length; i++) sum += Math.exp(terms[i] - largest)
  return largest + Math.log(sum)
}
