/** Writes a text with one model, token by token: at a pace, until it is stopped, with alternatives to choose from. */
import type { GenerateOptions, Writing, WrittenToken } from 'latch'
import type { AnyModel } from 'latch/formats'
import type {
  Drawing,
  WritingChoice,
  WritingEvent,
  WritingPlace,
  WritingRequest,
  WritingStart,
  WrittenInput,
} from './protocol.ts'
import { mostTokens } from './queries.ts'

/** Tokens that the gates are shown of, so that they follow a click at once. */
const GATE_TOKENS = 160
/** Alternatives that are listed at a place. */
const LISTED = 10
/** Time after which written tokens are sent and other calls have their turn. */
const TURN_MS = 12
/** Tokens that are sent at once, so that the page draws them in one frame. */
const MAX_SENT = 200
/** Time from one list of alternatives to the next while the model writes. */
const LIST_MS = 60

export class TextWriter {
  readonly #model: AnyModel
  readonly #writing: Writing
  readonly #prime: string
  /** The run that is going on; another number ends it. */
  #run = 0

  /** Errors: see `generate` of the model. */
  constructor(model: AnyModel, { prime, seed, drawing }: WritingRequest) {
    this.#model = model
    this.#prime = prime
    this.#writing = begin(model, { prime, seed, ...drawing })
  }

  get start(): WritingStart {
    return { prime: this.#writing.prime, next: this.place() }
  }

  /** What may stand at a place; default what may come next. */
  place(at = this.#writing.tokens.length): WritingPlace {
    return { at, alternatives: this.#writing.alternatives(at, LISTED) }
  }

  /** From the next token on. */
  draw(drawing: Drawing): void {
    this.#writing.sample({ ...drawing })
  }

  /**
   * Writes up to `count` tokens.
   * @param perSecond tokens a second; null: as fast as possible
   * @returns whether the text has ended
   */
  async write(
    count: number,
    perSecond: number | null,
    emit: (event: WritingEvent) => void,
  ): Promise<boolean> {
    const run = ++this.#run
    let [from, listed] = [this.#writing.tokens.length, 0]
    let sent: WrittenToken[] = []
    const send = (last: boolean): void => {
      if (sent.length === 0) return
      const now = performance.now()
      const next = last || now - listed > LIST_MS ? this.place() : null
      if (next) listed = performance.now()
      emit({ from, tokens: sent, next })
      from += sent.length
      sent = []
    }
    const started = performance.now()
    let turn = started
    for (let i = 0; i < count && run === this.#run; i++) {
      const token = this.#writing.next()
      if (!token) break
      sent.push(token)
      const ahead = perSecond === null ? 0 : started + ((i + 1) * 1000) / perSecond - performance.now()
      if (i + 1 < count && (ahead > 1 || sent.length >= MAX_SENT || performance.now() - turn > TURN_MS)) {
        send(false)
        await pause(Math.max(0, ahead))
        turn = performance.now()
      }
    }
    if (run === this.#run) send(true)
    return this.#writing.ended
  }

  stop(): void {
    this.#run++
  }

  choose(at: number, id: number): WritingChoice {
    this.stop()
    const token = this.#writing.choose(at, id)
    return { token, next: this.place() }
  }

  /** The text with the token at `at`: from its beginning, or where that is too far back, its last part. */
  input(at: number): WrittenInput {
    const { prime, tokens } = this.#writing
    const most = Math.min(GATE_TOKENS, mostTokens(this.#model), this.#model.summary().input.steps ?? Infinity)
    const end = Math.min(tokens.length, Math.max(at + 1, most - prime.length))
    const whole = prime.length + end <= most
    const from = whole ? 0 : Math.max(0, end - most)
    const written = tokens.slice(from, end).map(({ text }) => text)
    const text = `${whole ? this.#prime : ''}${written.join('')}`
    const { steps } = this.#model.encode(text)
    return { text, step: Math.max(0, steps - (end - at)), before: whole ? 0 : prime.length + from }
  }
}

function begin(model: AnyModel, options: GenerateOptions): Writing {
  if (model.generate) return model.generate(options).begin()
  throw new Error('This model does not predict its next token, so it cannot write.')
}

/** Other calls are answered meanwhile. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
