/**
 * The loss of a network that answers every step of a batch with masked steps: masked rows count for nothing.
 * Valid rows are put together, go through a loss layer of their own, and their gradients go back to their places.
 */
import { makeEdge, type Edge, type Context } from '../layer.ts'
import { LossLayer, type GradientOf, type Loss, type LossValue, type Targets } from '../loss.ts'
import { PackedBatch, type Capacity } from '../../tensors/packedBatch.ts'

export class ValidLoss {
  /** Which rows are valid. (R) */
  valid: Uint8Array = new Uint8Array(0)
  readonly #context: Context
  readonly #whole: Loss
  readonly #output: Edge
  readonly #edge: Edge
  readonly #inner: Loss
  #rows = 0

  constructor(context: Context, whole: Loss, output: Edge) {
    this.#context = context
    this.#whole = whole
    this.#output = output
    this.#edge = makeEdge('step', output.width, output.stride)
    this.#inner = whole.over?.(this.#edge) ?? new LossLayer(context, whole.options, this.#edge)
  }

  plan({ rows }: Capacity): void {
    const { memory } = this.#context.engine
    const floats = rows * this.#output.stride
    this.#edge.value = memory.floats(floats, 'masks')
    this.#edge.gradient = this.#output.gradient && memory.floats(floats, 'masks')
    this.#inner.plan({ sequences: 1, steps: rows, rows })
    this.#rows = memory.ints(rows, 'masks')
  }

  /** As `Loss.compute`, over the valid rows; targets of masked steps are not looked at. */
  compute(batch: PackedBatch, targets: Targets, gradient: GradientOf, plain = false): LossValue {
    const { kernels, engine } = this.#context
    const { value, gradient: dOutput, width, stride } = this.#output
    const validTargets = this.#targets(batch, targets)
    // Refuses targets that do not fit, in its own words.
    if (!validTargets) return this.#whole.compute(batch, targets, gradient, plain)
    const list = engine.memory.viewInts(this.#rows, batch.rows)
    let count = 0
    for (let row = 0; row < batch.rows; row++) if (this.valid[row]) list[count++] = row
    kernels.gatherRows(this.#edge.value, value, this.#rows, count, width, stride, stride)
    // It may lie where the values do.
    if (gradient) kernels.zero(dOutput, batch.rows * stride)
    if (count === 0) return { mean: 0, weight: 0 }
    const found = this.#inner.compute(new PackedBatch([count]), validTargets, gradient, plain)
    if (gradient)
      kernels.scatterAddRows(dOutput, this.#rows, this.#edge.gradient, count, width, stride, stride)
    return found
  }

  /** Targets of the valid rows, as those of one sequence; null for targets of another batch or kind. */
  #targets(batch: PackedBatch, { stepClasses, values }: Targets): Targets | null {
    const { width } = this.#output
    if (stepClasses) {
      if (stepClasses.length !== batch.sequences) return null
      const classes: number[] = []
      batch.eachRow((row, sequence, t) => {
        if (this.valid[row]) classes.push(stepClasses[sequence][t])
      })
      return { stepClasses: [classes] }
    }
    if (values?.length !== batch.rows * width) return null
    const kept: number[] = []
    for (let row = 0; row < batch.rows; row++)
      if (this.valid[row]) for (let j = 0; j < width; j++) kept.push(values[row * width + j])
    return { values: kept }
  }
}
