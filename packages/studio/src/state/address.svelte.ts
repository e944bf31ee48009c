/**
 * The address says what the page shows, and the page is rebuilt from it: data, networks, whether they were
 * trained or which models are open, the sentence, the step and unit that are pinned.
 */
import type { RemoteError } from '../worker/remote.ts'
import { looking } from './looking.svelte.ts'
import { openPath } from './opening.ts'
import { place } from './place.svelte.ts'
import { plan } from './plan.svelte.ts'
import { route } from './route.svelte.ts'
import { bench, wordsOf } from './runs.svelte.ts'

class Address {
  /** Paths of open models below this page. */
  models = $state.raw<readonly string[]>([])
  /** The runs of the bench were trained here: a link trains them again, to the same bits. */
  trained = $state(false)
  error = $state.raw<RemoteError | null>(null)
  #restored = false
  /** False until what the address says has been taken over. */
  #taken = $state(false)

  /** Once, when the workbench is first shown. */
  async restore(): Promise<void> {
    if (this.#restored) return
    this.#restored = true
    const { query } = route
    try {
      if (query.size === 0) await this.#first()
      else await this.#from(query)
    } catch (error) {
      this.error = wordsOf(error)
    }
  }

  /** Without any wish: a trained model and its sentence, so that there is something to see at once. */
  async #first(): Promise<void> {
    plan.choose('comments')
    this.models = ['models/comments-lstm.safetensors']
    this.#taken = true
    await openPath(this.models[0])
  }

  async #from(query: URLSearchParams): Promise<void> {
    const paths = (query.get('model') ?? '').split(',').filter(Boolean)
    this.models = paths.slice(0, 4)
    this.trained = !paths.length && query.has('trained')
    await plan.restore(query)
    looking.text = query.get('text') ?? looking.text
    looking.target = query.get('target')
    this.#place(query)
    this.#taken = true
    if (paths.length) {
      if (!query.get('nets'))
        bench.lay(this.models.map(() => ({ cell: 'lstm', units: 32, layers: 1, bidirectional: false })))
      await Promise.all(
        this.models.map((path, i) => openPath(path, bench.runs[i] ?? bench.add() ?? undefined)),
      )
      bench.at = 0
      if (!looking.text) looking.text = 'you are not good'
    } else if (this.trained) void plan.train()
    bench.at = Math.max(0, Math.min(bench.runs.length - 1, Number(query.get('at') ?? 0) || 0))
  }

  #place(query: URLSearchParams): void {
    const number = (name: string) => Math.max(0, Math.floor(Number(query.get(name) ?? 0)) || 0)
    place.step = number('step')
    place.unit = number('unit')
    place.layer = number('layer')
    place.direction = query.get('direction') === 'backward' ? 'backward' : 'forward'
    const { step, unit, layer, direction } = place
    const value = query.get('value')
    if (value) place.explained = { step, unit, layer, direction, value }
  }

  /** Keeps the address true; called in an effect of the app. */
  write(): void {
    if (!this.#taken || route.path !== '/') return
    const { step, unit, layer, direction, explained } = place
    route.put({
      ...plan.words,
      model: this.models.length ? this.models.join(',') : null,
      trained: this.trained && !this.models.length ? '1' : null,
      at: bench.at ? String(bench.at) : null,
      text: looking.text.length <= 2000 ? looking.text : null,
      target: looking.target,
      step: step ? String(step) : null,
      unit: unit ? String(unit) : null,
      layer: layer ? String(layer) : null,
      direction: direction === 'backward' ? direction : null,
      value: explained?.value ?? null,
    })
  }
}

export const address = new Address()
