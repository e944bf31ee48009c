/** The tagger as a task: sentences → tokens → ids or characters; a tag for every token. */
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
import type { NetworkConfig } from '../../model/config.ts'
import { Vocabulary } from '../../text/vocabulary.ts'
import { byName, classProbabilities, pickClass } from '../prediction.ts'
import type { TaskDefinition, Trained } from '../task.ts'
import { decodeTags } from './decode.ts'
import {
  completeTagger,
  encodeToken,
  encodeTokens,
  type TaggerInput,
  type TaggerLearned,
  type TaggerTypes,
  type SentencePrediction,
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

  interpret: (trained, rows) =>
    predictTags(trained, { rows, path: decodeTags(trained, null, [rows])[0], tokens: [], scores: null }),

  nameOutputs: (_, { labels }) => labels,

  text: ({ tokenizer, words }) => ({
    tokenizer,
    findId: (token) => words.idOf(token),
    emptyToken: null,
    maximumLength: null,
  }),

  settings: ({ settings }) => settings,
  sections: ['settings', 'labels', 'vocabulary', 'characters', 'sentenceLabels'],
  write: ({ settings, labels, words, letters, sentenceLabels }) => ({
    settings,
    labels,
    vocabulary: words.toJSON(),
    ...(letters ? { characters: letters.toJSON() } : {}),
    ...(sentenceLabels ? { sentenceLabels } : {}),
  }),

  read(root, config) {
    const settings = readTaggerSettings(fieldAt(root, 'settings'))
    const labels = readNames(fieldAt(root, 'labels'), 'tags')
    const sentenceLabels = readOptional(
      fieldAt(root, 'sentenceLabels'),
      (field) => readNames(field, 'labels'),
      null,
    )
    if ((sentenceLabels !== null) !== (settings.sentenceLabel !== null)) {
      const expected = `${settings.sentenceLabel === null ? 'no labels' : 'the labels'}, as in settings.sentenceLabel`
      throw fieldError(fieldAt(root, 'sentenceLabels'), expected, sentenceLabels ? 'some' : 'none')
    }
    const vocabulary = (name: string) =>
      Vocabulary.fromJSON(fieldAt(root, name).value, `${root.source}, document.${name}`)
    const letters = readOptional(fieldAt(root, 'characters'), () => vocabulary('characters'), null)
    if ((letters !== null) !== (settings.characters !== false)) {
      const expected = `${settings.characters ? 'the characters' : 'no characters'}, as in settings.characters`
      throw fieldError(fieldAt(root, 'characters'), expected, letters ? 'some' : 'none')
    }
    const learned = completeTagger(settings, labels, {
      words: vocabulary('vocabulary'),
      letters,
      sentenceLabels,
    })
    checkNetwork(fieldAt(root, 'network'), config, learned)
    return learned
  },
}

/** @throws FormatError for fewer than two, or one twice */
function readNames(field: Field, what: string): string[] {
  const names = readList(field, (item) => readString(item, { minLength: 1 }))
  if (names.length >= 2 && new Set(names).size === names.length) return names
  throw fieldError(field, `at least two ${what}, each once`, describe(names))
}

/** @throws FormatError for a network that is not the one that these settings build */
function checkNetwork(field: Field, config: NetworkConfig, learned: TaggerLearned): void {
  const wanted = taggerNetwork(learned)
  const texts = (layers: readonly object[]) => layers.map((layer) => JSON.stringify(layer))
  const [found, expected] = [texts(config.layers), texts(wanted.layers)]
  const wrong = expected.findIndex((layer, i) => layer !== found[i])
  if (wrong >= 0 || found.length !== expected.length) {
    const at = wrong >= 0 ? wrong : expected.length
    throw fieldError(fieldAt(field, 'layers'), expected[at] ?? 'no more layers', found[at] ?? 'none')
  }
  if (config.loss?.type !== wanted.loss!.type)
    throw fieldError(fieldAt(field, 'loss'), wanted.loss!.type, config.loss?.type ?? 'nothing')
}

/** What the network says of a sentence. */
interface SentenceOutput {
  rows: readonly ArrayLike<number>[]
  /** The class of each token. */
  path: Int32Array
  tokens: readonly string[]
  /** Of the labels of whole sentences; null: there are none. */
  scores: ArrayLike<number> | null
}

/** The prediction of a sentence. */
export function predictTags(
  { learned, names }: Trained<TaggerLearned>,
  { rows, path, tokens, scores }: SentenceOutput,
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
    sentence: scores && predictSentence(scores, learned.sentenceLabels!),
  }
}

function predictSentence(scores: ArrayLike<number>, labels: readonly string[]): SentencePrediction {
  const probabilities = byName(classProbabilities(scores, 'softmax'), labels)
  return { label: labels[pickClass(scores, 'softmax')], probabilities }
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
