/** Files of word vectors (Node only): plain or gzip, of any size. */
import { UsageError } from '../../core/errors.ts'
import { assertKnownOptions } from '../../core/knownNames.ts'
import { describeTyped } from '../../core/typedValues.ts'
import { nameOf, readBytes } from '../bytesNode.ts'
import { startOfVectors } from './readVectors.ts'
import { VectorFile } from './vectorSource.ts'

/** Options of `openVectors`. */
export interface OpenVectorsOptions {
  /**
   * The first words of the file, most frequent first in most files, that a model keeps in its vocabulary although no training
   * row has them: texts that it reads later may. Default 0.
   */
  unseen?: number
}

/**
 * Opens a file of word vectors for the option `vectors` of a model: GloVe text, word2vec text or binary, or fastText `.vec`,
 * plain or gzip, recognised by its bytes. Only its first bytes are read here; the model reads the file once it knows its
 * words, and keeps theirs alone, so that a file of several GB takes no memory.
 * @throws DataError for a file that cannot be read or has no word vectors
 * @example
 * const model = textClassifier({ vectors: await openVectors('glove.6B.100d.txt') })
 */
export async function openVectors(path: string, options: OpenVectorsOptions = {}): Promise<VectorFile> {
  assertKnownOptions('openVectors option', options, { unseen: 1 })
  const { unseen = 0 } = options
  if (!Number.isSafeInteger(unseen) || unseen < 0)
    throw new UsageError({
      where: 'openVectors option unseen',
      expected: 'a whole number, 0 or more',
      got: describeTyped(unseen),
    })
  if (path === '-') {
    const remedy = 'Write the vectors to a file: they are read twice.'
    throw new UsageError({ where: 'option vectors', expected: 'a file', got: 'standard input', remedy })
  }
  const name = nameOf(path, undefined)
  const open = () => readBytes(path, name)
  const { queue, start } = await startOfVectors(open(), name)
  await queue.close()
  return new VectorFile(name, start, open, unseen)
}
