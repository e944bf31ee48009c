/** An embedding that begins with pretrained vectors. Loaded with training. */
import type { FoundVectors } from '../../data/vectors/foundVectors.ts'
import { VectorFile, findVectors, type WordVectors } from '../../data/vectors/vectorSource.ts'
import type { Network } from '../../model/network.ts'
import { formatCount } from '../labels.ts'
import type { VectorsReport } from './report.ts'

/** The vectors of the words of training rows. */
export interface KnownVectors {
  /** By token. */
  readonly vectors: ReadonlyMap<string, ArrayLike<number>>
  /** Tokens of the training rows, and how often each occurs. */
  readonly counts: ReadonlyMap<string, number>
  readonly source: string | null
  readonly found: FoundVectors
}

/**
 * The vectors of the training rows' tokens. A token without one takes that of its lower case; where the model ignores case,
 * that of the word in another case.
 * @throws DataError for a file at fault; UsageError for ragged vectors
 */
export async function readKnown(
  given: WordVectors,
  tokenLists: Iterable<readonly string[]>,
  ignoreCase: boolean,
): Promise<KnownVectors> {
  const counts = new Map<string, number>()
  for (const tokens of tokenLists) for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  const wanted = new Set(counts.keys())
  if (!ignoreCase) for (const token of counts.keys()) wanted.add(token.toLowerCase())
  const found = await findVectors(given, wanted, ignoreCase)
  const vectors = new Map<string, ArrayLike<number>>()
  let lowered = 0
  for (const token of counts.keys()) {
    const own = found.vectors.get(token)
    const vector = own ?? found.vectors.get(token.toLowerCase())
    if (!vector) continue
    vectors.set(token, vector)
    if (!own) lowered++
  }
  // Words that the source keeps although no row has them.
  for (const [word, vector] of found.vectors) if (!wanted.has(word)) vectors.set(word, vector)
  const source = given instanceof VectorFile ? given.name : null
  return { vectors, counts, source, found: { ...found, otherCase: found.otherCase + lowered } }
}

/**
 * Writes the vectors into an embedding (V, E). Words without one, and the unknown word, keep their random numbers, with the
 * standard deviation of the vectors, so that they are neither louder nor quieter (Kim 2014).
 * @param tokens the vocabulary
 */
export function startEmbedding(
  network: Network,
  parameter: string,
  tokens: readonly string[],
  { vectors, counts, source, found }: KnownVectors,
): VectorsReport {
  const table = network.readParameter(parameter)
  const width = table.length / tokens.length
  const rows = tokens.map((token) => vectors.get(token))
  const scale = spread(rows) / spread([table])
  const words = { covered: 0, total: tokens.length - 1 }
  let unseen = 0
  rows.forEach((vector, row) => {
    const at = row * width
    if (vector) {
      if (counts.has(tokens[row])) words.covered++
      else unseen++
      table.set(vector, at)
    } else for (let i = at; i < at + width; i++) table[i] *= scale
  })
  network.writeParameter(parameter, table)
  const all = { covered: 0, total: 0 }
  for (const [token, count] of counts) {
    all.total += count
    if (vectors.has(token)) all.covered += count
  }
  words.total -= unseen
  const { rows: size, otherCase, duplicates } = found
  return { source, width, rows: size, vocabulary: words, unseen, tokens: all, otherCase, duplicates }
}

/** The root mean square of all numbers; 1 for none. */
function spread(rows: readonly (ArrayLike<number> | undefined)[]): number {
  let [sum, count] = [0, 0]
  for (const row of rows) {
    if (!row) continue
    for (let i = 0; i < row.length; i++) sum += row[i] * row[i]
    count += row.length
  }
  return sum > 0 ? Math.sqrt(sum / count) : 1
}

/** Sentences on what the vectors cover. */
export function describeVectors(
  { source, vocabulary, unseen, tokens, otherCase, duplicates }: VectorsReport,
  { notes }: FoundVectors,
): string[] {
  const percent = ({ covered, total }: { covered: number; total: number }) =>
    `${((100 * covered) / Math.max(1, total)).toFixed(1)} %`
  const what = source === null ? 'The vectors' : `The vectors of ${source}`
  const words = `${vocabulary.covered} of ${formatCount(vocabulary.total, 'word')} of the vocabulary (${percent(vocabulary)})`
  return [
    `${what} cover ${words} and ${percent(tokens)} of the tokens of the training rows.`,
    ...(unseen > 0 ? [`${formatCount(unseen, 'word')} kept that no training row has.`] : []),
    ...(otherCase > 0 ? [`${formatCount(otherCase, 'word')} found in another case only.`] : []),
    ...(duplicates > 0
      ? [`${formatCount(duplicates, 'vector')} of words that had one left out: the first counts.`]
      : []),
    ...notes,
  ]
}
