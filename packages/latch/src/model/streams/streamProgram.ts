/**
 * One step of a network for rows that each carry a state: the steps of its layers in order, whose addresses are
 * fixed when the program is made.
 */
import { strideOf, type Engine } from '../../engine/engine.ts'
import type { Layer, LayerStep, StreamContext, StreamMask } from '../../layers/layer.ts'
import { Rows, type StateSlot } from '../../layers/streamRows.ts'
import type { NetworkConfig } from '../config.ts'
import { StreamInput, type InputOptions } from './streamInput.ts'

/** What of a network its streams need. */
export interface StreamSource {
  readonly engine: Engine
  readonly config: NetworkConfig
  readonly layers: readonly Layer[]
}

/** A network's step for up to `capacity` rows at once. */
export class StreamProgram {
  readonly capacity: number
  readonly input: StreamInput
  readonly output: Rows
  /** What goes from step to step, lowest layer first. */
  readonly states: readonly StateSlot[]
  readonly #steps: readonly LayerStep[]
  readonly #buffers: readonly Rows[]
  /** A replaced buffer is detached, or shared and still the same memory; on this engine alone it is neither. */
  readonly #moves: boolean

  /** Reserves memory that stays reserved. @throws MemoryError */
  constructor(source: StreamSource, capacity: number) {
    const builder = new Builder(source, capacity)
    this.capacity = capacity
    this.input = builder.input
    this.output = builder.value
    this.states = builder.steps.flatMap((step) => step.states ?? [])
    this.#steps = builder.steps
    this.#buffers = builder.buffers
    this.#moves = source.engine.name === 'reference'
    this.#refresh()
  }

  /** To be called before views are used: the arena may have grown since. */
  refreshViews(): void {
    if (this.#moves || this.output.view.length === 0) this.#refresh()
  }

  run(rows: number): void {
    const steps = this.#steps
    for (let i = 0; i < steps.length; i++) steps[i].run(rows)
  }

  #refresh(): void {
    this.input.refresh()
    for (const rows of this.#buffers) rows.refresh()
  }
}

/** Goes through the layers once; `value` are the rows that the layer at hand reads. */
class Builder implements StreamContext {
  readonly steps: LayerStep[] = []
  readonly buffers: Rows[] = []
  readonly input: StreamInput
  readonly capacity: number
  mask: StreamMask | null = null
  value: Rows
  readonly #engine: Engine
  readonly #outputs = new Map<Layer, Rows>()

  constructor({ engine, config, layers }: StreamSource, capacity: number) {
    this.#engine = engine
    this.capacity = capacity
    const first = config.layers[0] as InputOptions
    this.input = new StreamInput(engine.memory, first, capacity)
    // Rows of ids hold no floats: an embedding reads the ids, and one-hot rows are never made.
    const isFeatures = first.type === 'features'
    this.value = this.rows(isFeatures ? first.width : first.vocabulary, isFeatures ? undefined : 0)
    if (isFeatures) this.input.features = this.value
    for (const layer of layers) {
      const step = layer.stream?.(this, this.value)
      if (step) {
        this.steps.push(step)
        this.value = step.output
      }
      this.#outputs.set(layer, this.value)
    }
  }

  get ids(): number {
    return this.input.ids
  }

  rows(width: number, stride = strideOf(this.#engine, width)): Rows {
    const rows = new Rows(this.#engine.memory, this.capacity, width, stride)
    this.buffers.push(rows)
    return rows
  }

  outputOf(layer: Layer): Rows {
    return this.#outputs.get(layer)!
  }
}
