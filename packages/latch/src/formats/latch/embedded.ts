/**
 * The Latch document in the metadata of an exported file, as one JSON text: what its
 * inputs and outputs mean, and the whole document. Other programs ignore it; Latch reads the file without options.
 */
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
import type { LayerOptions } from '../../model/config.ts'
import {
  OUTPUT_ACTIVATIONS,
  type ExportSource,
  type ImportedModel,
  type ImportOptions,
  type ModelInput,
  type OutputActivation,
} from '../imported.ts'
import { parseJson } from '../json.ts'
import { readModelDocument, type ModelDocument } from './modelFile.ts'
import { TOKEN_KINDS, type TokenKind } from '../../text/tokenizer.ts'

/** Key in the metadata. Latch model files use `latch`. */
export const EMBEDDED_KEY = 'latch_export'

/** The embedded part of an export. */
export interface Embedded {
  /** The raw configuration of the network. */
  network: unknown
  outputActivation: OutputActivation
  input: ModelInput
  labels: readonly string[] | null
  vocabulary: readonly string[] | null
  tokens: TokenKind | null
  document: ModelDocument | null
}

/** The JSON text to store under `EMBEDDED_KEY`. */
export function embeddedText(source: ExportSource): string {
  const { network, outputActivation, input, labels, vocabulary, tokens, document } = source
  const { layers, loss } = network.config
  const config = loss ? { layers, loss } : { layers }
  return JSON.stringify({ network: config, outputActivation, input, labels, vocabulary, tokens, document })
}

/**
 * The Latch document in the metadata of a file; null if there is none, or if the options ask for only a part of
 * the file.
 * @param text the value under `EMBEDDED_KEY`
 * @throws FormatError naming the field, or for invalid JSON
 */
export function readEmbedded(text: unknown, source: string, options: ImportOptions): Embedded | null {
  const { config, prefix, upTo } = options
  if (typeof text !== 'string' || config !== undefined || prefix !== undefined || upTo !== undefined)
    return null
  const root = rootField(parseJson(text, `${source}, ${EMBEDDED_KEY}`), EMBEDDED_KEY, source)
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
    tokens: readOptional(f.tokens, (x) => readChoice(x, TOKEN_KINDS), null),
    document: readOptional(f.document, (x) => readModelDocument(x.value, source), null),
  }
}

/** A model with its embedded document; options take precedence. */
export function withEmbedded(
  model: ImportedModel,
  embedded: Embedded | null,
  options: ImportOptions,
): ImportedModel {
  if (embedded === null) return model
  const { labels, vocabulary, tokens, document, input } = embedded
  const read = isOneHot(embedded) ? withOneHotInput(model, input) : model
  return {
    ...read,
    labels: options.labels ?? labels,
    vocabulary: options.vocabulary === undefined ? vocabulary : read.vocabulary,
    tokens: options.tokens ?? (options.vocabulary === undefined ? tokens : read.tokens),
    warnings: [
      ...read.warnings,
      'exported by Latch: labels, vocabulary and task come from the metadata of the file',
    ],
    document,
  }
}

function isOneHot({ network }: Embedded): boolean {
  const { layers } = (network ?? {}) as { layers?: unknown }
  const first = Array.isArray(layers) ? (layers[0] as { type?: unknown } | null) : null
  return first?.type === 'oneHot'
}

/** Restores ids, if the format has feature rows or an identity table for one-hot input. */
function withOneHotInput(model: ImportedModel, input: ModelInput): ImportedModel {
  const [first, ...above] = model.network.layers
  const oneHot: LayerOptions = { type: 'oneHot', vocabulary: input.width }
  const network = { ...model.network, layers: [oneHot, ...above] }
  if (first.type === 'features' && first.width === input.width) return { ...model, network, input }
  const table = model.weights.get('embedding.0.weight')
  const fits = first.type === 'embedding' && first.vocabulary === input.width && first.size === input.width
  if (!fits || above[0]?.type !== 'recurrent' || !table || !isIdentity(table, input.width)) return model
  const weights = new Map(model.weights)
  weights.delete('embedding.0.weight')
  return { ...model, network, weights }
}

function isIdentity(table: Float32Array, width: number): boolean {
  return table.every((value, i) => value === (i % (width + 1) === 0 ? 1 : 0))
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
