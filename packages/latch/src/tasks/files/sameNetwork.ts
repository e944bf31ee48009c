/** Whether the network of a model file is the one that its settings build. */
import { fieldAt, fieldError, type Field } from '../../core/validation.ts'
import type { NetworkConfig } from '../../model/config.ts'

/** @throws FormatError for the first layer that differs, and for another loss */
export function requireSameNetwork(field: Field, config: NetworkConfig, wanted: NetworkConfig): void {
  const texts = (layers: readonly object[]) => layers.map((layer) => JSON.stringify(layer))
  const [found, expected] = [texts(config.layers), texts(wanted.layers)]
  const wrong = expected.findIndex((layer, i) => layer !== found[i])
  if (wrong >= 0 || found.length !== expected.length) {
    const at = wrong >= 0 ? wrong : expected.length
    throw fieldError(fieldAt(field, 'layers'), expected[at] ?? 'no more layers', found[at] ?? 'none')
  }
  if (config.loss?.type !== wanted.loss!.type)
    throw fieldError(fieldAt(field, 'loss'), wanted.loss!.type, config.loss?.type ?? 'nothing')
}
