/**
 * The loss at the end of a network: how wrong the output is, as a mean over rows, and its gradient.
 * Classification losses take logits; definitions are PyTorch's, label smoothing and class weights included.
 */
import type { Pointer } from '../engine/kernels.ts'
import { DataError, ShapeError } from '../core/errors.ts'
import { fieldAt, readList, readNumber, type Field } from '../core/validation.ts'
import { oneOf, optional, readFields, readRate } from './fields.ts'
import { rowsOf, type Edge, type Capacity, type Context } from './layer.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'

/** The losses that text classifiers take; `losses` has the others. */
const CLASS_LOSSES = ['softmaxCrossEntropy', 'binaryCrossEntropy'] as const

/** The losses that imported models have. */
export const LOSS_TYPES = [...CLASS_LOSSES, 'meanSquaredError', 'meanAbsoluteError', 'huber'] as const

/** Which loss, and how classes and targets count in it. */
export interface LossOptions {
  type: (typeof LOSS_TYPES)[number] | 'smoothL1' | 'ctc' | 'crf'
  /** Weight of each class (C), or of targets 0 and 1. Classification only. */
  classWeights?: readonly number[]
  /** Share of the target spread over all classes (Szegedy et al. 2016). Classification only. Default 0. */
  labelSmoothing?: number
  /** Where Huber turns from squared to linear. Default 1. */
  delta?: number
  /** Where smooth L1 turns from squared to linear; 0: the absolute error. Default 1. */
  beta?: number
  /** CTC: the class between labels. Default 0. */
  blank?: number
  /**
   * CTC: `mean` divides each sequence's loss by the number of its labels and takes the mean over sequences; `sum` adds up
   * the losses of a batch. Default `mean`.
   */
  reduction?: 'mean' | 'sum'
  /** CTC: leave sequences too short for their labels out of the loss, in place of an error. Default false. */
  zeroInfinity?: boolean
}

/** Readers of what only losses of classes have. */
export const classReaders = {
  classWeights: optional((list) => readList(list, (weight) => readNumber(weight, { min: 0 }))),
  labelSmoothing: optional(readRate),
}

/** Reads and checks a loss; `others` are those beyond the ones here. @throws FormatError that names the field */
export function readLoss(field: Field, others: readonly LossDefinition[] = []): LossOptions {
  const type = fieldAt(field, 'type')
  const other = others.find((definition) => definition.type === type.value)
  if (other) return other.read(field)
  return readFields<LossOptions>(field, {
    type: oneOf(...CLASS_LOSSES, ...others.map((definition) => definition.type)),
    ...classReaders,
  })
}

/**
 * What a batch should have given. One of:
 * classes: a class number per sequence (B), in the caller's order;
 * stepClasses: class numbers per step of each sequence;
 * (softmax leaves negative classes out; a sigmoid takes 0 and 1);
 * values: numbers (B, C) or per step packed (R, C).
 */
export interface Targets {
  classes?: ArrayLike<number>
  stepClasses?: readonly ArrayLike<number>[]
  values?: ArrayLike<number>
  /** Of CTC: the labels of each sequence, in the caller's order. */
  labels?: readonly ArrayLike<number>[]
}

/** A batch's loss. */
export interface LossValue {
  /** Mean over the weight of the valid rows. */
  mean: number
  /** Sum of the weights of the valid rows: combine batches as Σ mean·weight / Σ weight. */
  weight: number
}

/** Which gradient a loss gives: of the mean, of the sum (to be added up over batches), or none. */
export type GradientOf = 'mean' | 'sum' | null

/** A loss at work in a network. */
export interface Loss {
  readonly options: LossOptions
  plan(capacity: Capacity): void
  compute(batch: PackedBatch, targets: Targets, gradient: GradientOf, plain?: boolean): LossValue
  /** The same loss of another edge; by default a `LossLayer` of the same options. */
  over?(edge: Edge): Loss
}

/** A loss beyond the ones here, as data. */
export interface LossDefinition {
  readonly type: LossOptions['type']
  /** @throws FormatError that names the field */
  read(field: Field): LossOptions
  /** @throws ShapeError for an output that the loss does not take */
  build(context: Context, options: LossOptions, output: Edge): Loss
}

export class LossLayer implements Loss {
  readonly options: LossOptions
  readonly #context: Context
  readonly #output: Edge
  #targets: Pointer = 0
  #weights: Pointer = 0

  constructor(context: Context, options: LossOptions, output: Edge) {
    this.options = options
    this.#context = context
    this.#output = output
    const { classWeights } = options
    const classes = options.type === 'binaryCrossEntropy' ? 2 : output.width
    if (options.type === 'softmaxCrossEntropy' && output.width === 1) {
      const remedy = 'One logit is a sigmoid: use binaryCrossEntropy.'
      throw new ShapeError({
        where: 'loss softmaxCrossEntropy',
        expected: 'at least two outputs',
        got: 'one',
        remedy,
      })
    }
    if (classWeights && classWeights.length !== classes) {
      throw new ShapeError({
        where: 'loss.classWeights',
        expected: `${classes} weights`,
        got: `${classWeights.length}`,
      })
    }
  }

  plan({ sequences: B, rows: R }: Capacity): void {
    const { memory } = this.#context.engine
    const rows = this.#output.per === 'step' ? R : B
    const { classWeights, type } = this.options
    const isSoftmax = type === 'softmaxCrossEntropy'
    this.#targets = memory.floats(rows * (isSoftmax ? 1 : this.#output.width), 'targets')
    this.#weights = 0
    if (!classWeights || !isSoftmax) return
    this.#weights = memory.floats(classWeights.length, 'class weights')
    memory.viewFloats(this.#weights, classWeights.length).set(classWeights)
  }

  /**
   * The mean loss of the output; with a `gradient` also that of the mean, or of the sum over all rows
   * (each times its weight), into the output's edge.
   * `plain` leaves out label smoothing and class weights: the figure to compare models by.
   */
  compute(batch: PackedBatch, targets: Targets, gradient: GradientOf, plain = false): LossValue {
    const { type } = this.options
    const options = plain ? { type } : this.options
    return type === 'softmaxCrossEntropy'
      ? this.#softmax(batch, targets, gradient, options)
      : this.#elementwise(batch, targets, gradient, options)
  }

  #softmax(batch: PackedBatch, targets: Targets, gradient: GradientOf, options: LossOptions): LossValue {
    const { kernels, engine } = this.#context
    const { value, width, stride } = this.#output
    const rows = rowsOf(this.#output, batch)
    const classes = engine.memory.viewInts(this.#targets, rows)
    this.#classTargets(batch, targets, classes, -Infinity)
    const { classWeights, labelSmoothing = 0 } = options
    let weight = 0
    for (let r = 0; r < rows; r++) {
      if (classes[r] >= 0) weight += classWeights ? classWeights[classes[r]] : 1
    }
    const dx = gradient ? this.#output.gradient : 0
    return scaled(weight, gradient, (scale) =>
      kernels.softmaxCrossEntropy(
        dx,
        value,
        this.#targets,
        classWeights ? this.#weights : 0,
        rows,
        width,
        stride,
        labelSmoothing,
        scale,
      ),
    )
  }

  #elementwise(batch: PackedBatch, targets: Targets, gradient: GradientOf, options: LossOptions): LossValue {
    const { kernels, engine } = this.#context
    const { value, width, stride } = this.#output
    const { classWeights, labelSmoothing = 0 } = options
    const rows = rowsOf(this.#output, batch)
    const wanted = engine.memory.viewFloats(this.#targets, rows * width)
    this.#valueTargets(batch, targets, wanted)
    const dx = gradient ? this.#output.gradient : 0
    const [w0, w1] = classWeights ?? [1, 1]
    let weight = 0
    for (let i = 0; i < wanted.length; i++) weight += w0 + wanted[i] * (w1 - w0)
    return scaled(weight, gradient, (scale) =>
      kernels.binaryCrossEntropy(
        dx,
        value,
        this.#targets,
        rows,
        width,
        stride,
        labelSmoothing,
        w0,
        w1,
        scale,
      ),
    )
  }

  /** Class numbers by row. `least`: negative ones are left out by a softmax, and refused by a sigmoid. */
  #classTargets(batch: PackedBatch, targets: Targets, into: { [row: number]: number }, least: number): void {
    const classes = this.options.type === 'softmaxCrossEntropy' ? this.#output.width : 2
    const read = (from: ArrayLike<number>, at: number) => {
      const found = from[at]
      if (!Number.isInteger(found) || found >= classes || found < least)
        this.#throwClass(found, classes, least)
      return found
    }
    if (this.#output.per === 'sequence') {
      const given = targets.classes
      if (given?.length !== batch.sequences) this.#throwTargets(`${batch.sequences} classes`, given?.length)
      for (let b = 0; b < batch.sequences; b++) into[b] = read(given, batch.sortedIndices[b])
      return
    }
    const { stepClasses } = targets
    if (stepClasses?.length !== batch.sequences) {
      this.#throwTargets(`step classes of ${batch.sequences} sequences`, stepClasses?.length)
    }
    batch.eachRow((row, sequence, t) => (into[row] = read(stepClasses[sequence], t)))
  }

  #valueTargets(batch: PackedBatch, targets: Targets, into: Float32Array | Float64Array): void {
    if (targets.values || this.#output.width > 1)
      readValues(this.options.type, this.#output, batch, targets.values, into)
    else this.#classTargets(batch, targets, into, 0)
  }

  #throwTargets(expected: string, got: number | undefined): never {
    throwTargets(this.options.type, expected, got)
  }

  #throwClass(got: number, classes: number, least: number): never {
    const range = least === 0 ? `from 0 to ${classes - 1}` : `below ${classes}`
    throw new DataError({
      where: `loss ${this.options.type}`,
      expected: `whole class numbers ${range}`,
      got: `${got}`,
    })
  }
}

/** The loss of an output; `input`, the first layer's definition, carries the losses beyond the ones here. */
export function buildLoss(
  context: Context,
  options: LossOptions,
  output: Edge,
  input: { losses?: readonly LossDefinition[] },
): Loss {
  const other = input.losses?.find(({ type }) => type === options.type)
  output.inPlace = options.type === 'softmaxCrossEntropy'
  return other ? other.build(context, options, output) : new LossLayer(context, options, output)
}

/** Target values by row. @throws ShapeError for another number of them */
export function readValues(
  type: string,
  { width, per }: Edge,
  batch: PackedBatch,
  values: ArrayLike<number> | undefined,
  into: Float32Array | Float64Array,
): void {
  if (values?.length !== into.length) throwTargets(type, `${into.length} target values`, values?.length)
  if (per === 'step') {
    for (let i = 0; i < into.length; i++) into[i] = values[i]
    return
  }
  for (let b = 0; b < batch.sequences; b++) {
    for (let j = 0; j < width; j++) into[b * width + j] = values[batch.sortedIndices[b] * width + j]
  }
}

function throwTargets(type: string, expected: string, got: number | undefined): never {
  throw new ShapeError({ where: `loss ${type}`, expected, got: got === undefined ? 'none' : `${got}` })
}

/** Runs a loss kernel with the scale that makes mean or sum of it. */
export function scaled(weight: number, gradient: GradientOf, compute: (scale: number) => number): LossValue {
  if (gradient === 'sum') return { mean: weight > 0 ? compute(1) / weight : compute(0), weight }
  return { mean: compute(weight > 0 ? 1 / weight : 0), weight }
}
