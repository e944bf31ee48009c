/** The table of counts in a model file: the tensor `counts` and a section of the document. */
import { fieldError, readList, readNumber, type Field } from '../../core/validation.ts'
import type { NamedTensor } from '../../formats/safetensors/safetensors.ts'
import { wordCounts, type WordCounts } from './wordCounts.ts'

const NAME = 'counts'

/** The tensor (N, 1 + C). */
export function countsTensor({ table, texts }: WordCounts): NamedTensor {
  const width = texts.length + 1
  return { name: NAME, shape: [table.length / width, width], dtype: 'U32', data: table }
}

/** The section: both weights, then the texts of each class. */
export const writeCounts = ({ network, counts, texts }: WordCounts): number[] => [network, counts, ...texts]

/** Reads section and tensor. @throws FormatError naming the field */
export function readCounts(
  field: Field,
  classes: number,
  take: (prefix: string) => NamedTensor[],
): WordCounts {
  const width = classes + 1
  const [network, counts, ...texts] = readList(field, (item) => readNumber(item, { min: 0 }), {
    minLength: width + 1,
    maxLength: width + 1,
  })
  const [tensor] = take(NAME)
  const table = tensor?.data as Uint32Array
  const isTable = tensor?.dtype === 'U32' && tensor.shape[1] === width
  if (!isTable || table.some((key, i) => i >= width && i % width === 0 && key <= table[i - width]))
    throw fieldError(field, `a tensor ${NAME} of ${width} columns with ascending keys`)
  return wordCounts(table, texts, { network, counts })
}
