/**
 * Convolution over time (PyTorch's Conv1d, Keras' Conv1D): each output step is a product of a window of input steps.
 * Weight (filters, inputs / groups, kernelSize) and bias (filters) are PyTorch's. Sequences are padded one by one, so a
 * sequence has the same numbers in every batch.
 */
import { strideOf } from '../../engine/engine.ts'
import { transposedScratch, type Kernels, type Pointer } from '../../engine/kernels.ts'
import { Random } from '../../core/random.ts'
import { ShapeError } from '../../core/errors.ts'
import { readBoolean, readInteger } from '../../core/validation.ts'
import { uniform } from '../../tensors/initializers.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter, ParameterStore } from '../../tensors/parameters.ts'
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { optional, readOptions, readWidth } from '../fields.ts'
import { makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, ReceptiveField, StreamContext } from '../layer.ts'
import { StateRows, type Rows } from '../streamRows.ts'
import { eachWeight, WindowProduct, type ProductShape } from './product.ts'
import { ChangedTimeline } from './timeline.ts'
import { assertUnmasked, readKernelSize, readPadding, wholeSequenceOf, Windows } from './windows.ts'
import type { WindowOptions } from './windows.ts'

/** A convolution over time. */
export interface Conv1dOptions extends WindowOptions {
  type: 'conv1d'
  /** Numbers of an output step (Keras `filters`, PyTorch `out_channels`). */
  filters: number
  /** Steps from one window to the next. Default 1. */
  stride?: number
  /** Filters and inputs in so many groups, each by itself. Default 1; as many as inputs: depthwise. */
  groups?: number
  /** Default true. */
  bias?: boolean
}

/** The convolution over time as data. */
export const conv1dLayer: LayerDefinition<Conv1dOptions> = {
  type: 'conv1d',
  read: (field) =>
    readOptions(field, {
      filters: readWidth,
      kernelSize: readKernelSize,
      stride: optional(readKernelSize),
      dilation: optional(readKernelSize),
      padding: optional((padding) => readPadding(padding, ['valid', 'same', 'causal'])),
      groups: optional((groups) => readInteger(groups, { min: 1 })),
      bias: optional(readBoolean),
    }),
  build: (context, name, options, input) => new Conv1dLayer(context, name, options, input),
}

/** A convolution over time: `conv1d({ filters: 32, kernelSize: 5, padding: 'same' })`. */
export function conv1d(options: Omit<Conv1dOptions, 'type'>): LayerSpec<Conv1dOptions> {
  return { definition: conv1dLayer, options: { type: 'conv1d', ...options } }
}

class Conv1dLayer implements Layer {
  readonly type = 'conv1d'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly timeline?: ChangedTimeline
  readonly needsWholeSequence?: { got: string; remedy: string }
  readonly #context: Context
  readonly #input: Edge
  readonly #windows: Windows
  readonly #shape: ProductShape
  readonly #weight: Parameter // (filters, inputs / groups, kernelSize)
  readonly #bias: Parameter | null // (filters)
  readonly #forward: WindowProduct
  /** The weights the other way round: gradients of windows to gradients of steps. */
  readonly #back: WindowProduct
  readonly #weightGradients: WindowProduct
  #rows: Pointer = 0 // (kernelSize, windows) int32
  #windowsOfRows: Pointer = 0 // (kernelSize, R) int32

  /** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence, or groups that do not divide */
  constructor(context: Context, name: string, options: Conv1dOptions, input: Edge) {
    assertSteps(name, input)
    const { filters, groups = 1, kernelSize: size } = options
    assertDivides(name, groups, 'inputs', input.width)
    assertDivides(name, groups, 'filters', filters)
    const { engine, store } = context
    this.name = name
    this.#context = context
    this.#input = input
    this.#windows = new Windows(name, options)
    const [inputs, outputs] = [input.width / groups, filters / groups]
    this.#shape = { size, groups, inputs, outputs }
    this.#weight = store.plain(`${name}.weight`, [filters, inputs, size])
    this.#bias = options.bias === false ? null : store.plain(`${name}.bias`, [filters])
    this.parameters = this.#bias ? [this.#weight, this.#bias] : [this.#weight]
    this.output = makeEdge('step', filters, strideOf(engine, filters))
    this.#forward = new WindowProduct(engine, this.#shape)
    this.#weightGradients = new WindowProduct(engine, this.#shape)
    this.#back = new WindowProduct(engine, { size, groups, inputs: outputs, outputs: inputs })
    context.scratch.need(transposedScratch(outputs, this.#forward.depth, engine.panel))
    if (!this.#windows.keepsLengths) this.timeline = new ChangedTimeline(context, this.#windows)
    if (!this.#windows.isCausal) this.needsWholeSequence = wholeSequenceOf('a conv1d layer')
  }

  /** Glorot uniform over all places of a window, Keras' default; the bias zero. */
  initialise(seed: number): void {
    const { store } = this.#context
    const { size, inputs } = this.#shape
    const random = new Random(seed, 'initial', this.#weight.name)
    const limit = Math.sqrt(6 / (size * (inputs + this.output.width)))
    store.write(this.#weight, uniform(this.#weight.size, limit, random))
  }

  receptiveFields(below: readonly ReceptiveField[]): ReceptiveField[] {
    return this.#windows.receptiveFields(below)
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const { size } = this.#shape
    this.timeline?.plan(capacity)
    const { rows } = this.timeline?.capacity ?? capacity
    const what = `convolution over ${capacity.rows} steps`
    this.#rows = memory.ints(size * rows, what)
    this.#forward.plan(what)
    this.output.value = memory.floats(rows * this.output.stride, what)
    this.output.gradient = training ? memory.floats(rows * this.output.stride, what) : 0
    if (!training) return
    this.#weightGradients.planWeights(what)
    if (!this.#input.gradient) return
    this.#windowsOfRows = memory.ints(size * capacity.rows, what)
    this.#back.plan(what)
  }

  forward(batch: PackedBatch): void {
    const { engine, store } = this.#context
    assertUnmasked(this.name, this.#context)
    const above = this.timeline?.load(batch) ?? batch
    const rows = engine.memory.viewInts(this.#rows, this.#shape.size * above.rows)
    this.#windows.writeRows(rows, batch, above)
    packWeights(store, this.#weight, this.#forward)
    const bias = this.#bias ? store.at(this.#bias) : 0
    this.#forward.run(valuesOf(this.output), valuesOf(this.#input), this.#rows, above.rows, bias)
  }

  backward(batch: PackedBatch): void {
    const { engine, kernels, store, scratch } = this.#context
    const above = this.timeline?.of(batch) ?? batch
    const { gradient, stride, width } = this.output
    const dy = { at: gradient, stride }
    if (this.#bias) kernels.sumRows(store.at(this.#bias, 0, 'gradients'), gradient, above.rows, width, stride)
    this.#weightGradients.view().fill(0)
    const { weights } = this.#weightGradients
    this.#forward.addWeightGradients(weights, dy, valuesOf(this.#input), this.#rows, above.rows, (task) =>
      scratch.of(task),
    )
    addPacked(store, this.#weight, this.#weightGradients)
    if (!this.#input.gradient) return
    const windows = engine.memory.viewInts(this.#windowsOfRows, this.#shape.size * batch.rows)
    this.#windows.writeWindows(windows, batch, above)
    packReversed(store, this.#weight, this.#back)
    const dx = { at: this.#input.gradient, stride: this.#input.stride }
    this.#back.run(dx, dy, this.#windowsOfRows, batch.rows, 0)
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const { store, kernels, engine } = this.#context
    const product = new WindowProduct(engine, this.#shape)
    product.planWeights(`${this.name} streams`)
    return new CausalStep(context, x, {
      name: this.name,
      kernels,
      product,
      windows: this.#windows,
      output: context.rows(this.output.width),
      pack: () => packWeights(store, this.#weight, product),
      revision: () => store.revision,
      bias: this.#bias ? store.at(this.#bias) : 0,
    })
  }
}

/** What a step of a causal convolution computes with. */
interface CausalParts {
  name: string
  kernels: Kernels
  product: WindowProduct
  windows: Windows
  output: Rows
  pack: () => void
  revision: () => number
  bias: Pointer
}

/** A window that ends with the step at hand. */
class CausalStep implements LayerStep {
  readonly output: Rows
  readonly states: readonly StateRows[]
  readonly #parts: CausalParts
  readonly #x: Rows
  /** Windows of one group, and its output where there are several. */
  readonly #laid: Rows
  readonly #own: Rows | null
  /** The inputs before the step at hand, as a ring, and where in it the oldest lies. */
  readonly #past: StateRows
  readonly #place: StateRows
  readonly #steps: number
  #packed = -1

  constructor(context: StreamContext, x: Rows, parts: CausalParts) {
    const { product, windows, name } = parts
    const { groups, outputs } = product.shape
    this.output = parts.output
    this.#parts = parts
    this.#x = x
    this.#steps = windows.extent - 1
    this.#laid = context.rows(product.depth, product.depth)
    this.#own = groups > 1 ? context.rows(outputs) : null
    this.#past = new StateRows(`${name}.past`, context.capacity, this.#steps * x.width)
    this.#place = new StateRows(`${name}.place`, context.capacity, 1)
    this.states = this.#steps > 0 ? [this.#past, this.#place] : []
  }

  run(rows: number): void {
    const { product, kernels, bias, pack, revision } = this.#parts
    if (this.#packed !== revision()) {
      pack()
      this.#packed = revision()
    }
    const { groups, outputs } = product.shape
    for (let g = 0; g < groups; g++) {
      for (let r = 0; r < rows; r++) this.#lay(r, g)
      const own = this.#own ?? this.output
      product.multiplyGroup(kernels, g, own.at, own.stride, this.#laid.at, rows, bias)
      if (this.#own) this.#copyGroup(rows, g * outputs, outputs)
    }
    if (this.#steps > 0) for (let r = 0; r < rows; r++) this.#remember(r)
  }

  /** The window of row `r`, columns of group `g`. */
  #lay(r: number, g: number): void {
    const { size, inputs } = this.#parts.product.shape
    const { dilation } = this.#parts.windows
    const { width, stride, view: x } = this.#x
    const laid = this.#laid.view
    const steps = this.#steps
    const place = steps > 0 ? this.#place.view[r] : 0
    let to = r * this.#laid.stride
    for (let k = 0; k < size; k++) {
      const back = (size - 1 - k) * dilation
      const isNow = back === 0
      const slot = isNow ? 0 : (place + steps - back) % steps
      const from = (isNow ? r * stride : (r * steps + slot) * width) + g * inputs
      const source = isNow ? x : this.#past.view
      for (let c = 0; c < inputs; c++) laid[to++] = source[from + c]
    }
  }

  #copyGroup(rows: number, first: number, outputs: number): void {
    const { view: y, stride } = this.output
    const { view: own, stride: from } = this.#own!
    for (let r = 0; r < rows; r++)
      for (let j = 0; j < outputs; j++) y[r * stride + first + j] = own[r * from + j]
  }

  /** The step at hand takes the place of the oldest. */
  #remember(r: number): void {
    const { width, stride, view: x } = this.#x
    const steps = this.#steps
    const place = this.#place.view[r]
    const to = (r * steps + place) * width
    for (let j = 0; j < width; j++) this.#past.view[to + j] = x[r * stride + j]
    this.#place.view[r] = (place + 1) % steps
  }
}

function valuesOf({ value, stride }: Edge) {
  return { at: value, stride }
}

/** W packed by places, then inputs. */
function packWeights(store: ParameterStore, weight: Parameter, product: WindowProduct): void {
  const [to, from] = [product.view(), viewOf(store, weight, 'weights')]
  eachWeight(product.shape, (g, n, c, k, native) => (to[product.packedAt(g, k, c, n)] = from[native]))
}

/** Wᵀ of each place, packed by places, then outputs. */
function packReversed(store: ParameterStore, weight: Parameter, back: WindowProduct): void {
  const { size, groups, inputs, outputs } = back.shape
  const [to, from] = [back.view(), viewOf(store, weight, 'weights')]
  const shape = { size, groups, inputs: outputs, outputs: inputs }
  eachWeight(shape, (g, n, c, k, native) => (to[back.packedAt(g, k, n, c)] = from[native]))
}

function addPacked(store: ParameterStore, weight: Parameter, packed: WindowProduct): void {
  const [to, from] = [viewOf(store, weight, 'gradients'), packed.view()]
  eachWeight(packed.shape, (g, n, c, k, native) => (to[native] += from[packed.packedAt(g, k, c, n)]))
}

function viewOf(store: ParameterStore, parameter: Parameter, region: string) {
  return store.engine.memory.viewFloats(store.at(parameter, 0, region), parameter.size)
}

function assertDivides(name: string, groups: number, what: string, width: number): void {
  if (width % groups === 0) return
  throw new ShapeError({
    where: `${name}, groups`,
    expected: `a number that divides its ${width} ${what}`,
    got: `${groups}`,
  })
}
