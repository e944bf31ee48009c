/** The colourings of the tokens: a number per step, its scale, and a description. */
import type { Trace, TraceLayer } from 'latch'
import type { Influence, MemoryLayer } from 'latch/inspection'
import { percent, short } from '../../drawing/numbers.ts'
import { shownLabel, predictedValue } from '../../parts/prediction.ts'
import { largest, vectorAt, type VectorName } from '../../parts/cell/vectors.ts'

export interface Colouring {
  values: number[]
  kind: 'signed' | 'fraction'
  /** The value with the strongest colour. */
  scale: number
  /** What the numbers are: a sentence without its full stop. */
  words: string
  format: (value: number) => string
}

/** One unit of a vector at every step. */
export function byUnit(layer: TraceLayer, vector: VectorName, unit: number): Colouring {
  const values = layer.steps.map((step) => vectorAt(step, vector.value)?.[unit] ?? NaN)
  const scale = vector.kind === 'fraction' ? 1 : largest(values)
  const words = `${vector.letter}[${unit}], unit ${unit} of the ${vector.title.replace(/:.*/, '')}, at each step`
  return { values, kind: vector.kind, scale, words, format: (value) => short(value) }
}

/** How much of what each token wrote is kept after the last step. */
export function byMemory(memory: MemoryLayer): Colouring {
  const last = memory.direction === 'forward' ? memory.retention.length - 1 : 0
  return {
    values: Array.from(memory.retention[last] ?? []),
    kind: 'fraction',
    scale: 1,
    words: `fraction of what each token wrote that the memory still holds at the end (${memory.convention})`,
    format: (value) => percent(value, value > 0 && value < 0.1 ? 1 : 0),
  }
}

export type InfluenceKind = 'gradient' | 'logit' | 'probability'

/** The kinds of influence: for networks that predict classes, or numbers. */
export function listInfluences(numbers: boolean): [InfluenceKind, string][] {
  if (numbers)
    return [
      ['gradient', 'gradient × input'],
      ['logit', 'leave one out: change of the output'],
    ]
  return [
    ['gradient', 'gradient × input'],
    ['logit', 'leave one out: change of the logit'],
    ['probability', 'leave one out: change of the probability'],
  ]
}

/** The influence of each token on the target. */
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
  const signs = numbers ? 'blue raises it, orange lowers it' : `blue supports ${label}, orange opposes it`
  const words =
    kind === 'gradient'
      ? `gradient of the ${what} times the step’s input: ${signs}`
      : `the ${what} with the step minus the ${what} without it: ${signs}`
  return {
    values,
    kind: 'signed',
    scale: largest(values.filter(Number.isFinite)),
    words,
    format: (value) => short(value),
  }
}

/** The prediction if the text ended here: label and probability; if `sparse`, the label only where it changes. */
export function outputUnder(trace: Trace, step: number, sparse: boolean): string {
  const { label } = trace.steps[step].output
  const value = predictedValue(trace, trace.steps[step].output)
  if (trace.numbers) return value

  const same = step > 0 && trace.steps[step - 1].output.label === label
  return sparse && same ? value : `${shownLabel(label)} ${value}`
}
