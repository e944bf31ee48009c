/**
 * Locked (variational) dropout (Gal & Ghahramani 2016): one mask for all steps of a sequence. The mask is a hash of the
 * sequence's place in the batch and the column, so that the way back computes it again.
 */
import { readBoolean } from '../../core/validation.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { DropoutLayer, type DropoutOptions } from '../dropout.ts'
import { optional, readOptions, readRate } from '../fields.ts'

/** Dropout of any kind as data. */
export const anyDropoutLayer: LayerDefinition<DropoutOptions> = {
  type: 'dropout',
  read: (field) => readOptions(field, { rate: readRate, locked: optional(readBoolean) }),
  build: (context, name, options, input) =>
    options.locked && input.per === 'step'
      ? new LockedDropoutLayer(context, name, options, input)
      : new DropoutLayer(context, name, options, input),
}

/** Drops elements in training: `dropout(0.3)`; with `locked` the same ones at every step of a sequence. */
export function dropout(rate: number, options: { locked?: boolean } = {}): LayerSpec<DropoutOptions> {
  return { definition: anyDropoutLayer, options: { type: 'dropout', rate, ...options } }
}

class LockedDropoutLayer extends DropoutLayer {
  protected override drop(
    to: Pointer,
    from: Pointer,
    { batchSizes, offsets, steps }: PackedBatch,
    key: number,
  ): void {
    const { kernels, engine } = this.context
    const bytes = this.output.stride * engine.memory.floatBytes
    for (let t = 0; t < steps; t++) {
      const [row, count] = [offsets[t] * bytes, batchSizes[t] * this.output.stride]
      // Counted from the step's first element, so that each step has the same mask.
      kernels.dropout(to + row, from + row, count, 0, this.rate, key)
    }
  }
}
