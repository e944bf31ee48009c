/** The text classifier as a task: texts → tokens → ids; one logit for two labels, a softmax for more. */
import { DataError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { createTokenizer } from '../../text/tokenizer.ts'
import { UNKNOWN_TOKEN, type Vocabulary } from '../../text/vocabulary.ts'
import type { TaskDefinition } from '../task.ts'
import { countsTensors, writeCounts } from '../counts/file.ts'
import { readLearned, type TextTypes } from './learned.ts'
import { classifierLayers } from './layers.ts'

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
  tensors: ({ counts }) => (counts ? countsTensors(counts) : []),

  read: readLearned,
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
