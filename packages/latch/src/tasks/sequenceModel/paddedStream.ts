/** A stream of a model whose texts are padded to one length: for each token, the whole text is read again, as by `predict`. */
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { ModelStreamState } from '../model.ts'
import { TaskStream } from '../stream.ts'
import type { TaskDefinition, Trained } from '../task.ts'
import type { SequenceLearned, SequenceTypes } from './learned.ts'

/** Returned by `model.stream()` if texts are padded. */
export class PaddedStream extends TaskStream<SequenceTypes> {
  readonly #length: number
  /** Number of ids. */
  readonly #width: number
  /** The ids of the last tokens of the text; null before the first, and for ids pushed as numbers. */
  #ids: number[] | null = null
  #read = 0

  constructor(task: TaskDefinition<SequenceTypes>, trained: Trained<SequenceLearned>, length: number) {
    super(task, trained)
    this.#length = length
    this.#width = trained.learned.input.width
  }

  override get steps(): number {
    return this.#ids ? this.#read : super.steps
  }

  override pushText(text: string): SequenceTypes['Output'] {
    if (typeof text === 'string') this.#assertSameKind(true)
    return super.pushText(text)
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
    if (typeof step === 'string') this.advance(step)
    else super.readStep(step)
  }

  protected override advance(token: string): void {
    const length = this.#length
    const ids = [...(this.#ids ?? []), this.findId(token)].slice(-length)
    this.stream.reset()
    for (let t = ids.length; t < length; t++) this.stream.push(0)
    for (const one of ids.slice(0, -1)) this.stream.push(one)
    this.output = this.stream.push(ids[ids.length - 1])
    this.#ids = ids
    this.#read++
  }

  /** Texts are padded, ids are not. @throws UsageError for tokens and ids in one sequence */
  #assertSameKind(isToken: boolean): void {
    if (this.steps === 0 || isToken === (this.#ids !== null)) return
    const [expected, got] = isToken ? ['a token id', 'a token'] : ['a token', 'a token id']
    throw new UsageError({
      where: 'stream.push',
      expected: `${expected}, as before`,
      got,
      remedy: 'Texts are padded, ids are not: push only one kind, or call reset() between them.',
    })
  }

  protected override checkText({ ids, read }: NonNullable<ModelStreamState['text']>): void {
    const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < this.#width
    const fits = Array.isArray(ids) && ids.length > 0 && ids.length <= this.#length && ids.every(isId)
    if (fits && Number.isSafeInteger(read) && read >= ids.length) return
    const expected = `a text of up to ${this.#length} ids below ${this.#width}`
    throw new UsageError({ where: 'stream.restore', expected, got: describe({ ids, read }) })
  }
}
