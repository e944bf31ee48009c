/** The tagger: learns one label for each token of a sentence. */
import { decodeModel } from '../../formats/latch/modelFile.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import { requireFinite } from '../../core/validation.ts'
import { storage } from '../files/storage.ts'
import { readTaskFile, type EngineChoice, type TaskContent } from '../files/taskFile.ts'
import type { FitOptions, ModelFitReport } from '../fit/fitOptions.ts'
import type { EncodedSequence, ModelEvaluateOptions, ModelStream } from '../model.ts'
import { TaskModel } from '../taskModel.ts'
import { TaskStream } from '../stream.ts'
import { decodeTags, sentenceScores } from './decode.ts'
import type { TagEvaluation, TaggerTypes, TagPrediction } from './learned.ts'
import { resolveTaggerSettings, type TaggerOptions, type TaggerSettings } from './options.ts'
import { predictTags, taggerTask } from './task.ts'

/** The columns of the rows. */
export interface TagColumns {
  /** Tokens: a list of strings, or a string of them with spaces between. Default `tokens`. */
  tokens?: string
  /** A tag for each token, likewise. Default `tags`. */
  tags?: string
}

/** A tagger with its words, tags and network; created by `tagger`, `load` or `fromBytes`. */
export class Tagger extends TaskModel<TaggerTypes> {
  /** Takes checked settings, or the contents of a file. */
  constructor(
    start: { settings: TaggerSettings } | TaskContent<TaggerTypes>,
    { engine, reproducible, threads, precision }: EngineOptions = {},
  ) {
    const content = 'learned' in start ? start : null
    super({
      task: taggerTask,
      settings: 'learned' in start ? start.learned.settings : start.settings,
      engine: { engine, reproducible, threads, precision },
      trained: content,
      history: content?.history,
    })
  }

  get vocabulary(): Vocabulary {
    return this.trained.learned.words
  }

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

  /** @throws FormatError naming the fault and its place; the errors of `createEngine` */
  static fromBytes(bytes: Uint8Array, source = 'model bytes', engine: EngineOptions = {}): Tagger {
    return new Tagger(readContent(bytes, source, engine), engine)
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load(path: string, engine: EngineOptions = {}): Promise<Tagger> {
    return Tagger.fromBytes(await storage().read(path), path, engine)
  }

  /**
   * The model and options of an interrupted run, to resume exactly where the checkpoint was written:
   * `model.fit(sameSentences, { ...fitOptions, resume: bytes })`.
   */
  static async fromCheckpoint(
    bytes: Uint8Array,
    source = 'checkpoint',
    engine: EngineOptions = {},
  ): Promise<{ model: Tagger; fitOptions: FitOptions & TagColumns }> {
    const { engineOfCheckpoint } = await import('./training.ts')
    const content = readContent(bytes, source, engineOfCheckpoint(engine))
    const fitOptions = content.training!.fitOptions as FitOptions & TagColumns
    return { model: new Tagger(content, engine), fitOptions }
  }
}

function readContent(bytes: Uint8Array, source: string, engine: EngineChoice): TaskContent<TaggerTypes> {
  return readTaskFile(taggerTask, decodeModel(bytes, source), source, engine)
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
