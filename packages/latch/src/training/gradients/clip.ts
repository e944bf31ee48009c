/**
 * Gradient clipping: first by value, if set, then by global norm (Pascanu et al. 2013). Clipping by norm only returns a
 * factor, which the optimizer applies.
 */
import { internalsOf, type Network } from '../../model/network.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'

/** Options of gradient clipping. */
export interface ClipOptions {
  /** Maximum global norm of all gradients; null: no limit. */
  clipNorm?: number | null
  /** Maximum absolute value of a single gradient; null: no limit. */
  clipValue?: number | null
}

const NAMES: Names<ClipOptions> = { clipNorm: 1, clipValue: 1 }

/** The result of clipping. */
export interface Clipping {
  /** Global norm before clipping; not finite if any gradient is not. */
  norm: number
  /** Factor for the optimizer. */
  scale: number
}

// PyTorch's guard against division by zero.
const GUARD = 1e-6

/**
 * g = clamp(g, ±clipValue) in place; then g · min(1, clipNorm / (norm + 1e-6)), as `scale`.
 * @param weight divisor that turns accumulated sums into means; the limits apply to means, and `scale` includes the
 * division. Default 1.
 */
export function clipGradients(network: Network, options: ClipOptions, weight = 1): Clipping {
  assertKnownOptions('clipGradients option', options, NAMES)
  const { clipNorm, clipValue } = options
  const { regions } = internalsOf(network)
  const mean = weight > 0 ? 1 / weight : 0
  const measure = () => Math.sqrt(regions.sumSquares()) * mean
  const norm = measure()
  if (clipValue) regions.clampGradients(clipValue * weight)
  if (!clipNorm) return { norm, scale: mean }
  const limited = clipValue ? measure() : norm
  return { norm, scale: Math.min(1, clipNorm / (limited + GUARD)) * mean }
}
