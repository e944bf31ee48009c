/**
 * Files that come with a model: its vocabulary, its configuration, or a file of options, identified by their
 * contents.
 */
import { IMPORT_OPTION_NAMES, type ImportOptions } from 'latch/formats'

/** Fields of a configuration: Keras' own, Latch's layers, and what PyTorch weights need. */
const CONFIG = [
  'class_name',
  'config',
  'layers',
  'model_config',
  'order',
  'activation',
  'returnSequences',
  'pool',
  'heads',
  'oneHot',
]

/** What a JSON or text file beside a model is; null: a part of the model. */
export function optionsIn(name: string, bytes: Uint8Array): ImportOptions | null {
  if (/\.txt$/i.test(name)) {
    const text = new TextDecoder().decode(bytes).replace(/\r?\n$/, '')
    return { vocabulary: text.split(/\r?\n/) }
  }
  if (!/\.json$/i.test(name)) return null
  const read = parsed(bytes)
  // json.dump(tokenizer.to_json()) writes JSON in a JSON string.
  const value = typeof read === 'string' ? parsed(new TextEncoder().encode(read)) : read
  if (typeof value !== 'object' || value === null) return null
  if (Array.isArray(value))
    return value.every((token) => typeof token === 'string') ? { vocabulary: value } : null
  const fields = Object.entries(value)
  if (fields.length > 0 && fields.every(([, id]) => Number.isInteger(id))) {
    return { vocabulary: value as Record<string, number> }
  }
  if ('class_name' in value && value.class_name === 'Tokenizer')
    return { vocabulary: value as Readonly<{ class_name: string; config: object }> }
  if ('class_name' in value || 'layers' in value) return { config: value }
  if (fields.length > 0 && fields.every(([field]) => IMPORT_OPTION_NAMES.includes(field)))
    return value as ImportOptions
  return fields.length > 0 && fields.every(([field]) => CONFIG.includes(field)) ? { config: value } : null
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}
