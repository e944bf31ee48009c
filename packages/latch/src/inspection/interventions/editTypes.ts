/**
 * Edits of an intervention: clamp a gate, set a state, drop or replace a token. They are made inside the forward
 * pass (layers/recurrent/overrides.ts), so that everything after them follows from the cell's equations.
 */

/** Which numbers of a layer an edit touches. */
export interface EditPlace {
  /** 0 is the lowest. Default: every layer. */
  layer?: number
  /** Default: every direction. */
  direction?: 'forward' | 'backward'
  /** Default: every unit. */
  units?: readonly number[]
  /** First and last step, in the order of the text. Default 0 and the last one. */
  from?: number
  to?: number
}

/** Clamps a gate (or the candidate) to a value: gates 0..1, candidate −1..1. No gradient passes a clamped gate. */
export interface SetGate extends EditPlace {
  type: 'gate'
  gate: string
  value: number
}

/** Overwrites a state after the given steps: `hidden`, or `cell` of an LSTM. No gradient passes the new state. */
export interface SetState extends EditPlace {
  type: 'state'
  state: 'hidden' | 'cell'
  value: number
}

/** Removes a token; later steps move up. */
export interface DropToken {
  type: 'drop'
  step: number
}

/** Replaces a token by a word (models) or an id. */
export interface ReplaceToken {
  type: 'replace'
  step: number
  token: string | number
}

/** One edit. Steps (from 0) are those of the sequence before any edit. */
export type Edit = SetGate | SetState | DropToken | ReplaceToken

/** The influence of one token on the output. */
export interface TokenInfluence {
  /** Of an encoder and a decoder: of its side. */
  step: number
  /** Of an encoder and a decoder: which of them reads it. */
  side?: 'encoder' | 'decoder'
  /** Null unless the input was a text. */
  token: string | null
  /** Gradient of the target's logit (or number) times the token's input vector (summed). */
  gradientInput: number
  /**
   * Logit (or number) and probability of the target with the token, minus those without it. Null where there is no
   * shorter sequence: a text of one token, the first token for the output of the first step, a network with a
   * fixed sequence length, or one that answers at other steps than those of its input.
   */
  leaveOneOut: { logit: number; probability: number | null } | null
}

/** The influence of each token of one sequence on one class's logit, or on one output number. */
export interface Influence {
  /** Class of the logit, or index of the output number. */
  target: number
  /** Step of the output; the last step if the network has one output per sequence. */
  outputStep: number
  /** The logit or the number, with all tokens. */
  logit: number
  /** The probability; null if outputs are numbers. */
  probability: number | null
  tokens: TokenInfluence[]
}

/** How much of what each step wrote the memory retains at later steps. */
export interface MemoryLayer {
  layer: number
  direction: 'forward' | 'backward'
  /** A sentence that names the gate whose values were multiplied. */
  convention: string
  /** retention[t][k]: mean over units of the product of keep gates after step k up to step t; 1 at k = t; 0 for later k. */
  retention: Float64Array[]
  /** The same for each unit at the last step read: unitRetention[k][unit]. */
  unitRetention: Float64Array[]
  /** Mean number of steps until half is lost, from the mean keep gate; null if nothing is lost. */
  halfLife: number | null
}
