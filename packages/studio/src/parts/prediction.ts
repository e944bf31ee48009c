/** What a model says, in a word and a number: a share of a class, or the number itself. */
import type { Trace, TraceStep } from 'latch'
import { percent, short } from '../drawing/numbers.ts'

/** The class that is said; of several numbers, the name of the one that is followed; a number alone has none. */
export function predictedName(trace: Trace, { label, probabilities }: TraceStep['output']): string {
  if (!trace.numbers) return shownLabel(label)
  return Object.keys(probabilities).length > 1 ? `output ${trace.target}` : ''
}

/** A label that would not be seen, made visible: a blank, the end of a line. */
export function shownLabel(label: string): string {
  return label.replace(/^ +$/, (blanks) => '␣'.repeat(blanks.length)).replaceAll('\n', '↵')
}

/** Its share, or the number. */
export function predictedValue(
  trace: Trace,
  { label, probabilities }: TraceStep['output'],
  decimals = 0,
): string {
  const all = probabilities as Record<string, number>
  return trace.numbers ? short(all[trace.target], 4) : percent(all[label], decimals)
}
