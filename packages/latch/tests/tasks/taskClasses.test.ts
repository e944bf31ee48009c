/** What the classes of all tasks have from one base: their types, and the refusal of files of another task. */
import { expect, expectTypeOf, it } from 'vitest'
import {
  FormatError,
  LanguageModel,
  MultiLabelClassifier,
  SequenceModel,
  SequenceToSequence,
  Tagger,
  TextClassifier,
  TextPairClassifier,
  TextRegressor,
  tagger,
  type ClassifierFitOptions,
  type FitOptions,
  type RegressorFitOptions,
  type SequenceColumns,
  type TagColumns,
  type TextColumn,
  type TextPairFitOptions,
} from '../../src/index.ts'

it('each class reads its own models and options', () => {
  const load = {
    language: () => LanguageModel.load('m'),
    labels: () => MultiLabelClassifier.load('m'),
    sequence: () => SequenceModel.load('m'),
    targets: () => SequenceToSequence.load('m'),
    tags: () => Tagger.load('m'),
    text: () => TextClassifier.load('m'),
    number: () => TextRegressor.load('m'),
    pair: () => TextPairClassifier.load('m'),
  }
  expectTypeOf(load.language).returns.resolves.toEqualTypeOf<LanguageModel>()
  expectTypeOf(load.labels).returns.resolves.toEqualTypeOf<MultiLabelClassifier>()
  expectTypeOf(load.sequence).returns.resolves.toEqualTypeOf<SequenceModel>()
  expectTypeOf(load.targets).returns.resolves.toEqualTypeOf<SequenceToSequence>()
  expectTypeOf(load.tags).returns.resolves.toEqualTypeOf<Tagger>()
  expectTypeOf(load.text).returns.resolves.toEqualTypeOf<TextClassifier>()
  expectTypeOf(load.number).returns.resolves.toEqualTypeOf<TextRegressor>()
  expectTypeOf(load.pair).returns.resolves.toEqualTypeOf<TextPairClassifier>()

  const bytes = new Uint8Array()
  const resume = {
    language: () => LanguageModel.fromCheckpoint(bytes),
    labels: () => MultiLabelClassifier.fromCheckpoint(bytes),
    sequence: () => SequenceModel.fromCheckpoint(bytes),
    targets: () => SequenceToSequence.fromCheckpoint(bytes),
    tags: () => Tagger.fromCheckpoint(bytes),
    text: () => TextClassifier.fromCheckpoint(bytes),
    number: () => TextRegressor.fromCheckpoint(bytes),
    pair: () => TextPairClassifier.fromCheckpoint(bytes),
  }
  type Resumed<M, O> = { model: M; fitOptions: O }
  expectTypeOf(resume.language).returns.resolves.toEqualTypeOf<
    Resumed<LanguageModel, FitOptions & TextColumn>
  >()
  expectTypeOf(resume.labels).returns.resolves.toEqualTypeOf<
    Resumed<MultiLabelClassifier, ClassifierFitOptions>
  >()
  expectTypeOf(resume.sequence).returns.resolves.toEqualTypeOf<Resumed<SequenceModel, FitOptions>>()
  expectTypeOf(resume.targets).returns.resolves.toEqualTypeOf<
    Resumed<SequenceToSequence, FitOptions & SequenceColumns>
  >()
  expectTypeOf(resume.tags).returns.resolves.toEqualTypeOf<Resumed<Tagger, FitOptions & TagColumns>>()
  expectTypeOf(resume.text).returns.resolves.toEqualTypeOf<Resumed<TextClassifier, ClassifierFitOptions>>()
  expectTypeOf(resume.number).returns.resolves.toEqualTypeOf<Resumed<TextRegressor, RegressorFitOptions>>()
  expectTypeOf(resume.pair).returns.resolves.toEqualTypeOf<Resumed<TextPairClassifier, TextPairFitOptions>>()
  expect(() => Tagger.fromBytes(bytes)).toThrow(FormatError)
})

it('a file of another task is refused, and each class finds its own', async () => {
  const model = tagger({ units: 4, embedding: 4, characters: false })
  await model.fit([{ tokens: 'Ada sings', tags: 'PER O' }], { epochs: 1, validation: 0 })
  const bytes = model.toBytes()
  const again = Tagger.fromBytes(bytes)
  expect(again).toBeInstanceOf(Tagger)
  expect(again.toBytes()).toEqual(bytes)
  expect(again.settings).toEqual(model.settings)
  for (const other of [TextClassifier, LanguageModel, SequenceModel] as unknown as (typeof Tagger)[])
    expect(() => other.fromBytes(bytes, 'm')).toThrow(
      `m, document.task: expected a ${other.task.name}, got "tagger"`,
    )
  await expect(Tagger.fromCheckpoint(bytes, 'm')).rejects.toThrow(
    'm: expected a checkpoint of an unfinished run, got the model of a finished run',
  )
})
