/**
 * The address holds what the page shows, and the page is restored from it: data, networks, whether they were trained
 * or which models are open, the input, the pinned step and unit.
 */
import type { ErrorDetails } from '../rpc/remote.ts'
import { inspector } from './inspector.svelte.ts'
import { openPath } from './opening.ts'
import { selection } from './selection.svelte.ts'
import { plan } from './plan.svelte.ts'
import { route } from './route.svelte.ts'
import { errorDetails } from './errors.ts'
import { bench } from './runs.svelte.ts'

class Address {
  /** Paths of the open models on this page's server. */
  models = $state.raw<readonly string[]>([])
  /** Whether the runs were trained here: a link trains them again, to the same bits. */
  trained = $state(false)
  error = $state.raw<ErrorDetails | null>(null)
  #restored = false
  /** False until the address has been applied. */
  #applied = $state(false)

  /** Runs once, when the workbench is first shown. */
  async restore(): Promise<void> {
    if (this.#restored) return
    this.#restored = true
    const { query } = route
    try {
      if (query.size === 0) await this.#first()
      else await this.#from(query)
    } catch (error) {
      this.error = errorDetails(error)
    }
  }

  /** An empty address: a trained model and its sentence, so that there is something to see at once. */
  async #first(): Promise<void> {
    plan.choose('comments')
    this.models = ['models/comments-lstm.safetensors']
    this.#applied = true
    await openPath(this.models[0])
  }

  async #from(query: URLSearchParams): Promise<void> {
    const paths = (query.get('model') ?? '').split(',').filter(Boolean)
    this.models = paths.slice(0, 4)
    this.trained = !paths.length && query.has('trained')
    await plan.restore(query)
    inspector.text = query.get('text') ?? inspector.text
    inspector.target = query.get('target')
    this.#restoreSelection(query)
    this.#applied = true
    if (paths.length) {
      if (!query.get('nets'))
        bench.replace(this.models.map(() => ({ cell: 'lstm', units: 32, layers: 1, bidirectional: false })))
      await Promise.all(
        this.models.map((path, i) => openPath(path, bench.runs[i] ?? bench.add() ?? undefined)),
      )
      bench.at = 0
      if (!inspector.text) inspector.text = 'you are not good'
    } else if (this.trained) void plan.train()
    bench.at = Math.max(0, Math.min(bench.runs.length - 1, Number(query.get('at') ?? 0) || 0))
  }

  #restoreSelection(query: URLSearchParams): void {
    const number = (name: string) => Math.max(0, Math.floor(Number(query.get(name) ?? 0)) || 0)
    selection.step = number('step')
    selection.unit = number('unit')
    selection.layer = number('layer')
    selection.direction = query.get('direction') === 'backward' ? 'backward' : 'forward'
    const { step, unit, layer, direction } = selection
    const value = query.get('value')
    if (value) selection.explained = { step, unit, layer, direction, value }
  }

  /** Updates the address; called in an effect of the app. */
  write(): void {
    if (!this.#applied || route.path !== '/') return
    const { step, unit, layer, direction, explained } = selection
    route.put({
      ...plan.parameters,
      model: this.models.length ? this.models.join(',') : null,
      trained: this.trained && !this.models.length ? '1' : null,
      at: bench.at ? String(bench.at) : null,
      text: inspector.text.length <= 2000 ? inspector.text : null,
      target: inspector.target,
      step: step ? String(step) : null,
      unit: unit ? String(unit) : null,
      layer: layer ? String(layer) : null,
      direction: direction === 'backward' ? direction : null,
      value: explained?.value ?? null,
    })
  }
}

export const address = new Address()
