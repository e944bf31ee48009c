/** What `latch predict` reads for a classifier of pairs of texts: two arguments, rows of a table, or lines with a tab. */
import { DataError, UsageError, type TextPair } from 'latch'
import type { RowFlags } from '../options/rows.ts'
import { isTable } from '../options/tableFlags.ts'
import type { Output } from '../terminal/output.ts'
import type { Item } from '../texts/answers.ts'
import { readPairTexts } from './rows.ts'

/** The arguments in twos. @throws UsageError for an odd number of them */
export function givenPairs(texts: readonly string[]): Item[] {
  if (texts.length % 2 === 1) {
    throw new UsageError({
      where: 'predict',
      expected: 'two texts for each pair',
      got: `${texts.length}`,
      remedy: 'Quote both texts of each pair: "how old are you" "what is your age".',
    })
  }
  return Array.from({ length: texts.length / 2 }, (_, i) => inputOf({ a: texts[2 * i], b: texts[2 * i + 1] }))
}

/** The pairs of a table; null for a file of lines. */
export async function tablePairs(
  file: string,
  flags: RowFlags,
  output: Output,
  trained: string | null,
): Promise<Item[] | null> {
  if (!isTable(file, flags)) return null
  return (await readPairTexts(file, flags, output, trained)).map(inputOf)
}

/** A line as a pair; one without exactly one tab has an error. */
export function linePair(line: string, where: string): Item {
  const parts = line.split('\t')
  if (parts.length === 2) return inputOf({ a: parts[0], b: parts[1] })
  const expected = 'two texts with a tab between them'
  return { text: line, error: new DataError({ where, expected, got: JSON.stringify(line) }) }
}

function inputOf(pair: TextPair): Item {
  return { text: `${pair.a} / ${pair.b}`, pair }
}
