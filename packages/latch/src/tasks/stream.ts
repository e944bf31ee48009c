/** One sequence step by step, for every task: after each step, the prediction of `predict` for the steps so far, bit for bit. */
import { internalsOf } from '../model/network.ts'
import type { Stream } from '../model/streams/stream.ts'
import { DataError, ShapeError, UnsupportedError, UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import { countedText, type CountedText } from './counts/wordCounts.ts'
import type { ModelStream, ModelStreamState } from './model.ts'
import { interpret } from './prediction.ts'
import type { TaskDefinition, TaskTypes, TextReading, Trained } from './task.ts'

/** Returned by `model.stream()`; it need not be closed. For sequence models, see sequenceModel/sequenceStream.ts. */
export class TaskStream<T extends TaskTypes> implements ModelStream<T['Step'], T['Output']> {
  readonly #task: TaskDefinition<T>
  readonly #trained: Trained<T['Learned']>
  protected readonly stream: Stream
  readonly #text: TextReading | null
  /** The last output row. */
  protected output: ArrayLike<number>
  /** The text so far, for a model that counts words. */
  #counted: CountedText | null = null
  /** White space at the end of the text so far, which counts once more text follows. */
  #space = ''

  constructor(task: TaskDefinition<T>, trained: Trained<T['Learned']>) {
    this.#task = task
    this.#trained = trained
    this.stream = trained.network.stream()
    this.#text = task.text(trained.learned)
    this.output = new Float64Array(trained.network.output.width)
    this.#counted = countedText(trained.learned)
  }

  get steps(): number {
    return this.stream.steps
  }

  /** The prediction for the steps so far; for an empty text, that of `predict('')`. @throws UsageError before the first step */
  get prediction(): T['Output'] {
    if (this.steps > 0) return this.interpret()
    const emptyToken = this.#text?.emptyToken ?? null
    if (emptyToken === null) {
      throw new UsageError({ where: 'stream.prediction', expected: 'at least one step', got: 'none' })
    }
    // An empty text reads as one token, which does not become part of the text.
    this.advance(emptyToken)
    const prediction = this.interpret()
    this.restart()
    return prediction
  }

  push(step: T['Step']): T['Output'] {
    // `steps` throws after `dispose`, before any other check.
    if (this.steps >= 0 && this.#space) this.#readSpace()
    this.readStep(step)
    return this.interpret()
  }

  pushText(text: string): T['Output'] {
    const { steps } = this
    const { tokenizer } = this.requireText()
    if (typeof text !== 'string') {
      throw new DataError({ where: 'text', expected: 'a string', got: describe(text) })
    }
    const whole = this.#space + text
    const body = steps === 0 ? whole.trimStart() : whole
    const read = body.trimEnd()
    for (const token of tokenizer.tokenize(read)) this.advance(token)
    this.#space = tokenizer.config.kind === 'chars' ? body.slice(read.length) : ''
    return this.prediction
  }

  reset(): void {
    this.restart()
    this.#space = ''
  }

  save(): ModelStreamState {
    return {
      fingerprint: this.#fingerprint,
      network: this.stream.save(),
      output: this.steps === 0 ? [] : Array.from(this.output),
      space: this.#space,
      text: null,
      ...(this.#counted ? { counted: this.#counted.save() } : {}),
    }
  }

  restore(saved: ModelStreamState): void {
    const where = 'stream.restore'
    const own = this.#fingerprint
    const { fingerprint, network, output, space, text, counted } = saved ?? {}
    if (
      !Array.isArray(output) ||
      typeof space !== 'string' ||
      space.trim() ||
      text === undefined ||
      (this.#counted && !Array.isArray(counted?.rows))
    ) {
      throw new UsageError({ where, expected: 'a state from save()', got: describe(saved) })
    }
    if (fingerprint !== own) {
      throw new UsageError({ where, expected: 'a state of this model', got: 'one of other weights' })
    }
    const width = network?.steps?.[0] ? this.output.length : 0
    if (output.length !== width || !output.every(Number.isFinite)) {
      throw new ShapeError({ where, expected: `${width} outputs`, got: describe(output) })
    }
    if (text) this.checkText(text)
    this.stream.restore(network)
    if (width) this.output = Float64Array.from(output)
    this.#space = space
    this.#counted = countedText(this.#trained.learned, counted)
  }

  protected restart(): void {
    this.stream.reset()
    this.#counted = countedText(this.#trained.learned)
  }

  protected readStep(step: T['Step']): void {
    this.output = this.stream.push(this.#task.encodeStep(this.#trained.learned, step))
    // Only texts have counts.
    this.#counted?.read([step as string])
  }

  #readSpace(): void {
    for (const token of this.requireText().tokenizer.tokenize(this.#space)) this.advance(token)
    this.#space = ''
  }

  protected advance(token: string): void {
    const id = this.requireText().findId(token)
    if (id === null) return
    this.output = this.stream.push(id)
    this.#counted?.read([token])
  }

  /** @throws UsageError for a saved state with a text, unless this stream has the same text */
  protected checkText(text: NonNullable<ModelStreamState['text']>): void {
    const expected = 'a state without a text'
    throw new UsageError({ where: 'stream.restore', expected, got: describe(text) })
  }

  get #fingerprint(): number {
    return internalsOf(this.#trained.network).store.fingerprint
  }

  protected requireText(): TextReading {
    if (this.#text) return this.#text
    throw new UnsupportedError({
      where: 'stream.pushText',
      expected: 'a model that reads texts',
      got: `a model of ${this.#trained.learned.input.kind}`,
      remedy: 'Push one step at a time.',
    })
  }

  protected interpret(): T['Output'] {
    return interpret(this.#task, this.#trained, [this.#counted?.mix(this.output) ?? this.output])
  }
}
