/** The sequence-to-sequence model: learns from rows of source and target to write a target for each source. */
import { assertKnownOptions } from '../../core/knownNames.ts'
import { atRow, UsageError } from '../../core/errors.ts'
import type { Trace } from '../../inspection/trace/traceTypes.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { forEachBatch, packSequences } from '../encoding.ts'
import type { FitOptions, ModelFitReport } from '../fit/fitOptions.ts'
import {
  completeBeamSearch,
  type BeamSearchOptions,
  type CompleteBeamSearch,
} from '../generation/beamSearch.ts'
import { END_TOKEN } from '../languageModel/learned.ts'
import type { EncodedSequence, ModelEvaluateOptions, PredictOptions, SequenceEvaluation } from '../model.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { TaskDefinition } from '../task.ts'
import { TextModel } from '../textModel.ts'
import { Decoder } from './decoder.ts'
import type { SequenceColumns, SequenceToSequenceTypes, WrittenSequence } from './learned.ts'
import { resolveSequenceToSequence, type SequenceToSequenceOptions } from './options.ts'
import { complete, joinTarget, searchTargets, writeGreedily, type Written } from './search.ts'
import { sequenceToSequenceTask } from './task.ts'
import { encodeBoth, readTarget, traceBoth, type EncodedBoth } from './trace.ts'

/** Options of `SequenceToSequence.beamSearch`. */
export type TargetSearchOptions = Pick<BeamSearchOptions, 'beams' | 'lengthPenalty'>

/** A sequence-to-sequence model with its vocabularies; created by `sequenceToSequence`, `load` or `fromBytes`. */
export class SequenceToSequence extends TextModel<SequenceToSequenceTypes> {
  #decoder: Decoder | null = null

  static readonly task: TaskDefinition<SequenceToSequenceTypes> = sequenceToSequenceTask

  /** The tokens of targets. */
  get targetVocabulary(): Vocabulary {
    return this.trained.learned.targetWords
  }

  /**
   * Trains on rows of a source and a target text (Sutskever et al. 2014), each target token after the true ones before it.
   * A second call continues from the current weights, with the same vocabularies. Errors: see Model.fit.
   */
  override fit(rows: Iterable<object>, options: FitOptions & SequenceColumns = {}): Promise<ModelFitReport> {
    return super.fit(rows, options)
  }

  /**
   * Loss of the targets' tokens after the true ones before them; and what the model writes itself, as `predict` does or
   * by beam search, against the targets: exact ones, and edits a token.
   * @param options.beams of a beam search in place of the likeliest token at each step; `lengthPenalty` goes with it
   * Errors: see Model.evaluate.
   */
  override evaluate(
    rows: Iterable<object>,
    options: ModelEvaluateOptions & SequenceColumns & TargetSearchOptions = {},
  ): Promise<SequenceEvaluation> {
    return super.evaluate(rows, options)
  }

  /**
   * The target that the model writes for a source, or for each of a list: the likeliest token at each step.
   * @throws DataError for a source without tokens; of many, with its `row` (from 0); UsageError for the option `top`
   */
  override predict(source: string, options?: PredictOptions): WrittenSequence
  override predict(sources: readonly string[], options?: PredictOptions): WrittenSequence[]
  override predict(
    input: string | readonly string[],
    options: PredictOptions = {},
  ): WrittenSequence | WrittenSequence[] {
    assertKnownOptions('predict option', options, { top: 1 })
    if (options.top !== undefined) {
      throw new UsageError({
        where: 'predict option top',
        expected: 'a model of labels',
        got: 'a sequence-to-sequence model',
        remedy: 'Omit `top`; `beamSearch` gives several targets.',
      })
    }
    const { trained } = this
    const many = Array.isArray(input)
    const encoded = this.#encodeAll(input)
    const decoder = this.#currentDecoder()
    const out: WrittenSequence[] = []
    forEachBatch(
      encoded.map(({ steps }) => steps),
      (numbers) => {
        const own = numbers.map((i) => encoded[i])
        const written = writeGreedily(trained, decoder, decoder.encode(own.map(({ ids }) => ids!)))
        complete(trained, own, written).forEach((one, k) => (out[numbers[k]] = one))
      },
    )
    return many ? out : out[0]
  }

  /**
   * The likeliest targets of a source, or of each of a list, the best first: sequences of tokens, where `predict` takes the
   * likeliest token at each step.
   * @throws UsageError naming the option; DataError for a source without tokens; of many, with its `row` (from 0)
   */
  beamSearch(source: string, options?: TargetSearchOptions): WrittenSequence[]
  beamSearch(sources: readonly string[], options?: TargetSearchOptions): WrittenSequence[][]
  beamSearch(
    input: string | readonly string[],
    options: TargetSearchOptions = {},
  ): WrittenSequence[] | WrittenSequence[][] {
    assertKnownOptions('beamSearch option', options, { beams: 1, lengthPenalty: 1 })
    const search = completeBeamSearch({ ...options, length: this.trained.learned.longest + 1 })
    const all = this.#encodeAll(input).map((encoded) => this.#searchOne(encoded, search))
    return Array.isArray(input) ? all : all[0]
  }

  #searchOne(encoded: EncodedSequence, options: CompleteBeamSearch): WrittenSequence[] {
    const { trained } = this
    const decoder = this.#currentDecoder()
    const [read] = decoder.encode([encoded.ids!])
    const written = searchTargets(trained, decoder, read, options)
    return complete(
      trained,
      written.map(() => encoded),
      written,
    )
  }

  /** @throws DataError for a source without tokens; of many, with its `row` (from 0) */
  #encodeAll(input: string | readonly string[]): EncodedSequence[] {
    if (!Array.isArray(input)) return [this.encode(input as string)]
    return (input as readonly string[]).map((one, row) => {
      try {
        return this.encode(one)
      } catch (error) {
        throw atRow(error, row)
      }
    })
  }

  /** Sources as one batch for `model.network`, each with the beginning of its target. */
  override pack(inputs: readonly string[]): PackedBatch {
    const { words, targetWords, input } = this.trained.learned
    const begin = words.size + targetWords.idOf(END_TOKEN)
    const encoded = inputs.map((one) => this.encode(one))
    return packSequences(
      encoded.map(({ ids, steps }) => ({ ids: [...ids!, begin], steps: steps + 1, features: null })),
      input,
    )
  }

  /**
   * Follows a source and what the model writes for it step by step: gates and states of the encoder and the decoder,
   * attention, the distribution of each next token, and the gradients of the loss of the target.
   * @param options.target follows this text in place of what the model writes
   * @throws DataError for a source or target without tokens, and for a target that is too long
   */
  override trace(source: string, options: { target?: string; label?: never } = {}): Trace {
    assertKnownOptions('trace option', options, { target: 1 })
    const { trained } = this
    const encoded = this.encode(source)
    const written = this.#targetOf(encoded, options.target ?? null, 'target')
    const target = options.target ?? joinTarget(written.tokens, trained.learned.settings.targetTokens)
    return traceBoth(trained, encoded, encodeBoth(trained.learned, encoded, written), { source, target })
  }

  /** Source and target for `latch/inspection`: a text, or null for what the model itself writes. Errors: see `trace`. */
  encodeBoth(source: string, target: string | null, where = 'target'): EncodedBoth {
    const encoded = this.encode(source)
    return encodeBoth(this.trained.learned, encoded, this.#targetOf(encoded, target, where))
  }

  #targetOf(source: EncodedSequence, target: string | null, where: string): Written {
    const { trained } = this
    if (target !== null) return readTarget(trained.learned, target, where)
    const decoder = this.#currentDecoder()
    return writeGreedily(trained, decoder, decoder.encode([source.ids!]))[0]
  }

  override dispose(): void {
    super.dispose()
    this.#decoder?.dispose()
    this.#decoder = null
  }

  /** With the weights as they are. */
  #currentDecoder(): Decoder {
    const { trained } = this
    if (this.#decoder?.isCurrent(trained)) return this.#decoder
    this.#decoder?.dispose()
    return (this.#decoder = new Decoder(trained))
  }
}

/**
 * A sequence-to-sequence model, ready to `fit`.
 * @throws UsageError naming the option that is out of range
 * @example
 * const model = sequenceToSequence({ tokens: 'chars' })
 * await model.fit([{ source: '3rd of May 2021', target: '2021-05-03' }, …])
 * console.log(model.predict('4th of July 1999').text)
 */
export function sequenceToSequence(options: SequenceToSequenceOptions = {}): SequenceToSequence {
  return new SequenceToSequence({ settings: resolveSequenceToSequence(options) }, options)
}
