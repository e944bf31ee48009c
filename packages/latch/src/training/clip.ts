/**
 * Gradient clipping, and the norm that tells a run going wrong. By value first, where asked for; then by
 * global norm (Pascanu et al. 2013), which only yields a factor that the optimizer takes in passing.
 */
import type { Network } from '../model/network.ts'

/** Limits of gradients. */
export interface ClipOptions {
  /** Greatest global norm of all gradients together; null: no limit. */
  clipNorm?: number | null
  /** Greatest size of a single gradient; null: no limit. */
  clipValue?: number | null
}

/** What clipping found. */
export interface Clipping {
  /** Global norm before any clipping; not finite as soon as one gradient is not. */
  norm: number
  /** What the optimizer multiplies gradients with. */
  scale: number
}

// PyTorch's guard against division by zero.
const GUARD = 1e-6

/**
 * g = clamp(g, ±clipValue) in place; then g · min(1, clipNorm / (norm + 1e-6)), as `scale`.
 * @param weight where gradients are sums: what they are divided by to be means, which is what the limits
 * are about. The division is part of `scale`. Default 1.
 */
export function clipGradients(network: Network, { clipNorm, clipValue }: ClipOptions, weight = 1): Clipping {
  const { regions } = network
  const mean = weight > 0 ? 1 / weight : 0
  const measure = () => Math.sqrt(regions.sumSquares()) * mean
  const norm = measure()
  if (clipValue) regions.clampGradients(clipValue * weight)
  if (!clipNorm) return { norm, scale: mean }
  const limited = clipValue ? measure() : norm
  return { norm, scale: Math.min(1, clipNorm / (limited + GUARD)) * mean }
}
