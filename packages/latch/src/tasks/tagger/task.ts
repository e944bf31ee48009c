/** The tagger as a task: sentences → tokens → ids or characters; a tag for every token. */
import { DataError } from '../../core/errors.ts'
import { describe, fieldAt, fieldError, readList, readOptional, readString } from '../../core/validation.ts'
import { Vocabulary } from '../../text/vocabulary.ts'
import { byName, classProbabilities, pickClass } from '../prediction.ts'
import { requireSameNetwork } from '../files/sameNetwork.ts'
import type { TaskDefinition, Trained } from '../task.ts'
import { decodeTags } from './decode.ts'
import {
  completeTagger,
  encodeToken,
  encodeTokens,
  type TaggerInput,
  type TaggerLearned,
  type TaggerTypes,
  type TagPrediction,
} from './learned.ts'
import { taggerLayers, taggerNetwork } from './network.ts'
import { readTaggerSettings } from './options.ts'
import { spansOf } from './spans.ts'

export const taggerTask: TaskDefinition<TaggerTypes> = {
  name: 'tagger',
  columns: { input: 'tokens', target: 'tags', required: false },
  training: () => import('./training.ts'),
  layers: taggerLayers,

  reads: () => ['text'],
  encode: (learned, input) => encodeTokens(learned, tokensOf(learned, input)),
  isMany: (_, input) => Array.isArray(input),

  encodeStep(learned, token) {
    requireToken('token', token)
    return encodeToken(learned, token)
  },

  interpret: (trained, rows) => predictTags(trained, rows, decodeTags(trained, null, [rows])[0], []),

  nameOutputs: (_, { labels }) => labels,

  text: ({ tokenizer, words }) => ({
    tokenizer,
    findId: (token) => words.idOf(token),
    emptyToken: null,
    maximumLength: null,
  }),

  settings: ({ settings }) => settings,
  sections: ['settings', 'labels', 'vocabulary', 'characters'],
  write: ({ settings, labels, words, letters }) => ({
    settings,
    labels,
    vocabulary: words.toJSON(),
    ...(letters ? { characters: letters.toJSON() } : {}),
  }),

  read(root, config) {
    const settings = readTaggerSettings(fieldAt(root, 'settings'))
    const labels = readList(fieldAt(root, 'labels'), (item) => readString(item, { minLength: 1 }))
    if (labels.length < 2 || new Set(labels).size < labels.length)
      throw fieldError(fieldAt(root, 'labels'), 'at least two tags, each once', describe(labels))
    const vocabulary = (name: string) =>
      Vocabulary.fromJSON(fieldAt(root, name).value, `${root.source}, document.${name}`)
    const letters = readOptional(fieldAt(root, 'characters'), () => vocabulary('characters'), null)
    if ((letters !== null) !== (settings.characters !== false)) {
      const expected = `${settings.characters ? 'the characters' : 'no characters'}, as in settings.characters`
      throw fieldError(fieldAt(root, 'characters'), expected, letters ? 'some' : 'none')
    }
    const learned = completeTagger(settings, labels, vocabulary('vocabulary'), letters)
    requireSameNetwork(fieldAt(root, 'network'), config, taggerNetwork(learned))
    return learned
  },
}

/** The prediction of a sentence from its output rows and the class of each token. */
export function predictTags(
  { learned, names }: Trained<TaggerLearned>,
  rows: readonly ArrayLike<number>[],
  path: Int32Array,
  tokens: readonly string[],
): TagPrediction {
  const { outputActivation, settings } = learned
  const steps = rows.map((row) => Array.from(classProbabilities(row, outputActivation)))
  const output = steps[steps.length - 1]
  const tags = Array.from(path, (c) => names[c])
  const spans = settings.scheme === 'none' ? [] : spansOf(tags)
  return {
    output,
    steps,
    label: names[pickClass(rows[rows.length - 1], outputActivation)],
    probabilities: byName(output, names),
    tokens: [...tokens],
    tags,
    confidences: Array.from(path, (c, t) => steps[t][c]),
    entities: spans.map((span) => ({ ...span, text: tokens.slice(span.start, span.end).join(' ') })),
  }
}

/** The tokens of a text, or those that are given. @throws DataError for a sentence without any */
function tokensOf({ tokenizer }: TaggerLearned, input: TaggerInput): readonly string[] {
  const given: unknown = typeof input === 'string' ? tokenizer.tokenize(input) : input?.tokens
  if (!Array.isArray(given)) {
    const expected = 'a text, or { tokens }, a list of strings'
    throw new DataError({ where: 'sentence', expected, got: describe(input) })
  }
  if (given.length === 0) {
    throw new DataError({ where: 'sentence', expected: 'at least one token', got: describe(input) })
  }
  given.forEach((token, t) => requireToken(`sentence, token ${t}`, token))
  return given as readonly string[]
}

function requireToken(where: string, token: unknown): asserts token is string {
  if (typeof token === 'string' && token !== '') return
  throw new DataError({ where, expected: 'a string that is not empty', got: describe(token) })
}
