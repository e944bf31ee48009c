/**
 * A sequence as it comes in, step by step, with the answer for the sequence so far after each: to the bit what
 * `predict` says of the whole.
 */
import type { Stream, StreamOutput } from '../../model/stream.ts'
import type { StreamState } from '../../model/streamState.ts'
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { predictionOf, type SequencePrediction } from './prediction.ts'
import { padsTexts, type SequenceParts } from './parts.ts'
import type { SequenceReader } from './reader.ts'

/** A stream's state as JSON can carry it. */
export interface SequenceStreamState extends StreamState {
  /** Of a stream that reads tokens of texts which are brought to one length: the last ids, and how many it has read. */
  text?: { ids: number[]; read: number }
}

/** One sequence, step by step; made by `model.stream()`. It needs no closing. */
export class SequenceStream {
  readonly #stream: Stream
  readonly #parts: SequenceParts
  readonly #names: readonly string[]
  readonly #reader: SequenceReader
  /** Length that texts are brought to; null: any. */
  readonly #length: number | null
  /** Of a text brought to that length: the ids of its last tokens; null before the first and for ids pushed as numbers. */
  #ids: number[] | null = null
  #read = 0

  /** By `model.stream()`. */
  constructor(parts: SequenceParts, names: readonly string[], reader: SequenceReader) {
    this.#stream = parts.network.stream()
    this.#parts = parts
    this.#names = names
    this.#reader = reader
    this.#length = padsTexts(parts) ? parts.input.steps : null
  }

  /** Steps read since the beginning or the last reset. */
  get steps(): number {
    return this.#ids ? this.#read : this.#stream.steps
  }

  /**
   * Takes one step: a token id, a token of the vocabulary, or the step's features (F). Gives the answer so far. Where
   * `predict` brings texts to one length, each token reads the whole text again, padded or cut as `predict` does;
   * ids are not brought to it, by neither.
   * @throws DataError, ShapeError for what is no step of this model, UsageError for tokens and ids in one such text;
   * the stream stays where it was
   */
  push(step: number | string | ArrayLike<number>): SequencePrediction {
    const { network, outputActivation } = this.#parts
    const row =
      this.#length === null ? this.#stream.push(this.#stepOf(step)) : this.#pushPadded(step, this.#length)
    return predictionOf(network, [row], outputActivation, this.#names)
  }

  #stepOf(step: number | string | ArrayLike<number>): number | ArrayLike<number> {
    return typeof step === 'string' ? this.#reader.idOfToken(step) : step
  }

  #pushPadded(step: number | string | ArrayLike<number>, length: number): StreamOutput {
    const isToken = typeof step === 'string'
    if (this.steps > 0 && isToken !== (this.#ids !== null)) {
      const [expected, got] = isToken ? ['a token id', 'a token'] : ['a token', 'a token id']
      throw new UsageError({
        where: 'stream.push',
        expected: `${expected}, as before`,
        got,
        remedy: 'Texts are padded and ids are not: push one kind, or call reset() between them.',
      })
    }
    if (!isToken) return this.#stream.push(step)
    const ids = [...(this.#ids ?? []), this.#reader.idOfToken(step)].slice(-length)
    const steps = this.#reader.broughtToLength(ids)
    const last = steps.pop()!
    this.#stream.reset()
    for (const id of steps) this.#stream.push(id)
    const row = this.#stream.push(last)
    this.#ids = ids
    this.#read++
    return row
  }

  /** Back to the beginning. */
  reset(): void {
    this.#stream.reset()
    this.#ids = null
    this.#read = 0
  }

  /** The state as plain data. */
  save(): SequenceStreamState {
    const state = this.#stream.save()
    return this.#ids ? { ...state, text: { ids: [...this.#ids], read: this.#read } } : state
  }

  /** Goes on where a stream of the same model stood when it was saved. @throws ShapeError, UsageError */
  restore(saved: SequenceStreamState): void {
    const { text } = saved ?? {}
    if (text !== undefined) this.#check(text)
    this.#stream.restore(saved)
    this.#ids = text ? [...text.ids] : null
    this.#read = text?.read ?? 0
  }

  #check({ ids, read }: NonNullable<SequenceStreamState['text']>): void {
    const { width } = this.#parts.input
    const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < width
    const most = this.#length ?? 0
    const fits = Array.isArray(ids) && ids.length > 0 && ids.length <= most && ids.every(isId)
    if (fits && Number.isSafeInteger(read) && read >= ids.length) return
    const expected =
      this.#length === null ? 'a state without a text' : `a text of up to ${most} ids below ${width}`
    throw new UsageError({ where: 'stream.restore', expected, got: describe({ ids, read }) })
  }
}
