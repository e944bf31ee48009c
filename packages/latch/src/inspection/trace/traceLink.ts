/**
 * What a trace came from: the network and the state of its weights. Kept beside the trace, not in it, so
 * that a trace stays plain data that can be sent, stored and compared.
 */
import { internalsOf, type Network } from '../../model/network.ts'
import { UnsupportedError } from '../../core/errors.ts'
import type { SequenceTrace, StepGradient } from './traceTypes.ts'

/** Any trace, with gradients or without. */
export type AnySequenceTrace = SequenceTrace<StepGradient | null>

export interface TraceLink {
  network: Network
  /** `store.revision` when it was traced. */
  revision: number
  sequence: AnySequenceTrace
  /** Of a model that also counts words. */
  mixed?: Mixed | null
}

/** How a model turns the network's logits into its own. */
export interface Mixed {
  /** With the factor of the network's logits. */
  readonly counts: { readonly network: number }
  mix(row: ArrayLike<number>): number[]
}

const links = new WeakMap<object, TraceLink>()

/** Remembers what a trace came from. */
export function linkTrace(trace: AnySequenceTrace, network: Network): void {
  links.set(trace, { network, revision: internalsOf(network).store.revision, sequence: trace })
}

/** The same origin for a trace that a task made of another one. */
export function passLink(from: object, to: object, mixed: Mixed | null = null): void {
  const link = links.get(from)
  if (link) links.set(to, { ...link, mixed })
}

/** What a trace came from; undefined for a copy. */
export function linkAt(trace: object): TraceLink | undefined {
  return links.get(trace)
}

/** @throws UnsupportedError for a network without recurrent layers, or of two sequences */
export function needRecurrent(where: string, network: Network): void {
  const { recurrent, layers } = internalsOf(network)
  for (const { timeline } of layers) timeline?.throwUntraceable?.(where)
  if (recurrent.length > 0) return
  throw new UnsupportedError({
    where,
    expected: 'a network with a recurrent layer',
    got: `layers ${network.config.layers.map((layer) => layer.type).join(', ')}`,
    remedy: 'A feed-forward net has no steps to follow; train with a recurrent cell.',
  })
}
