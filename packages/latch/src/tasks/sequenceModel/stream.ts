/**
 * A sequence as it comes in, step by step, with the answer for the sequence so far after each: to the bit what
 * `predict` says of the whole.
 */
import type { Stream } from '../../model/stream.ts'
import type { StreamState } from '../../model/streamState.ts'
import { predictionOf, type SequencePrediction } from './prediction.ts'
import type { SequenceParts } from './parts.ts'
import type { SequenceReader } from './reader.ts'

/** One sequence, step by step; made by `model.stream()`. It needs no closing. */
export class SequenceStream {
  readonly #stream: Stream
  readonly #parts: SequenceParts
  readonly #names: readonly string[]
  readonly #reader: SequenceReader

  /** By `model.stream()`. */
  constructor(parts: SequenceParts, names: readonly string[], reader: SequenceReader) {
    this.#stream = parts.network.stream()
    this.#parts = parts
    this.#names = names
    this.#reader = reader
  }

  /** Steps read since the beginning or the last reset. */
  get steps(): number {
    return this.#stream.steps
  }

  /**
   * Takes one step: a token id, a token of the vocabulary, or the step's features (F). Gives the answer so far.
   * @throws DataError, ShapeError for what is no step of this model; the stream stays where it was
   */
  push(step: number | string | ArrayLike<number>): SequencePrediction {
    const { network, outputActivation } = this.#parts
    const row = this.#stream.push(typeof step === 'string' ? this.#reader.idOfToken(step) : step)
    return predictionOf(network, [row], outputActivation, this.#names)
  }

  /** Back to the beginning. */
  reset(): void {
    this.#stream.reset()
  }

  /** The state as plain data. */
  save(): StreamState {
    return this.#stream.save()
  }

  /** Goes on where a stream of the same model stood when it was saved. @throws ShapeError, UsageError */
  restore(saved: StreamState): void {
    this.#stream.restore(saved)
  }
}
