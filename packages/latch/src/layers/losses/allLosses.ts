/** Losses that text classifiers have no use for: input layers of all other networks carry them. */
import { crfLoss } from './crf.ts'
import { ctcLoss } from './ctc.ts'
import type { LossDefinition } from '../loss.ts'
import { huberLoss, meanAbsoluteErrorLoss, meanSquaredErrorLoss, smoothL1Loss } from './regression.ts'

export const allLosses: readonly LossDefinition[] = [
  meanSquaredErrorLoss,
  meanAbsoluteErrorLoss,
  huberLoss,
  smoothL1Loss,
  ctcLoss,
  crfLoss,
]
