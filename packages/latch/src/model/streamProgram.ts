/**
 * One step of a network for rows that each carry a state: the layers as a list of kernel calls whose
 * addresses are settled once.
 */
import { strideOf, type Engine } from '../engine/engine.ts'
import { ACTIVATIONS, type DenseOptions } from '../layers/dense.ts'
import type { Layer } from '../layers/layer.ts'
import type { ParameterStore } from '../tensors/parameters.ts'
import { RecurrentLayer } from '../layers/recurrent/recurrent.ts'
import type { PoolOptions } from '../layers/shape.ts'
import { kinds, type StreamPlace } from './catalogue.ts'
import type { LayerOptions, NetworkConfig } from './config.ts'
import { StreamInput, type InputOptions } from './streamInput.ts'
import { RecurrentStep } from './streamRecurrent.ts'
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
    const first = config.layers[0] as InputOptions
    this.input = new StreamInput(engine.memory, first, capacity)
    // One-hot rows are never made.
    this.value = this.rows(layers[0].output.width, first.type === 'oneHot' ? 0 : undefined)
    if (first.type === 'features') this.input.features = this.value
    const counts = new Map<string, number>()
    config.layers.forEach((options, i) => {
      const { type } = options
      const number = counts.get(type) ?? 0
      counts.set(type, number + 1)
      this.name = `${type}.${number}`
      const own = kinds[type]?.stream?.(this, layers[i], options)
      if (own) this.value = own
      else this.#core(layers[i], options)
      this.edges.push(this.value)
    })
  }

  #core(layer: Layer, options: LayerOptions): void {
    if (layer instanceof RecurrentLayer) this.#recur(layer)
    else if (options.type === 'embedding') this.#embed(layer)
    else if (options.type === 'dense') this.#dense(layer, options)
    else if (options.type === 'pool') this.#pool(options)
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
    const recurrentLayer = new RecurrentStep(
      { kernels: engine.kernels, store, rows, x: this.value, ids },
      layer,
    )
    this.steps.push(recurrentLayer)
    for (const name of layer.cell.stateNames) {
      const state = name === 'cell' ? recurrentLayer.cell! : recurrentLayer.hidden
      state.name = `${layer.name}.${name}`
      this.carried.push(state)
    }
    this.value = recurrentLayer.hidden
  }

  #dense({ parameters: [weight, bias] }: Layer, { units, activation = 'linear' }: DenseOptions): void {
    const { engine, store } = this.source
    const y = this.rows(units)
    const kind = (ACTIVATIONS as readonly unknown[]).indexOf(activation)
    const at = { weight: store.at(weight), bias: bias ? store.at(bias) : 0 }
    this.steps.push(new DenseStep(engine.kernels, y, this.value, at, kind))
    this.value = y
  }

  #pool({ pooling: over }: PoolOptions): void {
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
