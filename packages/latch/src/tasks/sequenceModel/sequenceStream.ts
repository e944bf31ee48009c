/**
 * A stream of a sequence model: tokens become ids as in `predict`. If texts are padded to one length, the whole text is
 * read again for each token.
 */
import { DataError, UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { ModelStreamState } from '../model.ts'
import { TaskStream } from '../stream.ts'
import type { TaskDefinition, Trained } from '../task.ts'
import type { SequenceLearned, SequenceTypes } from './learned.ts'
import type { SequenceReader } from './reader.ts'

/** Returned by `model.stream()` of a sequence model. */
export class SequenceStream extends TaskStream<SequenceTypes> {
  readonly #reader: SequenceReader
  /** The length of texts; null: any. */
  readonly #length: number | null
  /** The end at which longer texts are cut. */
  readonly #keepsFirst: boolean
  /** Number of ids. */
  readonly #width: number
  /** The ids of the text that count; null before the first, for ids pushed as numbers, and if texts are not padded. */
  #ids: number[] | null = null
  #read = 0

  constructor(task: TaskDefinition<SequenceTypes>, trained: Trained<SequenceLearned>) {
    super(task, trained)
    const { reader, input, textInput } = trained.learned
    this.#reader = reader
    this.#length = textInput?.padding?.length ?? null
    this.#keepsFirst = textInput?.padding?.truncating === 'post'
    this.#width = input.width
  }

  override get steps(): number {
    const steps = super.steps
    return this.#ids ? this.#read : steps
  }

  override get prediction(): SequenceTypes['Output'] {
    this.#assertOpen()
    return this.#ids ? this.interpret() : super.prediction
  }

  override pushText(text: string): SequenceTypes['Output'] {
    this.#assertOpen()
    const { tokenizer, findId } = this.requireText()
    if (typeof text !== 'string') {
      throw new DataError({ where: 'text', expected: 'a string', got: describe(text) })
    }
    this.#assertSameKind(true)
    const ids = tokenizer.tokenize(text).map((token) => findId(token))
    for (const id of ids) this.#readId(id)
    // A text of nothing but dropped tokens is all padding.
    if (this.#length !== null && this.#ids === null) this.#readPadded([])
    return this.prediction
  }

  /** @throws UsageError after `dispose`: before any other check */
  #assertOpen(): number {
    return super.steps
  }

  override save(): ModelStreamState {
    return { ...super.save(), text: this.#ids && { ids: [...this.#ids], read: this.#read } }
  }

  override restore(saved: ModelStreamState): void {
    super.restore(saved)
    this.#ids = saved.text ? [...saved.text.ids] : null
    this.#read = saved.text?.read ?? 0
  }

  protected override restart(): void {
    super.restart()
    this.#ids = null
    this.#read = 0
  }

  protected override readStep(step: SequenceTypes['Step']): void {
    this.#assertSameKind(typeof step === 'string')
    if (typeof step === 'string' && this.#reader.readsText) this.#readId(this.#reader.idOfToken(step))
    else super.readStep(step)
  }

  /** @param id null: a token that is left out */
  #readId(id: number | null): void {
    if (this.#length === null) {
      if (id !== null) this.output = this.stream.push(id)
      return
    }
    const all = [...(this.#ids ?? []), ...(id === null ? [] : [id])]
    const kept = this.#keepsFirst ? all.slice(0, this.#length) : all.slice(-this.#length)
    this.#readPadded(kept)
    if (id !== null) this.#read++
  }

  #readPadded(ids: number[]): void {
    this.stream.reset()
    for (const one of this.#reader.padded(ids, (padding) => padding).ids) this.output = this.stream.push(one)
    this.#ids = ids
  }

  /** Texts are padded, ids are not. @throws UsageError for tokens and ids in one sequence */
  #assertSameKind(isToken: boolean): void {
    if (this.#length === null || (super.steps === 0 && !this.#ids) || isToken === (this.#ids !== null)) return
    const [expected, got] = isToken ? ['a token id', 'a token'] : ['a token', 'a token id']
    throw new UsageError({
      where: 'stream.push',
      expected: `${expected}, as before`,
      got,
      remedy: 'Texts are padded, ids are not: push only one kind, or call reset() between them.',
    })
  }

  protected override checkText(text: NonNullable<ModelStreamState['text']>): void {
    if (this.#length === null) return super.checkText(text)
    const { ids, read } = text
    const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < this.#width
    const fits = Number.isSafeInteger(read) && Array.isArray(ids) && ids.every(isId)
    if (fits && ids.length === Math.min(read, this.#length)) return
    const expected = `a text of up to ${this.#length} ids below ${this.#width}`
    throw new UsageError({ where: 'stream.restore', expected, got: describe({ ids, read }) })
  }
}
