/** One sequence step by step, for every task: after each step, to the bit what `predict` gives for the steps so far. */
import type { Stream } from '../model/stream.ts'
import { DataError, ShapeError, UnsupportedError, UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import type { ModelStream, ModelStreamState } from './model.ts'
import { interpretRows } from './prediction.ts'
import type { TaskDefinition, TaskTypes, TextReading, Trained } from './task.ts'

/** Made by `model.stream()`. It needs no closing. */
export class TaskStream<T extends TaskTypes> implements ModelStream<T['Step'], T['Output']> {
  readonly #task: TaskDefinition<T>
  readonly #trained: Trained<T['Learned']>
  readonly #stream: Stream
  readonly #text: TextReading | null
  /** The last output row: a list that the network's stream overwrites. */
  #output: ArrayLike<number>
  /** White space at the end of what was read, which counts once something follows it. */
  #space = ''
  /** Length that texts are padded to; null: none. */
  readonly #length: number | null
  /** Of a padded text: the ids of its last tokens; null before the first, and for ids pushed as numbers. */
  #ids: number[] | null = null
  #read = 0

  constructor(task: TaskDefinition<T>, trained: Trained<T['Learned']>) {
    this.#task = task
    this.#trained = trained
    this.#stream = trained.network.stream()
    this.#text = task.text(trained.learned)
    this.#length = this.#text?.paddedLength ?? null
    this.#output = new Float64Array(trained.network.output.width)
  }

  get steps(): number {
    return this.#ids ? this.#read : this.#stream.steps
  }

  /** For the steps so far; of an empty text, what `predict('')` gives. @throws UsageError before the first step of anything else */
  get prediction(): T['Output'] {
    if (this.steps > 0) return this.#interpret()
    const emptyToken = this.#text?.emptyToken ?? null
    if (emptyToken === null) {
      throw new UsageError({ where: 'stream.prediction', expected: 'at least one step', got: 'none' })
    }
    // An empty text reads as one token, which does not become part of the text.
    this.#advance(emptyToken)
    const prediction = this.#interpret()
    this.#restart()
    return prediction
  }

  push(step: T['Step']): T['Output'] {
    const { learned } = this.#trained
    if (this.#space) this.#readSpace()
    const isToken = typeof step === 'string'
    if (this.#length !== null) this.#refuseMixture(isToken)
    if (isToken && this.#length !== null) this.#advance(step as string)
    else this.#output = this.#stream.push(this.#task.encodeStep(learned, step))
    return this.#interpret()
  }

  pushText(text: string): T['Output'] {
    const { tokenizer } = this.#requireText()
    if (typeof text !== 'string') {
      throw new DataError({ where: 'text', expected: 'a string', got: describe(text) })
    }
    if (this.#length !== null) this.#refuseMixture(true)
    const whole = this.#space + text
    const body = this.steps === 0 ? whole.trimStart() : whole
    const read = body.trimEnd()
    for (const token of tokenizer.tokenize(read)) this.#advance(token)
    this.#space = tokenizer.config.kind === 'characters' ? body.slice(read.length) : ''
    return this.prediction
  }

  reset(): void {
    this.#restart()
    this.#space = ''
  }

  save(): ModelStreamState {
    return {
      network: this.#stream.save(),
      output: this.steps === 0 ? [] : Array.from(this.#output),
      space: this.#space,
      text: this.#ids && { ids: [...this.#ids], read: this.#read },
    }
  }

  restore(saved: ModelStreamState): void {
    const where = 'stream.restore'
    const { network, output, space, text } = saved ?? {}
    if (!Array.isArray(output) || typeof space !== 'string' || space.trim() || text === undefined) {
      throw new UsageError({ where, expected: 'a state from save()', got: describe(saved) })
    }
    const width = network?.steps?.[0] ? this.#output.length : 0
    if (output.length !== width || !output.every(Number.isFinite)) {
      throw new ShapeError({ where, expected: `${width} outputs`, got: describe(output) })
    }
    if (text) this.#checkText(text)
    this.#stream.restore(network)
    if (width) this.#output = Float64Array.from(output)
    this.#space = space
    this.#ids = text ? [...text.ids] : null
    this.#read = text?.read ?? 0
  }

  #restart(): void {
    this.#stream.reset()
    this.#ids = null
    this.#read = 0
  }

  #readSpace(): void {
    for (const token of this.#requireText().tokenizer.tokenize(this.#space)) this.#advance(token)
    this.#space = ''
  }

  /** Reads one token. Where texts are padded, the whole text again, as `predict` pads or cuts it. */
  #advance(token: string): void {
    const id = this.#requireText().findId(token)
    const length = this.#length
    if (length === null) {
      this.#output = this.#stream.push(id)
      return
    }
    const ids = [...(this.#ids ?? []), id].slice(-length)
    this.#stream.reset()
    for (let t = ids.length; t < length; t++) this.#stream.push(0)
    for (const one of ids.slice(0, -1)) this.#stream.push(one)
    this.#output = this.#stream.push(ids[ids.length - 1])
    this.#ids = ids
    this.#read++
  }

  /** Texts are padded and ids are not. @throws UsageError for tokens and ids in one sequence */
  #refuseMixture(isToken: boolean): void {
    if (this.steps === 0 || isToken === (this.#ids !== null)) return
    const [expected, got] = isToken ? ['a token id', 'a token'] : ['a token', 'a token id']
    throw new UsageError({
      where: 'stream.push',
      expected: `${expected}, as before`,
      got,
      remedy: 'Texts are padded and ids are not: push one kind, or call reset() between them.',
    })
  }

  #checkText({ ids, read }: NonNullable<ModelStreamState['text']>): void {
    const { width } = this.#trained.learned.input
    const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < width
    const most = this.#length ?? 0
    const fits = Array.isArray(ids) && ids.length > 0 && ids.length <= most && ids.every(isId)
    if (fits && Number.isSafeInteger(read) && read >= ids.length) return
    const expected =
      this.#length === null ? 'a state without a text' : `a text of up to ${most} ids below ${width}`
    throw new UsageError({ where: 'stream.restore', expected, got: describe({ ids, read }) })
  }

  #requireText(): TextReading {
    if (this.#text) return this.#text
    throw new UnsupportedError({
      where: 'stream.pushText',
      expected: 'a model that reads texts',
      got: `a model of ${this.#trained.learned.input.kind}`,
      remedy: 'Push one step at a time.',
    })
  }

  #interpret(): T['Output'] {
    const rows = [this.#output]
    return this.#task.interpret?.(this.#trained, rows) ?? interpretRows(this.#trained, rows)
  }
}
