/**
 * What is looked at: one sentence, one model, and the answers of its worker, asked for when a view needs
 * them and kept until sentence or weights change.
 */
import { untrack } from 'svelte'
import type { GradientFlow, Influence } from 'latch/inspection'
import type { Look } from '../worker/protocol.ts'
import type { RemoteError } from '../worker/remote.ts'
import { bench, wordsOf, type Run } from './runs.svelte.ts'

/** An answer on its way. While a newer one comes, `value` still holds the last. */
export interface Answer<T> {
  loading: boolean
  value: T | null
  error: RemoteError | null
}

interface Answers {
  look: Look
  flow: GradientFlow
  influence: Influence
}

/** Goes up with every answer. A state made inside a $derived would not wake that $derived; this one does. */
let answers = $state(0)

class Kept<T> {
  #answer: Answer<T> = { loading: false, value: null, error: null }

  get answer(): Answer<T> {
    void answers
    return this.#answer
  }

  set answer(answer: Answer<T>) {
    this.#answer = answer
    answers++
  }

  key = ''
  busy = false
  /** The newest question that was not asked yet. */
  next: (() => Promise<T>) | null = null
}

class Looking {
  /** The sentence; the reader's own. */
  text = $state('')
  /** Whose loss the gradients are of; null: what the model says. */
  target = $state<string | null>(null)
  readonly #kept = new WeakMap<Run, Partial<Record<keyof Answers, Kept<never>>>>()

  /** The whole trace of a run's model on the sentence. Call it in markup or $derived: it asks by itself. */
  look(run: Run = bench.current): Answer<Look> {
    return this.#ask(run, 'look')
  }

  flow(run: Run = bench.current): Answer<GradientFlow> {
    return this.#ask(run, 'flow')
  }

  influence(run: Run = bench.current): Answer<Influence> {
    return this.#ask(run, 'influence')
  }

  #ask<K extends keyof Answers>(run: Run, kind: K): Answer<Answers[K]> {
    const kept = this.#of(run, kind)
    const { text, target } = this
    const usable = run.ready && run.recurrent
    const known = target !== null && run.facts?.labels.includes(target) ? target : null
    const key = `${run.revision}|${known}|${text}`
    if (usable && key !== kept.key) untrack(() => this.#fetch(run, kind, kept, key, text, known))
    return kept.answer
  }

  #of<K extends keyof Answers>(run: Run, kind: K): Kept<Answers[K]> {
    let all = this.#kept.get(run)
    if (!all) this.#kept.set(run, (all = {}))
    return (all[kind] ??= untrack(() => new Kept<never>())) as unknown as Kept<Answers[K]>
  }

  /** One request at a time; where sentence or weights have moved on meanwhile, the newest is asked next. */
  #fetch<K extends keyof Answers>(
    run: Run,
    kind: K,
    kept: Kept<Answers[K]>,
    key: string,
    text: string,
    target: string | null,
  ): void {
    kept.key = key
    kept.next = () => run.runner[kind](text, target) as Promise<Answers[K]>
    if (!kept.busy) queueMicrotask(() => void this.#work(kept))
  }

  async #work<T>(kept: Kept<T>): Promise<void> {
    if (kept.busy) return
    kept.busy = true
    while (kept.next) {
      const ask = kept.next
      kept.next = null
      kept.answer = { ...kept.answer, loading: true }
      try {
        kept.answer = { loading: false, value: await ask(), error: null }
      } catch (error) {
        kept.answer = { loading: false, value: null, error: wordsOf(error) }
      }
    }
    kept.busy = false
  }
}

export const looking = new Looking()
