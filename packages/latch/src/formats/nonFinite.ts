/** NaN and infinite weights: files with them are refused, or opened with a warning if the option allows it. */
import { findNonFinite } from '../core/validation.ts'
import type { ImportedModel } from './imported.ts'
import { assertFinite } from './latch/modelFile.ts'

type Weights = Iterable<readonly [string, ArrayLike<number>]>

/** A sentence for the first tensor with NaN or infinite numbers and how many have them; none if all are finite. */
export function listNonFinite(weights: Weights): string[] {
  const found = [...weights].flatMap(([name, data]) => {
    const at = findNonFinite(data)
    return at < 0 ? [] : [`${name}[${at}] is ${data[at]}`]
  })
  if (found.length === 0) return []
  const more = found.length > 1 ? `, and ${found.length - 1} more tensors have such numbers` : ''
  return [`the weights are not all finite: ${found[0]}${more}; predictions may fail`]
}

/** @throws FormatError for weights that are not finite, naming the first, unless `allow` makes it a warning */
export function checkWeights(imported: ImportedModel, allow: boolean, source: string): ImportedModel {
  if (!allow) for (const [name, data] of imported.weights) assertFinite(name, data, source)
  const found = listNonFinite(imported.weights)
  return found.length > 0 ? { ...imported, warnings: [...imported.warnings, ...found] } : imported
}
