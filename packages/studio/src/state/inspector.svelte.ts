/**
 * The inspector: one input, one model, and the results of its worker, which are computed when a view needs them and
 * kept until the input or the weights change.
 */
import { untrack } from 'svelte'
import type { GradientFlow, Influence } from 'latch/inspection'
import type { Inspection } from '../worker/protocol.ts'
import type { ErrorDetails } from '../rpc/remote.ts'
import { errorDetails } from './errors.ts'
import { bench, type Run } from './runs.svelte.ts'

/** The state of a result. While a newer one is being computed, `value` still holds the last one. */
export interface Result<T> {
  loading: boolean
  value: T | null
  error: ErrorDetails | null
}

interface Results {
  inspect: Inspection
  flow: GradientFlow
  influence: Influence
}

/** Increases with every result. A state made inside a $derived would not wake that $derived; this one does. */
let version = $state(0)

class Entry<T> {
  #result: Result<T> = { loading: false, value: null, error: null }

  get result(): Result<T> {
    void version
    return this.#result
  }

  set result(result: Result<T>) {
    this.#result = result
    version++
  }

  key = ''
  busy = false
  /** The newest request that was not sent yet. */
  next: (() => Promise<T>) | null = null
}

class Inspector {
  /** The input as the user typed it. */
  text = $state('')
  /** The label whose loss the gradients are of; null: the predicted one. */
  target = $state<string | null>(null)
  readonly #entries = new WeakMap<Run, Partial<Record<keyof Results, Entry<never>>>>()

  /** The trace of the input through a run's model. Read it in markup or $derived: it requests the result by itself. */
  inspection(run: Run = bench.current): Result<Inspection> {
    return this.#request(run, 'inspect')
  }

  flow(run: Run = bench.current): Result<GradientFlow> {
    return this.#request(run, 'flow')
  }

  influence(run: Run = bench.current): Result<Influence> {
    return this.#request(run, 'influence')
  }

  #request<K extends keyof Results>(run: Run, kind: K): Result<Results[K]> {
    const entry = this.#entry(run, kind)
    const { text, target } = this
    const usable = run.ready && run.recurrent
    const known = target !== null && run.info?.labels.includes(target) ? target : null
    const key = `${run.revision}|${known}|${text}`
    if (usable && key !== entry.key) untrack(() => this.#fetch(run, kind, entry, key, text, known))
    return entry.result
  }

  #entry<K extends keyof Results>(run: Run, kind: K): Entry<Results[K]> {
    let all = this.#entries.get(run)
    if (!all) this.#entries.set(run, (all = {}))
    return (all[kind] ??= untrack(() => new Entry<never>())) as unknown as Entry<Results[K]>
  }

  /** One request at a time; if the input or the weights change meanwhile, the newest request is sent next. */
  #fetch<K extends keyof Results>(
    run: Run,
    kind: K,
    entry: Entry<Results[K]>,
    key: string,
    text: string,
    target: string | null,
  ): void {
    entry.key = key
    entry.next = () => run.runner[kind](text, target) as Promise<Results[K]>
    if (!entry.busy) queueMicrotask(() => void this.#work(entry))
  }

  async #work<T>(entry: Entry<T>): Promise<void> {
    if (entry.busy) return
    entry.busy = true
    while (entry.next) {
      const request = entry.next
      entry.next = null
      entry.result = { ...entry.result, loading: true }
      try {
        entry.result = { loading: false, value: await request(), error: null }
      } catch (error) {
        entry.result = { loading: false, value: null, error: errorDetails(error) }
      }
    }
    entry.busy = false
  }
}

export const inspector = new Inspector()
