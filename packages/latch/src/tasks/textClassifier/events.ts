/** What training tells while it runs, in the words of the text classifier. All plain JSON. */
import type { EpochRecord, TrainingEvent } from '../../training/events.ts'

/** What training tells, in the words of the classifier. */
export type ClassifierEvent =
  | ({
      event: 'start'
      engine: string
      precision: string
      /** Threads that large work may be shared by. */
      threads: number
      resumed: { epochs: number; step: number } | null
    } & RunFacts)
  | {
      event: 'progress'
      epoch: number
      epochs: number
      step: number
      steps: number
      loss: number
      accuracy: number
      sequencesPerSecond: number
      secondsLeft: number
    }
  | {
      event: 'epoch'
      epoch: number
      epochs: number
      loss: number
      accuracy: number
      validationLoss: number | null
      validationAccuracy: number | null
      learningRate: number
      seconds: number
      best: boolean
    }
  | { event: 'checkpoint'; epoch: number; step: number }
  | { event: 'stop'; reason: string; epoch: number; kept: string }

/** What is known about a run before its first step. */
export interface RunFacts {
  parameters: number
  vocabulary: number
  labels: string[]
  trainSize: number
  validationSize: number
  /** What was guessed, left out or cut, each a sentence. */
  notes: string[]
}

/** An event of training/ as one of this task; null for what nobody needs here. */
export function translate(event: TrainingEvent, about: RunFacts): ClassifierEvent | null {
  switch (event.type) {
    case 'start':
      return {
        event: 'start',
        engine: event.engine,
        precision: event.precision,
        threads: event.threads,
        ...about,
        resumed: event.resumed,
      }
    case 'progress': {
      const { epoch, epochs, step, steps, loss, accuracy, sequencesPerSecond, secondsLeft } = event
      return {
        event: 'progress',
        epoch,
        epochs,
        step,
        steps,
        loss,
        accuracy: accuracy!,
        sequencesPerSecond,
        secondsLeft,
      }
    }
    case 'epoch':
      return { event: 'epoch', epochs: event.epochs, best: event.best, ...epochFigures(event) }
    case 'checkpoint':
      return { event: 'checkpoint', epoch: event.epoch, step: event.step }
    case 'stop':
      return { event: 'stop', reason: event.reason, epoch: event.epoch, kept: event.kept }
  }
}

function epochFigures({
  epoch,
  trainLoss,
  trainAccuracy,
  validationLoss,
  validationAccuracy,
  learningRate,
  seconds,
}: EpochRecord) {
  const accuracy = trainAccuracy!
  return { epoch, loss: trainLoss, accuracy, validationLoss, validationAccuracy, learningRate, seconds }
}
