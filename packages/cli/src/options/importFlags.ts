/** The import options of the command line, for `import` and `info`. */
import { OUTPUT_ACTIVATIONS, type ImportOptions } from 'latch/formats'
import { readFileBytes, TOKEN_KINDS } from 'latch'
import { namesList, oneOf, parseJson, wholeNumber } from './options.ts'

/** The options of the library, as typed: files by their paths. */
export interface ImportFlags extends Omit<ImportOptions, 'config' | 'vocabulary' | 'labels'> {
  config?: string
  vocabulary?: string
  labels?: string[]
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
  'tokens by id (JSON list, or one per line), ids by token (JSON object), or tokenizer.to_json() of Keras',
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

type Side = NonNullable<ImportOptions['padding']>
const SIDES: readonly Side[] = ['pre', 'post']

export const unknownTokenOption = [
  '--unknown-token <token>',
  'the token that stands for those outside the vocabulary; drop: they are left out',
] as const
export const paddingOption = [
  '--padding <side>',
  'where short texts are padded: pre or post (default: pre, as in Keras)',
  oneOf('--padding', SIDES),
] as const
export const truncatingOption = [
  '--truncating <side>',
  'the end at which long texts are cut: pre or post (default: pre, as in Keras)',
  oneOf('--truncating', SIDES),
] as const
export const maxLengthOption = [
  '--max-length <n>',
  'length to which texts are padded and cut (default: the steps of the file)',
  wholeNumber('--max-length'),
] as const
export const paddingIdOption = [
  '--padding-id <id>',
  'id of padding (default: 0)',
  wholeNumber('--padding-id', { least: 0 }),
] as const

export const outputActivationOption = [
  '--output-activation <kind>',
  `output activation, if the file does not define it: ${OUTPUT_ACTIVATIONS.join(', ')}`,
  oneOf('--output-activation', OUTPUT_ACTIVATIONS),
] as const

export const allowNonFiniteOption = [
  '--allow-non-finite',
  'open a file with NaN or infinite weights, with a warning',
] as const

/** The options of the library. @throws DataError for missing files, UsageError for invalid JSON */
export async function importOptions(flags: ImportFlags): Promise<ImportOptions> {
  const { upTo, prefix, tokens, labels, outputActivation, allowNonFinite } = flags
  const { unknownToken, padding, truncating, maxLength, paddingId } = flags
  const given: ImportOptions = {
    upTo,
    prefix,
    tokens,
    unknownToken,
    padding,
    truncating,
    maxLength,
    paddingId,
    outputActivation,
    allowNonFinite,
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
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  // A list of tokens may begin with a token such as [PAD] or a quotation mark.
  const [first] = lines
  const isList = /^(\[[^\s",]+\]|"|\{|\[)$/.test(first) && !isJson(text)
  if (!/^\s*["[{]/.test(text) || isList) return lines
  return parseJson(`--vocabulary ${path}`, text) as ImportOptions['vocabulary']
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
