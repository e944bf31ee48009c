/** What colours the tokens: a number for each step, how strong it is on the scale, and what it is in words. */
import type { Trace, TraceLayer } from 'latch'
import type { Influence, MemoryLayer } from 'latch/inspection'
import { percent, short } from '../../drawing/numbers.ts'
import { shownLabel, predictedValue } from '../../parts/prediction.ts'
import { largest, vectorAt, type VectorName } from '../../parts/cell/vectors.ts'

export interface Colouring {
  values: number[]
  kind: 'signed' | 'share'
  /** The value of the strongest colour. */
  scale: number
  /** What the numbers are, as a sentence without its full stop. */
  words: string
  format: (value: number) => string
}

/** One unit of a vector at every step. */
export function byUnit(layer: TraceLayer, vector: VectorName, unit: number): Colouring {
  const values = layer.steps.map((step) => vectorAt(step, vector.value)?.[unit] ?? NaN)
  const scale = vector.kind === 'share' ? 1 : largest(values)
  const words = `${vector.letter}[${unit}], unit ${unit} of the ${vector.title.replace(/:.*/, '')}, at each step`
  return { values, kind: vector.kind, scale, words, format: (value) => short(value) }
}

/** How much of what each token wrote is held after the last step read. */
export function byMemory(memory: MemoryLayer): Colouring {
  const last = memory.direction === 'forward' ? memory.retention.length - 1 : 0
  return {
    values: Array.from(memory.retention[last] ?? []),
    kind: 'share',
    scale: 1,
    words: `share of what each token wrote that the memory still holds at the end (${memory.convention})`,
    format: (value) => percent(value, value > 0 && value < 0.1 ? 1 : 0),
  }
}

export type InfluenceKind = 'gradient' | 'logit' | 'probability'

/** What can be asked of a network that tells classes, and of one that answers with numbers. */
export function listInfluences(numbers: boolean): [InfluenceKind, string][] {
  if (numbers)
    return [
      ['gradient', 'gradient × input'],
      ['logit', 'leaving it out: change of the number'],
    ]
  return [
    ['gradient', 'gradient × input'],
    ['logit', 'leaving it out: change of the logit'],
    ['probability', 'leaving it out: change of the probability'],
  ]
}

/** What each token did to the target. */
export function byInfluence(
  influence: Influence,
  kind: InfluenceKind,
  trace: Trace,
  target: string,
): Colouring {
  const label = shownLabel(target)
  const values = influence.tokens.map(({ gradientInput, leaveOneOut }) =>
    kind === 'gradient' ? gradientInput : (leaveOneOut?.[kind] ?? NaN),
  )
  const numbers = trace.numbers === true
  const what = !numbers
    ? `${kind === 'gradient' ? 'logit' : kind} of ${label}`
    : Object.keys(trace.probabilities).length > 1
      ? `output ${label}`
      : 'output'
  const signs = numbers ? 'blue raises it, orange lowers it' : `blue speaks for ${label}, orange against it`
  const words =
    kind === 'gradient'
      ? `gradient of the ${what} times the step’s input: ${signs}`
      : `the ${what} with the step, minus the same without it: ${signs}`
  return {
    values,
    kind: 'signed',
    scale: largest(values.filter(Number.isFinite)),
    words,
    format: (value) => short(value),
  }
}

/** "if the text ended here": label and probability, the label only where it changes when `sparse`. */
export function outputUnder(trace: Trace, step: number, sparse: boolean): string {
  const { label } = trace.steps[step].output
  const share = predictedValue(trace, trace.steps[step].output)
  if (trace.numbers) return share
  const same = step > 0 && trace.steps[step - 1].output.label === label
  return sparse && same ? share : `${shownLabel(label)} ${share}`
}
