/** The table of counts in a model file: the tensor `counts` and a section of the document. */
import { fieldError, readList, readNumber, type Field } from '../../core/validation.ts'
import type { NamedTensor } from '../../formats/safetensors/safetensors.ts'
import type { WordCounts } from './wordCounts.ts'

const NAME = 'counts'
const SCORES = 'countScores'

/** The tensors (N, 1 + C) and (N, C). */
export function countsTensors({ table, scores, bias: { length } }: WordCounts): NamedTensor[] {
  const rows = scores.length / length
  return [
    { name: NAME, shape: [rows, length + 1], dtype: 'U32', data: table },
    { name: SCORES, shape: [rows, length], dtype: 'F32', data: scores },
  ]
}

/** The section: both weights, then the bias of each class. */
export const writeCounts = ({ network, counts, bias }: WordCounts): number[] => [network, counts, ...bias]

/** Reads section and tensors. @throws FormatError naming the field */
export function readCounts(
  field: Field,
  classes: number,
  take: (prefix: string) => NamedTensor[],
): WordCounts {
  const width = classes + 1
  const [network, counts, ...bias] = readList(field, (item) => readNumber(item), {
    minLength: width + 1,
    maxLength: width + 1,
  })
  const [learned] = take(SCORES)
  const [tensor] = take(NAME)
  const table = tensor?.data as Uint32Array
  const scores = learned?.data as Float32Array
  const isTable = tensor?.dtype === 'U32' && tensor.shape[1] === width
  if (!isTable || table.some((key, i) => i >= width && i % width === 0 && key <= table[i - width]))
    throw fieldError(field, `a tensor ${NAME} of ${width} columns with ascending keys`)
  if (learned?.dtype !== 'F32' || scores.length !== tensor.shape[0] * classes || !scores.every(isFinite))
    throw fieldError(field, `a tensor ${SCORES} of ${classes} columns`)
  return { table, scores, network, counts, bias }
}
