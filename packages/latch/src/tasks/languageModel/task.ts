/** The language model as a task: texts → tokens → ids; a softmax over the next token at every step. */
import { DataError } from '../../core/errors.ts'
import { describe, fieldAt, fieldError, type Field } from '../../core/validation.ts'
import { BytePairs } from '../../text/bytePairs.ts'
import { Vocabulary } from '../../text/vocabulary.ts'
import type { TaskDefinition } from '../task.ts'
import { completeLanguage, END_TOKEN, type LanguageLearned, type LanguageTypes } from './learned.ts'
import { languageLayers } from './network.ts'
import { readLanguageSettings, type LanguageModelSettings } from './options.ts'

export const languageTask: TaskDefinition<LanguageTypes> = {
  name: 'languageModel',
  // The target of a token is the next one of the same text.
  columns: { input: 'text', target: 'text', required: false },
  training: () => import('./training.ts'),
  layers: languageLayers,

  reads: () => ['text'],

  encode(learned, input) {
    const { words } = learned
    const tokens = tokensOf(learned, input)
    const known = tokens.map((token) => words.has(token))
    const ids = [...words.encode(tokens)]
    return { steps: ids.length, tokens, ids, features: null, known, padding: 0, cut: 0 }
  },

  isMany: (_, input) => Array.isArray(input),

  encodeStep({ words }, token) {
    requireText('token', token)
    return words.idOf(token)
  },

  nameOutputs: (_, { words }) => words.tokens,

  text: ({ tokenizer, words, start }) => ({
    tokenizer,
    findId: (token) => words.idOf(token),
    emptyToken: start[0] ?? null,
    maximumLength: null,
  }),

  settings: ({ settings }) => settings,
  sections: ['settings', 'vocabulary', 'merges'],
  write: ({ settings, words, pairs }) => ({
    settings,
    vocabulary: words.toJSON(),
    ...(pairs && { merges: pairs.merges }),
  }),

  read(root, config) {
    const settings = readLanguageSettings(fieldAt(root, 'settings'))
    const vocabulary = fieldAt(root, 'vocabulary')
    const words = Vocabulary.fromJSON(vocabulary.value, `${root.source}, document.vocabulary`)
    if (settings.endToken && !words.has(END_TOKEN))
      throw fieldError(vocabulary, `the token ${END_TOKEN}, as settings.endToken is true`, 'none')
    const pairs = readPairs(root, settings, words)
    const layers = fieldAt(fieldAt(root, 'network'), 'layers')
    const [input, last] = [config.layers[0], config.layers[config.layers.length - 1]]
    if (!('vocabulary' in input) || input.vocabulary !== words.size) {
      const expected = `an input of ${words.size} ids, the size of the vocabulary`
      throw fieldError(layers, expected, JSON.stringify(input))
    }
    if (last.type !== 'dense' || last.units !== words.size || words.size < 3) {
      const expected = `a last dense layer of ${words.size} units, the size of the vocabulary (at least 3)`
      throw fieldError(layers, expected, JSON.stringify(last))
    }
    const fits = config.layers.every((layer) => {
      if (layer.type !== 'recurrent') return true
      const { direction = 'forward', returnSequences = true } = layer
      return layer.cell === settings.cell && direction === 'forward' && returnSequences
    })
    if (!fits) {
      const expected = `layers of cell ${settings.cell} that read forwards and answer at every step`
      throw fieldError(layers, expected, 'others')
    }
    if (config.loss?.type !== 'softmaxCrossEntropy') {
      const loss = fieldAt(fieldAt(root, 'network'), 'loss')
      throw fieldError(loss, 'softmaxCrossEntropy', config.loss?.type ?? 'nothing')
    }
    return completeLanguage(settings, words, pairs)
  },
}

/** The merges of byte pairs, whose tokens the vocabulary has. */
function readPairs(root: Field, { tokens }: LanguageModelSettings, words: Vocabulary): BytePairs | null {
  const field = fieldAt(root, 'merges')
  if (tokens !== 'bpe') {
    if (field.value === undefined) return null
    throw fieldError(field, `no merges with tokens of ${tokens}`)
  }
  const pairs = BytePairs.fromJSON(field.value, `${root.source}, document.merges`)
  const missing = pairs.tokens.find((token) => !words.has(token))
  if (missing === undefined) return pairs
  throw fieldError(fieldAt(root, 'vocabulary'), `the token ${JSON.stringify(missing)} of the merges`, 'none')
}

/** The tokens of a text, after the end token if the model has one; of a list, the tokens as they are. */
function tokensOf({ tokenizer, start }: LanguageLearned, text: unknown): string[] {
  requireText('text', text)
  const tokens = [...start, ...tokenizer.tokenize(text)]
  if (tokens.length > 0) return tokens
  const expected = 'a text with at least one token'
  throw new DataError({ where: 'text', expected, got: describe(text) })
}

function requireText(where: string, text: unknown): asserts text is string {
  if (typeof text === 'string') return
  throw new DataError({ where, expected: 'a string', got: describe(text) })
}
