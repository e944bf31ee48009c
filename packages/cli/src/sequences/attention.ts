/** The attention of a sequence-to-sequence model in the terminal: a row for each target token, a column for each source token. */
import type { WrittenSequence } from 'latch'
import { maximum } from 'latch/inspection'
import { labelText } from '../inspect/traceRows.ts'
import type { Colors } from '../terminal/escape.ts'
import { displayWidth, fit, pad } from '../terminal/glyphWidth.ts'
import { outputNumber, percent } from '../terminal/numbers.ts'

const SHADES = [' ', '░', '▒', '▓', '█']
/** Columns of a source token in the matrix, at most. */
const MOST_COLUMNS = 8

/** The written text, its probability, and what each token looked at. */
export function drawAttention(written: WrittenSequence, colors: Colors, width: number): string[] {
  const { tokens, sourceTokens, attention, logProbability, ended } = written
  const facts = `probability ${percent(Math.exp(logProbability))} (${outputNumber(logProbability)} nats)`
  const head = [
    `${colors.bold(labelText(written.text))}  ${colors.dim(ended ? facts : `${facts}, cut at the limit`)}`,
    '',
  ]
  if (!attention || tokens.length === 0) return head
  const names = tokens.map(labelText)
  const side = Math.min(16, maximum(names.map(displayWidth), 'target'.length))
  const sources = sourceTokens.map(labelText)
  const column = Math.min(MOST_COLUMNS, maximum(sources.map(displayWidth), 1))
  const fits = side + 2 + sources.length * (column + 1) <= width
  return fits
    ? [...head, ...matrix({ names, sources, attention, side, column }, colors)]
    : [...head, ...list({ names, sources, attention, side }, colors, width)]
}

interface Drawn {
  names: readonly string[]
  sources: readonly string[]
  attention: readonly (readonly number[])[]
  side: number
}

function matrix(
  { names, sources, attention, side, column }: Drawn & { column: number },
  { dim, cyan }: Colors,
): string[] {
  const cells = (parts: readonly string[]) => parts.join(' ')
  const title = cells(sources.map((source) => pad(fit(source, column), column)))
  return [
    `${pad('', side)}  ${dim(title.trimEnd())}`,
    ...names.map((name, t) => {
      const shades = attention[t].map((weight) => SHADES[Math.min(4, Math.round(weight * 4))].repeat(column))
      return `${pad(fit(name, side), side)}  ${cyan(cells(shades))}`.trimEnd()
    }),
  ]
}

/** The source tokens that were looked at most, where the matrix is wider than the terminal. */
function list({ names, sources, attention, side }: Drawn, { dim }: Colors, width: number): string[] {
  return [
    dim(`${pad('target', side)}  looks at`),
    ...names.map((name, t) => {
      const order = attention[t].map((_, s) => s).sort((a, b) => attention[t][b] - attention[t][a])
      const looked = order.slice(0, 3).map((s) => `${sources[s]} ${percent(attention[t][s])}`)
      return `${pad(fit(name, side), side)}  ${fit(looked.join('   '), width - side - 2)}`
    }),
  ]
}
