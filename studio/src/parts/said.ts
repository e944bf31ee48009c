/** What a model says, in a word and a number: a share of a class, or the number itself. */
import type { Trace, TraceStep } from 'latch'
import { percent, short } from '../paint/numbers.ts'

/** The class that is said; of numbers, the name of the one that is followed. */
export function nameSaid(trace: Trace, { label }: TraceStep['output']): string {
  return trace.numbers ? trace.target : label
}

/** Its share, or the number. */
export function sizeSaid(trace: Trace, { label, probabilities }: TraceStep['output'], decimals = 0): string {
  const all = probabilities as Record<string, number>
  return trace.numbers ? short(all[trace.target], 4) : percent(all[label], decimals)
}
