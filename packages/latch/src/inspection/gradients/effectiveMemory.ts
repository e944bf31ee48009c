/** How many steps back a layer reaches, in two numbers: what the gradient says, and what the gates say. */
import { UsageError } from '../../core/errors.ts'
import { memory, type RememberedLayer, type RememberedStep } from './memory.ts'
import { verdictOf } from './verdict.ts'

/** How far back one layer in one direction reaches. Both are in steps. */
export interface EffectiveMemory {
  layer: number
  direction: 'forward' | 'backward'
  /**
   * Steps back until the gradient has fallen to 1/e, by the line through its log norms (see FlowVerdict);
   * null where it does not fall. Missing where the trace has no gradients.
   */
  gradient?: number | null
  /**
   * Steps until half of a memory is lost, by the mean gate that keeps; null where nothing is lost, 0 of a simple
   * RNN, which overwrites. Missing for a gradient flow, which has no gates.
   */
  halfLife?: number | null
}

/** What is read of a step's gradient: norms. */
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
 * How far back each layer reaches: from a gradient flow, or from any trace (of a model, a sequence, or a copy
 * through JSON). Of one sequence and its target; other texts give other numbers.
 * @throws UsageError for what has no layers
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
    const [{ halfLife }] = memory([one], { share: false })
    const gradients = one.steps.map(({ gradient }) => gradient)
    if (gradients.some((gradient) => !gradient)) return { layer, direction, halfLife }
    const norms = gradients.map((gradient) => Math.hypot(gradient!.hidden, gradient!.cell ?? 0))
    if (direction === 'backward') norms.reverse()
    return { layer, direction, gradient: verdictOf(norms).effectiveLength, halfLife }
  })
}
