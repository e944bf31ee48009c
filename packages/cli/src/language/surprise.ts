/** The tokens of a text by surprise: bits of each, and the token that the language model expected instead. */
import type { TextScore, Trace } from 'latch'
import { maximum } from 'latch/inspection'
import { bar } from '../training/bars.ts'
import type { Colors } from '../terminal/escape.ts'
import { displayWidth, fit, pad, wrap } from '../terminal/glyphWidth.ts'
import { outputNumber, percent, plural } from '../terminal/numbers.ts'
import { labelText } from '../inspect/traceRows.ts'

/** Longer texts show only so many tokens, the most surprising. */
const MOST_ROWS = 60

/** What `latch inspect` prints above the trace of a language model. */
export function drawSurprise(score: TextScore, trace: Trace, colors: Colors, width: number): string[] {
  const { tokens, mostSurprising } = score
  const isLong = tokens.length > MOST_ROWS
  const shown = isLong ? mostSurprising.slice(0, MOST_ROWS).sort((a, b) => a - b) : tokens.map((_, i) => i)
  const names = shown.map((i) => labelText(tokens[i].token))
  const size = Math.min(16, Math.max(5, maximum(names.map(displayWidth))))
  const most = maximum(tokens.map(({ bits }) => bits))
  const barSize = Math.max(6, Math.min(24, width - size - 42))
  const rows = shown.map((i, row) => {
    const { bits, known } = tokens[i]
    const { label, probabilities } = trace.steps[i].output as {
      label: string
      probabilities: Record<string, number>
    }
    const cells = [
      pad(String(i + 1), 4, 'end'),
      pad(fit(names[row], size), size),
      pad(bits.toFixed(2), 6, 'end'),
      pad(colors.cyan(bar(most > 0 ? bits / most : 0, barSize)), barSize),
      label === tokens[i].token
        ? colors.dim('expected')
        : `${labelText(label)} ${percent(probabilities[label])}`,
    ]
    return cells.join('  ') + (known ? '' : colors.dim('  ?'))
  })
  const facts = [
    plural(tokens.length, 'token'),
    `${outputNumber(score.nats / tokens.length)} nats`,
    `${outputNumber(score.bits / tokens.length)} bits a token`,
    `perplexity ${outputNumber(score.perplexity)}`,
  ]
  const head = ['step', pad('token', size), pad('bits', 6, 'end'), pad('surprise', barSize), 'likeliest here']
  return [
    colors.bold('Surprise by token'),
    ...wrap(facts.join(' · ') + (isLong ? ` · the ${MOST_ROWS} most surprising` : ''), width).map(colors.dim),
    '',
    colors.dim(head.join('  ').trimEnd()),
    ...rows,
    '',
  ]
}
