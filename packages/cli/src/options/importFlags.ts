/** The import options of the command line, for `import` and `info`. */
import { OUTPUT_ACTIVATIONS, type OutputActivation, type ImportOptions } from 'latch/formats'
import { readFileBytes, TOKEN_KINDS, UsageError, type TokenKind } from 'latch'
import { namesList, oneOf, parseJson } from './options.ts'

export interface ImportFlags {
  config?: string
  upTo?: string
  prefix?: string
  vocabulary?: string
  labels?: string[]
  tokens?: TokenKind
  outputActivation?: OutputActivation
}

export const configOption = [
  '--config <file>',
  'layers of a file that contains weights only: a JSON file, or inline JSON',
] as const
export const upToOption = ['--up-to <layer>', 'read the layers up to and including this one'] as const
export const prefixOption = [
  '--prefix <name>',
  'read only tensors whose names start with this prefix',
] as const
export const vocabularyOption = [
  '--vocabulary <file>',
  'tokens by id (JSON list, or one per line), or ids by token (JSON object)',
] as const
export const labelsOption = [
  '--labels <a,b>',
  'class names, in order: comma-separated, with quotes around a comma, or a JSON array',
  namesList('--labels'),
] as const
export const tokensOption = [
  '--tokens <kind>',
  `how texts are tokenized: ${TOKEN_KINDS.join(' or ')}`,
  oneOf('--tokens', TOKEN_KINDS),
] as const

export const outputActivationOption = [
  '--output-activation <kind>',
  `output activation, if the file does not define it: ${OUTPUT_ACTIVATIONS.join(', ')}`,
  oneOf('--output-activation', OUTPUT_ACTIVATIONS),
] as const

/** The options of the library. @throws DataError for missing files, UsageError for invalid JSON */
export async function importOptions(flags: ImportFlags): Promise<ImportOptions> {
  const { upTo, prefix, tokens, labels, outputActivation } = flags
  const given: ImportOptions = {
    upTo,
    prefix,
    tokens,
    outputActivation,
    config: flags.config === undefined ? undefined : await readConfig(flags.config),
    vocabulary: flags.vocabulary === undefined ? undefined : await readVocabulary(flags.vocabulary),
    labels,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

async function readConfig(given: string): Promise<unknown> {
  const inline = /^\s*[[{]/.test(given)
  const text = inline ? given : new TextDecoder().decode(await readFileBytes(given))
  return parseJson(inline ? '--config' : `--config ${given}`, text)
}

async function readVocabulary(path: string): Promise<ImportOptions['vocabulary']> {
  const text = new TextDecoder().decode(await readFileBytes(path))
  if (!/^\s*[[{]/.test(text)) return text.replace(/\r?\n$/, '').split(/\r?\n/)
  const value = parseJson(`--vocabulary ${path}`, text)
  const items = Array.isArray(value) ? value : Object.values(value as object)
  const wanted = Array.isArray(value) ? 'string' : 'number'
  if (items.every((item) => typeof item === wanted)) return value as ImportOptions['vocabulary']
  const expected = 'a list of tokens, or an object of ids by token'
  throw new UsageError({ where: `--vocabulary ${path}`, expected, got: `items that are not ${wanted}s` })
}
