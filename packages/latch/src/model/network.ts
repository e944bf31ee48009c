/**
 * A network: layers in a row, their parameters in one store, forward and backward. It plans its memory
 * for the largest batch it has met and reuses it; the steady state allocates nothing.
 */
import { openEngine } from '../engine/load.ts'
import { ENGINE_OPTIONS, type EngineInfo } from '../engine/engine.ts'
import type { Capacity, Pass, PassOptions } from '../layers/layer.ts'
import type { BuildableSpec, LayerInfo, LayerSpec } from '../layers/definition.ts'
import { buildLoss, type Loss, type LossOptions, type LossValue, type Targets } from '../layers/loss.ts'
import { covers, NOTHING, union, type PackedBatch } from '../tensors/packedBatch.ts'
import type { ParameterInfo } from '../tensors/parameters.ts'
import { Regions } from '../tensors/regions.ts'
import type { RecurrentLayer } from '../layers/recurrent/recurrent.ts'
import { describe, rootField } from '../core/validation.ts'
import { UnsupportedError, UsageError } from '../core/errors.ts'
import { buildLayers, contextOf } from './buildLayers.ts'
import { readEdge } from './edgeRows.ts'
import { configOf, readNetwork, readNetworkConfig, specsOf, type NetworkConfig } from './config.ts'
import { assertLossFits } from './lastActivation.ts'
import type { NetworkOptions, StatePlace } from './networkOptions.ts'
import type { NetworkInternals, OutputShape } from './networkInternals.ts'
import { OneTraining } from './oneTraining.ts'
import { Stream, Streams } from './streams/stream.ts'
import { StreamRunner } from './streams/streamRunner.ts'
import { summarize, type NetworkSummary } from './summary.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

export type { OutputShape } from './networkInternals.ts'
export type { NetworkOptions, StatePlace } from './networkOptions.ts'

const OPTIONS: Names<NetworkOptions & { loss?: LossOptions }> = {
  ...ENGINE_OPTIONS,
  seed: 1,
  inputGradients: 1,
  copies: 1,
  weights: 1,
  loss: 1,
}

const INFERENCE: PassOptions = { training: false, record: false, key: 0 }

/** What a network is made of. @throws UsageError for a disposed one */
export let internalsOf: (network: Network) => NetworkInternals

/** Layers, their named parameters, and the passes over them. Shapes: (batch, timesteps, features). */
export class Network {
  static {
    internalsOf = (one) => one.#live
  }

  /** One row for each step or one for each sequence, and its width. */
  readonly output: OutputShape
  #config: NetworkConfig
  /** What holds memory; null once that was given back. */
  #parts: NetworkInternals | null
  #planned: Capacity = NOTHING
  #plannedGradients = false
  #wantsGradients = false
  #workspace: number | null = null
  /** Whose values lie in the arena, as each layer sees it and, last, as the output has it; null before the first pass of a plan. */
  #passed: readonly PackedBatch[] | null = null
  #checkpointSteps: number | null = null
  /** Whether the output's gradient was written over its values. */
  #overwritten = false

  /**
   * @throws FormatError, ShapeError for a configuration whose fields or layers do not fit, and for a loss on logits
   * over an output that already passed a sigmoid or softmax
   */
  constructor(layerSpecs: readonly LayerSpec[], options: NetworkOptions & { loss?: LossOptions } = {}) {
    const specs = layerSpecs as readonly BuildableSpec[]
    const config = readSpecs(specs, options.loss)
    assertLossFits(config)
    this.#config = config
    const engine = openEngine(options)
    const context = contextOf(engine, options.inputGradients ?? false)
    const { store } = context
    const { layers: given, loss } = config
    const own = specs.map(({ definition }, i) => ({ definition, options: given[i] }))
    const layers = buildLayers(context, own)
    const masks = own.find(({ definition }) => definition.masks)?.definition.masks
    const { output } = layers[layers.length - 1]
    this.output = { per: output.per, width: output.width }
    this.#parts = {
      engine,
      context,
      store,
      specs: own,
      layers,
      recurrent: layers.filter((layer): layer is RecurrentLayer => layer.type === 'recurrent'),
      output,
      loss: loss ? buildLoss(context, loss, output, own[0].definition) : null,
      masks: masks?.create(context, layers) ?? null,
      streams: new StreamRunner({ engine, layers, config }, () => this.#dropPlan()),
      regions: new Regions(engine, store, layers),
      runs: new OneTraining(),
      prepareTraining: (...regions) => {
        this.#wantsGradients = true
        const wanted = ['gradients', ...regions]
        if (wanted.every((name) => store.has(name))) return
        this.#dropPlan()
        for (const name of wanted) store.region(name)
      },
      reserve: (capacity) => this.#plan(capacity),
      backThrough: (batch, pass, begin) => {
        this.#needGradients(pass)
        this.#needOutput(batch)
        begin()
        this.#backThrough(pass)
      },
    }
    this.#fill(options)
  }

  #fill({ weights, seed = 1, copies = 1 }: NetworkOptions): void {
    const { engine, store, layers } = this.#live
    const given = weights ? store.all.map((parameter) => weights(parameter)) : null
    const { count } = store
    const what = `${copies} copies of ${count.toLocaleString('en')} weights`
    engine.memory.ensureCapacity(copies * count, what)
    store.region('weights')
    if (given) store.all.forEach((parameter, i) => store.write(parameter, given[i]))
    else for (const layer of layers) layer.initialise?.(seed)
  }

  get #live(): NetworkInternals {
    if (this.#parts) return this.#parts
    throw new UsageError({ where: 'network', expected: 'an open network', got: 'a disposed one' })
  }

  /** Layers and loss as JSON, for `networkFromConfig`. */
  get config(): NetworkConfig {
    return this.#config
  }

  /** What computes: its name, precision and threads. */
  get engine(): EngineInfo {
    return this.#live.engine
  }

  /** All parameters in the order of the layers, by PyTorch's names. */
  get parameters(): readonly ParameterInfo[] {
    return this.#live.store.all
  }

  /** How many numbers the network learns, the running statistics of `batchNorm` included. */
  get parameterCount(): number {
    return this.parameters.reduce((sum, p) => sum + p.size, 0)
  }

  /** Layers, output shapes and parameters: `console.log(String(net.summary()))` prints the table. */
  summary(): NetworkSummary {
    return summarize(this.#live.layers, this.config)
  }

  /**
   * A parameter's weights (default), or their gradients of the backward passes since `zeroGradients`; flat, in PyTorch's order.
   * @throws UsageError for a name that no parameter has
   */
  readParameter(name: string, of?: 'weights' | 'gradients'): Float32Array | Float64Array {
    const { store } = this.#live
    return store.read(store.find(name), of)
  }

  /**
   * Sets a parameter's weights, in PyTorch's order.
   * @throws UsageError for a name that no parameter has, ShapeError for another number of values
   */
  writeParameter(name: string, values: ArrayLike<number>): void {
    const { store } = this.#live
    store.write(store.find(name), values)
  }

  /** Makes `backward` possible: forward passes keep what it needs, and the gradients get memory. Call it once. */
  prepareTraining(): void {
    this.#live.prepareTraining()
  }

  /**
   * Steps whose tape training keeps at once: before it goes back through older ones it runs them again
   * (Chen et al. 2016), for sequences whose tape would not fit. The gradients are the same bits. null: all.
   */
  get checkpointSteps(): number | null {
    return this.#checkpointSteps
  }

  /** @throws UsageError unless it is a whole number from 1 */
  set checkpointSteps(steps: number | null) {
    if (steps !== null && !(Number.isInteger(steps) && steps >= 1)) {
      const expected = 'a whole number from 1, or null'
      throw new UsageError({ where: 'network.checkpointSteps', expected, got: String(steps) })
    }
    if (steps === this.#checkpointSteps) return
    this.#dropPlan()
    this.#checkpointSteps = steps
  }

  /**
   * Runs the layers on a batch; `readOutput` and `loss` read its results until the next pass. Returns the batch with the
   * steps of the output, which layers such as `conv1d` change.
   */
  forward(batch: PackedBatch, pass: PassOptions = INFERENCE): PackedBatch {
    const { context, masks } = this.#live
    if (batch.mask && !masks) throwMaskUnsupported(this.config.layers[0].type)
    const { sequences, steps, rows, mask } = batch
    this.#plan({ sequences, steps, rows, masked: mask?.includes(0), recorded: pass.record })
    this.#passed = null
    this.#overwritten = false
    context.index.write(this.#live.engine.memory, batch)
    context.index.mask = masks?.load(batch) ?? null
    const passed = [batch]
    for (const layer of this.#live.layers) {
      layer.forward(batch, pass)
      batch = layer.timeline?.of(batch) ?? batch
      passed.push(batch)
    }
    this.#passed = passed
    return batch
  }

  /**
   * Sets a state (B, H; caller's order) that the next forward pass of this batch starts from; states
   * that are not set are zero. `layer` counts recurrent layers from the input, `direction` 0 is forward.
   */
  writeInitialState(
    batch: PackedBatch,
    values: ArrayLike<number>,
    { layer: recurrentLayer = 0, state = 'hidden', direction = 0 }: StatePlace = {},
  ): void {
    this.#layerAt(recurrentLayer).writeInitialState(batch, state, direction, values)
  }

  /** A state (B, H; caller's order) after each sequence's last step, of the last forward pass. */
  readFinalState(
    batch: PackedBatch,
    { layer: recurrentLayer = 0, state = 'hidden', direction = 0 }: StatePlace = {},
  ): Float64Array {
    this.#needPass(batch)
    const layer = this.#layerAt(recurrentLayer)
    return layer.readFinalState(this.#passed![this.#live.layers.indexOf(layer)], state, direction)
  }

  #layerAt(recurrentLayer: number): RecurrentLayer {
    const { recurrent } = this.#live
    if (recurrent[recurrentLayer]) return recurrent[recurrentLayer]
    const expected = `a recurrent layer below ${recurrent.length}`
    throw new UsageError({ where: 'network state', expected, got: `${recurrentLayer}` })
  }

  /**
   * Replaces the loss. Weights, streams and references to the network stay valid.
   * @throws FormatError, ShapeError for a loss that does not fit; UsageError while a training is running
   */
  setLoss(options: LossOptions): void {
    const parts = this.#live
    parts.runs.assertIdle('network.setLoss')
    const config = readSpecs(parts.specs, options)
    assertLossFits(config)
    const loss = buildLoss(parts.context, config.loss!, parts.output, parts.specs[0].definition)
    this.#dropPlan()
    this.#config = config
    parts.loss = loss
  }

  /** Inference step by step. @throws UnsupportedError for layers that need what comes after a step */
  stream(): Stream {
    return new Stream(this.#live.streams)
  }

  /** `count` streams as one batch. @throws UsageError, and as `stream()` */
  streams(count: number): Streams {
    return new Streams(this.#live.streams, count)
  }

  /**
   * The loss of the last forward pass; `plain`: without label smoothing and class weights. Where the network
   * answers every step, masked steps do not count, whatever their targets.
   */
  loss(batch: PackedBatch, targets: Targets, plain = false): LossValue {
    return this.#lossLayer().compute(this.#needOutput(batch), targets, null, plain)
  }

  /**
   * Loss and output gradient of the last forward pass, then back through every layer. Adds to `gradients`
   * those of the batch's mean loss; or of its sum, so that batches can be added up and divided by Σ weight.
   */
  backward(
    batch: PackedBatch,
    targets: Targets,
    pass: PassOptions,
    plain = false,
    of: 'mean' | 'sum' = 'mean',
  ): LossValue {
    this.#needGradients(pass)
    const value = this.#lossLayer().compute(this.#needOutput(batch), targets, of, plain)
    this.#backThrough(of === 'sum' ? { ...pass, weight: value.weight } : pass)
    return value
  }

  /** Sets all gradients to zero; `backward` adds to them. */
  zeroGradients(): void {
    this.#live.regions.clearGradients()
  }

  /** The output in the caller's order: (B, C), or (B, T, C) with zeros beyond each length. */
  readOutput(batch: PackedBatch): Float64Array {
    return readEdge(this.#live.engine.memory, this.#live.output, 'value', this.#needOutput(batch))
  }

  /**
   * ∂L/∂x (B, T, F) of the last backward pass: of embedded tokens, or of features with the option `inputGradients`.
   * @throws UsageError for another input, and for an encoder and decoder, which embed their tokens inside
   */
  readInputGradient(batch: PackedBatch): Float64Array {
    this.#needPass(batch)
    const [{ type, output }] = this.#live.layers
    if (output.gradient && !['oneHot', 'encoderDecoder'].includes(type))
      return readEdge(this.#live.engine.memory, output, 'gradient', this.#passed![1])
    throw new UsageError({
      where: 'network.readInputGradient',
      expected: 'an embedding, or a features input and the option inputGradients',
      got: `input ${type}`,
    })
  }

  #backThrough(pass: Pass): void {
    const { layers, output } = this.#live
    const passed = this.#passed!
    this.#overwritten = output.gradient === output.value
    for (let i = layers.length - 1; i >= 0; i--) {
      const layer = layers[i]
      for (const addSkipped of layer.skipGradients ?? []) addSkipped(passed[i + 1])
      layer.backward(passed[i], pass)
    }
  }

  #lossLayer(): Loss {
    const { loss, context } = this.#live
    if (loss) return context.index.mask?.loss(loss) ?? loss
    throw new UsageError({ where: 'network', expected: 'a loss in the configuration', got: 'none' })
  }

  #needGradients({ record }: PassOptions): void {
    if (this.#plannedGradients && (!record || this.#planned.recorded)) return
    throw new UsageError({
      where: 'network.backward',
      expected: 'prepareTraining() before a forward pass with the same `record`',
      got: 'one planned without',
    })
  }

  /** The batch as the output has it. Values lie in the arena for the batch of the last forward pass only. */
  #needPass(batch: PackedBatch): PackedBatch {
    if (this.#passed?.[0] === batch) return this.#passed.at(-1)!
    throw new UsageError({
      where: 'network',
      expected: 'the batch of the last forward pass',
      got: this.#passed ? 'another batch' : 'no forward pass yet',
      remedy: 'Call `forward` with it first.',
    })
  }

  /** The same, with the output's values: computed again where the gradient took their place. */
  #needOutput(batch: PackedBatch): PackedBatch {
    const passed = this.#needPass(batch)
    if (this.#overwritten) this.#live.layers.at(-1)!.forward(this.#passed!.at(-2)!, INFERENCE)
    this.#overwritten = false
    return passed
  }

  /**
   * Frees the memory immediately instead of when the network is collected. Any later call throws UsageError.
   * @throws UsageError while a training is running
   */
  dispose(): void {
    if (!this.#parts) return
    this.#parts.runs.assertIdle('network.dispose')
    this.#dropPlan()
    this.#parts.streams.close()
    this.#parts.engine.dispose()
    this.#parts = null
  }

  #dropPlan(): void {
    if (this.#workspace !== null) this.#live.engine.memory.release(this.#workspace)
    this.#workspace = null
    this.#passed = null
    this.#planned = NOTHING
  }

  #plan(need: Capacity): void {
    const have = this.#planned
    if (covers(have, need) && this.#workspace !== null && this.#plannedGradients === this.#wantsGradients)
      return
    const capacity = union(have, need)
    this.#dropPlan()
    const { memory } = this.#live.engine
    this.#workspace = memory.mark()
    this.#live.context.index.plan(memory, capacity)
    if (this.#wantsGradients) this.#live.context.scratch.plan()
    this.#live.context.keptSteps = this.#wantsGradients ? (this.#checkpointSteps ?? Infinity) : 0
    const { layers, loss, masks } = this.#live
    let above = capacity
    for (const layer of layers) {
      layer.plan(above, this.#wantsGradients)
      above = layer.timeline?.capacity ?? above
    }
    loss?.plan(above)
    if (masks && (masks.always || capacity.masked)) masks.plan(capacity, this.#wantsGradients, loss)
    this.#planned = capacity
    this.#plannedGradients = this.#wantsGradients
  }
}

/** @throws FormatError that names the field */
function readSpecs(specs: readonly BuildableSpec[], loss: LossOptions | undefined): NetworkConfig {
  const bare = specs.findIndex((spec) => !spec?.definition)
  if (bare >= 0) {
    throw new UsageError({
      where: `network, layer ${bare}`,
      expected: 'a layer made by its factory, such as dense(3)',
      got: describe(specs[bare]),
      remedy: 'Build networks from JSON with networkFromConfig.',
    })
  }
  const given = configOf(
    specs.map(({ options }) => options),
    loss,
  )
  const field = rootField(given, 'network', 'configuration')
  const read = readNetwork(field, (_, i) => specs[i].definition)
  return configOf(read.layers, read.loss)
}

function throwMaskUnsupported(input: string): never {
  const masked = `masked${input[0].toUpperCase()}${input.slice(1)}`
  throw new UnsupportedError({
    where: 'network.forward',
    expected: 'no mask: no layer of this network supports masks',
    got: 'one with a mask',
    remedy: `Begin the network with \`${masked}\` in place of \`${input}\`, or read it with \`allLayers\`.`,
  })
}

/**
 * Builds a network from its layers, which the factories make.
 * @example
 * const net = network([features(3), gru(16, { returnSequences: false }), dense(2)], {
 *   loss: { type: 'softmaxCrossEntropy' },
 * })
 */
export function network(
  layers: readonly LayerSpec[],
  options: NetworkOptions & { loss?: LossOptions } = {},
): Network {
  if (!Array.isArray(layers)) {
    const expected = 'a list of layers, such as [features(2), dense(1)]'
    throw new UsageError({ where: 'network', expected, got: describe(layers) })
  }
  assertKnownOptions('network option', options, OPTIONS)
  return new Network(layers, options)
}

/**
 * Builds a network from JSON, such as `network.config` gives.
 * @param definitions the layers that may be in it: `coreLayers`, `allLayers`, or your own list
 * @throws FormatError that names the field
 */
export function networkFromConfig(
  config: NetworkConfig,
  definitions: readonly LayerInfo[],
  options: NetworkOptions = {},
): Network {
  const { loss: _, ...known } = OPTIONS
  assertKnownOptions('network option', options, known)
  return buildNetwork(config, definitions, options)
}

/** `networkFromConfig` for options that are known. */
export function buildNetwork(
  config: NetworkConfig,
  definitions: readonly LayerInfo[],
  options: NetworkOptions,
): Network {
  const read = readNetworkConfig(rootField(config, 'network', 'configuration'), definitions)
  return new Network(specsOf(read, definitions), { ...options, loss: read.loss })
}
