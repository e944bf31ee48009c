/** A prediction as a name and a number: the probability of a class, or the number itself. */
import type { Trace, TraceStep } from 'latch'
import { percent, short } from '../drawing/numbers.ts'
import { visibleToken } from './visible.ts'

/** The predicted class; for several outputs, the name of the selected one; a single output has no name. */
export function predictedName(trace: Trace, { label, probabilities }: TraceStep['output']): string {
  if (!trace.numbers) return shownLabel(label)
  return Object.keys(probabilities).length > 1 ? `output ${trace.target}` : ''
}

/** A label as it is shown. */
export const shownLabel = visibleToken

/** Its probability, or the number. */
export function predictedValue(
  trace: Trace,
  { label, probabilities }: TraceStep['output'],
  decimals = 0,
): string {
  const all = probabilities as Record<string, number>
  return trace.numbers ? short(all[trace.target], 4) : percent(all[label], decimals)
}
