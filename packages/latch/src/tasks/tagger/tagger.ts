/** The tagger: learns one label for each token of a sentence. */
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { requireFinite } from '../../core/validation.ts'
import type { FitOptions, ModelFitReport } from '../fit/fitOptions.ts'
import type { EncodedSequence, ModelEvaluateOptions, ModelStream } from '../model.ts'
import type { TaskDefinition } from '../task.ts'
import { TextModel } from '../textModel.ts'
import { TaskStream } from '../stream.ts'
import { decodeTags, sentenceScores } from './decode.ts'
import type { TagColumns, TagEvaluation, TaggerTypes, TagPrediction } from './learned.ts'
import { resolveTaggerSettings, type TaggerOptions } from './options.ts'
import { predictTags, taggerTask } from './task.ts'

/** A tagger with its words, tags and network; created by `tagger`, `load` or `fromBytes`. */
export class Tagger extends TextModel<TaggerTypes> {
  static readonly task: TaskDefinition<TaggerTypes> = taggerTask

  /**
   * Trains on sentences: rows of tokens and tags. A second call continues from the current weights, with the same words and
   * tags. Errors: see Model.fit.
   */
  override fit(sentences: Iterable<object>, options: FitOptions & TagColumns = {}): Promise<ModelFitReport> {
    return super.fit(sentences, options)
  }

  /**
   * Accuracy and a table of the tags, and where tags mark spans precision, recall and F1 of the spans, as the CoNLL scorer
   * counts them. Tags that the model does not have count as wrong. Errors: see Model.evaluate.
   */
  override evaluate(
    sentences: Iterable<object>,
    options: ModelEvaluateOptions & TagColumns = {},
  ): Promise<TagEvaluation> {
    return super.evaluate(sentences, options)
  }

  /**
   * Reads a sentence as it arrives. Each prediction has the tag of the latest token alone.
   * @throws UnsupportedError for a bidirectional tagger, one that reads characters and one with a CRF
   */
  override stream(): ModelStream<string, TagPrediction> {
    return new TaskStream(taggerTask, this.trained)
  }

  protected override interpretBatch(
    batch: PackedBatch,
    rows: readonly (readonly ArrayLike<number>[])[],
    encoded: readonly EncodedSequence[],
  ): TagPrediction[] {
    const { trained } = this
    for (const own of rows) for (const row of own) requireFinite('output ', row)
    const paths = decodeTags(trained, batch, rows)
    const scores = sentenceScores(trained.network, batch)
    return rows.map((own, b) =>
      predictTags(trained, {
        rows: own,
        path: paths[b],
        tokens: encoded[b].tokens,
        scores: scores?.[b] ?? null,
      }),
    )
  }
}

/**
 * A tagger, ready to `fit`.
 * @throws UsageError naming the option that is out of range
 * @example
 * const model = tagger({ crf: true })
 * await model.fit([{ tokens: ['Ada', 'sings'], tags: ['B-PER', 'O'] }, …])
 * console.log(model.predict('Ada Lovelace sings').entities)
 */
export function tagger(options: TaggerOptions = {}): Tagger {
  return new Tagger({ settings: resolveTaggerSettings(options) }, options)
}
