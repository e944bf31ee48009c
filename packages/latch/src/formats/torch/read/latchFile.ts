/** State dicts that Latch wrote: names are Latch's but for one dot, and the metadata says everything else. */
import { readArray, fieldAt, readString, rootField } from '../../../core/validation.ts'
import { EMBEDDED_KEY, readEmbedded, type Embedded } from '../../latch/embedded.ts'
import type { ImportOptions } from '../../imported.ts'
import type { SafetensorsContent } from '../../safetensors/safetensors.ts'
import { LayerNames } from '../../../layers/names.ts'

/** What such a file says of itself. */
export interface OwnFile {
  embedded: Embedded
  /** Latch's layers and the modules that fill them. */
  config: { layers: unknown; loss?: unknown; order: readonly string[] }
}

/** `recurrent.0.weight_ih_l0` → `recurrent0.weight_ih_l0`. */
export function torchName(name: string): string {
  return name.replace(/^([a-zA-Z]+)\.(\d+)\./, '$1$2.')
}

/** `model` → `model.safetensors`; a name that ends so stays. */
export function fileName(name: string): string {
  return name.endsWith('.safetensors') ? name : `${name}.safetensors`
}

/** The file's own words, or null where it is not one of ours. @throws FormatError naming the field */
export function findOwnFile(
  content: SafetensorsContent,
  source: string,
  options: ImportOptions,
): OwnFile | null {
  if (!Object.hasOwn(content.metadata, EMBEDDED_KEY)) return null
  const embedded = readEmbedded(content.metadata[EMBEDDED_KEY], source, options)
  if (embedded === null) return null
  const root = rootField(embedded.network, `${EMBEDDED_KEY}.network`, source)
  const layers = fieldAt(root, 'layers')
  const paths = new Set(
    Array.from(content.tensors.keys(), (name) => name.slice(0, Math.max(0, name.lastIndexOf('.')))),
  )
  const names = new LayerNames()
  const order: string[] = []
  for (const layer of readArray(layers, { maxLength: 1000 })) {
    const type = readString(fieldAt(layer, 'type'), { maxLength: 40 })
    const path = names.next(type).replace('.', '')
    if (paths.has(path)) order.push(path)
  }
  const loss = fieldAt(root, 'loss').value
  const config = { layers: layers.value, ...(loss !== undefined && { loss }), order }
  return { embedded, config }
}
