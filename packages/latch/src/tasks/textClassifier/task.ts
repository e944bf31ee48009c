/** The text classifier as a task: texts → tokens → ids; one logit for two labels, a softmax for more. */
import { DataError } from '../../core/errors.ts'
import {
  describe,
  fieldAt,
  fieldError,
  readList,
  readOptional,
  readString,
  type Field,
} from '../../core/validation.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import { createTokenizer } from '../../text/tokenizer.ts'
import { UNKNOWN_TOKEN, Vocabulary } from '../../text/vocabulary.ts'
import type { TaskDefinition } from '../task.ts'
import { countsTensor, readCounts, writeCounts } from '../counts/file.ts'
import { completeLearned, type TextLearned, type TextTypes } from './learned.ts'
import { classifierLayers } from './layers.ts'
import { isFeedForward, readSettings } from './options.ts'

export const textClassifierTask: TaskDefinition<TextTypes> = {
  name: 'textClassifier',
  columns: { input: 'text', target: 'label', required: true },
  training: () => import('./training.ts'),
  layers: classifierLayers,

  reads: () => ['text'],

  encode({ reader, words }, input) {
    const { tokens, cut } =
      typeof input === 'string' ? reader.read(input) : { tokens: tokensOf(words, input), cut: 0 }
    const ids = Array.from(typeof input === 'string' ? words.encode(tokens) : (input as ArrayLike<number>))
    const known = tokens.map((token) => words.has(token))
    return { steps: ids.length, tokens, ids, features: null, known, padding: 0, cut }
  },

  isMany: (_, input) => Array.isArray(input),

  encodeStep({ words }, token) {
    requireText('token', token)
    return words.idOf(token)
  },

  nameOutputs: (_, { labels }) => labels,

  text: ({ settings, words }) => ({
    tokenizer: createTokenizer({ kind: settings.tokens, lowercase: settings.lowercase }),
    findId: (token) => words.idOf(token),
    emptyToken: UNKNOWN_TOKEN,
    maximumLength: settings.maximumLength,
  }),

  settings: ({ settings }) => settings,
  sections: ['settings', 'labels', 'vocabulary', 'textColumn', 'counts'],
  write: ({ settings, labels, words, textColumn, counts }) => ({
    settings,
    labels,
    vocabulary: words.toJSON(),
    ...(textColumn === null ? {} : { textColumn }),
    ...(counts ? { counts: writeCounts(counts) } : {}),
  }),
  tensors: ({ counts }) => (counts ? [countsTensor(counts)] : []),

  read(root, config, take) {
    const settings = readSettings(fieldAt(root, 'settings'))
    const labels = readLabels(fieldAt(root, 'labels'))
    const { value } = fieldAt(root, 'vocabulary')
    const words = Vocabulary.fromJSON(value, `${root.source}, document.vocabulary`)
    checkNetwork(fieldAt(root, 'network'), config, { settings, labels, words })
    const textColumn = readOptional(fieldAt(root, 'textColumn'), (field) => readString(field), null)
    const counts = readCounts(fieldAt(root, 'counts'), labels.length, take)
    return completeLearned(settings, labels, words, textColumn, counts)
  },
}

/** Token ids as tokens. @throws DataError for anything but a text or a list of ids */
function tokensOf(words: Vocabulary, ids: ArrayLike<number>): string[] {
  if (typeof ids !== 'object' || ids === null || typeof ids.length !== 'number') requireText('text', ids)
  return Array.from(ids, (id, t) => {
    if (Number.isInteger(id) && id >= 0 && id < words.size) return words.tokens[id]
    const expected = `a token id from 0 to ${words.size - 1}`
    throw new DataError({ where: `input, step ${t}`, expected, got: describe(id) })
  })
}

function requireText(where: string, text: unknown): asserts text is string {
  if (typeof text === 'string') return
  throw new DataError({ where, expected: 'a string', got: describe(text) })
}

function readLabels(field: Field): string[] {
  const labels = readList(field, (item) => readString(item), { minLength: 2 })
  if (new Set(labels).size !== labels.length) throw fieldError(field, 'different labels')
  return labels
}

/** The network must read the ids of the vocabulary and have an output for the labels. */
function checkNetwork(
  field: Field,
  config: NetworkConfig,
  { settings, labels, words }: Pick<TextLearned, 'settings' | 'labels' | 'words'>,
): void {
  const [input] = config.layers
  const layers = fieldAt(field, 'layers')
  if (!('vocabulary' in input) || input.vocabulary !== words.size) {
    throw fieldError(
      layers,
      `an input of ${words.size} ids, the size of the vocabulary`,
      JSON.stringify(input),
    )
  }
  const last = config.layers[config.layers.length - 1]
  const outputs = labels.length === 2 ? 1 : labels.length
  if (last.type !== 'dense' || last.units !== outputs) {
    const expected = `a last dense layer of ${outputs} units, for ${labels.length} labels`
    throw fieldError(layers, expected, JSON.stringify(last))
  }
  if (!config.layers.some(endsSequence)) {
    throw fieldError(layers, 'one row per text before the dense layer', 'one per step')
  }
  const cells = config.layers.flatMap((layer) => (layer.type === 'recurrent' ? [layer.cell] : []))
  if (
    isFeedForward(settings.cell)
      ? cells.length > 0
      : cells.length === 0 || cells.some((cell) => cell !== settings.cell)
  ) {
    const expected = `recurrent layers with the cell of settings.cell, ${settings.cell}`
    throw fieldError(layers, expected, cells.join(', ') || 'none')
  }
  const loss = fieldAt(field, 'loss')
  const wanted = labels.length === 2 ? 'binaryCrossEntropy' : 'softmaxCrossEntropy'
  if (config.loss?.type !== wanted) throw fieldError(loss, wanted, config.loss?.type ?? 'nothing')
}

/** Whether this layer has one output row per sequence. */
function endsSequence(layer: LayerOptions): boolean {
  if (layer.type === 'recurrent') return layer.returnSequences === false
  return layer.type === 'pool' || layer.type === 'flatten'
}
