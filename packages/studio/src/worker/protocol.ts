/**
 * The messages between the page and its worker. Everything is plain data; networks, traces and gradients use the
 * library's own types.
 */
import type {
  Alternative,
  CellChoice,
  ClassifierSettings,
  Trace,
  TrainingHistory,
  WrittenSequence,
  WrittenToken,
} from 'latch'
import type { Edit, MemoryLayer } from 'latch/inspection'

/** The choices for a network in the workbench. */
export interface NetworkSpec {
  cell: CellChoice
  units: number
  layers: number
  bidirectional: boolean
}

/** Where the rows come from: a generated task, the lecture's example, or the user's own rows. */
export interface DataSpec {
  /** `comments`, `facts`, `notes`, or `own`. */
  task: string
  /** Rows of `own`. */
  rows?: { text: string; label: string }[]
  /** Number of rows of a generated task. */
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
  /** Sentence whose gradient norms are measured during training, for the map of lag × update; null: none. */
  probe: string | null
}

/** Events of a training. `step` counts the updates made. */
export type RunEvent =
  | { type: 'start'; info: ModelInfo; stepsPerEpoch: number; epochs: number; warnings: string[] }
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
  /** ‖∂L/∂h‖ of the probe sentence after this update, by lag; lag 0 is the last step. */
  | { type: 'probe'; step: number; norms: number[] }
  | { type: 'paused'; step: number }
  | { type: 'resumed'; step: number }

/** The result of a training. */
export interface RunResult {
  info: ModelInfo
  seconds: number
  epochs: number
  stopped: string
  /** On held-out rows: accuracy, and accuracy with the words of each text shuffled. */
  accuracy: number | null
  shuffled: number | null
}

/** What does not change from layer to layer of one cell. */
export interface CellFacts {
  gates: readonly string[]
  keepGate: string | null
  convention: string
}

/** What the page shows about a model. */
export interface ModelInfo {
  name: string
  settings: Pick<ClassifierSettings, 'cell' | 'units' | 'layers' | 'bidirectional' | 'reset' | 'activation'>
  labels: readonly string[]
  vocabularySize: number
  parameters: number
  engine: string
  history: TrainingHistory | null
  /** Gate names in PyTorch's row order; empty for feed-forward networks. */
  gates: readonly string[]
  /** The gate that keeps the past, or null. */
  keepGate: string | null
  /** The same of each cell in the network, by its name, and how it keeps the past. */
  cells: Readonly<Record<string, CellFacts>>
  /** The kind of input: a sentence, token ids, or features as JSON. */
  reads: 'text' | 'ids' | 'features'
  /** Whether the outputs are numbers instead of classes; `labels` then names the outputs. */
  numbers: boolean
  /** An input that fits the model; null for a text classifier, which reads any text. */
  example: string | null
  /** A beginning of a text that the model can go on from; null for a model that does not write. */
  prime: string | null
  /** Whether the model writes a target for a source. */
  targets: boolean
}

/** What a model of sources and targets writes for a source. */
export interface Written extends Pick<
  WrittenSequence,
  'text' | 'tokens' | 'sourceTokens' | 'attention' | 'ended'
> {
  probability: number
  /** Tokens of the source that are left out, because it is longer than the studio shows. */
  cut: number
}

/** The trace of one input, for most views. */
export interface Inspection {
  trace: Trace
  memory: MemoryLayer[]
  /** Parameters by PyTorch's names, with their shapes, for the drawing. */
  shapes: { name: string; shape: readonly number[] }[]
  /** The types of the layers, lowest first. */
  layers: readonly string[]
  /** Number of tokens left out because the input is longer than the studio shows. */
  cut: number
}

export interface InterveneRequest {
  text: string
  edits: Edit[]
  target: string | null
}

/** Accuracy by distance on the facts task. */
export interface Span {
  distances: { distance: number; accuracy: number; count: number; standardError: number }[]
}

/** How tokens are drawn; null: among all. */
export interface Drawing {
  temperature: number
  topK: number | null
}

/** A text to begin. */
export interface WritingRequest {
  prime: string
  seed: number
  drawing: Drawing
}

/** What may stand at a place of the text, the likeliest first. */
export interface WritingPlace {
  /** Index of the written token; their number for the next one. */
  at: number
  alternatives: Alternative[]
}

/** A text that was begun: its prime token by token, and what may come next. */
export interface WritingStart {
  prime: readonly string[]
  next: WritingPlace
}

/** Tokens as they are written. `next` is left out where the following tokens come too fast to look at it. */
export interface WritingEvent {
  /** Index of the first of them. */
  from: number
  tokens: WrittenToken[]
  next: WritingPlace | null
}

/** A token that was put in place of another; null if that ended the text. */
export interface WritingChoice {
  token: WrittenToken | null
  next: WritingPlace
}

/** The part of a text that the gate view shows for a token. */
export interface WrittenInput {
  text: string
  /** Step of the token in the trace of that text. */
  step: number
  /** Tokens before the part. */
  before: number
}
