/** The learned parts of a tagger, and its types. */
import { createTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import { toNfc } from '../../core/nfc.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { ClassEvaluation, ClassPrediction, EncodedSequence } from '../model.ts'
import type { ClassScores } from '../../training/metrics.ts'
import type { Learned, TaskTypes } from '../task.ts'
import type { TaggerSettings } from './options.ts'
import type { Span } from './spans.ts'

/** A sentence: a text, which the model splits, or its tokens. */
export type TaggerInput = string | { readonly tokens: readonly string[] }

/** A span of tokens that the tags mark. */
export interface Entity extends Span {
  /** Its tokens, with one space between them. */
  text: string
}

/** The tags of a sentence. */
export interface TagPrediction extends ClassPrediction {
  tokens: string[]
  /** The tag of each token; of a CRF, and where tags mark spans, the likeliest path that the scheme allows. */
  tags: string[]
  /** The probability of each of these tags, given the sentence. */
  confidences: number[]
  /** The spans that the tags mark; none where they mark none. */
  entities: Entity[]
  /** The label of the whole sentence; null where sentences have none. */
  sentence: SentencePrediction | null
}

/** The label of a sentence. */
export interface SentencePrediction {
  label: string
  probabilities: Record<string, number>
}

/** Precision, recall and F1 of spans, as the CoNLL scorer counts: right are those with the right label and both ends. */
export interface EntityScores {
  precision: number
  recall: number
  f1: number
  /** Spans in the data, predicted ones, and those that are right. */
  support: number
  predicted: number
  correct: number
  perLabel: ClassScores[]
}

/** The metrics of a tagger: `accuracy`, `perClass` and `confusion` are of tokens. */
export interface TagEvaluation extends ClassEvaluation {
  /** Null where the tags mark no spans. */
  entities: EntityScores | null
  /** Null where sentences have no label. */
  sentences: SentenceScores | null
}

/** The metrics of whole sentences. */
export interface SentenceScores {
  /** Mean −log of the probability of the label; unknown ones add nothing. */
  loss: number
  /** Fraction of sentences whose label is right. */
  accuracy: number
  /** Fraction of sentences whose label and tags are all right. */
  exact: number
  perClass: ClassScores[]
  n: number
}

/** What a tagger has learned. */
export interface TaggerLearned extends Learned {
  readonly settings: TaggerSettings
  readonly labels: readonly string[]
  readonly words: Vocabulary
  /** By id; id 0 stands for characters that training has not seen. Null without characters. */
  readonly letters: Vocabulary | null
  /** The labels of whole sentences; null: they have none. */
  readonly sentenceLabels: readonly string[] | null
  readonly tokenizer: Tokenizer
}

/** A sentence with its tags. */
export interface TagItem {
  tokens: readonly string[]
  tags: readonly string[]
  /** Class numbers; −1 for a tag that the model does not have. */
  classes: Int32Array
  /** The label of the sentence and its class number, likewise; null: it has none. */
  label: string | null
  class: number
}

/** The columns of the rows. */
export interface TagColumns {
  /** Tokens: a list of strings, or a string of them with spaces between. Default `tokens`. */
  tokens?: string
  /** A tag for each token, likewise. Default `tags`. */
  tags?: string
}

/** The types of the tagger. */
export interface TaggerTypes extends TaskTypes {
  Input: TaggerInput
  Step: string
  Example: object
  Item: TagItem
  Output: TagPrediction
  Evaluation: TagEvaluation
  Settings: TaggerSettings
  Learned: TaggerLearned
  FitOptions: FitOptions & TagColumns
}

/** Completes settings, tags and vocabularies. */
export function completeTagger(
  settings: TaggerSettings,
  labels: readonly string[],
  { words, letters, sentenceLabels }: Pick<TaggerLearned, 'words' | 'letters' | 'sentenceLabels'>,
): TaggerLearned {
  const { tokens, characters } = settings
  return {
    settings,
    labels,
    words,
    letters,
    sentenceLabels,
    tokenizer: createTokenizer({ kind: tokens, lowercase: false }),
    input: characters
      ? { kind: 'features', width: 1 + characters.maximumLength, steps: null }
      : { kind: 'ids', width: words.size, steps: null },
    outputActivation: 'softmax',
    vocabulary: words.tokens,
    tokens,
  }
}

/** A token as the vocabulary has it. */
export function wordOf({ lowercase }: TaggerSettings, token: string): string {
  return toNfc(lowercase ? token.toLowerCase() : token)
}

/** The characters of a token that are read: all, or its first and last ones. */
export function lettersOf({ characters }: TaggerSettings, token: string): string[] {
  if (!characters) return []
  const { maximumLength } = characters
  const all = Array.from(toNfc(token))
  if (all.length <= maximumLength) return all
  const first = Math.ceil(maximumLength / 2)
  return [...all.slice(0, first), ...all.slice(all.length - (maximumLength - first))]
}

/** One token as the network reads it: its id; or that and one more than the ids of its characters, then zeros. */
export function encodeToken(learned: TaggerLearned, token: string): number | Float64Array {
  const { settings, words, letters, input } = learned
  const id = words.idOf(wordOf(settings, token))
  if (!letters) return id
  const row = new Float64Array(input.width)
  row[0] = id
  lettersOf(settings, token).forEach((letter, i) => (row[1 + i] = 1 + letters.idOf(letter)))
  return row
}

/** The tokens of a sentence as the network reads them. */
export function encodeTokens(learned: TaggerLearned, tokens: readonly string[]): EncodedSequence {
  const { settings, words, letters, input } = learned
  const steps = tokens.map((token) => encodeToken(learned, token))
  const base = {
    steps: tokens.length,
    tokens: [...tokens],
    known: tokens.map((token) => words.has(wordOf(settings, token))),
    padding: 0,
    cut: 0,
  }
  if (!letters) return { ...base, ids: steps as number[], features: null }
  const features = new Float64Array(tokens.length * input.width)
  steps.forEach((row, t) => features.set(row as Float64Array, t * input.width))
  return { ...base, ids: null, features }
}
