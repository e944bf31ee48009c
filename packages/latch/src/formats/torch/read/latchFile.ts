/** State dicts written by Latch: names differ from Latch's only by a dot, and the metadata contains everything else. */
import { readArray, fieldAt, readString, rootField } from '../../../core/validation.ts'
import { EMBEDDED_KEY, readEmbedded, type Embedded } from '../../latch/embedded.ts'
import type { ImportOptions } from '../../imported.ts'
import type { SafetensorsContent } from '../../safetensors/safetensors.ts'
import { readUpTo } from '../../fixes.ts'
import { quoted } from '../../safetensors/header.ts'
import { UsageError } from '../../../core/errors.ts'
import { LayerNames } from '../../../layers/names.ts'

/** The metadata of such a file. */
export interface OwnFile {
  embedded: Embedded
  /** Latch's layers, and the paths of the modules with their weights. */
  config: { layers: unknown; loss?: unknown; order: readonly string[] }
}

/** `recurrent.0.weight_ih_l0` → `recurrent0.weight_ih_l0`. */
export function torchName(name: string): string {
  return name.replace(/^([a-zA-Z][a-zA-Z\d]*)\.(\d+)\./, '$1$2.')
}

/** `model` → `model.safetensors`; a name with this extension is not changed. */
export function fileName(name: string): string {
  return name.endsWith('.safetensors') ? name : `${name}.safetensors`
}

/**
 * Reads the metadata of a file written by Latch; null for any other file. With `upTo`: only the layers up to that one,
 * without the document, the labels and the output activation.
 * @throws FormatError naming the field; UsageError for a layer that does not exist
 */
export function findOwnFile(
  content: SafetensorsContent,
  source: string,
  options: ImportOptions,
): OwnFile | null {
  if (!Object.hasOwn(content.metadata, EMBEDDED_KEY)) return null
  const { upTo } = options
  const embedded = readEmbedded(content.metadata[EMBEDDED_KEY], source, { ...options, upTo: undefined })
  if (embedded === null) return null
  const root = rootField(embedded.network, `${EMBEDDED_KEY}.network`, source)
  const names = new LayerNames()
  const layers = readArray(fieldAt(root, 'layers'), { maxLength: 1000 }).map((layer) => {
    const type = readString(fieldAt(layer, 'type'), { maxLength: 40 })
    return { layer: layer.value, path: names.next(type).replace('.', '') }
  })
  const filled = new Set(
    Array.from(content.tensors.keys(), (name) => name.slice(0, Math.max(0, name.lastIndexOf('.')))),
  )
  const loss = fieldAt(root, 'loss').value
  const build = (part: typeof layers) => ({
    layers: part.map(({ layer }) => layer),
    ...(loss !== undefined && upTo === undefined && { loss }),
    order: part.map(({ path }) => path).filter((path) => filled.has(path)),
  })
  if (upTo === undefined) return { embedded, config: build(layers) }
  const at = layers.findIndex(({ path }) => path === torchName(`${upTo}.`).replace(/\.$/, ''))
  if (at < 1) {
    const expected = `one of ${layers
      .slice(1)
      .map(({ path }) => quoted(path))
      .join(', ')}`
    throw new UsageError({ where: `${source}, layers`, expected, got: quoted(upTo), fix: readUpTo() })
  }
  const part: Embedded = { ...embedded, outputActivation: 'linear', labels: null, document: null }
  return { embedded: part, config: build(layers.slice(0, at + 1)) }
}
