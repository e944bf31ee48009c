/**
 * Measures how far back a model remembers: accuracy on questions about changing facts against the number of tokens
 * between the last fact and the question. For the name of a cell, a classifier is trained first.
 */
import { changingFacts, CITIES } from '../datasets/facts.ts'
import type { CellName } from '../cells/registry.ts'
import { ENGINE_OPTIONS, type EngineOptions } from '../engine/engine.ts'
import { UsageError } from '../core/errors.ts'
import type { FitOptions } from './fit/fitOptions.ts'
import type { Model } from './model.ts'
import { textClassifier, type TextClassifier } from './textClassifier/textClassifier.ts'
import { maximum } from '../core/lists.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** The questions. */
export interface SpanOptions {
  /** Tokens between the deciding fact and the question. Default 0, 5, 10, 20, 40, 60. */
  distances?: readonly number[]
  /** Stories per distance. Default 300. */
  count?: number
  /** Persons per story, 1 to 6. Default 2. */
  people?: number
  /** Seed of the stories, and of weights and order if a cell is trained. Default 1. */
  seed?: number
  /** Aborts; the signal's reason is thrown. */
  signal?: AbortSignal
}

/** How a cell is trained before it is measured. */
export interface SpanTraining extends SpanOptions, EngineOptions {
  /** Default 64. */
  units?: number
  /** Stories to train on. Default 10,000. */
  stories?: number
  /** Shortest and longest distance in these stories: short ones teach the task. Default 0 to 40. */
  trained?: readonly [number, number]
  /** Default 24, with cosine decay of the learning rate to 0. */
  epochs?: number
  /** Default 0.006. */
  learningRate?: number
  onEvent?: FitOptions['onEvent']
  onStep?: FitOptions['onStep']
}

/** Accuracy at one distance. */
export interface SpanPoint {
  distance: number
  accuracy: number
  count: number
  /** √(p(1−p)/count). */
  standardError: number
}

/** Accuracy against distance. */
export interface MemorySpan<M extends Model = Model> {
  /** In the order of `distances`. */
  distances: SpanPoint[]
  /** Accuracy of guessing among the six cities. */
  chance: number
  /** The largest distance with an accuracy at least halfway from chance to 1; null if there is none. */
  span: number | null
  /** The measured model. */
  model: M
}

const ASKED: Names<SpanOptions> = { distances: 1, count: 1, people: 1, seed: 1, signal: 1 }
const TRAINING: Names<SpanTraining> = {
  ...ASKED,
  ...ENGINE_OPTIONS,
  units: 1,
  stories: 1,
  trained: 1,
  epochs: 1,
  learningRate: 1,
  onEvent: 1,
  onStep: 1,
}
const DISTANCES = [0, 5, 10, 20, 40, 60]
const COLUMNS = { text: 'text', label: 'label' } as const
const CHANCE = 1 / CITIES.length

/**
 * Measures how far back a model remembers facts, on stories of `changingFacts` with other seeds than in
 * training. A model is measured directly; for the name of a cell, one is trained first. The defaults are the recipe
 * of docs/defaults.md and take minutes; `{ units: 32, stories: 4000, epochs: 10, learningRate: 0.01 }` takes a
 * tenth of that, for an accuracy of about six in seven instead of nearly 1.
 * @throws UsageError for a model whose labels are not the cities, and for options out of range; the errors of
 * `TextClassifier.fit` throws; the signal's reason
 */
export function memorySpan(cell: CellName, options?: SpanTraining): Promise<MemorySpan<TextClassifier>>
export function memorySpan<M extends Model>(model: M, options?: SpanOptions): Promise<MemorySpan<M>>
export async function memorySpan(subject: Model | CellName, options: SpanTraining = {}): Promise<MemorySpan> {
  assertKnownOptions('memorySpan option', options, typeof subject === 'string' ? TRAINING : ASKED)
  const { distances = DISTANCES, count = 300, people, seed = 1, signal } = options
  if (distances.length === 0) {
    throw new UsageError({
      where: 'memorySpan option distances',
      expected: 'at least one distance',
      got: 'none',
    })
  }
  // Made before any training, so that an option out of range fails at once.
  const asked = distances.map((distance) => changingFacts({ count, distance, people, seed: seed + 1 }))
  const model: Model = typeof subject === 'string' ? await trainOnFacts(subject, options) : subject
  requireCities(model)
  const points: SpanPoint[] = []
  for (const [i, rows] of asked.entries()) {
    const { input, target } = model.columns
    const result = await model.evaluate(rows, { [input]: COLUMNS.text, [target]: COLUMNS.label, signal })
    const accuracy = result.kind === 'classes' ? result.accuracy : 0
    const standardError = Math.sqrt((accuracy * (1 - accuracy)) / count)
    points.push({ distance: distances[i], accuracy, count, standardError })
  }
  const reached = points.filter(({ accuracy }) => accuracy >= (1 + CHANCE) / 2)
  const span = reached.length ? maximum(reached.map(({ distance }) => distance)) : null
  return { distances: points, chance: CHANCE, span, model }
}

async function trainOnFacts(cell: CellName, options: SpanTraining): Promise<TextClassifier> {
  const { units = 64, stories = 10_000, trained = [0, 40], epochs = 24, learningRate = 0.006 } = options
  const { people, seed = 1, signal, onEvent, onStep, engine, precision, threads, reproducible } = options
  const rows = changingFacts({ count: stories, distance: trained, people, seed })
  const model = textClassifier({
    cell,
    units,
    dropout: 0,
    labels: CITIES,
    counts: false,
    engine,
    precision,
    threads,
    reproducible,
  })
  const { stopped } = await model.fit(rows, {
    ...COLUMNS,
    epochs,
    learningRate,
    seed,
    signal,
    onEvent,
    onStep,
    schedule: { type: 'cosine', tMax: epochs },
    labelSmoothing: 0,
    patience: null,
  })
  if (stopped === 'aborted') throw signal!.reason
  return model as unknown as TextClassifier
}

function requireCities({ labels }: Model): void {
  if (labels.length === CITIES.length && CITIES.every((city) => labels.includes(city))) return
  throw new UsageError({
    where: 'memorySpan',
    expected: `a classifier of ${CITIES.join(', ')}`,
    got: `a classifier of ${labels.slice(0, 6).join(', ')}`,
    remedy: 'Train it on `changingFacts` from latch/datasets, or pass the name of a cell.',
  })
}
