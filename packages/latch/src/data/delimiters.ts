/**
 * How the cells of a text are separated, by its first records: the delimiter with which most records have the same
 * number of columns; and whether a tab-separated text quotes its cells.
 */

/** Delimiters that are looked for, the least likely to occur in a text first. */
const CANDIDATES = ['\t', ';', '|', ','] as const

/** Characters from which the format and the delimiter are inferred. */
export const HEAD_LENGTH = 1 << 16

/** Names of delimiters in messages. */
const NAMES: Readonly<Record<string, string>> = { '\t': 'a tab', ' ': 'a space' }

/** `";"`, `a tab`. */
export function delimiterName(delimiter: string): string {
  return NAMES[delimiter] ?? `"${delimiter}"`
}

/** The records of a text under one delimiter. */
export interface Layout {
  /** Columns of each record. */
  counts: number[]
  /** Cells that start with a quote. */
  quoted: number
  /** Whether each of these ends at its closing quote. */
  closed: boolean
  /** Whether one of these holds a line end or the delimiter. */
  spanning: boolean
  /** Whether there is only the start of one record. */
  isCut: boolean
}

/** Share of records with the most frequent number of columns, which is two or more. */
interface Fit {
  delimiter: string
  share: number
  columns: number
  records: number
  /** Whether there is only the start of one record. */
  isCut: boolean
}

export interface DelimiterGuess {
  delimiter: string
  /** Why it is not the expected one: `2 columns in 5 of 5 lines`; null where it is. */
  reason: string | null
}

/**
 * @param text the first records
 * @param endsHere whether there are no others; else the last one is cut
 * @param own the delimiter that the name or the format promises, if it does
 */
export function guessDelimiter(text: string, endsHere: boolean, own: string | undefined): DelimiterGuess {
  const head = text.slice(0, HEAD_LENGTH)
  const isWhole = endsHere && head.length === text.length
  const fits = CANDIDATES.map((delimiter) => fitOf(head, isWhole, delimiter))
  const possible = fits.filter(({ share }) => share > 0.5)
  const separators = possible.filter(({ delimiter }) => !isPunctuation(head, delimiter))
  // The expected one may be followed by spaces, but not where another fits.
  const candidates = separators.length > 0 ? separators : possible.filter((fit) => fit.delimiter === own)
  const expected = candidates.find(({ delimiter }) => delimiter === own)
  const best = candidates.reduce<Fit | undefined>((a, b) => (a && a.share >= b.share ? a : b), undefined)
  if (!best || (expected && expected.share >= best.share)) return { delimiter: own ?? ',', reason: null }
  const same = Math.round(best.share * best.records)
  const lines = best.records === 1 ? 'line' : 'lines'
  const counted = `${best.columns} columns in ${same} of ${best.records} ${lines}`
  const reason = best.isCut ? `at least ${best.columns} columns in a long first line` : counted
  return { delimiter: best.delimiter, reason }
}

function fitOf(head: string, isWhole: boolean, delimiter: string): Fit {
  const layout = scanLayout(head, isWhole, delimiter, true)
  const { counts, isCut } = layout.closed ? layout : scanLayout(head, isWhole, delimiter, false)
  const { value, count } = mostFrequent(counts)
  const share = value > 1 ? count / counts.length : 0
  return { delimiter, share, columns: value, records: counts.length, isCut }
}

/** Commas and semicolons that are mostly followed by a space belong to sentences. */
function isPunctuation(head: string, delimiter: string): boolean {
  if (delimiter === '|' || delimiter === '\t') return false
  let [all, spaced] = [0, 0]
  for (let at = head.indexOf(delimiter); at >= 0; at = head.indexOf(delimiter, at + 1)) {
    all++
    if (head[at + 1] === ' ') spaced++
  }
  return spaced > all / 2
}

/**
 * Whether quotes in a tab-separated text enclose cells. They do where every cell that starts with a quote is well
 * closed; but a text whose lines have all the same number of columns needs none, so that a cell which is a quote itself
 * stays one. Undefined where no cell starts with a quote.
 */
export function guessQuotes(head: string, isWhole: boolean, delimiter: string): boolean | undefined {
  const layout = scanLayout(head, isWhole, delimiter, true)
  if (layout.quoted === 0) return undefined
  if (!layout.closed) return false
  if (!layout.spanning) return true
  return !isUniform(scanLayout(head, isWhole, delimiter, false).counts) && isUniform(layout.counts)
}

function isUniform(counts: readonly number[]): boolean {
  return counts.every((count) => count === counts[0])
}

/** The number that occurs most often; the larger of two. */
function mostFrequent(counts: readonly number[]): { value: number; count: number } {
  const times = new Map<number, number>()
  for (const count of counts) times.set(count, (times.get(count) ?? 0) + 1)
  let best = { value: 0, count: 0 }
  for (const [value, count] of times) {
    if (count > best.count || (count === best.count && value > best.value)) best = { value, count }
  }
  return best
}

/** Goes through a text once, character by character where it matters. Blank lines are no records. */
export function scanLayout(text: string, isWhole: boolean, delimiter: string, quotes: boolean): Layout {
  const layout: Layout = { counts: [], quoted: 0, closed: true, spanning: false, isCut: false }
  let columns = 1
  let at = 0
  let start = 0
  const endRecord = (next: number): void => {
    if (at > start) layout.counts.push(columns)
    columns = 1
    at = next
    start = next
  }
  while (at < text.length) {
    if (quotes && text[at] === '"' && (at === start || text[at - 1] === delimiter)) {
      layout.quoted++
      const end = closingQuote(text, at)
      // A quote that is still open where the head is cut may be closed later.
      if (end < 0) {
        if (isWhole || text.length - at > 1 << 14) layout.closed = false
        return finished(layout, false, columns)
      }
      const after = text[end + 1]
      if (after !== undefined && after !== delimiter && after !== '\n' && after !== '\r')
        layout.closed = false
      const cell = text.slice(at, end)
      layout.spanning ||= cell.includes('\n') || cell.includes('\r') || cell.includes(delimiter)
      at = end + 1
      continue
    }
    const character = text[at]
    if (character === delimiter) columns++
    else if (character === '\n') {
      endRecord(at + 1)
      continue
    } else if (character === '\r') {
      endRecord(text[at + 1] === '\n' ? at + 2 : at + 1)
      continue
    }
    at++
  }
  return finished(layout, isWhole && at > start, columns)
}

/** With the last record, where it is whole; a record that is cut counts only where it is the only one. */
function finished(layout: Layout, isWhole: boolean, columns: number): Layout {
  layout.isCut = !isWhole && layout.counts.length === 0
  if (isWhole || layout.isCut) layout.counts.push(columns)
  return layout
}

/** The place of the quote that closes a cell; -1 where none does. */
export function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at
  }
  return -1
}
