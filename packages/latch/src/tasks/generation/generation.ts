/** A text in the making: token by token as an async iterator, or as a whole. */
import { minimum } from '../../core/lists.ts'
import { Random } from '../../core/random.ts'
import { Interval, yieldToEventLoop } from '../../training/eventLoop.ts'
import { textAfter } from './joinTokens.ts'
import type { Writer } from './writer.ts'
import { Sampler, type CompleteGeneration } from './sampling.ts'

/** What `model.generate` returns. Each use begins anew and gives the same text. */
export class Generation implements AsyncIterable<string> {
  readonly #writer: () => Writer
  readonly #options: CompleteGeneration

  constructor(writer: () => Writer, options: CompleteGeneration) {
    this.#writer = writer
    this.#options = options
  }

  /** The whole text, without the prime. */
  text(): string {
    return [...pieces(this.#writer(), this.#options)].join('')
  }

  /** Pieces of the text as they are drawn; other code runs in between. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, void> {
    const interval = new Interval()
    for (const piece of pieces(this.#writer(), this.#options)) {
      yield piece
      if (interval.passed()) await yieldToEventLoop()
    }
  }
}

function* pieces(writer: Writer, options: CompleteGeneration) {
  const { vocabulary, kind, start, prime, end, never } = writer
  const sampler = new Sampler(options, new Random(options.seed, 'generate'), never)
  const read = writer.begin()
  const first = [...start, ...prime.map(({ id }) => id)]
  const seen = new Set(first)
  let row = read(first)
  let [before, held] = [prime[prime.length - 1]?.token ?? '', '']
  for (let i = 0; i < options.length; i++) {
    const id = sampler.draw(row, seen)
    const token = vocabulary[id]
    if (token === end) break
    held += textAfter(before, token, kind)
    const found = options.stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0)
    if (found.length > 0) {
      held = held.slice(0, minimum(found))
      break
    }
    // The beginning of a stop text is held back until more is known.
    const ready = held.length - longestStart(held, options.stops)
    if (ready > 0) yield held.slice(0, ready)
    held = held.slice(ready)
    before = token
    seen.add(id)
    if (i < options.length - 1) row = read([id])
  }
  if (held) yield held
}

/** Length of the longest end of a text that is the beginning of a stop text. */
function longestStart(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length
    }
  }
  return longest
}
