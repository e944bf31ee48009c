/** Remedies of files of word vectors. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataError, UsageError } from '../../../src/core/errors.ts'
import { openVectors } from '../../../src/data/vectors/vectorFileNode.ts'
import { parseVectors } from '../../../src/data/vectors/vectorSource.ts'
import { FORMS, randomTable } from '../../data/vectors/vectorHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const TEXT = 'a 1 2\nb 3 4\n'
const binary = FORMS['word2vec binary'](randomTable(1, 3, 4))

const vectors = (
  name: string,
  remedy: string,
  wrong: string | Uint8Array,
  ...right: (string | Uint8Array)[]
): RemedyCase => ({
  name,
  kind: DataError,
  remedy,
  raise: () => parseVectors(Buffer.from(wrong)),
  follow: async () => {
    for (const one of right) await parseVectors(Buffer.from(one))
  },
})

export const VECTOR_CASES: readonly RemedyCase[] = [
  vectors(
    'ragged vectors',
    'The rows are ragged: check the download, or remove the line.',
    'a 1 2\nb 3\n',
    TEXT,
    'a 1 2\n',
  ),
  vectors(
    'binary vectors that end too early',
    'The file is cut short: copy or download it again.',
    binary.subarray(0, -1),
    binary,
  ),
  vectors(
    'binary vectors with more than their first line says',
    'The first line belongs to another file: download it again.',
    Buffer.concat([binary, binary]),
    binary,
  ),
  vectors(
    'a table in place of vectors',
    'Give a file with a word and its numbers in each line, or the binary form of word2vec.',
    'text,label\ngood,a\n',
    TEXT,
    binary,
  ),
  vectors(
    'a fastText model in place of its vectors',
    'Give the file .vec that belongs to it.',
    Buffer.from([0xba, 0x16, 0x4f, 0x2f, 12, 0, 0, 0]),
    `2 2\n${TEXT}`,
  ),
  vectors(
    'an archive of vectors',
    'Unpack it, and give the file inside.',
    Buffer.from(`PK\x03\x04${'\0'.repeat(22)}\x05\0\0\0v.txt`),
    TEXT,
  ),
  {
    name: 'vectors from standard input',
    kind: UsageError,
    remedy: 'Write the vectors to a file: they are read twice.',
    raise: () => openVectors('-'),
    follow: async () => {
      const path = join(await mkdtemp(join(tmpdir(), 'vectors-')), 'v.txt')
      await writeFile(path, TEXT)
      await openVectors(path)
    },
  },
]
