/** Word vectors as models take them: a file that is read later, or words with their numbers. */
import { DataError, UsageError } from '../../core/errors.ts'
import { assertKnownOptions } from '../../core/knownNames.ts'
import { describeTyped } from '../../core/typedValues.ts'
import { VectorCollector, type FoundVectors } from './foundVectors.ts'
import { readVectors } from './readVectors.ts'
import type { VectorForm } from './vectorForm.ts'

/**
 * A file of word vectors, made by `openVectors` of `latch/node`. A model reads it when it knows its words, and keeps
 * theirs alone.
 */
export class VectorFile {
  /** In messages and reports. */
  readonly name: string
  readonly form: VectorForm
  /** Numbers of a vector. */
  readonly width: number
  /** How many of its first words a model keeps although no training row has them. */
  readonly unseen: number
  readonly #open: () => AsyncIterator<Uint8Array>

  constructor(
    name: string,
    { form, width }: { form: VectorForm; width: number },
    open: () => AsyncIterator<Uint8Array>,
    unseen = 0,
  ) {
    this.name = name
    this.form = form
    this.width = width
    this.unseen = unseen
    this.#open = open
  }

  /**
   * The vectors of some words, and of the first ones of the file (`unseen`).
   * @param ignoreCase whether a word in another case does where the word itself is missing
   * @throws DataError naming the line or vector at fault
   */
  read(words: ReadonlySet<string>, ignoreCase = false): Promise<FoundVectors> {
    return readVectors(this.#open(), this.name, words, ignoreCase, this.unseen)
  }
}

/** Words and their numbers, each as many: a map, an object, or a file of them. */
export type WordVectors =
  VectorFile | ReadonlyMap<string, ArrayLike<number>> | Readonly<Record<string, ArrayLike<number>>>

/** Options of `parseVectors`. */
export interface ParseVectorsOptions {
  /** Words whose vectors are kept. Default all. */
  words?: Iterable<string>
  /** The source in messages. Default `vectors`. */
  name?: string
}

/**
 * All vectors of a file in memory, such as one that a page has fetched: GloVe text, word2vec text or binary, or fastText
 * `.vec`, recognised by its bytes. Of gzip, pass the stream through `DecompressionStream` before.
 * @param source bytes, or pieces of them
 * @throws DataError naming the line or vector at fault
 * @example
 * const vectors = await parseVectors(new Uint8Array(await (await fetch('vectors.vec')).arrayBuffer()))
 * const model = textClassifier({ vectors })
 */
export async function parseVectors(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  options: ParseVectorsOptions = {},
): Promise<Map<string, Float32Array>> {
  assertKnownOptions('parseVectors option', options, { words: 1, name: 1 })
  const { words, name = 'vectors' } = options
  const chunks = source instanceof Uint8Array ? onePiece(source) : source
  const wanted = words ? new Set(words) : null
  const { vectors } = await readVectors(chunks[Symbol.asyncIterator](), name, wanted, false)
  return vectors
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The numbers of each vector. @throws UsageError for anything but word vectors */
export function widthOfVectors(vectors: WordVectors): number {
  if (vectors instanceof VectorFile) return vectors.width
  const [first] = entriesOf(vectors)
  if (first === undefined) throwVectors('no words')
  requireNumbers(first[0], first[1], (first[1] as ArrayLike<number> | null)?.length ?? 0)
  return first[1].length
}

/** The vectors of some words. @throws UsageError for ragged ones; DataError for a file at fault */
export async function findVectors(
  vectors: WordVectors,
  words: ReadonlySet<string>,
  ignoreCase: boolean,
): Promise<FoundVectors> {
  if (vectors instanceof VectorFile) return vectors.read(words, ignoreCase)
  const collector = new VectorCollector(words, ignoreCase)
  const width = widthOfVectors(vectors)
  for (const [word, numbers] of entriesOf(vectors)) {
    requireNumbers(word, numbers, width)
    const wanted = collector.wants(word)
    if (!wanted) continue
    const vector = Float32Array.from(numbers)
    const wrong = vector.findIndex((value) => !Number.isFinite(value))
    if (wrong >= 0) {
      const where = `option vectors, ${JSON.stringify(word)}, number ${wrong + 1}`
      throw new DataError({ where, expected: 'a finite number of float32', got: String(numbers[wrong]) })
    }
    wanted.into.set(wanted.word, vector)
  }
  return collector.finish()
}

function entriesOf(vectors: Exclude<WordVectors, VectorFile>): Iterable<[string, ArrayLike<number>]> {
  if (vectors instanceof Map) return vectors as ReadonlyMap<string, ArrayLike<number>>
  if (
    typeof vectors !== 'object' ||
    vectors === null ||
    Array.isArray(vectors) ||
    ArrayBuffer.isView(vectors)
  )
    throwVectors(describeTyped(vectors))
  return Object.entries(vectors)
}

/** @throws UsageError for a vector of another width */
function requireNumbers(word: string, numbers: unknown, width: number): void {
  const isList = Array.isArray(numbers) || (ArrayBuffer.isView(numbers) && !(numbers instanceof DataView))
  const length = isList ? (numbers as unknown as ArrayLike<number>).length : 0
  if (length > 0 && length === width) return
  throw new UsageError({
    where: `option vectors, ${JSON.stringify(word)}`,
    expected: width > 0 ? `${width} numbers, as of the first word` : 'a list of numbers',
    got: isList ? `${length}` : describeTyped(numbers),
  })
}

function throwVectors(got: string): never {
  const expected = 'words and their numbers (an object or a map), or the file that `openVectors` opens'
  throw new UsageError({ where: 'option vectors', expected, got })
}
