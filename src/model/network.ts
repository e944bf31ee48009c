/**
 * A network: layers in a row, their parameters in one store, forward and backward. It plans its memory
 * for the largest batch it has met and reuses it; the steady state allocates nothing.
 */
import { createEngine } from '../engine/load.ts'
import type { Engine, EngineOptions } from '../engine/engine.ts'
import { BatchIndex } from '../layers/batchIndex.ts'
import { DenseLayer } from '../layers/dense.ts'
import { EmbeddingLayer, FeaturesLayer, OneHotLayer } from '../layers/input.ts'
import type { Activation, Capacity, Context, Layer, Pass } from '../layers/layer.ts'
import { rowsOf } from '../layers/layer.ts'
import { LossLayer, type GradientOf, type LossValue, type Targets } from '../layers/loss.ts'
import type { PackedBatch } from '../layers/packed.ts'
import { ParameterStore, type Parameter } from '../layers/parameters.ts'
import { Regions } from '../layers/regions.ts'
import { RecurrentLayer, type StateName } from '../layers/recurrent.ts'
import { DropoutLayer, FlattenLayer, PoolLayer } from '../layers/shape.ts'
import { rootField } from '../tensor/fields.ts'
import { ShapeError, UsageError } from '../tensor/errors.ts'
import { readNetworkConfig, type LayerOptions, type NetworkConfig } from './config.ts'
import { Stream, Streams } from './stream.ts'
import { StreamRoom } from './streamRoom.ts'

/** Engine, seed and where the weights come from. */
export interface NetworkOptions extends EngineOptions {
  /** Seed of the initial weights. Default 1. */
  seed?: number
  /** Also compute ∂L/∂input of a features input. Default false. */
  inputGradients?: boolean
  /**
   * How many copies of the weights will be needed in all (gradients, optimizer, averages …), so that a
   * network too large to train is refused before its initial weights are made. Default 1.
   */
  copies?: number
  /**
   * Gives each parameter's numbers in PyTorch's order, in place of initial weights. Called for all
   * parameters before memory for them is taken, so that it can refuse shapes that do not fit.
   */
  weights?: (parameter: Parameter) => ArrayLike<number>
}

/** Which state of which recurrent layer. */
export interface StatePlace {
  /** Default 0, the lowest. */
  level?: number
  /** Default `hidden`. */
  state?: StateName
  /** 0 forward, 1 backward. Default 0. */
  direction?: number
}

const INFERENCE: Pass = { training: false, record: false, key: 0 }

/** Layers, their named parameters, and the passes over them. Shapes: (batch, timesteps, features) at the door. */
export class Network {
  readonly config: NetworkConfig
  readonly engine: Engine
  readonly store: ParameterStore
  /** Parameters and gradients as a whole, for whoever changes them. */
  readonly regions: Regions
  readonly layers: readonly Layer[]
  readonly output: Activation
  readonly #context: Context
  readonly #loss: LossLayer | null
  readonly #inputGradients: boolean
  readonly #streams = new StreamRoom(this, () => this.#dropPlan())
  #planned: Capacity = { sequences: 0, steps: 0, rows: 0 }
  #plannedGradients = false
  #wantsGradients = false
  #workspace: number | null = null
  /** Whose values lie in the arena; null before the first pass of a plan. */
  #current: PackedBatch | null = null
  #scratchFloats = 0
  #scratch = 0
  #segment: number | null = null

  /** @throws FormatError, ShapeError for a configuration whose fields or layers do not fit. */
  constructor(config: NetworkConfig, options: NetworkOptions = {}) {
    this.config = readNetworkConfig(rootField(config, 'network', 'configuration'))
    this.engine = createEngine(options)
    this.store = new ParameterStore(this.engine)
    this.#inputGradients = options.inputGradients ?? false
    this.#context = this.#createContext()
    this.layers = this.#build()
    this.regions = new Regions(this.engine, this.store, this.layers)
    this.output = this.layers[this.layers.length - 1].output
    this.#loss = this.config.loss ? new LossLayer(this.#context, this.config.loss, this.output) : null
    this.#fill(options)
  }

  #fill({ weights, seed = 1, copies = 1 }: NetworkOptions): void {
    const given = weights ? this.parameters.map((parameter) => weights(parameter)) : null
    const { count } = this.store
    const what = `${copies} copies of ${count.toLocaleString('en')} weights`
    this.engine.memory.demand(copies * count, what)
    this.store.region('weights')
    if (given) this.parameters.forEach((parameter, i) => this.store.write(parameter, given[i]))
    else for (const layer of this.layers) if ('initialise' in layer) (layer as Initialised).initialise(seed)
  }

  /** All parameters in the order of the layers, by PyTorch's names. */
  get parameters(): readonly Parameter[] {
    return this.store.all
  }

  /** How many numbers the network learns. */
  get parameterCount(): number {
    return this.parameters.reduce((sum, p) => sum + p.size, 0)
  }

  /** The recurrent layers, lowest first. */
  get recurrent(): readonly RecurrentLayer[] {
    return this.layers.filter((layer) => layer instanceof RecurrentLayer)
  }

  /**
   * Makes room for gradients and whatever regions training needs (`store.region` after this call).
   * Plans are made anew at the next pass.
   */
  prepareTraining(...regions: readonly string[]): void {
    const wanted = ['gradients', ...regions]
    this.#wantsGradients = true
    if (wanted.every((name) => this.store.has(name))) return
    this.#dropPlan()
    for (const name of wanted) this.store.region(name)
  }

  /**
   * Steps whose tape training keeps at once: before it goes back through older ones it runs them again
   * (Chen et al. 2016), for sequences whose tape would not fit. The gradients are the same bits. null: all.
   */
  get segment(): number | null {
    return this.#segment
  }

  /** @throws UsageError for what is no whole number from 1 */
  set segment(steps: number | null) {
    if (steps !== null && !(Number.isInteger(steps) && steps >= 1)) {
      const expected = 'a whole number of steps from 1, or null'
      throw new UsageError({ where: 'network.segment', expected, got: String(steps) })
    }
    if (steps === this.#segment) return
    this.#dropPlan()
    this.#segment = steps
  }

  /** Plans for batches of up to this size now, so that too large a one fails before the work starts. */
  reserve(capacity: Capacity): void {
    this.#plan(capacity)
  }

  /** Runs the layers on a batch; results lie in `output` until the next pass. */
  forward(batch: PackedBatch, pass: Pass = INFERENCE): void {
    this.#planFor(batch)
    this.#current = null
    this.#context.index.write(this.engine.memory, batch)
    for (const layer of this.layers) layer.forward(batch, pass)
    this.#current = batch
  }

  /**
   * Sets a state (B, H; order of the door) that the next forward pass of this batch starts from; states
   * that are not set are zero. `level` counts recurrent layers from the input, `direction` 0 is forward.
   */
  writeInitialState(
    batch: PackedBatch,
    values: ArrayLike<number>,
    { level = 0, state = 'hidden', direction = 0 }: StatePlace = {},
  ): void {
    this.#levelAt(level).writeInitialState(batch, state, direction, values)
  }

  /** A state (B, H; order of the door) after each sequence's last step, of the last forward pass. */
  readFinalState(
    batch: PackedBatch,
    { level = 0, state = 'hidden', direction = 0 }: StatePlace = {},
  ): Float64Array {
    this.#needPass(batch)
    return this.#levelAt(level).readFinalState(batch, state, direction)
  }

  #levelAt(level: number): RecurrentLayer {
    const { recurrent } = this
    if (recurrent[level]) return recurrent[level]
    const expected = `a recurrent level below ${recurrent.length}`
    throw new UsageError({ where: 'network state', expected, got: `${level}` })
  }

  #planFor({ sequences, steps, rows }: PackedBatch): void {
    this.#plan({ sequences, steps, rows })
  }

  /** Inference step by step. @throws UnsupportedError for layers that need what comes after a step */
  stream(): Stream {
    return new Stream(this.#streams)
  }

  /** `count` streams as one batch. @throws UsageError, and as `stream()` */
  streams(count: number): Streams {
    return new Streams(this.#streams, count)
  }

  /** The loss of the last forward pass; `plain`: without label smoothing and class weights. */
  loss(batch: PackedBatch, targets: Targets, plain = false): LossValue {
    this.#needPass(batch)
    return this.#lossLayer().compute(batch, targets, null, plain)
  }

  /**
   * Loss and output gradient of the last forward pass, then back through every layer. Adds to `gradients`
   * those of the batch's mean loss; or of its sum, so that batches can be added up and divided by Σ weight.
   */
  backward(
    batch: PackedBatch,
    targets: Targets,
    pass: Pass,
    plain = false,
    of: NonNullable<GradientOf> = 'mean',
  ): LossValue {
    this.#needGradients()
    this.#needPass(batch)
    const value = this.#lossLayer().compute(batch, targets, of, plain)
    this.#backThrough(batch, pass)
    return value
  }

  /** Back through every layer from a given gradient of the output, laid out as `readOutput` gives it. */
  backwardFrom(batch: PackedBatch, gradient: ArrayLike<number>, pass: Pass): void {
    this.#needGradients()
    this.#needPass(batch)
    const { stride, width } = this.output
    this.#checkGradient(batch, gradient.length)
    const rows = rowsOf(this.output, batch)
    const view = this.engine.memory.viewFloats(this.output.gradient, rows * stride).fill(0)
    this.#eachOutput(batch, (row, at) => {
      for (let j = 0; j < width; j++) view[row * stride + j] = gradient[at * width + j]
    })
    this.#backThrough(batch, pass)
  }

  zeroGradients(): void {
    this.regions.clearGradients()
  }

  /** The output in the order of the door: (B, C), or (B, T, C) with zeros beyond each length. */
  readOutput(batch: PackedBatch): Float64Array {
    this.#needPass(batch)
    const { value, stride, width, per } = this.output
    const rows = rowsOf(this.output, batch)
    const view = this.engine.memory.viewFloats(value, rows * stride)
    const out = new Float64Array(batch.sequences * (per === 'step' ? batch.steps : 1) * width)
    this.#eachOutput(batch, (row, at) =>
      out.set(view.subarray(row * stride, row * stride + width), at * width),
    )
    return out
  }

  /** ∂L/∂features (B, T, F) of the last backward pass. Needs the option `inputGradients`. */
  readInputGradient(batch: PackedBatch): Float64Array {
    this.#needPass(batch)
    const { gradient, stride, width } = this.layers[0].output
    if (!gradient || this.layers[0].type !== 'features') {
      throw new UsageError({
        where: 'network.readInputGradient',
        expected: 'a features input and the option inputGradients',
        got: `input ${this.layers[0].type}`,
      })
    }
    const view = this.engine.memory.viewFloats(gradient, batch.rows * stride)
    const out = new Float64Array(batch.sequences * batch.steps * width)
    batch.eachRow((row, sequence, t) => {
      out.set(view.subarray(row * stride, row * stride + width), (sequence * batch.steps + t) * width)
    })
    return out
  }

  #eachOutput(batch: PackedBatch, visit: (row: number, at: number) => void): void {
    if (this.output.per === 'step')
      batch.eachRow((row, sequence, t) => visit(row, sequence * batch.steps + t))
    else for (let b = 0; b < batch.sequences; b++) visit(b, batch.order[b])
  }

  #backThrough(batch: PackedBatch, pass: Pass): void {
    for (let i = this.layers.length - 1; i >= 0; i--) this.layers[i].backward(batch, pass)
  }

  #lossLayer(): LossLayer {
    if (this.#loss) return this.#loss
    throw new UsageError({ where: 'network', expected: 'a loss in the configuration', got: 'none' })
  }

  #needGradients(): void {
    if (this.#plannedGradients) return
    throw new UsageError({
      where: 'network.backward',
      expected: 'prepareTraining() before the forward pass',
      got: 'a forward pass planned without gradients',
    })
  }

  /** Values lie in the arena for the batch of the last forward pass only. */
  #needPass(batch: PackedBatch): void {
    if (this.#current === batch) return
    throw new UsageError({
      where: 'network',
      expected: 'the batch of the last forward pass',
      got: this.#current ? 'another batch' : 'no forward pass yet',
      remedy: 'Call forward with this batch first.',
    })
  }

  #checkGradient(batch: PackedBatch, got: number): void {
    const { width, per, gradient } = this.output
    const rows = per === 'step' ? batch.sequences * batch.steps : batch.sequences
    const where = 'network.backwardFrom'
    if (got !== rows * width)
      throw new ShapeError({ where, expected: `${rows}·${width} numbers`, got: `${got}` })
    if (gradient) return
    throw new UsageError({
      where,
      expected: 'an output that can learn',
      got: 'an input that wants no gradient',
    })
  }

  #createContext(): Context {
    const { engine, store } = this
    const needScratch = (floats: number) => (this.#scratchFloats = Math.max(this.#scratchFloats, floats))
    const scratchOf = (part: number) => this.#scratch + part * this.#scratchFloats * engine.memory.floatBytes
    const index = new BatchIndex()
    return { engine, kernels: engine.kernels, store, index, keptSteps: 0, needScratch, scratchOf }
  }

  #build(): Layer[] {
    const layers: Layer[] = []
    const counts = new Map<string, number>()
    for (const options of this.config.layers) {
      const number = counts.get(options.type) ?? 0
      counts.set(options.type, number + 1)
      const input = layers[layers.length - 1]?.output
      layers.push(
        buildLayer(this.#context, `${options.type}.${number}`, options, input, this.#inputGradients),
      )
    }
    return layers
  }

  #dropPlan(): void {
    if (this.#workspace !== null) this.engine.memory.release(this.#workspace)
    this.#workspace = null
    this.#current = null
    this.#planned = { sequences: 0, steps: 0, rows: 0 }
  }

  #plan(need: Capacity): void {
    const have = this.#planned
    const fits = need.sequences <= have.sequences && need.steps <= have.steps && need.rows <= have.rows
    if (fits && this.#workspace !== null && this.#plannedGradients === this.#wantsGradients) return
    const capacity = {
      sequences: Math.max(need.sequences, have.sequences),
      steps: Math.max(need.steps, have.steps),
      rows: Math.max(need.rows, have.rows),
    }
    this.#dropPlan()
    const { memory } = this.engine
    this.#workspace = memory.mark()
    this.#context.index.plan(memory, capacity)
    const { threads } = this.engine
    this.#scratch = this.#wantsGradients ? memory.floats(this.#scratchFloats * threads, 'scratch') : 0
    this.#context.keptSteps = this.#wantsGradients ? (this.#segment ?? Infinity) : 0
    for (const layer of this.layers) layer.plan(capacity, this.#wantsGradients)
    this.#loss?.plan(capacity)
    this.#planned = capacity
    this.#plannedGradients = this.#wantsGradients
  }
}

interface Initialised {
  initialise(seed: number): void
}

function buildLayer(
  context: Context, name: string, options: LayerOptions, input: Activation, inputGradients: boolean,
): Layer {
  switch (options.type) {
    case 'embedding':
      return new EmbeddingLayer(context, name, options)
    case 'oneHot':
      return new OneHotLayer(context, options)
    case 'features':
      return new FeaturesLayer(context, options, inputGradients)
    case 'recurrent':
      if (input.per === 'step') return new RecurrentLayer(context, name, options, input)
      throw new ShapeError({
        where: name,
        expected: 'a sequence of steps below it',
        got: 'one row a sequence',
        remedy: "Give the recurrent layer below outputs: 'every'.",
      })
    case 'dropout':
      return new DropoutLayer(context, name, options, input)
    case 'pool':
      return new PoolLayer(context, name, options, input)
    case 'flatten':
      return new FlattenLayer(context, name, options, input)
    case 'dense':
      return new DenseLayer(context, name, options, input)
  }
} // prettier-ignore

/** Builds a network from its layers: `network([{ type: 'features', width: 5 }, …], { loss })`. */
export function network(
  layers: readonly LayerOptions[],
  options: NetworkOptions & { loss?: NetworkConfig['loss'] } = {},
): Network {
  const { loss, ...rest } = options
  return new Network(loss ? { layers, loss } : { layers }, rest)
}
