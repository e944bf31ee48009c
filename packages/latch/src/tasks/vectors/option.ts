/** The option `vectors` of models with an embedding of words. */
import { UsageError } from '../../core/errors.ts'
import { widthOfVectors, type WordVectors } from '../../data/vectors/vectorSource.ts'

/**
 * The vectors of models that were not trained yet, by their settings. They are no part of these, which model files store:
 * once trained, a model has its words' vectors in its weights. A page that predicts does not load them.
 */
const given = new WeakMap<object, WordVectors>()

/** The vectors with which a model of these settings begins. */
export const vectorsOf = (settings: object): WordVectors | undefined => given.get(settings)

/**
 * The width of the embedding: that of the vectors where there are some.
 * @throws UsageError for vectors of another width than the option says
 */
export function embeddingWidth<T extends number | 'oneHot'>(
  vectors: WordVectors | undefined,
  embedding: T | undefined,
  standard: T,
): T | number {
  if (vectors === undefined) return embedding ?? standard
  const width = widthOfVectors(vectors)
  if (embedding === undefined || embedding === width) return width
  throw new UsageError({
    where: 'option vectors',
    expected:
      embedding === 'oneHot'
        ? 'none beside unit vectors'
        : `vectors of ${String(embedding)} numbers, the width of the embedding`,
    got: `vectors of ${width}`,
    fix: { option: 'embedding', value: width, to: 'take the width of the vectors' },
  })
}

/** Keeps the vectors of settings until the first `fit`. */
export function keepVectors<S extends object>(settings: S, vectors: WordVectors | undefined): S {
  if (vectors !== undefined) given.set(settings, vectors)
  return settings
}
