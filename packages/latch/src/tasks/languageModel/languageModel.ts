/** The language model: learns from texts which token comes next; scores, completes and writes texts. */
import { DataError, UsageError } from '../../core/errors.ts'
import { logSoftmax } from '../../core/probabilities.ts'
import { assertKnownOptions } from '../../core/knownNames.ts'
import { requirePositiveInteger } from '../../core/typedValues.ts'
import { describe } from '../../core/validation.ts'
import { UNKNOWN_TOKEN } from '../../text/vocabulary.ts'
import type { Baseline } from '../baselines/baseline.ts'
import type { FitOptions, ModelFitReport } from '../fit/fitOptions.ts'
import type { ModelEvaluateOptions, ModelStream, TokenEvaluation } from '../model.ts'
import { TextModel } from '../textModel.ts'
import { Generation } from '../generation/generation.ts'
import {
  completeBeamSearch,
  searchBeams,
  type BeamSearchOptions,
  type Continuation,
} from '../generation/beamSearch.ts'
import { readByStream, readByStreams } from '../generation/nextToken.ts'
import type { Writer } from '../generation/writer.ts'
import type { TaskDefinition, Trained } from '../task.ts'
import { fromByteCharacters } from '../../text/bytes.ts'
import {
  divideTokens,
  tokenizerOf,
  type LanguageLearned,
  type LanguageTypes,
  type TextColumn,
} from './learned.ts'
import { resolveLanguageSettings, type LanguageModelOptions } from './options.ts'
import { completeGeneration, type GenerateOptions } from '../generation/sampling.ts'
import { LanguageStream } from './stream.ts'
import { languageTask } from './task.ts'

/** One long text; or several texts, each a string or a row with its text. */
export type Texts = string | Iterable<string | object>

/** A token that may come next. */
export interface NextToken {
  token: string
  probability: number
}

/** A token of a text, and how it surprised the model. */
export interface TokenScore {
  token: string
  /** Whether the vocabulary has it; else it counts as the unknown token. */
  known: boolean
  /** Of this token after those before it. */
  probability: number
  /** −log of the probability. */
  nats: number
  bits: number
}

/** What `score` returns. */
export interface TextScore {
  /** Sums over the tokens. */
  nats: number
  bits: number
  /** e to the mean nats of a token. */
  perplexity: number
  /** Every token that was predicted: without an end token, all but the first. */
  tokens: readonly TokenScore[]
  /** Indices in `tokens`, the least likely first. */
  mostSurprising: readonly number[]
}

/** A language model with its vocabulary and network; created by `languageModel`, `load` or `fromBytes`. */
export class LanguageModel extends TextModel<LanguageTypes> {
  static readonly task: TaskDefinition<LanguageTypes> = languageTask

  /**
   * Trains on one long text, whose last part is held out for validation, or on several texts. A second call continues
   * from the current weights, with the same vocabulary. `batchSize` is the number of parts of the corpus that are read
   * side by side. Errors: see Model.fit.
   */
  override fit(texts: Texts, options: FitOptions & TextColumn = {}): Promise<ModelFitReport> {
    return super.fit(rowsOf(texts), options)
  }

  /**
   * Nats and bits a token, perplexity, bits a character and accuracy. Each text is read from states of zero; a text
   * of more than 16,384 tokens in parts, each of which reads the 1,024 tokens before it first. Errors: see Model.evaluate.
   */
  override evaluate(texts: Texts, options: ModelEvaluateOptions & TextColumn = {}): Promise<TokenEvaluation> {
    return super.evaluate(rowsOf(texts), options)
  }

  /**
   * An n-gram model of the training texts, which a language model should beat; its loss is in nats a token.
   * @param options.order n, default 5; 1 counts single tokens
   * @throws UsageError for an order below 1; DataError for texts that cannot be read
   */
  override async baseline(training: Texts, options: TextColumn & { order?: number } = {}): Promise<Baseline> {
    assertKnownOptions('baseline option', options, { text: 1, order: 1 })
    const { order, ...columns } = options
    if (order === undefined) return super.baseline(rowsOf(training), columns)
    requirePositiveInteger('baseline option order', order)
    const { namedColumns, ngramBaseline } = await import('./training.ts')
    const reading = {
      settings: this.settings,
      trained: this.trained,
      labels: null,
      purpose: 'training',
    } as const
    const named = namedColumns('baseline', columns, languageTask.columns)
    return ngramBaseline(rowsOf(training), { ...reading, columns: named }, order)
  }

  /**
   * The parts of one long text that `fit` trains on and holds out. Words come back with one space between them.
   * @param fraction held out; default 0.1, as in `fit`
   * @throws UsageError for a fraction outside 0 to 1; DataError for anything but a text
   */
  split(text: string, fraction = 0.1): { training: string; validation: string } {
    if (!(fraction >= 0 && fraction < 1))
      throw new UsageError({
        where: 'split, fraction',
        expected: 'a number from 0 to below 1',
        got: String(fraction),
      })
    const { settings } = this.trained.learned
    const tokenizer = tokenizerOf(settings, null)
    const [training, validation] = divideTokens(tokenizer.tokenize(this.#checked('text', text)), fraction)
    if (settings.tokens === 'bpe')
      return {
        training: fromByteCharacters(training.join('')),
        validation: fromByteCharacters(validation.join('')),
      }
    const between = settings.tokens === 'chars' ? '' : ' '
    return { training: training.join(between), validation: validation.join(between) }
  }

  /** Reads a text as it arrives, with microseconds per token. Errors: see Model.stream. */
  override stream(): ModelStream<string, LanguageTypes['Output']> {
    return new LanguageStream(this.trained)
  }

  /**
   * The `count` likeliest next tokens after a text.
   * @throws DataError for an empty text, unless the model has an end token
   */
  next(text: string, count = 5): NextToken[] {
    requirePositiveInteger('next, count', count)
    const { probabilities } = this.stream().pushText(this.#checked('text', text))
    const all = this.labels.map((token) => ({ token, probability: probabilities[token] }))
    return all.sort((a, b) => b.probability - a.probability).slice(0, count)
  }

  /**
   * How likely each token of a text is after those before it, and which surprise the model most.
   * @throws DataError for a text without a token to predict
   */
  score(text: string): TextScore {
    const { network, learned } = this.trained
    const { tokens, ids, known } = this.encode(this.#checked('text', text))
    if (tokens.length < 2) {
      const expected = `a text of at least ${2 - learned.start.length} tokens`
      throw new DataError({ where: 'score, text', expected, got: describe(text) })
    }
    const stream = network.stream()
    const scores = tokens.slice(1).map((token, i): TokenScore => {
      const logarithm = logSoftmax(stream.push(ids![i]))[ids![i + 1]]
      const probability = Math.exp(logarithm)
      return { token, known: known[i + 1], probability, nats: -logarithm, bits: -logarithm / Math.LN2 }
    })
    const nats = scores.reduce((sum, score) => sum + score.nats, 0)
    const order = scores.map((_, i) => i).sort((a, b) => scores[b].nats - scores[a].nats || a - b)
    return {
      nats,
      bits: nats / Math.LN2,
      perplexity: Math.exp(nats / scores.length),
      tokens: scores,
      mostSurprising: order,
    }
  }

  /**
   * Writes a text: `for await (const piece of model.generate({ prime }))`, or `model.generate({ prime }).text()`.
   * The same seed gives the same text; with `reproducible` on every machine. It ends at the end token, at a stop text, or
   * after `length` tokens.
   * @throws UsageError naming the option; DataError for a prime that the model cannot read
   */
  generate(options: GenerateOptions = {}): Generation {
    const complete = completeGeneration(options)
    const writer = this.#writer('generate', complete.prime)
    return new Generation(() => writer, complete)
  }

  /**
   * The likeliest continuations of a text, the best first. Sampling with temperature 0 takes the likeliest token at each
   * step, and may miss them. Errors: see generate.
   */
  beamSearch(options: BeamSearchOptions = {}): Continuation[] {
    const complete = completeBeamSearch(options)
    return searchBeams(this.#writer('beamSearch', complete.prime), complete)
  }

  /** What writes after this prime. @throws DataError for a prime that cannot be read */
  #writer(method: string, prime: string): Writer {
    const where = `${method} option prime`
    const { learned } = this.trained
    const tokens = learned.tokenizer.tokenize(this.#checked(where, prime))
    const unknown = tokens.filter((token) => !learned.words.has(token))
    // Training on rare tokens teaches the unknown token; without them it means nothing.
    if (unknown.length > 0 && learned.settings.minimumCount === 1) {
      const named = [...new Set(unknown)].slice(0, 5).map((token) => JSON.stringify(token))
      throw new DataError({
        where,
        expected: 'tokens of the model’s vocabulary',
        got: named.join(', '),
        remedy: 'Write the prime with tokens that occur in the training text.',
      })
    }
    return writerOf(this.trained, tokens)
  }

  /** A text that can be read. */
  #checked(where: string, text: string): string {
    const { start, tokenizer } = this.trained.learned
    if (typeof text !== 'string') throw new DataError({ where, expected: 'a string', got: describe(text) })
    if (start.length > 0 || tokenizer.tokenize(text).length > 0) return text
    throw new DataError({
      where,
      expected: 'a text with at least one token',
      got: describe(text),
      remedy: 'Give the beginning of a text: a model without an end token does not know how texts begin.',
    })
  }
}

/** Writes step by step, from states of zero; the unknown token is never written. */
function writerOf({ network, learned }: Trained<LanguageLearned>, prime: readonly string[]): Writer {
  const { words, start, settings } = learned
  return {
    vocabulary: words.tokens,
    kind: settings.tokens,
    start: start.map((token) => words.idOf(token)),
    prime: prime.map((token) => ({ token, id: words.idOf(token) })),
    end: start[0] ?? null,
    never: new Set([words.idOf(UNKNOWN_TOKEN)]),
    begin: () => readByStream(network),
    beginMany: (count) => readByStreams(network, count),
  }
}

/** One text is a list of one. */
function rowsOf(texts: Texts): Iterable<object> {
  return (typeof texts === 'string' ? [texts] : texts) as Iterable<object>
}

/**
 * A language model, ready to `fit`.
 * @throws UsageError naming the option that is out of range
 * @example
 * const model = languageModel({ cell: 'gru', units: 256 })
 * await model.fit(text)
 * console.log(model.generate({ prime: 'The ', temperature: 0.7 }).text())
 */
export function languageModel(options: LanguageModelOptions = {}): LanguageModel {
  return new LanguageModel({ settings: resolveLanguageSettings(options) }, options)
}
