/** Writing step by step: how tokens are drawn may change on the way, and any token can be replaced by another. */
import { UsageError } from '../../core/errors.ts'
import { logSumExp } from '../../core/probabilities.ts'
import { Random } from '../../core/random.ts'
import { requirePositiveInteger } from '../../core/typedValues.ts'
import { completeGeneration, Sampler, type CompleteGeneration, type SamplingOptions } from './sampling.ts'
import { TextSoFar } from './textSoFar.ts'
import type { Writer } from './writer.ts'

/** A token of a text that a model wrote. */
export interface WrittenToken {
  id: number
  token: string
  /** What it adds to the text: the token, with a space before it where one belongs. */
  text: string
  /** Of the model itself, whatever the sampling. */
  probability: number
  /** Whether it was chosen instead of drawn. */
  chosen: boolean
}

/** A token that may stand at a place of the text. */
export interface Alternative {
  id: number
  token: string
  text: string
  /** Of the model itself. */
  probability: number
  /** The probability with which it is drawn: 0 for tokens that the sampling leaves out. */
  chance: number
  /** 1 is the likeliest. */
  rank: number
  /** Whether it ends the text. */
  end: boolean
}

/** What `generation.begin()` returns: a text that is written one token at a time. */
export class Writing {
  readonly #writer: Writer
  readonly #seed: number
  readonly #tokens: WrittenToken[] = []
  /** Random numbers that were used for each token, 0 or 1. */
  readonly #draws: number[] = []
  #options: CompleteGeneration
  #random: Random
  #sampler: Sampler
  #text: TextSoFar
  #ended = false
  /** The text before a token that was looked at last. */
  #past: { at: number; text: TextSoFar } | null = null

  constructor(writer: Writer, options: CompleteGeneration) {
    this.#writer = writer
    this.#options = options
    this.#seed = options.seed
    this.#random = randomOf(options.seed)
    this.#sampler = new Sampler(options, this.#random, writer.never)
    this.#text = new TextSoFar(writer)
  }

  /** The tokens of the prime. */
  get prime(): readonly string[] {
    return this.#writer.prime.map(({ token }) => token)
  }

  /** The tokens after the prime. */
  get tokens(): readonly WrittenToken[] {
    return this.#tokens
  }

  /** Whether the end token was drawn or chosen. */
  get ended(): boolean {
    return this.#ended
  }

  /** Changes how tokens are drawn from here on. @throws UsageError naming the option */
  sample({ temperature, topK, topP, repetitionPenalty }: SamplingOptions): void {
    const { prime, length, stops: stop, seed } = this.#options
    const sampling = { temperature, topK, topP, repetitionPenalty }
    this.#options = completeGeneration({ ...sampling, prime, length, stop, seed })
    this.#sampler = new Sampler(this.#options, this.#random, this.#writer.never)
  }

  /** Draws the next token; null at the end of the text. The same seed gives the same tokens as `generate`. */
  next(): WrittenToken | null {
    if (this.#ended) return null
    return this.#write(this.#sampler.draw(this.#text.row, this.#text.seen), false)
  }

  /**
   * The likeliest tokens at a place of the text, the likeliest first, and the one that stands there, if it is not among
   * them.
   * @param at index in `tokens`; default the next one
   * @throws UsageError for a place beyond the text, or a count below 1
   */
  alternatives(at = this.#tokens.length, count = 10): Alternative[] {
    requirePositiveInteger('alternatives, count', count)
    const text = this.#before(at)
    const { row } = text
    const written = this.#tokens[at]?.id
    const sum = logSumExp(row)
    const chances = this.#sampler.chances(row, text.seen)
    const ids = Array.from(row, (_, id) => id).filter((id) => !this.#writer.never.has(id))
    ids.sort((x, y) => row[y] - row[x] || x - y)
    return ids.flatMap((id, i): Alternative[] => {
      if (i >= count && id !== written) return []
      const probability = Math.exp(row[id] - sum)
      const token = this.#writer.vocabulary[id]
      const [chance, end] = [chances[id], text.isEnd(id)]
      return [{ id, token, text: text.textOf(id), probability, chance, rank: i + 1, end }]
    })
  }

  /**
   * Puts a token at a place of the text and forgets those after it; null if it ends the text. The tokens that follow are
   * drawn with the random numbers that follow that place: the token that stood there gives the same text again.
   * @param at index in `tokens`, or their number for the next one
   * @throws UsageError for a place beyond the text, or a token that is not written
   */
  choose(at: number, id: number): WrittenToken | null {
    const isToken = Number.isInteger(id) && id >= 0 && id < this.#writer.vocabulary.length
    if (!isToken || this.#writer.never.has(id))
      throw new UsageError({
        where: 'choose, id',
        expected: 'the id of a token that is written',
        got: String(id),
      })
    this.#text = this.#before(at)
    this.#past = null
    this.#ended = false
    this.#tokens.length = this.#draws.length = at
    this.#random = randomOf(this.#seed)
    this.#sampler = new Sampler(this.#options, this.#random, this.#writer.never)
    const used = this.#draws.reduce((sum, n) => sum + n, this.#uses)
    for (let i = 0; i < used; i++) this.#random.uniform()
    return this.#write(id, true)
  }

  /** Random numbers for a token with these options. */
  get #uses(): number {
    return this.#options.temperature === 0 ? 0 : 1
  }

  #write(id: number, chosen: boolean): WrittenToken | null {
    const text = this.#text
    this.#ended = text.isEnd(id)
    if (this.#ended) return null
    const { row } = text
    const probability = Math.exp(row[id] - logSumExp(row))
    const written = { id, token: this.#writer.vocabulary[id], text: text.textOf(id), probability, chosen }
    text.add(id)
    this.#tokens.push(written)
    this.#draws.push(this.#uses)
    return written
  }

  /** The text before a token, read once more. */
  #before(at: number): TextSoFar {
    const { length } = this.#tokens
    if (at === length) return this.#text
    if (!Number.isInteger(at) || at < 0 || at > length)
      throw new UsageError({
        where: 'place in the text',
        expected: `a whole number from 0 to ${length}`,
        got: String(at),
      })
    if (this.#past?.at !== at) {
      const text = new TextSoFar(this.#writer)
      for (const { id } of this.#tokens.slice(0, at)) text.add(id)
      this.#past = { at, text }
    }
    return this.#past.text
  }
}

/** The random numbers of a text. */
export function randomOf(seed: number): Random {
  return new Random(seed, 'generate')
}
