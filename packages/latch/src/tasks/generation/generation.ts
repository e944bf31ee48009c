/** A text in the making: token by token as an async iterator, or as a whole. */
import { minimum } from '../../core/lists.ts'
import { Interval, yieldToEventLoop } from '../../training/eventLoop.ts'
import type { Writer } from './writer.ts'
import { Sampler, type CompleteGeneration } from './sampling.ts'
import { TextSoFar } from './textSoFar.ts'
import { randomOf, Writing } from './writing.ts'

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

  /** Begins the text, to be written one token at a time: with probabilities and alternatives, which can be chosen. */
  begin(): Writing {
    return new Writing(this.#writer(), this.#options)
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
  const sampler = new Sampler(options, randomOf(options.seed), writer.never)
  const text = new TextSoFar(writer)
  let [held, isStopped] = ['', false]
  for (let i = 0; i < options.length; i++) {
    const id = sampler.draw(text.row, text.seen)
    if (text.isEnd(id)) break
    held += text.textOf(id)
    const found = options.stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0)
    if (found.length > 0) {
      held = held.slice(0, minimum(found))
      isStopped = true
      break
    }
    // The beginning of a stop text is held back until more is known.
    const ready = held.length - longestStart(held, options.stops)
    if (ready > 0) yield held.slice(0, ready)
    held = held.slice(ready)
    text.add(id)
  }
  if (!isStopped) held += text.end()
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
