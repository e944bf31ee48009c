/**
 * Compiles the layers found in a graph into a configuration. Layers are named by type and number, weights as in
 * PyTorch. An activation right after a dense layer becomes its option, a final softmax or sigmoid the output
 * activation.
 */
import { gatesInWords } from '../../gateOrders.ts'
import { genericCells, takesOption } from '../../../cells/registry.ts'
import { resolveActivation } from '../../../cells/activations.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import type { LayerOptions, NetworkConfig } from '../../../model/config.ts'
import type { OutputActivation, LayerFacts, ModelInput } from '../../imported.ts'
import { endsOnLogits, lossForActivation } from '../../outputActivation.ts'
import { describePlace } from '../graph.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { inputsOf, listNodes } from './model.ts'
import type { IrNode, IrLayer, IrRecurrent } from './nodes.ts'
import { LayerNames } from '../../../layers/names.ts'

/** A configuration with its weights, output activation and input, and facts about its layers. */
export interface CompiledLayers {
  network: NetworkConfig
  weights: Map<string, Float32Array>
  outputActivation: OutputActivation
  layers: LayerFacts[]
  input: { kind: ModelInput['kind']; width: number; name: string }
}

/** Compiles the layers up to `tip`. @throws UnsupportedError for incomplete patterns */
export function compileLayers(tip: IrNode, source: string, maskZero = false): CompiledLayers {
  const irNodes = listNodes(withSharedStates(tip))
  assertOneInput(irNodes, source)
  const whole = [...irNodes]
  let outputActivation = takeOutputActivation(irNodes)
  let compiler = compiled(source, irNodes, maskZero)
  // If the layers below already end in a softmax or sigmoid, the last activation stays a layer.
  if (!endsOnLogits(compiler.layers, outputActivation)) {
    outputActivation = 'linear'
    compiler = compiled(source, whole, maskZero)
  }
  const { layers, weights, facts } = compiler
  const network = { layers, loss: { type: lossForActivation(outputActivation) ?? 'meanSquaredError' } }
  return { network, weights, outputActivation, layers: facts, input: getInput(irNodes) }
}

function assertOneInput(irNodes: readonly IrNode[], source: string): void {
  const names = irNodes.flatMap(({ layer }) => ('input' in layer ? [layer.input] : []))
  if (names.length === 1) return
  throw new UnsupportedError({
    where: source,
    expected: 'one input, read once',
    got: `${names.length}: ${names.join(', ')}`,
  })
}

function compiled(source: string, irNodes: readonly IrNode[], maskZero: boolean): Compiler {
  const compiler = new Compiler(source, irNodes, maskZero)
  for (const irNode of irNodes) compiler.add(irNode)
  return compiler
}

/** Removes a final softmax, log-softmax or sigmoid and returns it; returns `linear` if there is none. */
function takeOutputActivation(irNodes: IrNode[]): OutputActivation {
  const top = irNodes[irNodes.length - 1].layer
  if (top.type !== 'activation') return 'linear'
  const below = irNodes[irNodes.length - 2].layer
  const { activation } = top
  const taken =
    activation === 'softmax' || activation === 'logSoftmax'
      ? activation
      : activation === 'sigmoid' && below.type === 'dense'
        ? 'sigmoid'
        : null
  // The softmax of a single unit is constant, so it cannot be the output activation.
  if (!taken || (taken !== 'sigmoid' && below.type === 'dense' && below.units === 1)) return 'linear'
  irNodes.pop()
  return taken
}

function getInput(irNodes: readonly IrNode[]): CompiledLayers['input'] {
  const { layer } = irNodes[0]
  if (layer.type === 'features') return { kind: 'features', width: featuresWidth(irNodes), name: layer.input }
  if (layer.type !== 'embedding' && layer.type !== 'oneHot')
    throw new RangeError('a chain begins with an input')
  return { kind: 'ids', width: layer.vocabulary, name: layer.input }
}

/** The width that the input declares, or else that of the first layer with weights. */
function featuresWidth(irNodes: readonly IrNode[]): number {
  for (const { layer } of irNodes) {
    if (layer.type === 'features' && layer.width !== null) return layer.width
    if (layer.type === 'recurrent' || layer.type === 'layerNorm') return layer.width
    if (layer.type === 'dense' || layer.type === 'conv1d') return layer.inputs
    if (layer.type === 'batchNorm') return layer.mean.length
  }
  return 1
}

/** Nodes that more than one other reads, or one that joins several. */
function findReferred(irNodes: readonly IrNode[]): ReadonlySet<IrNode> {
  const read = irNodes.flatMap((irNode) => inputsOf(irNode))
  const joined = irNodes.flatMap(({ layer }) =>
    layer.type === 'concat' || layer.type === 'merge' ? layer.inputs : [],
  )
  return new Set([...joined, ...read.filter((irNode, i) => read.indexOf(irNode) !== i)])
}

/**
 * Where a graph reads both the steps and the final state of one recurrent operator, the final state becomes a step of those
 * steps, so that there is one layer.
 */
function withSharedStates(tip: IrNode): IrNode {
  const irNodes = listNodes(tip)
  const everyStep = new Map<unknown, IrNode>()
  for (const irNode of irNodes) {
    const { layer } = irNode
    if (layer.type === 'recurrent' && layer.options.returnSequences !== false && !layer.of)
      everyStep.set(layer.directions, irNode)
  }
  if (everyStep.size === 0) return tip
  const changed = new Map<IrNode, IrNode>()
  const change = (irNode: IrNode): IrNode => {
    const known = changed.get(irNode)
    if (known) return known
    const made = changeNode(irNode, everyStep, change)
    changed.set(irNode, made)
    return made
  }
  return irNodes.map(change)[irNodes.length - 1]
}

function changeNode(
  irNode: IrNode,
  everyStep: ReadonlyMap<unknown, IrNode>,
  change: (irNode: IrNode) => IrNode,
): IrNode {
  const { layer, node } = irNode
  const steps = layer.type === 'recurrent' ? everyStep.get(layer.directions) : undefined
  if (layer.type === 'recurrent' && steps && steps !== irNode && layer.directions.length === 1) {
    const pooling = layer.options.direction === 'reverse' ? 'first' : 'last'
    return { layer: { type: 'pool', pooling }, below: change(steps), node }
  }
  const inputs = inputsOf(irNode)
  const now = inputs.map(change)
  if (now.every((input, i) => input === inputs[i])) return irNode
  const joins = layer.type === 'concat' || layer.type === 'merge'
  return { layer: joins ? { ...layer, inputs: now } : layer, below: now[now.length - 1], node }
}

class Compiler {
  readonly layers: LayerOptions[] = []
  readonly weights = new Map<string, Float32Array>()
  readonly facts: LayerFacts[] = []
  readonly #source: string
  readonly #irNodes: readonly IrNode[]
  readonly #names = new Map<IrNode, string>()
  readonly #layerNames = new LayerNames()
  readonly #referred: ReadonlySet<IrNode>
  readonly #maskZero: boolean
  /** The rows here, and after each node. */
  width = 0
  steps = true
  readonly #rows = new Map<IrNode, { width: number; steps: boolean }>()
  /** The name of the last layer. */
  #last = ''

  constructor(source: string, irNodes: readonly IrNode[], maskZero: boolean) {
    this.#source = source
    this.#irNodes = irNodes
    this.#maskZero = maskZero
    this.#referred = findReferred(irNodes)
  }

  add(irNode: IrNode): void {
    if (this.#fused(irNode)) return
    const { layer, below } = irNode
    const joins = layer.type === 'concat' || layer.type === 'merge'
    // A branch: the layer that it begins at is not right below.
    if (below && !joins && this.#names.get(below) !== this.#last) {
      this.#last = this.#layerNames.next('concat')
      this.layers.push({ type: 'concat', inputs: [this.#names.get(below)!] })
      Object.assign(this, this.#rows.get(below))
    }
    const name = this.#layerNames.next(layer.type)
    this.#last = name
    this.#names.set(irNode, name)
    const before = this.weights.size
    this.layers.push(this.#options(layer, name, irNode))
    this.#rows.set(irNode, { width: this.width, steps: this.steps })
    const parameters = [...this.weights.values()].slice(before).reduce((sum, { length }) => sum + length, 0)
    if (irNode.node) this.facts.push(this.#factsOf(irNode, parameters))
  }

  /** Makes an activation an option of the dense layer below it, unless another layer reads that layer's output. */
  #fused(irNode: IrNode): boolean {
    const { layer, below } = irNode
    const under = this.layers[this.layers.length - 1] as LayerOptions | undefined
    if (layer.type !== 'activation' || !below || this.#referred.has(below)) return false
    if (this.#names.get(below) !== this.#last) return false
    if (under?.type !== 'dense' || under.activation !== undefined) return false
    if (layer.activation === 'softmax' || layer.activation === 'logSoftmax') return false
    under.activation = layer.activation
    this.#names.set(irNode, this.#names.get(below)!)
    this.#rows.set(irNode, this.#rows.get(below)!)
    return true
  }

  #options(layer: IrLayer, name: string, irNode: IrNode): LayerOptions {
    switch (layer.type) {
      case 'features':
        return { type: 'features', width: (this.width = featuresWidth(this.#irNodes)) }
      case 'embedding':
        this.weights.set(`${name}.weight`, layer.table)
        this.width = layer.size
        return {
          type: 'embedding',
          vocabulary: layer.vocabulary,
          size: layer.size,
          ...(this.#maskZero ? { maskZero: true } : {}),
        }
      case 'oneHot':
        this.width = layer.vocabulary
        return { type: 'oneHot', vocabulary: layer.vocabulary }
      case 'recurrent':
        return this.#recurrent(layer, name)
      case 'pool':
        this.steps = false
        if (layer.column) this.weights.set(`${name}.weight`, layer.column)
        return { type: 'pool', pooling: layer.pooling }
      case 'flatten':
        this.steps = false
        this.width *= layer.steps
        return { type: 'flatten', steps: layer.steps }
      case 'dense':
        this.weights.set(`${name}.weight`, layer.weight)
        if (layer.bias) this.weights.set(`${name}.bias`, layer.bias)
        this.width = layer.units
        return { type: 'dense', units: layer.units, ...(layer.bias ? {} : { bias: false }) }
      case 'activation':
        return { type: 'activation', activation: layer.activation }
      case 'layerNorm':
        return this.#layerNorm(layer, name)
      case 'batchNorm':
        return this.#batchNorm(layer, name)
      case 'conv1d':
        this.weights.set(`${name}.weight`, layer.weight)
        if (layer.bias) this.weights.set(`${name}.bias`, layer.bias)
        this.width = layer.options.filters
        return layer.options
      case 'maxPool1d':
      case 'averagePool1d':
        return layer.options
      case 'reverse':
      case 'zeroMasked':
        return { type: layer.type }
      case 'masking':
        return layer
      case 'concat':
        this.steps = this.#rows.get(layer.inputs[0])!.steps
        return this.#concat(layer.inputs)
      case 'merge':
        this.steps = layer.inputs.some((input) => this.#rows.get(input)!.steps)
        this.width = getWidth(irNode)
        return { ...layer, inputs: layer.inputs.map((input) => this.#names.get(input)!) }
      case 'timeSoftmax':
        return { type: 'timeSoftmax' }
      case 'permute':
      case 'reshape':
      case 'repeat':
        this.steps = true
        this.width = getWidth(irNode)
        return layer
      case 'pattern':
        throw new UnsupportedError({
          where: irNode.node ? describePlace(this.#source, irNode.node) : this.#source,
          expected: 'supported layers',
          got: layer.what,
        })
    }
  }

  #recurrent({ options, directions, width: _ }: IrRecurrent, name: string): LayerOptions {
    directions.forEach(({ input, hidden, biasInput, biasHidden, peepholes }, d) => {
      const suffix = d === 1 ? '_reverse' : ''
      const set = (kind: string, values: Float32Array | null) =>
        values && this.weights.set(`${name}.${kind}_l0${suffix}`, values)
      set('weight_ih', input)
      set('weight_hh', hidden)
      set('bias_ih', biasInput)
      set('bias_hh', biasHidden)
      set('weight_ph', peepholes)
    })
    const { merge, ...rest } = options
    const both = directions.length === 2
    const beside = both && (merge ?? 'concat') === 'concat'
    this.width = options.units * (beside ? 2 : 1)
    this.steps = options.returnSequences !== false
    return both && merge && merge !== 'concat' ? { ...rest, merge } : rest
  }

  #layerNorm(
    { epsilon, scale, centre }: Extract<IrLayer, { type: 'layerNorm' }>,
    name: string,
  ): LayerOptions {
    if (scale) this.weights.set(`${name}.weight`, scale)
    if (centre) this.weights.set(`${name}.bias`, centre)
    return {
      type: 'layerNorm',
      epsilon,
      ...(scale ? {} : { scale: false }),
      ...(centre ? {} : { centre: false }),
    }
  }

  #batchNorm(
    { epsilon, momentum, ...arrays }: Extract<IrLayer, { type: 'batchNorm' }>,
    name: string,
  ): LayerOptions {
    this.weights.set(`${name}.weight`, arrays.scale)
    this.weights.set(`${name}.bias`, arrays.centre)
    this.weights.set(`${name}.running_mean`, arrays.mean)
    this.weights.set(`${name}.running_var`, arrays.variance)
    return { type: 'batchNorm', epsilon, momentum }
  }

  #concat(of: readonly IrNode[]): LayerOptions {
    this.width = of.reduce((sum, irNode) => sum + getWidth(irNode), 0)
    return { type: 'concat', inputs: of.map((irNode) => this.#names.get(irNode)!) }
  }

  #factsOf({ node, layer }: IrNode, parameters: number): LayerFacts {
    const output = `(batch, ${this.steps ? 'time, ' : ''}${this.width})`
    const conventions = layer.type === 'recurrent' ? describeConventions(layer.options) : ''
    const both = layer.type === 'recurrent' && layer.directions.length === 2
    return {
      name: node!.name,
      type: both ? `${node!.op}, bidirectional` : node!.op,
      output,
      parameters,
      conventions,
    }
  }
}

function getWidth({ layer, below }: IrNode): number {
  if (layer.type === 'dense') return layer.units
  if (layer.type === 'embedding') return layer.size
  if (layer.type === 'oneHot') return layer.vocabulary
  if (layer.type === 'features') return layer.width ?? 0
  if (layer.type === 'conv1d') return layer.options.filters
  if (layer.type === 'concat') return layer.inputs.reduce((sum, irNode) => sum + getWidth(irNode), 0)
  if (layer.type === 'merge')
    return layer.inputs.reduce((most, irNode) => Math.max(most, getWidth(irNode)), 0)
  if (layer.type === 'flatten') return layer.steps * getWidth(below!)
  if (layer.type === 'permute') return layer.steps
  if (layer.type === 'reshape') return layer.width
  if (layer.type !== 'recurrent') return getWidth(below!)
  const beside = layer.directions.length === 2 && (layer.options.merge ?? 'concat') === 'concat'
  return layer.options.units * (beside ? 2 : 1)
}

/** The gate order and cell options in the file, for display. */
function describeConventions(options: RecurrentOptions): string {
  const { cell, reset, direction = 'forward', clip, peepholes, coupled } = options
  const functions = [options.gateActivation, options.activation, options.stateActivation]
  const said = [
    gatesInWords('onnx', cell),
    takesOption(genericCells, cell, 'reset')
      ? reset === 'before'
        ? 'linear_before_reset 0: reset before'
        : 'linear_before_reset 1: reset after'
      : '',
    direction === 'reverse' ? 'reverse' : '',
    ...functions.map((f) => (f ? resolveActivation(f).type : '')),
    clip ? `clip ${clip}` : '',
    peepholes ? 'peepholes' : '',
    coupled ? 'input_forget: f = 1 − i' : '',
  ]
  return said.filter(Boolean).join(', ')
}
