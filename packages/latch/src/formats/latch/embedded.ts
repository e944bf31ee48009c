/**
 * What an exported file carries along for Latch itself, as one JSON text in the file's own metadata: what the
 * numbers mean at both ends, and the whole task. Others ignore it; reading the file back needs no options.
 */
import { FormatError } from '../../core/errors.ts'
import {
  fieldAt,
  readChoice,
  readInteger,
  readList,
  readObject,
  readOptional,
  readString,
  rootField,
  type Field,
} from '../../core/validation.ts'
import { OUTPUT_ACTIVATIONS, type OutputActivation, type ExportSource, type ModelInput } from '../imported.ts'
import { refuseJsonBomb } from './modelFile.ts'

/** Key of the metadata; `latch` alone would make the file a model file. */
export const CARRIED_KEY = 'latch_task'

/** Everything of an export that its format has no place for. */
export interface Carried {
  /** The network's configuration, unread. */
  network: unknown
  outputActivation: OutputActivation
  input: ModelInput
  labels: readonly string[] | null
  vocabulary: readonly string[] | null
  tokens: 'character' | 'word' | null
  document: string | null
}

/** The JSON text to carry. */
export function carriedText(source: ExportSource): string {
  const { network, outputActivation, input, labels, vocabulary, tokens, document } = source
  const { layers, loss } = network.config
  const config = loss ? { layers, loss } : { layers }
  return JSON.stringify({ network: config, outputActivation, input, labels, vocabulary, tokens, document })
}

/** Reads it back. @throws FormatError naming the field, or for what is no JSON */
export function readCarried(text: string, source: string): Carried {
  const where = `${source}, ${CARRIED_KEY}`
  const root = rootField(parseJson(text, where), CARRIED_KEY, source)
  const f = readObject(root, [
    'network',
    'outputActivation',
    'input',
    'labels',
    'vocabulary',
    'tokens',
    'document',
  ])
  return {
    network: f.network.value,
    outputActivation: readChoice(f.outputActivation, OUTPUT_ACTIVATIONS),
    input: readInput(f.input),
    labels: readOptional(f.labels, readTexts, null),
    vocabulary: readOptional(f.vocabulary, readTexts, null),
    tokens: readOptional(f.tokens, (x) => readChoice(x, ['character', 'word']), null),
    document: readOptional(f.document, (x) => readString(x), null),
  }
}

function readInput(field: Field): ModelInput {
  const steps = (x: Field) => readInteger(x, { min: 1, max: 2 ** 31 - 1 })
  return {
    kind: readChoice(fieldAt(field, 'kind'), ['ids', 'features']),
    width: readInteger(fieldAt(field, 'width'), { min: 1, max: 2 ** 31 - 1 }),
    steps: readOptional(fieldAt(field, 'steps'), steps, null),
  }
}

function readTexts(field: Field): string[] {
  return readList(field, (x) => readString(x))
}

/** JSON of a bounded number of values. @throws FormatError naming the place */
export function parseJson(text: string, where: string): unknown {
  refuseJsonBomb(text, where)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const got = cause instanceof SyntaxError ? cause.message.slice(0, 160) : 'a text that is not'
    throw new FormatError({ where, expected: 'JSON', got }, { cause })
  }
}

/** UTF-8 bytes as JSON. @throws FormatError naming the place */
export function parseJsonBytes(bytes: Uint8Array, where: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new FormatError({ where, expected: 'JSON in UTF-8', got: 'bytes that are not' }, { cause })
  }
  return parseJson(text, where)
}
