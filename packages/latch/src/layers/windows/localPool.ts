/**
 * Local pooling over time (PyTorch's MaxPool1d and AvgPool1d, Keras' MaxPooling1D and AveragePooling1D): the largest
 * number or the mean of each window of steps. Padding has no part in either.
 */
import { accessOf } from '../../engine/generic/access.ts'
import {
  windowMaxBackward,
  windowMaxForward,
  windowMeanBackward,
  windowMeanForward,
  type WindowRows,
} from '../../engine/generic/windows.ts'
import type { Access } from '../../engine/reference/access.ts'
import type { Pointer } from '../../engine/kernels.ts'
import { fieldAt, fieldError, readBoolean, type Field } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { optional, readOptions } from '../fields.ts'
import { makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, ReceptiveField } from '../layer.ts'
import { ChangedTimeline } from './timeline.ts'
import { assertUnmasked, readKernelSize, readPadding, wholeSequenceOf, Windows } from './windows.ts'
import type { Padding } from './windows.ts'

/** What local poolings have in common. */
export interface LocalPoolOptions {
  /** Steps of a window. */
  kernelSize: number
  /** Steps from one window to the next. Default: `kernelSize`. */
  stride?: number
  /** Default `valid`; not `causal`. Numbers are smaller than `kernelSize`. */
  padding?: Exclude<Padding, 'causal'>
}

/** The largest number of each window. */
export interface MaxPool1dOptions extends LocalPoolOptions {
  type: 'maxPool1d'
}

/** The mean of each window. */
export interface AveragePool1dOptions extends LocalPoolOptions {
  type: 'averagePool1d'
  /** Padding counts as zeros (PyTorch's `count_include_pad`, there the default). Default false, as in Keras and ONNX. */
  countPadding?: boolean
}

const readers = {
  kernelSize: readKernelSize,
  stride: optional(readKernelSize),
  padding: optional((field: Field) => readPadding(field, ['valid', 'same']) as LocalPoolOptions['padding']),
}

/** Local pooling by the largest number as data. */
export const maxPool1dLayer: LayerDefinition<MaxPool1dOptions> = {
  type: 'maxPool1d',
  read: (field) => checked(field, readOptions(field, readers)),
  build: (context, name, options, input) => new LocalPoolLayer(context, name, options, input),
}

/** Local pooling by the mean as data. */
export const averagePool1dLayer: LayerDefinition<AveragePool1dOptions> = {
  type: 'averagePool1d',
  read: (field) => checked(field, readOptions(field, { ...readers, countPadding: optional(readBoolean) })),
  build: (context, name, options, input) => new LocalPoolLayer(context, name, options, input),
}

/** The largest number of each window of steps: `maxPool1d({ kernelSize: 2 })`. */
export function maxPool1d(options: Omit<MaxPool1dOptions, 'type'>): LayerSpec<MaxPool1dOptions> {
  return { definition: maxPool1dLayer, options: { type: 'maxPool1d', ...options } }
}

/** The mean of each window of steps: `averagePool1d({ kernelSize: 2 })`. */
export function averagePool1d(options: Omit<AveragePool1dOptions, 'type'>): LayerSpec<AveragePool1dOptions> {
  return { definition: averagePool1dLayer, options: { type: 'averagePool1d', ...options } }
}

/** @throws FormatError for padding that fills a window */
function checked<Options extends LocalPoolOptions>(field: Field, options: Options): Options {
  const { padding = 0, kernelSize } = options
  const sides = typeof padding === 'number' ? [padding] : typeof padding === 'object' ? padding : []
  if (sides.every((steps) => steps < kernelSize)) return options
  throw fieldError(fieldAt(field, 'padding'), `less than kernelSize (${kernelSize})`)
}

class LocalPoolLayer implements Layer {
  readonly type: 'maxPool1d' | 'averagePool1d'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly timeline?: ChangedTimeline
  readonly needsWholeSequence?: { got: string; remedy: string }
  readonly #context: Context
  readonly #input: Edge
  readonly #access: Access
  readonly #windows: Windows
  readonly #countPadding: boolean
  #rows: Pointer = 0 // (kernelSize, windows) int32
  #winners: Pointer = 0 // (windows, width) int32

  /** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence */
  constructor(context: Context, name: string, options: MaxPool1dOptions | AveragePool1dOptions, input: Edge) {
    assertSteps(name, input)
    this.type = options.type
    this.name = name
    this.#context = context
    this.#input = input
    this.#access = accessOf(context.engine)
    this.#windows = new Windows(name, { stride: options.kernelSize, ...options })
    this.#countPadding = options.type === 'averagePool1d' && options.countPadding === true
    this.output = makeEdge('step', input.width, input.stride)
    if (!this.#windows.keepsLengths) this.timeline = new ChangedTimeline(context, this.#windows)
    this.needsWholeSequence = wholeSequenceOf(`a ${options.type} layer`)
  }

  receptiveFields(below: readonly ReceptiveField[]): ReceptiveField[] {
    return this.#windows.receptiveFields(below)
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    this.timeline?.plan(capacity)
    const { rows } = this.timeline?.capacity ?? capacity
    const what = `pooling over ${capacity.rows} steps`
    const floats = rows * this.output.stride
    this.#rows = engine.memory.ints(this.#windows.size * rows, what)
    this.#winners = this.type === 'maxPool1d' ? engine.memory.ints(rows * this.output.width, what) : 0
    this.output.value = engine.memory.floats(floats, what)
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, what) : 0
  }

  forward(batch: PackedBatch): void {
    assertUnmasked(this.name, this.#context)
    const above = this.timeline?.load(batch) ?? batch
    const windows = this.#windowsOf(above)
    this.#windows.writeRows(windows.rows, batch, above)
    const [y, x] = [this.output.value, this.#input.value]
    if (this.type === 'maxPool1d') windowMaxForward(this.#access, y, x, windows, this.#winnersOf(above))
    else windowMeanForward(this.#access, y, x, windows, this.#countPadding)
  }

  backward(batch: PackedBatch): void {
    const { gradient: dx, stride } = this.#input
    if (!dx) return
    const above = this.timeline?.of(batch) ?? batch
    const windows = this.#windowsOf(above)
    const { gradient: dy } = this.output
    this.#context.kernels.zero(dx, batch.rows * stride)
    if (this.type === 'maxPool1d') windowMaxBackward(this.#access, dx, dy, windows, this.#winnersOf(above))
    else windowMeanBackward(this.#access, dx, dy, windows, this.#countPadding)
  }

  #windowsOf({ rows: count }: PackedBatch): WindowRows & { rows: Int32Array } {
    const { size } = this.#windows
    const { width, stride } = this.output
    const rows = this.#context.engine.memory.viewInts(this.#rows, size * count)
    return { rows, size, count, width, stride }
  }

  #winnersOf({ rows }: PackedBatch): Int32Array {
    return this.#context.engine.memory.viewInts(this.#winners, rows * this.output.width)
  }
}
