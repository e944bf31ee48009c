/**
 * What page and runner say to each other. Everything is plain data; the words for networks, traces and
 * gradients are the library's own types.
 */
import type { CellChoice, ClassifierSettings, Trace, TrainingHistory } from 'latch'
import type { Edit, MemoryLayer } from 'latch/inspection'

/** What a network can be told in the workbench. */
export interface NetworkSpec {
  cell: CellChoice
  units: number
  layers: number
  bidirectional: boolean
}

/** Where the rows come from: a generated task, the notes' example, or rows of the user's own. */
export interface DataSpec {
  /** `comments`, `facts`, `notes`, or `own`. */
  task: string
  /** Rows of `own`. */
  rows?: { text: string; label: string }[]
  /** How many rows a generated task makes. */
  count?: number
  /** Distances of `facts`. */
  distance?: [number, number]
}

/** One training. */
export interface TrainRequest {
  network: NetworkSpec
  data: DataSpec
  epochs: number
  learningRate: number | null
  seed: number
  /** Sentence on which the gradient's way back is measured while training, for the map of lag × step; null: none. */
  probe: string | null
}

/** What a run tells while it goes. Steps count updates. */
export type RunEvent =
  | { type: 'start'; facts: ModelFacts; stepsPerEpoch: number; epochs: number; notes: string[] }
  | { type: 'step'; step: number; epoch: number; loss: number; accuracy: number | null; perSecond: number }
  | {
      type: 'epoch'
      step: number
      epoch: number
      loss: number
      accuracy: number | null
      validationLoss: number | null
      validationAccuracy: number | null
      seconds: number
    }
  /** ‖∂L/∂h‖ by lag, 0 first, of the probe sentence after this update. */
  | { type: 'probe'; step: number; norms: number[] }
  | { type: 'paused'; step: number }
  | { type: 'resumed'; step: number }

/** What a run ends with. */
export interface RunResult {
  facts: ModelFacts
  seconds: number
  epochs: number
  stopped: string
  /** On rows kept aside: accuracy, and accuracy with each text's words in another order. */
  accuracy: number | null
  shuffled: number | null
}

/** What is known of a model. */
export interface ModelFacts {
  name: string
  settings: Pick<ClassifierSettings, 'cell' | 'units' | 'layers' | 'bidirectional' | 'reset' | 'activation'>
  labels: readonly string[]
  vocabularySize: number
  parameters: number
  engine: string
  history: TrainingHistory | null
  /** Gate names in PyTorch's order of rows; empty for feed-forward nets. */
  gates: readonly string[]
  /** The gate that keeps the past, or null. */
  keepGate: string | null
  convention: string | null
  /** What is typed for it: a sentence, token ids, or features as JSON. */
  reads: 'text' | 'ids' | 'features'
  /** Its outputs are numbers and no classes: `labels` name them. */
  numbers: boolean
  /** Something that it can read; null for a text classifier, which reads any text. */
  example: string | null
}

/** One text's way through the model: what most views show. */
export interface Look {
  trace: Trace
  memory: MemoryLayer[]
  /** Weights that the drawing needs: by PyTorch's name with shape. */
  shapes: { name: string; shape: readonly number[] }[]
  /** The text was longer than the studio shows: this many tokens were left out. */
  cut: number
}

export interface InterveneRequest {
  text: string
  edits: Edit[]
  target: string | null
}

/** Accuracy against distance on the facts task. */
export interface Span {
  distances: { distance: number; accuracy: number; count: number; standardError: number }[]
}
