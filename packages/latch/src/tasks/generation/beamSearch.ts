/**
 * Beam search for the likeliest continuation, with the length penalty of Wu et al. 2016 (arXiv:1609.08144, section 7): of
 * all beginnings of one length the likeliest few go on.
 */
import { maximum, minimum } from '../../core/lists.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { exponential, logarithm } from '../../core/portableMath.ts'
import { readTextOptions, requireOption, isWhole, type TextOptions } from './textOptions.ts'
import { joinedAfter } from './joinTokens.ts'
import type { Writer } from './writer.ts'

/** Options of `beamSearch`. All are optional. */
export interface BeamSearchOptions extends TextOptions {
  /** Beginnings that are kept at each step, and continuations that are returned at most. Default 5. */
  beams?: number
  /**
   * α: log-probabilities are divided by ((5 + tokens) / 6)^α before they are compared, so that longer continuations
   * are not at a disadvantage. Default 0: the likeliest continuation is the best.
   */
  lengthPenalty?: number
}

/** A continuation found by beam search. */
export interface Continuation {
  /** The text after the prime, without the end token or the stop text. */
  text: string
  /** Its tokens, with the end token if it ends there. */
  tokens: readonly string[]
  /** Natural logarithm of the probability of these tokens after the prime. */
  logProbability: number
  /** By which continuations are compared: the log-probability after the length penalty. */
  score: number
}

/** Every option with its value. */
export interface CompleteBeamSearch {
  prime: string
  length: number
  stops: readonly string[]
  beams: number
  lengthPenalty: number
}

const NAMES: Names<BeamSearchOptions> = { prime: 1, length: 1, stop: 1, beams: 1, lengthPenalty: 1 }
const MOST_BEAMS = 1000

/**
 * Fills in the defaults.
 * @param method of which they are options
 * @throws UsageError naming the option that does not fit
 */
export function completeBeamSearch(options: BeamSearchOptions, method = 'beamSearch'): CompleteBeamSearch {
  assertKnownOptions(`${method} option`, options, NAMES)
  const { beams = 5, lengthPenalty = 0 } = options
  const text = readTextOptions(method, options)
  const fits = isWhole(beams) && beams <= MOST_BEAMS
  requireOption(method, 'beams', beams, fits, `a whole number from 1 to ${MOST_BEAMS}`)
  const isPenalty = Number.isFinite(lengthPenalty) && lengthPenalty >= 0
  requireOption(method, 'lengthPenalty', lengthPenalty, isPenalty, 'a number from 0')
  return { ...text, beams, lengthPenalty }
}

interface Hypothesis {
  tokens: readonly string[]
  text: string
  logProbability: number
}

interface Candidate {
  /** Index of the hypothesis that it goes on from. */
  from: number
  id: number
  logProbability: number
}

/** The likeliest continuations that were found, the best first; at most `beams`. */
export function searchBeams(writer: Omit<Writer, 'begin'>, options: CompleteBeamSearch): Continuation[] {
  const { vocabulary, kind, start, prime, end, never } = writer
  const { beams, length, stops } = options
  const penalty = penaltyOf(options)
  const read = writer.beginMany(beams)
  let rows = read.begin([...start, ...prime.map(({ id }) => id)])
  let alive: Hypothesis[] = [{ tokens: [], text: '', logProbability: 0 }]
  const before = prime[prime.length - 1]?.token ?? ''
  const found: Continuation[] = []
  for (let step = 1; step <= length; step++) {
    const kept: Candidate[] = []
    const next: Hypothesis[] = []
    for (const candidate of likeliest(rows, alive, never, 2 * beams)) {
      if (next.length === beams) break
      const { tokens, text } = alive[candidate.from]
      const token = vocabulary[candidate.id]
      const { logProbability } = candidate
      const all = [...tokens, token]
      const longer = token === end ? text : joinedAfter(before, all, kind)
      const stopped = stops.map((stop) => longer.indexOf(stop)).filter((at) => at >= 0)
      if (token === end || stopped.length > 0) {
        const cut = token === end ? longer : longer.slice(0, minimum(stopped))
        found.push({ text: cut, tokens: all, logProbability, score: logProbability * penalty(step) })
      } else {
        kept.push(candidate)
        next.push({ tokens: all, text: longer, logProbability })
      }
    }
    alive = next
    if (alive.length === 0 || isSettled(found, alive, options)) break
    if (step < length)
      rows = read.advance(
        kept.map(({ from }) => from),
        kept.map(({ id }) => id),
      )
  }
  for (const { tokens, text, logProbability } of alive)
    found.push({ tokens, text, logProbability, score: logProbability * penalty(tokens.length) })
  return found.sort((a, b) => b.score - a.score).slice(0, beams)
}

/** ((5 + tokens) / 6)^−α */
function penaltyOf({ lengthPenalty }: CompleteBeamSearch): (tokens: number) => number {
  return (tokens) => exponential(-lengthPenalty * logarithm((5 + tokens) / 6))
}

/** Whether no continuation of those alive can be better than those found: log-probabilities only fall. */
function isSettled(
  found: readonly Continuation[],
  alive: readonly Hypothesis[],
  options: CompleteBeamSearch,
): boolean {
  if (found.length < options.beams) return false
  const best = maximum(alive.map(({ logProbability }) => logProbability)) * penaltyOf(options)(options.length)
  const scores = found.map(({ score }) => score).sort((a, b) => b - a)
  return scores[options.beams - 1] >= best
}

/** The likeliest next tokens of all hypotheses together, at most `count`; the earlier one among equals. */
function likeliest(
  rows: readonly ArrayLike<number>[],
  alive: readonly Hypothesis[],
  never: ReadonlySet<number>,
  count: number,
): Candidate[] {
  const best: Candidate[] = []
  for (let from = 0; from < alive.length; from++) {
    const row = rows[from]
    const total = logSum(row)
    for (let id = 0; id < row.length; id++) {
      const logProbability = alive[from].logProbability + (row[id] - total)
      const isFull = best.length === count
      if (isFull && logProbability <= best[count - 1].logProbability) continue
      if (never.has(id) || logProbability === -Infinity) continue
      if (isFull) best.pop()
      let at = best.length
      while (at > 0 && best[at - 1].logProbability < logProbability) at--
      best.splice(at, 0, { from, id, logProbability })
    }
  }
  return best
}

/** log Σ e^x. */
function logSum(row: ArrayLike<number>): number {
  let largest = -Infinity
  for (let id = 0; id < row.length; id++) if (row[id] > largest) largest = row[id]
  let sum = 0
  for (let id = 0; id < row.length; id++) sum += exponential(row[id] - largest)
  return largest + logarithm(sum)
}
