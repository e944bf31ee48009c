/**
 * A text as it comes in: token by token, with the prediction for the text so far after each. What it says is
 * what the model says of the whole text, to the bit.
 */
import { createTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import { UNKNOWN_TOKEN, type Vocabulary } from '../../text/vocabulary.ts'
import type { Stream } from '../../model/stream.ts'
import type { StreamState } from '../../model/streamState.ts'
import { DataError, ShapeError, UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { Trained } from './classes.ts'
import type { ClassifierSettings } from './options.ts'
import { predictionOf, type Prediction } from './probabilities.ts'

/** A stream's state as JSON can carry it. */
export interface ClassifierStreamState {
  network: StreamState
  /** The network's last output; none before the first token. */
  logits: number[]
  /** Space that counts once something follows it (`tokens: 'characters'`). */
  space: string
}

/** One text, token by token; made by `model.stream()`. It needs no closing. */
export class ClassifierStream<L extends string = string> {
  readonly #stream: Stream
  readonly #vocabulary: Vocabulary
  readonly #labels: readonly L[]
  readonly #tokenizer: Tokenizer
  readonly #said: Prediction<L>
  /** Of the last push: a list that the network's stream overwrites. */
  #logits: ArrayLike<number>
  #space = ''

  /** By `model.stream()`. */
  constructor({ network, vocabulary, labels }: Trained, settings: ClassifierSettings) {
    this.#stream = network.stream()
    this.#vocabulary = vocabulary
    this.#labels = labels as readonly L[]
    this.#tokenizer = createTokenizer({ kind: settings.tokens, lowercase: settings.lowercase })
    this.#logits = new Float64Array(network.output.width)
    this.#said = predictionOf(this.#logits, this.#labels)
  }

  /** Tokens read since the beginning or the last reset. */
  get steps(): number {
    return this.#stream.steps
  }

  /**
   * What it says of the text so far; of an empty text, what `predict('')` says. One object for the life of the
   * stream, written anew by every push.
   */
  get prediction(): Prediction<L> {
    if (this.steps > 0) return this.#say()
    // An empty text reads as one unknown token, which does not go on to be part of the text.
    this.#advance(UNKNOWN_TOKEN)
    this.#stream.reset()
    return this.#say()
  }

  /**
   * Reads one token as the model's tokenizer gives it (words of a model that folds case come in lower case).
   * Unseen tokens are fine. Gives `prediction`, which the next push overwrites.
   * @throws DataError for what is no text
   */
  push(token: string): Prediction<L> {
    refuseNoText('token', token)
    if (this.#space) this.#readSpace()
    this.#advance(token)
    return this.#say()
  }

  /**
   * Reads more of the text, cut into tokens as `predict` does. A piece ends where a token ends: a word in two
   * pieces is two words. There is no limit of length, where `predict` cuts at the model's `maximumLength`.
   * @throws DataError for what is no text
   */
  pushText(text: string): Prediction<L> {
    refuseNoText('text', text)
    const whole = this.#space + text
    const body = this.steps === 0 ? whole.trimStart() : whole
    const read = body.trimEnd()
    for (const token of this.#tokenizer.tokenize(read)) this.#advance(token)
    this.#space = this.#tokenizer.config.kind === 'characters' ? body.slice(read.length) : ''
    return this.prediction
  }

  /** Begins a new text. */
  reset(): void {
    this.#stream.reset()
    this.#space = ''
  }

  /** The state as plain data, for JSON or a database. */
  save(): ClassifierStreamState {
    const logits = this.steps === 0 ? [] : Array.from(this.#logits)
    return { network: this.#stream.save(), logits, space: this.#space }
  }

  /**
   * Goes on with a text where a stream of the same model stood when it was saved.
   * @throws ShapeError for a state of another model, UsageError for what is no state
   */
  restore(saved: ClassifierStreamState): void {
    const where = 'stream.restore'
    const { network, logits, space } = saved ?? {}
    if (!Array.isArray(logits) || typeof space !== 'string' || space.trim()) {
      throw new UsageError({ where, expected: 'a state that save() gave', got: describe(saved) })
    }
    const width = network?.steps?.[0] ? this.#logits.length : 0
    if (logits.length !== width || !logits.every(Number.isFinite)) {
      throw new ShapeError({ where, expected: `${width} logits`, got: describe(logits) })
    }
    this.#stream.restore(network)
    if (width) this.#logits = Float64Array.from(logits)
    this.#space = space
  }

  #readSpace(): void {
    for (const token of this.#tokenizer.tokenize(this.#space)) this.#advance(token)
    this.#space = ''
  }

  #advance(token: string): void {
    this.#logits = this.#stream.push(this.#vocabulary.idOf(token))
  }

  #say(): Prediction<L> {
    const { label, probabilities } = predictionOf(this.#logits, this.#labels)
    this.#said.label = label
    Object.assign(this.#said.probabilities, probabilities)
    return this.#said
  }
}

function refuseNoText(where: string, text: unknown): void {
  if (typeof text !== 'string') throw new DataError({ where, expected: 'a string', got: describe(text) })
}
