/** `latch inspect` of a sequence-to-sequence model: attention, then the steps of the encoder and those of the decoder. */
import { UsageError, type SequenceToSequence, type Trace, type TraceStep } from 'latch'
import type { TraceLayer } from 'latch/inspection'
import { labelText, traceRows, type Canvas } from '../inspect/traceRows.ts'
import { logScale } from '../training/bars.ts'
import type { Colors } from '../terminal/escape.ts'
import { wrap } from '../terminal/glyphWidth.ts'
import { loss } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { drawAttention } from './attention.ts'

/** Prints what the model writes for a text, and returns its trace. @throws UsageError for options of models of labels */
export function inspectSequences(
  model: SequenceToSequence,
  text: string | undefined,
  flags: { label?: string; layout?: string },
  output: Output,
): Trace {
  const wrong = (['label', 'layout'] as const).filter((name) => flags[name] !== undefined)
  if (wrong.length > 0 || text === undefined) {
    const got = text === undefined ? '--ids' : wrong.map((name) => `--${name}`).join(', ')
    throw new UsageError({
      where: 'inspect',
      expected: 'options that apply to a sequence-to-sequence model',
      got,
      remedy: `Omit ${got}${text === undefined ? ', and give a text' : ''}.`,
    })
  }
  const written = model.predict(text)
  const trace = model.trace(text)
  output.emit({ ...written, trace })
  if (output.json) return trace
  const lines = [...drawAttention(written, output.colors, output.width), '', ...drawSides(trace, output)]
  for (const line of lines) output.print(line)
  return trace
}

function drawSides(trace: Trace, { colors, width }: { colors: Colors; width: number }): string[] {
  const encoder = topOf(trace)
  const both = [...encoder.steps, ...trace.steps] as readonly TraceStep[]
  const scale = logScale(both.flatMap(({ gradient }) => [gradient.hidden, gradient.cell ?? 0]))
  const canvas: Canvas = { trace, colors, width: Math.max(40, width), scale }
  const note = `keeps: ${trace.convention.replace(/^keeps = /, '')}. output: the next token. ‖∂L/∂h‖: norm of the gradient of the loss of “${labelText(trace.target)}”, ${loss(trace.loss)} a token, on one logarithmic scale for both. --json prints every layer and direction.`
  return [
    colors.bold('encoder'),
    ...traceRows({ ...canvas, trace: encoder, silent: true }),
    '',
    colors.bold('decoder'),
    ...traceRows(canvas),
    '',
    ...wrap(note, canvas.width).map((line) => colors.dim(line)),
  ]
}

/** The top layer of the encoder, forwards, with the tokens of the source. */
function topOf(trace: Trace): Trace {
  const { tokens, known } = trace.source!
  const layers: readonly TraceLayer[] = trace.layers
  const top = layers.findLast(({ side, direction }) => side === 'encoder' && direction === 'forward')!
  const steps = top.steps.map((step, t) => ({ ...step, token: tokens[t], known: known[t] }))
  return { ...trace, steps } as unknown as Trace
}
