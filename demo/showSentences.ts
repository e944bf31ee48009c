/** Single sentences: predictions with probabilities, and the trace of one of them. */
import { visible, wrap } from '../packages/cli/src/terminal/glyphWidth.ts'
import { percent } from '../packages/cli/src/terminal/numbers.ts'
import type { Output } from '../packages/cli/src/terminal/output.ts'
import { drawTrace } from '../packages/cli/src/inspect/tracePicture.ts'
import type { TextClassifier, Trace } from 'latch'
import type { Row } from './declarations.ts'
import { EVERYDAY } from './everyday.ts'
import { SHORT } from './shortSentences.ts'

const SHOWN = ['Danish', 'French', 'Japanese', 'Polish', 'Turkish', 'Ukrainian']
const MAX_WRONG = 4

/** The first row whose language the model names right; the first of all where it names none. */
export function firstRight(model: TextClassifier<'gru'>, rows: readonly Row[]): Row {
  return rows.find(({ text, language }) => model.predict(text).label === language) ?? rows[0]
}

/** Sentences of each kind: some that are named right, and mistakes, with the number of each. */
export function showPredictions(output: Output, model: TextClassifier<'gru'>): void {
  showSome(output, model, 'everyday sentences', EVERYDAY)
  showSome(output, model, 'short everyday sentences', SHORT)
}

function showSome(output: Output, model: TextClassifier<'gru'>, name: string, rows: readonly Row[]): void {
  const { bold, dim, green, red } = output.colors
  const predictions = model.predict(rows.map(({ text }) => text))
  const all = rows.map((row, i) => ({ ...row, ...predictions[i] }))
  const right = SHOWN.flatMap(
    (language) => all.find((row) => row.language === language && row.label === language) ?? [],
  )
  const wrong = all.filter(({ language, label }) => language !== label)
  output.print()
  output.print(
    `${bold(`Some of the ${name}`)}${dim(`; of all ${all.length}, ${wrong.length} are named wrong`)}`,
  )
  for (const one of [...right, ...wrong.slice(0, MAX_WRONG)]) {
    const good = one.label === one.language
    const order = Object.entries(one.probabilities).sort(([, a], [, b]) => b - a)
    const [first, second] = order.map(([label, probability]) => `${label} ${percent(probability)}`)
    output.print(`  ${visible(one.text)}`)
    const truth = good ? '' : dim(`, should be ${one.language}`)
    output.print(`      ${good ? green(`→ ${first}`) : red(`→ ${first}`)}${dim(`, then ${second}`)}${truth}`)
  }
}

/** The trace that `latch inspect` prints, and a description of it. */
export function showTrace(output: Output, model: TextClassifier<'gru'>, { text, language }: Row): void {
  const { colors } = output
  const trace = model.trace(text, { label: language })
  const width = Math.min(output.width, 100)
  output.print()
  output.print(colors.bold('One sentence, character by character'))
  for (const line of drawTrace(trace as unknown as Trace, { width, colors, layout: 'columns' }))
    output.print(`  ${line}`.trimEnd())
  output.print()
  for (const line of wrap(describeTrace(trace, language), width - 2)) output.print(`  ${line}`)
}

function describeTrace(trace: Trace<'gru'>, truth: string): string {
  const { steps, label } = trace
  const stableAfter = countUntilStable(
    steps.map(({ output }) => output.label),
    label,
  )
  const at = steps[stableAfter - 1]
  const read = steps
    .slice(0, stableAfter)
    .map(({ token }) => token)
    .join('')
  const gates = `there the update gate keeps ${meanPercent(at.gates.update)} of the memory and the reset gate passes ${meanPercent(at.gates.reset)} of it to the candidate`
  const strongest = steps.reduce(
    (best, step, i) => (step.gradient.hidden > steps[best].gradient.hidden ? i : best),
    0,
  )
  return (
    `After ${stableAfter} of ${steps.length} characters (“${visible(read)}”) the prediction is ${label}${label === truth ? '' : `, which is wrong,`} and does not change any more; ${gates}. ` +
    `The gradient of the loss of ${truth} is largest at step ${strongest}, “${visible(steps[strongest].token)}”, ` +
    `where ‖∂L/∂h‖ is ${steps[strongest].gradient.hidden.toExponential(1)}; at step 0 it is ${steps[0].gradient.hidden.toExponential(1)}.`
  )
}

/** The number of steps after which every prediction equals the last one. */
export function countUntilStable(labels: readonly string[], last: string): number {
  return labels.findLastIndex((label) => label !== last) + 2
}

function meanPercent(gate: Float64Array): string {
  return percent(gate.reduce((sum, value) => sum + value, 0) / gate.length, 0)
}
