/** `latch predict` of a sequence-to-sequence model: what it writes for each source, or by beam search. */
import type { SequenceToSequence, TargetSearchOptions, WrittenSequence } from 'latch'
import { labelText } from '../inspect/traceRows.ts'
import type { Colors } from '../terminal/escape.ts'
import { visible } from '../terminal/glyphWidth.ts'
import { exactNumber, percent } from '../terminal/numbers.ts'

/** The targets of each source, the best first: one without `search`, else the `top` likeliest. */
export function writer(
  model: SequenceToSequence,
  search: TargetSearchOptions | null,
  top = 1,
): {
  one(source: string): readonly WrittenSequence[]
  many(sources: readonly string[]): (readonly WrittenSequence[])[]
} {
  if (!search) {
    return {
      one: (source) => [model.predict(source)],
      many: (sources) => model.predict(sources).map((written) => [written]),
    }
  }
  return {
    one: (source) => model.beamSearch(source, search).slice(0, top),
    many: (sources) => model.beamSearch(sources, search).map((found) => found.slice(0, top)),
  }
}

/** The best target; with more than one also all of them, as `top`. */
export function writtenJson(written: readonly WrittenSequence[], top: number): object {
  const all = written.map(({ text, logProbability, ended }) => ({
    text,
    probability: Math.exp(logProbability),
    ended,
  }))
  return top > 1 ? { ...all[0], top: all } : all[0]
}

/** Each target and its probability, then the source. */
export function writtenCells(written: readonly WrittenSequence[], source: string): string[] {
  const cells = written.flatMap(({ text, logProbability }) => [text, exactNumber(Math.exp(logProbability))])
  return [...cells, source]
}

/** The same for a terminal. */
export function drawWritten(
  written: readonly WrittenSequence[],
  source: string,
  { bold, dim }: Colors,
): string {
  const parts = written.map(({ text, logProbability }, i) => {
    const name = labelText(text)
    return `${i === 0 ? bold(name) : name}  ${percent(Math.exp(logProbability))}`
  })
  return [...parts, dim(visible(source))].join('  ')
}
