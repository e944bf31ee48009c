/**
 * What Latch adds to the metadata of a .keras file, so that its own models come back whole: labels, tokens, its
 * document. Keras reads past it.
 */
import {
  readArray,
  readChoice,
  readOptional,
  readString,
  fieldAt,
  type Field,
} from '../../core/validation.ts'
import type { ExportSource, ImportedModel } from '../imported.ts'

/** The key `latch` of metadata.json. */
export interface LatchPart {
  input: 'ids' | 'oneHot' | 'features'
  labels: readonly string[] | null
  vocabulary: readonly string[] | null
  tokens: 'character' | 'word' | null
  document: string | null
}

/** For writing. */
export function latchPartOf({ network, labels, vocabulary, tokens, document }: ExportSource): LatchPart {
  const [{ type }] = network.config.layers
  const input = type === 'oneHot' ? 'oneHot' : type === 'embedding' ? 'ids' : 'features'
  return { input, labels, vocabulary, tokens, document }
}

/** From metadata; null where there is none. @throws FormatError naming the field */
export function readLatchPart(field: Field): LatchPart | null {
  if (field.value === undefined || field.value === null) return null
  const texts = (item: Field) => readArray(item, { maxLength: 2 ** 26 }).map((one) => readString(one))
  return {
    input: readChoice(fieldAt(field, 'input'), ['ids', 'oneHot', 'features']),
    labels: readOptional(fieldAt(field, 'labels'), texts, null),
    vocabulary: readOptional(fieldAt(field, 'vocabulary'), texts, null),
    tokens: readOptional(fieldAt(field, 'tokens'), (x) => readChoice(x, ['character', 'word']), null),
    document: readOptional(fieldAt(field, 'document'), readString, null),
  }
}

/** A model with what its own export carried along; options that were given stay. */
export function withLatchPart(model: ImportedModel, part: LatchPart): ImportedModel {
  const { labels, vocabulary, tokens, document, input } = part
  const own = {
    ...model,
    labels: model.labels ?? labels,
    vocabulary: model.vocabulary ?? vocabulary,
    tokens: model.tokens ?? tokens,
    document,
  }
  return input === 'oneHot' ? asOneHot(own) : own
}

/** The identity table that stood for one-hot input becomes one-hot input again. */
function asOneHot(model: ImportedModel): ImportedModel {
  const [first, ...rest] = model.network.layers
  const table = model.weights.get('embedding.0.weight')
  if (
    first.type !== 'embedding' ||
    first.vocabulary !== first.size ||
    rest[0]?.type !== 'recurrent' ||
    !table
  )
    return model
  const { vocabulary } = first
  for (let i = 0; i < table.length; i++) if (table[i] !== (i % (vocabulary + 1) === 0 ? 1 : 0)) return model
  const weights = new Map(model.weights)
  weights.delete('embedding.0.weight')
  return {
    ...model,
    weights,
    network: { ...model.network, layers: [{ type: 'oneHot', vocabulary }, ...rest] },
  }
}
