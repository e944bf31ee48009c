/**
 * One step of a network for rows that each carry a state: the layers as a list of kernel calls whose
 * addresses are settled once.
 */
import { strideOf, type Engine } from '../engine/engine.ts'
import { ACTIVATIONS, type DenseOptions } from '../layers/dense.ts'
import type { Layer } from '../layers/layer.ts'
import type { ParameterStore } from '../layers/parameters.ts'
import { RecurrentLayer } from '../layers/recurrent.ts'
import type { PoolOptions } from '../layers/shape.ts'
import { kinds, type StreamPlace } from './catalogue.ts'
import type { LayerOptions, NetworkConfig } from './config.ts'
import { StreamInput, type InputOptions } from './streamInput.ts'
import { RecurrentStep } from './streamLevel.ts'
import { Kept, Rows, type Carried } from './streamRows.ts'
import { DenseStep, EmbedStep, MaxStep, MeanStep, type LayerStep } from './streamSteps.ts'

/** What of a network its streams need. */
export interface StreamSource {
  readonly engine: Engine
  readonly store: ParameterStore
  readonly config: NetworkConfig
  readonly layers: readonly Layer[]
}

/** A network's step for up to `capacity` rows at once. */
export class StreamProgram {
  readonly capacity: number
  readonly input: StreamInput
  readonly output: Rows
  readonly carried: readonly Carried[]
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
    this.carried = builder.carried
    this.#steps = builder.steps
    this.#buffers = builder.buffers
    this.#moves = source.engine.name === 'reference'
    this.#renew()
  }

  /** To be called before views are used: the arena may have grown since. */
  look(): void {
    if (this.#moves || this.output.view.length === 0) this.#renew()
  }

  run(rows: number): void {
    const steps = this.#steps
    for (let i = 0; i < steps.length; i++) steps[i].run(rows)
  }

  #renew(): void {
    this.input.renew()
    for (const rows of this.#buffers) rows.renew()
  }
}

/** Goes through the layers once; `value` is the edge it stands on. */
class Builder implements StreamPlace {
  readonly steps: LayerStep[] = []
  readonly carried: Carried[] = []
  readonly buffers: Rows[] = []
  readonly input: StreamInput
  value: Rows
  name = ''
  readonly edges: Rows[] = []
  readonly source: StreamSource
  readonly capacity: number

  constructor(source: StreamSource, capacity: number) {
    this.source = source
    this.capacity = capacity
    const { engine, config, layers } = source
    const [first, ...rest] = config.layers as [InputOptions, ...LayerOptions[]]
    this.input = new StreamInput(engine.memory, first, capacity)
    // One-hot rows are never made.
    if (first.type === 'oneHot') this.value = this.rows(first.vocabulary, 0)
    else this.value = this.rows(first.type === 'embedding' ? first.size : first.width)
    if (first.type === 'embedding') this.#embed(layers[0])
    if (first.type === 'features') this.input.features = this.value
    kinds[first.type]?.stream?.(this, layers[0], first)
    const counts = new Map<string, number>()
    rest.forEach((options, i) => {
      this.edges.push(this.value)
      const layer = layers[i + 1]
      const number = counts.get(options.type) ?? 0
      counts.set(options.type, number + 1)
      this.name = `${options.type}.${number}`
      const own = kinds[options.type]?.stream?.(this, layer, options)
      if (own) this.value = own
      else if (layer instanceof RecurrentLayer) this.#recur(layer)
      else if (options.type === 'dense') this.#dense(layer, options)
      else if (options.type === 'pool') this.#pool(options)
    })
  }

  rows(width: number, stride = strideOf(this.source.engine, width)): Rows {
    const rows = new Rows(this.source.engine.memory, this.capacity, width, stride)
    this.buffers.push(rows)
    return rows
  }

  #embed({ parameters: [table] }: Layer): void {
    const { engine, store } = this.source
    this.steps.push(new EmbedStep(engine.kernels, this.value, store.at(table), this.input.ids))
  }

  #recur(layer: RecurrentLayer): void {
    const { store, engine } = this.source
    const ids = this.input.oneHot && this.carried.length === 0 ? this.input.ids : 0
    const rows = (width: number, stride?: number) => this.rows(width, stride)
    const level = new RecurrentStep({ kernels: engine.kernels, store, rows, x: this.value, ids }, layer)
    this.steps.push(level)
    for (const name of layer.cell.stateNames) {
      const state = name === 'cell' ? level.cell! : level.hidden
      state.name = `${layer.name}.${name}`
      this.carried.push(state)
    }
    this.value = level.hidden
  }

  #dense({ parameters: [weight, bias] }: Layer, { units, activation = 'linear' }: DenseOptions): void {
    const { engine, store } = this.source
    const y = this.rows(units)
    const kind = (ACTIVATIONS as readonly unknown[]).indexOf(activation)
    const at = { weight: store.at(weight), bias: bias ? store.at(bias) : 0 }
    this.steps.push(new DenseStep(engine.kernels, y, this.value, at, kind))
    this.value = y
  }

  #pool({ over }: PoolOptions): void {
    if (over === 'last') return
    const x = this.value
    const y = this.rows(x.width, x.stride)
    const running = new Kept(`${this.name}.${over}`, this.capacity, x.width)
    const seen = new Kept(`${this.name}.seen`, this.capacity, 1)
    this.carried.push(running, seen)
    const single = this.source.engine.name !== 'reference'
    const pooling =
      over === 'max' ? new MaxStep(y, x, running, seen) : new MeanStep(y, x, running, seen, single)
    this.steps.push(pooling)
    this.value = y
  }
}
