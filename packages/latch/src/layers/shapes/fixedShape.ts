/**
 * Sequences of one shape as sequences of another: what `permute` and `reshape` have in common. Numbers move and nothing
 * is computed. The rows of a batch whose sequences are equally long lie at step · sequences + sequence.
 */
import { ShapeError } from '../../core/errors.ts'
import type { Pointer } from '../../engine/kernels.ts'
import { strideOf } from '../../engine/engine.ts'
import { accessOf } from '../../engine/generic/access.ts'
import type { Access } from '../../engine/reference/access.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, ReceptiveField } from '../layer.ts'
import { joinFields } from '../windows/receptiveFields.ts'
import { ChangedTimeline, type LengthChange } from '../windows/timeline.ts'
import { assertUnmasked } from '../windows/windows.ts'

/** Where the numbers of the output come from. */
export interface Shapes {
  /** Steps below; null: one row a sequence, of sequences of any length. */
  readonly below: number | null
  readonly steps: number
  readonly width: number
  /** Where a number above is among those of the sequence below, row by row. */
  sourceOf(step: number, column: number): number
}

/** As many steps above, whatever is below. */
class FixedLength implements LengthChange {
  readonly name: string
  readonly stride = 1
  readonly spare: number
  readonly below: number | null
  readonly above: number

  constructor(name: string, { below, steps }: Shapes) {
    this.name = name
    this.below = below
    this.above = steps
    this.spare = steps - 1
  }

  lengthOf(): number {
    return this.above
  }

  leastBelow(): number {
    return this.below ?? 1
  }

  throwTooShort(sequence: number, steps: number): never {
    throw new ShapeError({
      where: `${this.name}, sequence ${sequence}`,
      expected: `${this.below} steps`,
      got: String(steps),
      remedy: `Cut or pad sequences to ${this.below} steps, or build the layer for others.`,
    })
  }
}

/** Refuses sequences of other lengths than the one below. */
class FixedTimeline extends ChangedTimeline {
  readonly fixed: FixedLength

  constructor(context: Context, fixed: FixedLength) {
    super(context, fixed)
    this.fixed = fixed
  }

  override of(batch: PackedBatch): PackedBatch {
    const { below } = this.fixed
    const b = below === null ? -1 : batch.lengths.findIndex((length) => length !== below)
    if (b >= 0) this.fixed.throwTooShort(batch.sortedIndices[b], batch.lengths[b])
    return super.of(batch)
  }
}

const NO_STREAM = 'Pass whole sequences to forward.'

/** Moves numbers: a sequence below has as many as above. */
export class FixedShapeLayer implements Layer {
  readonly type: string
  readonly name: string
  readonly needsWholeSequence: { got: string; remedy: string }
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly timeline: FixedTimeline
  readonly #context: Context
  readonly #input: Edge
  readonly #access: Access
  readonly #shapes: Shapes

  constructor(context: Context, type: string, name: string, input: Edge, shapes: Shapes) {
    this.type = type
    this.name = name
    this.#context = context
    this.#input = input
    this.#access = accessOf(context.engine)
    this.#shapes = shapes
    this.needsWholeSequence = { got: `a ${type} layer, which needs all steps at once`, remedy: NO_STREAM }
    this.output = makeEdge('step', shapes.width, strideOf(context.engine, shapes.width))
    this.timeline = new FixedTimeline(context, new FixedLength(name, shapes))
  }

  get takesOneLength(): boolean {
    return this.#shapes.below !== null
  }

  /** Those of the rows below that its numbers come from. */
  receptiveFields(below: readonly ReceptiveField[]): ReceptiveField[] {
    const { steps, width, sourceOf } = this.#shapes
    if (!this.takesOneLength) return new Array<ReceptiveField>(steps).fill(joinFields(below))
    return Array.from({ length: steps }, (_, step) => {
      const rows = Array.from({ length: width }, (__, j) => Math.floor(sourceOf(step, j) / this.#input.width))
      return joinFields(rows.map((row) => below[row]))
    })
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    this.timeline.plan(capacity)
    const floats = this.timeline.capacity.rows * this.output.stride
    this.output.value = engine.memory.floats(floats, 'moved numbers')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'moved numbers') : 0
  }

  /** @throws ShapeError for sequences of another length, UnsupportedError for masked steps */
  forward(batch: PackedBatch): void {
    assertUnmasked(this.name, this.#context)
    this.timeline.load(batch)
    const numbers = this.#access.f()
    this.#eachPair(batch, this.output.value, this.#input.value, (above, below) => {
      numbers[above] = numbers[below]
    })
  }

  backward(batch: PackedBatch): void {
    const { gradient, stride } = this.#input
    if (!gradient) return
    const rows = this.#shapes.below === null ? batch.sequences : batch.rows
    this.#context.kernels.zero(gradient, rows * stride)
    const numbers = this.#access.f()
    this.#eachPair(batch, this.output.gradient, gradient, (above, below) => {
      numbers[below] = numbers[above]
    })
  }

  /** Visits the places of each number above and below. */
  #eachPair(
    { sequences }: PackedBatch,
    above: Pointer,
    below: Pointer,
    visit: (above: number, below: number) => void,
  ): void {
    const { steps, width } = this.#shapes
    const { shift } = this.#access
    const [to, from] = [this.output.stride, this.#input.stride]
    for (let step = 0; step < steps; step++) {
      for (let column = 0; column < width; column++) {
        const source = this.#shapes.sourceOf(step, column)
        const row = Math.floor(source / this.#input.width)
        let up = (above >>> shift) + step * sequences * to + column
        let down = (below >>> shift) + row * sequences * from + (source % this.#input.width)
        for (let b = 0; b < sequences; b++, up += to, down += from) visit(up, down)
      }
    }
  }
}
