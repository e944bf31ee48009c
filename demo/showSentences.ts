/** Single sentences: what the network answers, how sure it is, and how it came to one of its answers. */
import { visible, wrap } from '../packages/cli/src/terminal/glyphWidth.ts'
import { percent } from '../packages/cli/src/terminal/numbers.ts'
import type { Output } from '../packages/cli/src/terminal/output.ts'
import { drawTrace } from '../packages/cli/src/inspect/tracePicture.ts'
import type { TextClassifier, Trace } from 'latch'
import type { Row } from './declarations.ts'
import { EVERYDAY } from './everyday.ts'

const SHOWN = ['Danish', 'French', 'Japanese', 'Polish', 'Swahili', 'Ukrainian']
const MOST_WRONG = 4

/** One sentence of some languages, then some that came out wrong. */
export function showPredictions(output: Output, model: TextClassifier<'gru'>): void {
  const { bold, dim, green, red } = output.colors
  const predictions = model.predict(EVERYDAY.map(({ text }) => text))
  const all = EVERYDAY.map((row, i) => ({ ...row, ...predictions[i] }))
  const right = SHOWN.flatMap(
    (name) => all.find(({ language, label }) => language === name && label === name) ?? [],
  )
  const wrong = all.filter(({ language, label }) => language !== label)
  output.say()
  output.say(bold('Some of the everyday sentences'))
  for (const one of [...right, ...wrong.slice(0, MOST_WRONG)]) {
    const good = one.label === one.language
    const order = Object.entries(one.probabilities).sort(([, a], [, b]) => b - a)
    const [first, second] = order.map(([label, share]) => `${label} ${percent(share)}`)
    output.say(`  ${visible(one.text)}`)
    const truth = good ? '' : dim(`, but it is ${one.language}`)
    output.say(`      ${good ? green(`→ ${first}`) : red(`→ ${first}`)}${dim(`, then ${second}`)}${truth}`)
  }
}

/** The picture that `latch inspect` draws, and in words where the answer settles. */
export function showTrace(output: Output, model: TextClassifier<'gru'>, { text, language }: Row): void {
  const { colors } = output
  const trace = model.trace(text, { label: language })
  const width = Math.min(output.width, 100)
  output.say()
  output.say(colors.bold('One sentence, letter by letter'))
  for (const line of drawTrace(trace as unknown as Trace, { width, colors, layout: 'columns' }))
    output.say(`  ${line}`.trimEnd())
  output.say()
  for (const line of wrap(inWords(trace, language), width - 2)) output.say(`  ${line}`)
}

function inWords(trace: Trace<'gru'>, truth: string): string {
  const { steps, label } = trace
  const settled = settledAt(
    steps.map(({ output }) => output.label),
    label,
  )
  const at = steps[settled - 1]
  const read = steps
    .slice(0, settled)
    .map(({ token }) => token)
    .join('')
  const gates = `there the update gate keeps ${meanShare(at.gates.update)} of the memory and the reset gate lets ${meanShare(at.gates.reset)} of it into the candidate`
  const strongest = steps.reduce(
    (best, step, i) => (step.gradient.hidden > steps[best].gradient.hidden ? i : best),
    0,
  )
  return (
    `After ${settled} of ${steps.length} characters (“${visible(read)}”) the answer is ${label}${label === truth ? '' : `, which is wrong,`} and stays so; ${gates}. ` +
    `The loss of ${truth} pulls hardest at the memory after character ${strongest + 1}, “${visible(steps[strongest].token)}”, ` +
    `with ‖∂L/∂h‖ ${steps[strongest].gradient.hidden.toExponential(1)}; at the first it is ${steps[0].gradient.hidden.toExponential(1)}.`
  )
}

/** Number of the step, from 1, from which on every answer is the last one. */
export function settledAt(answers: readonly string[], last: string): number {
  return answers.findLastIndex((answer) => answer !== last) + 2
}

function meanShare(gate: Float64Array): string {
  return percent(gate.reduce((sum, value) => sum + value, 0) / gate.length, 0)
}
