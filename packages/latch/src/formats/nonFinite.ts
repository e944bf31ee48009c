/** NaN and infinite weights: files with them are refused, or opened with a warning if the option allows it. */
import { FormatError } from '../core/errors.ts'
import type { ImportedModel } from './imported.ts'
import { quoted } from './safetensors/header.ts'

type Weights = Iterable<readonly [string, ArrayLike<number>]>

function findNonFinite(data: ArrayLike<number>): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i
  return -1
}

/** @throws FormatError for NaN and infinite numbers, naming the first */
export function assertFinite(weights: Weights, source: string): void {
  for (const [name, data] of weights) {
    const at = findNonFinite(data)
    if (at < 0) continue
    throw new FormatError({
      where: `${source}, tensor ${quoted(name)}, number ${at}`,
      expected: 'a finite number',
      got: `${data[at]}`,
      fix: { option: 'allowNonFinite', value: true, to: 'inspect the model' },
    })
  }
}

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
  if (!allow) assertFinite(imported.weights, source)
  const found = listNonFinite(imported.weights)
  return found.length > 0 ? { ...imported, warnings: [...imported.warnings, ...found] } : imported
}
