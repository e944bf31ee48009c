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

/** Both recursions in logarithms. */
interface Recursions {
  /** Sums of the paths up to a step, by its tag, with its score. (T, C) */
  forward: Float64Array
  /** Sums of the paths after a step, by its tag, without its score. (T, C) */
  backward: Float64Array
  logSum: number
}

/**
 * The forward and backward algorithm.
 * @param scores of each step's tags (T, C)
 * @param fixed the tag of each step, negative where it is open; absent: all are open
 */
export function sumPaths(
  weights: ChainWeights,
  given: ArrayLike<number>,
  fixed?: ArrayLike<number>,
): ChainSums {
  const C = weights.start.length
  const scores = Float64Array.from(given)
  fixTags(scores, C, fixed)
  const { forward, backward, logSum: all } = recur(weights, scores)
  const marginals = forward.map((x, at) => Math.exp(x + backward[at] - all))
  const pairs = new Float64Array(C * C)
  const { transitions } = weights
  for (let t = 1; t < scores.length / C; t++) {
    for (let i = 0; i < C; i++) {
      for (let j = 0; j < C; j++) {
        const after = transitions[i * C + j] + scores[t * C + j] + backward[t * C + j]
        pairs[i * C + j] += Math.exp(forward[(t - 1) * C + i] + after - all)
      }
    }
  }
  return { logSum: all, marginals, pairs }
}

/** Excludes all tags but the fixed ones. */
function fixTags(scores: Float64Array, C: number, fixed: ArrayLike<number> | undefined): void {
  if (!fixed) return
  for (let at = 0; at < scores.length; at++) {
    const tag = fixed[Math.floor(at / C)]
    if (tag >= 0 && tag !== at % C) scores[at] = -Infinity
  }
}

function recur({ transitions, start, end }: ChainWeights, scores: Float64Array): Recursions {
  const C = start.length
  const T = scores.length / C
  const forward = new Float64Array(T * C)
  const backward = new Float64Array(T * C)
  const terms = new Float64Array(C)
  for (let j = 0; j < C; j++) forward[j] = start[j] + scores[j]
  for (let t = 1; t < T; t++) {
    for (let j = 0; j < C; j++) {
      for (let i = 0; i < C; i++) terms[i] = forward[(t - 1) * C + i] + transitions[i * C + j]
      forward[t * C + j] = logSum(terms) + scores[t * C + j]
    }
  }
  for (let j = 0; j < C; j++) backward[(T - 1) * C + j] = end[j]
  for (let t = T - 2; t >= 0; t--) {
    for (let i = 0; i < C; i++) {
      for (let j = 0; j < C; j++)
        terms[j] = transitions[i * C + j] + scores[(t + 1) * C + j] + backward[(t + 1) * C + j]
      backward[t * C + i] = logSum(terms)
    }
  }
  for (let j = 0; j < C; j++) terms[j] = forward[(T - 1) * C + j] + end[j]
  return { forward, backward, logSum: logSum(terms) }
}

/** Gradients of the scores (T, C) and the weights of a chain. */
export interface ChainGradients {
  scores: Float64Array
  transitions: Float64Array
  start: Float64Array
  end: Float64Array
}

/** The gradients of Σ slope · log(probability of a tag at a step): back through both recursions. `slopes` (T, C). */
export function gradientsOfLogs(
  weights: ChainWeights,
  given: ArrayLike<number>,
  slopes: ArrayLike<number>,
): ChainGradients {
  const { transitions, start, end } = weights
  const C = start.length
  const scores = Float64Array.from(given)
  const last = scores.length - C
  const { forward, backward, logSum: all } = recur(weights, scores)
  const out = {
    scores: new Float64Array(scores.length),
    transitions: new Float64Array(C * C),
    start: new Float64Array(C),
    end: new Float64Array(C),
  }
  // log p = forward + backward − logSum.
  const [dForward, dBackward] = [Float64Array.from(slopes), Float64Array.from(slopes)]
  const sum = dForward.reduce((total, slope) => total + slope, 0)
  for (let j = 0; j < C; j++) {
    const share = -sum * Math.exp(forward[last + j] + end[j] - all)
    dForward[last + j] += share
    out.end[j] += share
  }
  for (let at = 0; at < last; at += C) {
    for (let i = 0; i < C; i++) {
      for (let j = 0; j < C; j++) {
        const after = transitions[i * C + j] + scores[at + C + j] + backward[at + C + j]
        const share = dBackward[at + i] * Math.exp(after - backward[at + i])
        out.transitions[i * C + j] += share
        out.scores[at + C + j] += share
        dBackward[at + C + j] += share
      }
    }
  }
  for (let j = 0; j < C; j++) out.end[j] += dBackward[last + j]
  for (let at = last; at > 0; at -= C) {
    for (let j = 0; j < C; j++) {
      out.scores[at + j] += dForward[at + j]
      for (let i = 0; i < C; i++) {
        const before = forward[at - C + i] + transitions[i * C + j]
        const share = dForward[at + j] * Math.exp(before - forward[at + j] + scores[at + j])
        out.transitions[i * C + j] += share
        dForward[at - C + i] += share
      }
    }
  }
  for (let j = 0; j < C; j++) {
    out.scores[j] += dForward[j]
    out.start[j] += dForward[j]
  }
  return out
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
