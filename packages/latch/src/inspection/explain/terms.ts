/** Building blocks of an explanation: factors with their sources, terms, and the sum with its function. */
import { valueOf } from '../../engine/generic/values.ts'
import type { Explanation, Factor, FactorSource, Term, TracePlace } from './explanation.ts'

/** How a number is made, before it is summed up. */
export interface Arithmetic {
  equation: string
  activation: Explanation['activation']
  parameters?: Explanation['parameters']
  clip?: number
  terms: Term[]
  /** The number that the trace shows. */
  value: number
}

export const CONSTANT: FactorSource = { kind: 'constant' }

/** A factor that is another number of the trace. */
export function traced(name: string, value: number, place: TracePlace): Factor {
  return { name, value, source: { kind: 'trace', ...place } }
}

/** A factor that is a weight: `name` is the parameter's, `column` null for vectors. */
export function weight(
  label: string,
  value: number,
  name: string,
  row: number,
  column: number | null,
): Factor {
  const place = column === null ? `${row}` : `${row}, ${column}`
  return { name: `${label}[${place}]`, value, source: { kind: 'parameter', name, row, column } }
}

/** A factor that comes from nowhere. */
export function constant(name: string, value: number): Factor {
  return { name, value, source: CONSTANT }
}

/** The product of some factors, in float64. */
export function term(group: string, ...factors: Factor[]): Term {
  return { group, factors, value: factors.reduce((product, { value }) => product * value, 1) }
}

/** Sums up: terms largest first, groups in the order of the equation. */
export function explanationOf(
  place: TracePlace,
  { equation, activation, parameters, clip = Infinity, terms, value }: Arithmetic,
): Explanation {
  const groups = new Map<string, { group: string; sum: number; count: number }>()
  let preActivation = 0
  for (const { group, value: summand } of terms) {
    const have = groups.get(group) ?? { group, sum: 0, count: 0 }
    have.sum += summand
    have.count++
    groups.set(group, have)
    preActivation += summand
  }
  const sorted = terms.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value))
  const taken = Math.min(clip, Math.max(-clip, preActivation))
  const computed = activate(activation, taken, parameters)
  return {
    place,
    equation,
    value,
    computed,
    preActivation,
    activation,
    ...(parameters && { parameters }),
    ...(clip < Infinity && { clip }),
    terms: sorted,
    groups: [...groups.values()],
  }
}

/** Softmax takes the logit less the logarithm of the sum of all powers. */
function activate(
  activation: Explanation['activation'],
  x: number,
  { alpha, beta } = { alpha: 0, beta: 0 },
): number {
  return activation === 'softmax' ? Math.exp(x) : valueOf({ type: activation, alpha, beta }, x)
}
