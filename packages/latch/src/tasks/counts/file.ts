/** The table of counts in a model file. */
import { fieldAt, fieldError, readList, readNumber, type Field } from '../../core/validation.ts'
import type { NamedTensor } from '../../formats/safetensors/safetensors.ts'
import { readFields } from '../../layers/fields.ts'
import { WordCounts, type MixWeights } from './wordCounts.ts'

/** Prefix of the tensors. */
export const COUNTS = 'counts/'

interface Section extends MixWeights {
  texts: number[]
}

/** The section of the document. */
export const writeCounts = ({ weights, texts }: WordCounts): Section => ({ ...weights, texts: [...texts] })

/** The tensors: `keys` (N) and `values` (N, C). */
export function countTensors({ keys, values, texts }: WordCounts): NamedTensor[] {
  return [
    { name: `${COUNTS}keys`, shape: [keys.length], dtype: 'U32', data: keys },
    { name: `${COUNTS}values`, shape: [keys.length, texts.length], dtype: 'F32', data: values },
  ]
}

/** Reads section and tensors; null without a section. @throws FormatError naming the field */
export function readCounts(
  field: Field,
  classes: number,
  take: (prefix: string) => NamedTensor[],
): WordCounts | null {
  if (field.value === undefined) return null
  const factor = (x: Field) => readNumber(x, { min: 0 })
  const { texts, network, counts } = readFields<Section>(field, {
    network: factor,
    counts: factor,
    texts: (x) => readList(x, factor, { minLength: classes, maxLength: classes }),
  })
  const tensors = take(COUNTS)
  const [keys, values] = ['keys', 'values'].map((name) => tensors.find((t) => t.name === name)?.data)
  if (
    keys instanceof Uint32Array &&
    values instanceof Float32Array &&
    tensors.length === 2 &&
    values.length === keys.length * classes &&
    keys.every((key, i) => i === 0 || key > keys[i - 1]) &&
    values.every((count) => count >= 0 && count < Infinity)
  )
    return new WordCounts({ keys, values, texts }, { network, counts })
  const expected = `tensors ${COUNTS}keys, ascending, and ${COUNTS}values with ${classes} counts for each key`
  throw fieldError(fieldAt(field, 'texts'), expected)
}
