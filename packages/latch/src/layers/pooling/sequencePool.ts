/** What poolings without a kernel of the engine share: the first step, the sum, and attention. */
import type { PackedRows } from '../../engine/generic/pools.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertSteps } from '../assertValues.ts'
import { makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext } from '../layer.ts'
import type { Rows } from '../streamRows.ts'

/** What these poolings share: edges, memory, and what a batch looks like to a kernel. */
export abstract class SequencePool implements Layer {
  readonly type = 'pool'
  readonly name: string
  readonly output: Edge
  readonly parameters: readonly Parameter[] = []
  protected readonly context: Context
  protected readonly input: Edge

  /** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence */
  constructor(context: Context, name: string, input: Edge) {
    assertSteps(name, input)
    this.name = name
    this.context = context
    this.input = input
    this.output = makeEdge('sequence', input.width, input.stride)
  }

  plan({ sequences }: Capacity, training: boolean): void {
    const { engine, kernels } = this.context
    const floats = sequences * this.output.stride
    this.output.value = engine.memory.floats(floats, 'pooled')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'pooled') : 0
  }

  protected packed({ sequences, lengths, offsets }: PackedBatch): PackedRows {
    const { width, stride } = this.output
    return { sequences, lengths, offsets, width, stride, valid: this.context.index.mask?.steps ?? null }
  }

  abstract forward(batch: PackedBatch): void
  abstract backward(batch: PackedBatch): void
  abstract stream(context: StreamContext, x: Rows): LayerStep
}
