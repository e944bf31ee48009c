/**
 * What a trace is: one input's way through a trained model, step by step, under the names that the
 * cells use. The command line, the library and the studio show this one type.
 */
import type { CellFunctions } from '../../cells/cell.ts'
import type { CellName, GatesOf } from '../../cells/registry.ts'
import type { ReceptiveField } from '../../layers/layer.ts'

/** Gate names without the candidate. */
export type GateName<C extends CellName> = Exclude<GatesOf[C], 'candidate'>

/** Activated gates by name, each in 0..1 (an imported cell's: what its function gives); one shape per cell. */
export type GateVectors<C extends CellName> = C extends CellName
  ? { [G in GateName<C>]: Float64Array }
  : never

/** What the loss says of one step. All vectors have `units` entries. */
export interface StepGradient {
  /** ‖∂L/∂h_t‖ and ‖∂L/∂c_t‖ (null where there is no c). */
  hidden: number
  cell: number | null
  /** ∂L/∂h_t. */
  hiddenVector: Float64Array
  /** ∂L/∂c_t, with what reaches it through h_t; null where there is no c. */
  cellVector: Float64Array | null
  /** Gradients of pre-activations by gate, the candidate among them: ∂L/∂(W_ih·x + b_ih + …), as BPTT has them. */
  gates: Record<string, Float64Array>
  /** ∂L/∂(W_hn·h₋₁ + b_hn), the recurrent half of a GRU's candidate with reset after; else null. */
  recurrent: Float64Array | null
}

/**
 * One step of one recurrent layer in one direction. Vectors have `units` entries, but for `input`.
 * `G` is null in a trace without targets.
 */
export interface CellStep<C extends CellName = CellName, G extends StepGradient | null = StepGradient> {
  /** x_t: what came in from below (width of that layer's input). Empty where the input is one-hot: see `inputId`. */
  input: Float64Array
  /** The token's id at the lowest layer of a network that reads ids, else null. */
  inputId: number | null
  /** Empty for a simple RNN. */
  gates: GateVectors<C>
  /** The candidate: tanh's output, or another function's (for a simple RNN the new hidden state itself). */
  candidate: Float64Array
  /** h_t. */
  hidden: Float64Array
  /** c_t of an LSTM, else null. */
  cell: Float64Array | null
  /** Mean share of the past this step keeps: forget gate of an LSTM, update gate of a GRU (z keeps the old); else null. */
  keeps: number | null
  /**
   * What the cell keeps for itself: tanh(c_t) of an LSTM (`savedName` of the cell, if its functions differ); of a GRU W_hn·h₋₁ + b_hn (reset after) or r∘h₋₁
   * (reset before); null of a simple RNN.
   */
  saved: Float64Array | null
  /** Set where the step is masked: whatever its gates are, states are those of the step read before. */
  masked?: true
  /** What the loss says of it; null where nothing was asked. */
  gradient: G
}

/** All steps of one layer in one direction. */
export interface TraceLayer<C extends CellName = CellName, G extends StepGradient | null = StepGradient> {
  /** 0 is the lowest. */
  layer: number
  direction: 'forward' | 'backward'
  units: number
  /** What the cell computes with, where that is not σ and tanh alone (imported cells). */
  functions?: CellFunctions
  /**
   * Set where layers below it change the number of steps: for each of its own, the first and the last step of the input
   * that those layers compute it from, without what recurrent layers carry; null for a step of padding alone.
   */
  receptiveFields?: readonly ReceptiveField[]
  /** Of a network with an encoder and a decoder: which one it belongs to, and so whose steps it has. */
  side?: 'encoder' | 'decoder'
  /** The states before its first step, where they are not zero: a decoder begins with the last ones of the encoder. */
  initial?: { hidden: Float64Array; cell: Float64Array | null }
  /** In the order of the text, whatever the direction. */
  steps: CellStep<C, G>[]
}

/** What the attention of a decoder computed at each of its T steps, over the S steps of the encoder. */
export interface TracedAttention {
  /** (T, S): each row sums to 1. */
  weights: Float64Array[]
  /** Sums of the encoder's outputs, each with its weight. (T, H) */
  contexts: Float64Array[]
  /** tanh(W·[context, h]), which goes on to the output. (T, H) */
  attended: Float64Array[]
}

/** What the tape says about one sequence, before a task gives tokens and labels their names. Plain data. */
export interface SequenceTrace<G extends StepGradient | null = StepGradient> {
  /** The network's output for the whole sequence: (C), or (T, C) where it answers every step. */
  output: Float64Array
  /** The output of each of its steps (C) where the network answers every step, else null. */
  outputs: Float64Array[] | null
  /** Mean over the sequence, without label smoothing and class weights; so are the gradients. Null without targets. */
  loss: G extends StepGradient ? number : null
  layers: TraceLayer<CellName, G>[]
  /** Of a network with an encoder and a decoder; null: it has no attention. */
  attention?: TracedAttention | null
}

/**
 * A step of the top forward layer: its insides, and what the model would say if the text ended here. That is one token's
 * step, unless layers below change the number of steps: then `token` names all that it covers, and `id` is the last one's.
 */
export interface TraceStep<C extends CellName = CellName, L extends string = string> extends CellStep<C> {
  token: string
  id: number
  /** False: the vocabulary does not have this token. */
  known: boolean
  output: { label: L; probabilities: Record<L, number> }
}

/**
 * One text's run through a model: the prediction, and every step's gates, states and gradients. For a cell that
 * is not known beforehand, `trace.cell` says which gates the steps have.
 */
export type Trace<C extends CellName = CellName, L extends string = string> = C extends CellName
  ? TraceOf<C, L>
  : never

/** What counting words adds to a prediction, apart from the network. */
export interface TraceCounts<L extends string = string> {
  /** What the network alone predicts. */
  network: { label: L; probabilities: Record<L, number> }
  /**
   * What is added to each label's logit, with the sum 0: before the text, from the frequencies of the labels, then for
   * the text up to each step (1 + T).
   */
  shares: Record<L, number>[]
}

interface TraceOf<C extends CellName, L extends string> {
  text: string
  cell: C
  /** The prediction for the whole text. */
  label: L
  probabilities: Record<L, number>
  /** Set where outputs are numbers and no classes: all `probabilities` then override the numbers themselves. */
  numbers?: true
  /** The label whose loss the gradients are of: the one given, else the predicted one. */
  target: L
  loss: number
  /** How `keeps` is computed, by gate name. */
  convention: string
  steps: TraceStep<C, L>[]
  /** The steps of the input, where the top layer has others (`receptiveFields`). */
  inputs?: { token: string; id: number; known: boolean }[]
  /**
   * Set where the network does not read the beginnings of the text by themselves: it takes sequences of one length only, or
   * they are too short for a layer. The outputs of the steps are then those that it gives for the whole text.
   */
  whole?: true
  layers: TraceLayer<C>[]
  /**
   * For a model that also counts words. `label`, `probabilities` and the outputs of the steps are then of both, as in
   * `predict`; states, gates, `loss` and gradients are of the network.
   */
  counts?: TraceCounts<L>
  /**
   * Of a model that reads one sequence and writes another: what it read. `text` is that; `steps` are those of what it
   * writes, each with the token read and what comes next; `target` is the text whose loss the gradients are of.
   */
  source?: { tokens: readonly string[]; known: readonly boolean[] }
  /** Of such a model; null: it has no attention. */
  attention?: TracedAttention | null
}
