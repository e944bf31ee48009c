/**
 * Files that were given with a model: its vocabulary, its configuration, or a file of options, told apart by
 * what is in them; and errors that say what is missing, in words of a page on which files are dropped.
 */
import type { ImportOptions } from 'latch/formats'

const OPTIONS = ['upTo', 'prefix', 'vocabulary', 'tokens', 'labels', 'outputActivation', 'config']
/** Fields of a configuration: Keras' own, Latch's layers, and what a PyTorch file can be told. */
const CONFIG = [
  'class_name',
  'config',
  'layers',
  'model_config',
  'order',
  'activation',
  'outputs',
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
  const value = parsed(bytes)
  if (typeof value !== 'object' || value === null) return null
  if (Array.isArray(value))
    return value.every((token) => typeof token === 'string') ? { vocabulary: value } : null
  const fields = Object.entries(value)
  if (fields.length > 0 && fields.every(([, id]) => Number.isInteger(id))) {
    return { vocabulary: value as Record<string, number> }
  }
  if ('class_name' in value || 'layers' in value) return { config: value }
  if (fields.length > 0 && fields.every(([field]) => OPTIONS.includes(field))) return value as ImportOptions
  return fields.length > 0 && fields.every(([field]) => CONFIG.includes(field)) ? { config: value } : null
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

const together = (options: string) => `drop it together with a file options.json: ${options}`

const WAYS: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [
    /^Read the part before it with upTo: '([^']+)'/,
    (_, layer) => `To read the part before it, ${together(JSON.stringify({ upTo: layer }))}`,
  ],
  [
    /^Name the layer to read up to with upTo/,
    () => `Name the layer to read up to: ${together('{"upTo":"…"}')}`,
  ],
  [
    /^Read a part of the file with a prefix \("([^"]+)"[^)]*\),/,
    (_, prefix) => `To read a part of it, ${together(JSON.stringify({ prefix }))};`,
  ],
  [
    /\bname the modules to read in config\.order/,
    () => 'name the modules to read: {"config":{"order":["…"]}}',
  ],
  [
    /^Give the order: config (\{.*?\}) as the model runs it, or a prefix to read a part/,
    (_, order) => `Say the order: ${together(`{"config":${order}}`)}`,
  ],
  [/^Give config: the JSON of/, () => 'Drop its configuration with it, as a .json file: the JSON of'],
  [
    /^Open the weights file and give this one as its configuration/,
    () => 'Drop the file with its weights together with this one',
  ],
  [/^Give all files of the model together/, () => 'Drop all files of the model together'],
  [/the option `upTo` takes/, () => 'a file options.json, {"upTo":"…"}, dropped with it, takes'],
  [
    /import it with a vocabulary/,
    () => 'drop its vocabulary with it, a .json file of tokens by id or ids by token',
  ],
]

/** A remedy of the library as the reader of a page can follow it. */
export function onThePage(remedy: string): string {
  return WAYS.reduce((text, [way, said]) => text.replace(way, said), remedy)
}
