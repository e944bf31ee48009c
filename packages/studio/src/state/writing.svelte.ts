/**
 * The text that a model writes: its tokens as they come from the worker, what may stand at the place that is looked at,
 * and the choices of the reader. The settings are the same for all models, each model has its own text.
 */
import type { Alternative, WrittenToken } from 'latch'
import type { ErrorDetails } from '../rpc/remote.ts'
import type { Drawing, WritingEvent, WritingPlace } from '../worker/protocol.ts'
import { errorDetails } from './errors.ts'
import { inspector } from './inspector.svelte.ts'
import type { Run } from './runs.svelte.ts'
import { selection } from './selection.svelte.ts'

/** Tokens of a text at most. */
export const MAX_WRITTEN = 10_000
/** Time from a choice to its gates. */
const SHOW_MS = 200
/** Tokens that are drawn together: only the last of these groups changes while the model writes. */
const GROUP = 200

/** Choices that are the same for all models. */
class WritingSettings {
  /** Null: what the model proposes. */
  prime = $state<string | null>(null)
  seed = $state(1)
  temperature = $state(1)
  topK = $state<number | null>(null)
  /** Tokens a second; null: as fast as the model can. */
  pace = $state<number | null>(12)
  /** Tokens to write at a time. */
  length = $state(200)

  get drawing(): Drawing {
    return { temperature: this.temperature, topK: this.topK }
  }
}

export const writingSettings = new WritingSettings()

/** The text of one model. */
export class RunWriting {
  readonly #run: Run
  /** The weights that the text was written with. */
  #revision = -1
  /** The text that was begun: its prime and seed. */
  #begun = ''
  status = $state<'idle' | 'writing' | 'ended'>('idle')
  prime = $state.raw<readonly string[]>([])
  /** Tokens of the groups. */
  count = $state(0)
  groups = $state.raw<readonly (readonly WrittenToken[])[]>([])
  /** Index of the token that is looked at; null: the next one. */
  selected = $state<number | null>(null)
  place = $state.raw<WritingPlace>({ at: 0, alternatives: [] })
  error = $state.raw<ErrorDetails | null>(null)
  /** Calls that are made one after another. */
  #queue: Promise<void> = Promise.resolve()
  #looking = false

  constructor(run: Run) {
    this.#run = run
  }

  get writing(): boolean {
    return this.status === 'writing'
  }

  token(at: number): WrittenToken | null {
    return this.groups[Math.floor(at / GROUP)]?.[at % GROUP] ?? null
  }

  /** The prime as the model gets it. */
  get primeText(): string {
    return writingSettings.prime ?? this.#run.info?.prime ?? ''
  }

  /** Begins the text again, unless it is the same already; `anew`: in any case. */
  begin(anew = false): Promise<void> {
    return this.#do(async () => {
      const { drawing, seed } = writingSettings
      const prime = this.primeText
      const key = JSON.stringify([prime, seed])
      if (!anew && key === this.#begun && this.#revision === this.#run.revision) return
      this.#begun = ''
      this.groups = []
      this.count = 0
      this.selected = null
      this.status = 'idle'
      this.place = { at: 0, alternatives: [] }
      const start = await this.#run.runner.beginText({ prime, seed, drawing })
      this.prime = start.prime
      this.place = start.next
      this.#begun = key
      this.#revision = this.#run.revision
    })
  }

  /** Writes `count` tokens more. */
  async write(count = writingSettings.length): Promise<void> {
    if (this.writing) return
    await this.begin()
    if (this.error || this.status === 'ended') return
    this.status = 'writing'
    this.selected = null
    const most = Math.min(count, MAX_WRITTEN - this.count)
    const pace = count === 1 ? null : writingSettings.pace
    await this.#do(async () => {
      const ended = await this.#run.runner.write(most, pace, (event) => this.#receive(event))
      this.status = ended ? 'ended' : 'idle'
    })
    if (this.writing) this.status = 'idle'
    await this.#look()
    this.#show()
  }

  /** Ends the writing after the tokens that have come. */
  stop(): void {
    if (this.writing) void this.#run.runner.stopWriting()
  }

  /** Looks at a token; null: at the next one. */
  select(at: number | null): void {
    this.selected = at === null || this.count === 0 ? null : Math.max(0, Math.min(this.count - 1, at))
    void this.#look()
    this.#show()
  }

  /** Puts a token in the place that is looked at. */
  async choose({ id, end }: Alternative): Promise<void> {
    const { at } = this.place
    this.stop()
    await this.#do(async () => {
      const { token, next } = await this.#run.runner.choose(at, id)
      this.#cut(at)
      if (token) this.#append([token])
      this.place = next
      this.selected = null
      this.status = end ? 'ended' : 'idle'
    })
    this.#show()
  }

  /** The sampling has changed. */
  async draw(): Promise<void> {
    if (!this.#begun) return
    try {
      await this.#run.runner.draw(writingSettings.drawing)
    } catch (error) {
      this.error = errorDetails(error)
    }
    if (!this.writing) await this.#look()
  }

  /** One call after another; what goes wrong stands in `error`. */
  #do(work: () => Promise<void>): Promise<void> {
    const before = this.#queue
    const next = (async () => {
      await before
      try {
        this.error = null
        await work()
      } catch (error) {
        this.error = errorDetails(error)
      }
    })()
    this.#queue = next
    return next
  }

  /** What may stand where the reader looks; one request at a time. */
  async #look(): Promise<void> {
    if (this.#looking || !this.#begun) return
    this.#looking = true
    try {
      for (let at = -1; !this.writing && at !== (this.selected ?? this.count);) {
        at = this.selected ?? this.count
        this.place = await this.#run.runner.place(at)
      }
    } catch (error) {
      this.error = errorDetails(error)
    }
    this.#looking = false
  }

  /** Tokens before the part of the text that the gate view shows. */
  shownFrom = $state(0)
  #showing: ReturnType<typeof setTimeout> | undefined

  /** The gate view shows the token that is looked at, or the last one; keys may move on before. */
  #show(): void {
    clearTimeout(this.#showing)
    this.#showing = setTimeout(() => void this.#showNow(), SHOW_MS)
  }

  async #showNow(): Promise<void> {
    const at = this.selected ?? this.count - 1
    if (at < 0 || this.writing) return
    try {
      const { text, step, before } = await this.#run.runner.writtenInput(at)
      inspector.text = text
      selection.step = step
      this.shownFrom = before
    } catch (error) {
      this.error = errorDetails(error)
    }
  }

  #receive({ from, tokens, next }: WritingEvent): void {
    if (from !== this.count) return
    this.#append(tokens)
    if (next) this.place = next
  }

  #append(tokens: readonly WrittenToken[]): void {
    const groups = [...this.groups]
    for (let at = 0; at < tokens.length;) {
      const last = groups[groups.length - 1] ?? []
      const open = last.length > 0 && last.length < GROUP
      const more = tokens.slice(at, at + (open ? GROUP - last.length : GROUP))
      if (open) groups[groups.length - 1] = [...last, ...more]
      else groups.push(more)
      at += more.length
    }
    this.groups = groups
    this.count += tokens.length
  }

  #cut(at: number): void {
    const whole = this.groups.slice(0, Math.floor(at / GROUP))
    const rest = this.groups[whole.length]?.slice(0, at % GROUP) ?? []
    this.groups = rest.length > 0 ? [...whole, rest] : whole
    this.count = at
  }
}

const texts = new WeakMap<Run, RunWriting>()

/** The text of a model. */
export function writingOf(run: Run): RunWriting {
  const known = texts.get(run)
  if (known) return known
  const made = new RunWriting(run)
  texts.set(run, made)
  return made
}

export { GROUP as TOKENS_IN_GROUP }
