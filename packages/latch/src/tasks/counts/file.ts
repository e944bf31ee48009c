/** The table of counts in a model file. */
import { fieldError, readList, readNumber, type Field } from '../../core/validation.ts'
import type { NamedTensor } from '../../formats/safetensors/safetensors.ts'
import { readFields } from '../../layers/fields.ts'
import { wordCounts, type StoredCounts, type WordCounts } from './wordCounts.ts'

const NAME = 'counts'

/** The section of the document. */
export const writeCounts = ({ network, counts, texts }: WordCounts) => ({ network, counts, texts })

/** The tensor `counts` (N, 1 + C). */
export function countsTensor({ table, texts }: WordCounts): NamedTensor {
  const width = texts.length + 1
  return { name: NAME, shape: [table.length / width, width], dtype: 'U32', data: table }
}

/** Reads section and tensor; null without a section. @throws FormatError naming the field */
export function readCounts(
  field: Field,
  classes: number,
  take: (prefix: string) => NamedTensor[],
): WordCounts | null {
  if (field.value === undefined) return null
  const factor = (x: Field) => readNumber(x, { min: 0 })
  const section = readFields<Omit<StoredCounts, 'table'>>(field, {
    network: factor,
    counts: factor,
    texts: (x) => readList(x, factor, { minLength: classes, maxLength: classes }),
  })
  const width = classes + 1
  const [tensor, ...more] = take(NAME)
  const table = tensor?.data
  if (
    !(table instanceof Uint32Array && table.length % width === 0) ||
    table.some((key, i) => i > 0 && i % width === 0 && key <= table[i - width]) ||
    more.length > 0
  ) {
    throw fieldError(field, `a tensor ${NAME} of shape [N, ${width}] with ascending keys`)
  }
  return wordCounts({ ...section, table })
}
