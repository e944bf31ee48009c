/** How many steps back a layer remembers, in two numbers: by the gradient, and by the gates. */
import { UsageError } from '../../core/errors.ts'
import { memory, type RememberedLayer, type RememberedStep } from './memory.ts'
import { verdictOf } from './verdict.ts'

/** How far back one layer in one direction remembers. Both are in steps. */
export interface EffectiveMemory {
  layer: number
  direction: 'forward' | 'backward'
  /**
   * Steps back until the gradient has fallen to 1/e, by the line through its log norms (see FlowVerdict);
   * null if it does not fall. Missing if the trace has no gradients.
   */
  gradient?: number | null
  /**
   * Steps until half of a memory is lost, by the mean gate that keeps; null where nothing is lost, 0 of a simple
   * RNN, which overwrites. Missing for a gradient flow, which has no gates.
   */
  halfLife?: number | null
}

/** The norms of a step's gradient. */
interface Norms {
  hidden: number
  cell: number | null
}

type FlowLayerLike = Pick<RememberedLayer, 'layer' | 'direction'> & {
  verdict: { effectiveLength: number | null }
}
interface TraceLayerLike extends RememberedLayer {
  steps: readonly (RememberedStep & { gradient?: Norms | null })[]
}

/**
 * How far back each layer remembers: from a gradient flow, or from any trace (of a model, a sequence, or a copy
 * through JSON). The numbers are those of one sequence and its target.
 * @throws UsageError for an object without layers
 */
export function effectiveMemory(found: {
  layers: readonly FlowLayerLike[] | readonly TraceLayerLike[]
}): EffectiveMemory[] {
  if (!Array.isArray(found?.layers) || found.layers.length === 0) {
    const expected = 'a gradient flow or a trace'
    throw new UsageError({ where: 'effectiveMemory', expected, got: 'no layers' })
  }
  return found.layers.map((one: FlowLayerLike | TraceLayerLike) => {
    const { layer, direction } = one
    if ('verdict' in one) return { layer, direction, gradient: one.verdict.effectiveLength }
    const [{ halfLife }] = memory([one], { retention: false })
    const gradients = one.steps.map(({ gradient }) => gradient)
    if (gradients.some((gradient) => !gradient)) return { layer, direction, halfLife }
    const norms = gradients.map((gradient) => Math.hypot(gradient!.hidden, gradient!.cell ?? 0))
    if (direction === 'backward') norms.reverse()
    return { layer, direction, gradient: verdictOf(norms).effectiveLength, halfLife }
  })
}
