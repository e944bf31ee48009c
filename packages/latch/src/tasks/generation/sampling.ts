/** Draws the next token from logits: temperature, top-k, nucleus (Holtzman et al. 2020), repetition penalty (Keskar et al. 2019). */
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { exponential } from '../../core/portableMath.ts'
import type { Random } from '../../core/random.ts'
import { isWhole, readTextOptions, requireOption, type TextOptions } from './textOptions.ts'

/** How tokens are drawn. */
export interface SamplingOptions {
  /** Divides the logits: below 1 likelier tokens are preferred; 0 takes the likeliest. Default 1. */
  temperature?: number
  /** Draws among the k likeliest tokens; null: among all. Default null. */
  topK?: number | null
  /** Draws among the likeliest tokens that together have at least this probability; null: among all. Default null. */
  topP?: number | null
  /** Above 1, tokens of the text so far become less likely. Default 1. */
  repetitionPenalty?: number
}

/** Options of `generate`. All are optional. */
export interface GenerateOptions extends SamplingOptions, TextOptions {
  /** The same seed gives the same text. Default 1. */
  seed?: number
}

const NAMES: Names<GenerateOptions> = {
  temperature: 1,
  topK: 1,
  topP: 1,
  repetitionPenalty: 1,
  prime: 1,
  length: 1,
  stop: 1,
  seed: 1,
}

/** Every option with its value. */
export interface CompleteGeneration extends Required<SamplingOptions> {
  prime: string
  length: number
  stops: readonly string[]
  seed: number
}

/** Fills in the defaults. @throws UsageError naming the option that does not fit */
export function completeGeneration(options: GenerateOptions): CompleteGeneration {
  assertKnownOptions('generate option', options, NAMES)
  const { temperature = 1, topK = null, topP = null, repetitionPenalty = 1 } = options
  const { seed = 1 } = options
  const require = (name: string, value: unknown, fits: boolean, expected: string) =>
    requireOption('generate', name, value, fits, expected)
  const isFinite = Number.isFinite(temperature) && temperature >= 0
  require('temperature', temperature, isFinite, 'a number from 0')
  require('topK', topK, topK === null || isWhole(topK), 'a whole number from 1, or null')
  require('topP', topP, topP === null || (topP > 0 && topP <= 1), 'a probability above 0, or null')
  const isPenalty = Number.isFinite(repetitionPenalty) && repetitionPenalty > 0
  require('repetitionPenalty', repetitionPenalty, isPenalty, 'a number above 0')
  require('seed', seed, Number.isSafeInteger(seed), 'a whole number')
  return { temperature, topK, topP, repetitionPenalty, seed, ...readTextOptions('generate', options) }
}

/** Draws the tokens of one text; keeps its buffers from token to token. */
export class Sampler {
  readonly #options: Required<SamplingOptions>
  readonly #random: Random
  readonly #never: ReadonlySet<number>
  #logits = new Float64Array(0)
  #weights = new Float64Array(0)

  /** @param never ids that are not drawn */
  constructor(options: Required<SamplingOptions>, random: Random, never: ReadonlySet<number>) {
    this.#options = options
    this.#random = random
    this.#never = never
  }

  /**
   * The id of the next token.
   * @param row logits by id
   * @param seen ids of the text so far
   */
  draw(row: ArrayLike<number>, seen: ReadonlySet<number>): number {
    const best = this.#readLogits(row, seen)
    if (this.#options.temperature === 0) return best
    const ids = this.#candidates()
    const { count, sum } = this.#weigh(ids, best)
    const weights = this.#weights
    let left = this.#random.uniform() * sum
    let last = best
    for (let i = 0; i < count; i++) {
      if (weights[i] === 0) continue
      last = ids ? ids[i] : i
      left -= weights[i]
      if (left < 0) return last
    }
    return last
  }

  /** The probability with which each id is drawn. */
  chances(row: ArrayLike<number>, seen: ReadonlySet<number>): Float64Array {
    const best = this.#readLogits(row, seen)
    const all = new Float64Array(row.length)
    if (this.#options.temperature === 0) all[best] = 1
    else {
      const ids = this.#candidates()
      const { count, sum } = this.#weigh(ids, best)
      for (let i = 0; i < count; i++) all[ids ? ids[i] : i] = this.#weights[i] / sum
    }
    return all
  }

  /** The ids by falling probability where top-k or top-p needs their order, cut to top-k; null: all, as they are. */
  #candidates(): readonly number[] | null {
    const { topK, topP } = this.#options
    if (topK === null && topP === null) return null
    // The likeliest first; the lower id among equals.
    const logits = this.#logits
    const ids = Array.from(logits, (_, id) => id).filter((id) => logits[id] > -Infinity)
    ids.sort((x, y) => logits[y] - logits[x] || x - y)
    if (topK !== null) ids.length = Math.min(ids.length, topK)
    return ids
  }

  /** Keeps the logits that count; returns the likeliest id, the first among equals. */
  #readLogits(row: ArrayLike<number>, seen: ReadonlySet<number>): number {
    if (this.#logits.length !== row.length) {
      this.#logits = new Float64Array(row.length)
      this.#weights = new Float64Array(row.length)
    }
    const logits = this.#logits
    for (let id = 0; id < row.length; id++) logits[id] = row[id]
    const { repetitionPenalty: penalty } = this.#options
    if (penalty !== 1) for (const id of seen) logits[id] *= row[id] > 0 ? 1 / penalty : penalty
    for (const id of this.#never) logits[id] = -Infinity
    let best = 0
    for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id
    return best
  }

  /** Weighs the ids by the softmax, null: all of them; the first `count` of the weights, which top-p keeps, and their sum. */
  #weigh(ids: readonly number[] | null, best: number): { count: number; sum: number } {
    const { temperature, topP } = this.#options
    const [logits, weights] = [this.#logits, this.#weights]
    const all = ids?.length ?? logits.length
    let sum = 0
    for (let i = 0; i < all; i++) {
      weights[i] = exponential((logits[ids ? ids[i] : i] - logits[best]) / temperature)
      sum += weights[i]
    }
    if (topP === null) return { count: all, sum }
    const enough = topP * sum
    let count = 0
    for (sum = 0; count < all && sum < enough; count++) sum += weights[count]
    return { count, sum }
  }
}
