/** The network behind a trace, for who needs its weights: refused where they are gone or have changed. */
import { internalsOf } from '../../model/network.ts'
import { UsageError } from '../../core/errors.ts'
import { linkAt, type TraceLink } from './traceLink.ts'

/**
 * What a trace came from.
 * @throws UsageError for a copy (JSON, another thread), and for weights that have changed since
 */
export function linkOf(where: string, trace: object): TraceLink {
  const link = linkAt(trace)
  if (!link) {
    const remedy = 'Weights are not in a trace: the trace must come from this process, and be no copy.'
    throw new UsageError({
      where,
      expected: 'a trace as trace() gave it',
      got: 'a copy, or no trace',
      remedy,
    })
  }
  if (internalsOf(link.network).store.revision === link.revision) return link
  const facts = { expected: 'the weights that were traced', got: 'weights that have changed since' }
  throw new UsageError({ where, ...facts, remedy: 'Trace again.' })
}
