/**
 * Questions of the kind "what if": hold a gate, set a state, change the text, from a step on.
 * The edits are made inside the real pass (layers/holds.ts), so everything after them follows.
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

/** Holds a gate (or the candidate) at a value: gates 0..1, candidate −1..1. No gradient passes a held gate. */
export interface HoldGate extends EditPlace {
  type: 'gate'
  gate: string
  value: number
}

/** Sets a state after the given step(s): `hidden`, or `cell` of an LSTM. No gradient passes a set state. */
export interface SetState extends EditPlace {
  type: 'state'
  state: 'hidden' | 'cell'
  value: number
}

/** Takes a token out of the text: later steps move up. */
export interface DropToken {
  type: 'drop'
  step: number
}

/** Puts another token in its place: a word (models) or an id. */
export interface ReplaceToken {
  type: 'replace'
  step: number
  token: string | number
}

/** One edit. Steps count in the text as it was before any edit. */
export type Edit = HoldGate | SetState | DropToken | ReplaceToken

/** What each token did to the output. */
export interface TokenInfluence {
  step: number
  /** Null where no model read a text. */
  token: string | null
  /** Gradient of the target's logit (or number) times the token's input vector (summed). */
  gradientInput: number
  /**
   * Logit (or number) and probability of the target with the token, minus those without it. Null where nothing
   * is left without it: a text of one token, the first token for what the first step answers, or a network that
   * takes one length only.
   */
  leaveOneOut: { logit: number; probability: number | null } | null
}

/** What each token of one text did to one class's logit, or to one number. */
export interface Influence {
  /** Class whose logit it is; of a network that answers with numbers, which of them. */
  target: number
  /** The step whose answer it is; the last one where the network answers once. */
  answerStep: number
  /** Its logit, or the number itself, with all tokens. */
  logit: number
  /** Its probability; null where outputs are numbers. */
  probability: number | null
  tokens: TokenInfluence[]
}

/** How much of what each step wrote a later step's memory still holds. */
export interface MemoryLayer {
  layer: number
  direction: 'forward' | 'backward'
  /** Says which gate was multiplied, in words. */
  convention: string
  /** share[t][k]: mean over units of the product of keep gates after step k up to step t; 1 at k = t; 0 for k read later. */
  share: Float64Array[]
  /** The same for each unit at the last step read: held[k][unit]. */
  held: Float64Array[]
  /** Mean steps until a half is lost, from the mean keep gate; null where nothing is lost. */
  halfLife: number | null
}
