/**
 * The contract of a recurrent cell: names, what a step saves, and one step forward and backward.
 * The time loop (layers/recurrent.ts) does all matrix products, time and direction for every cell;
 * a cell is its pointwise equations. Shapes: m active rows, H units, G gates.
 */
import type { Kernels, Pointer } from '../engine/kernels.ts'
import type { ActivationSpec } from './activations.ts'

/** The pointers of one time step. Forward fields are set in both directions; `d…` only in backward. */
export interface Step {
  /** Active rows m and units H. */
  rows: number
  units: number
  /** Row strides: of gate buffers, of state buffers, of the output's gradient. */
  gateStride: number
  stride: number
  outputStride: number

  gates: Pointer // (m, G·H) x-side pre-activations in, activated gates out
  recurrent: Pointer // (m, G·H) h-side pre-activations, where a cell keeps them apart
  hidden: Pointer // (m, H)
  previousHidden: Pointer // (m, H)
  cell: Pointer // (m, H)
  previousCell: Pointer // (m, H)
  saved: Pointer // (m, H) the cell's own

  dGates: Pointer // (m, G·H)
  dRecurrent: Pointer // (m, G·H)
  dHidden: Pointer // (m, H) carry from t+1 in, direct path to t−1 out
  dCell: Pointer // (m, H) carry
  dOutput: Pointer // (m, H) what the layers above say about this step's output, or 0
  dOperand: Pointer // (m, H) gradient of a second stage's operand
  dHiddenTotal: Pointer // (m, H) where to record ∂L/∂h_t, or 0
  dCellTotal: Pointer // (m, H) where to record ∂L/∂c_t, or 0

  // Of general cells (cells/general.ts) only.
  own: Pointer // the cell's own parameters, all rows (ΣR, H) without padding, or 0
  dOwn: Pointer // their gradient, which backward adds to, or 0
  slopes: Pointer // (m, G·H; gateStride) forward leaves the slopes of gates and candidate here, or 0
  /** Called when gates are activated and not used yet: whoever holds gates sets them, and their slopes to 0. */
  hold: (() => void) | null
}

/** One matrix product with a block of Wh, and the pointwise work after it. */
export interface Stage {
  /** Rows of weight_hh this stage multiplies with, in gates. */
  readonly firstGate: number
  readonly gateCount: number
  /** What is multiplied: h_{t−1}, or the buffer the cell saved in the stage before. */
  readonly operand: 'hidden' | 'saved'
  /** Where the product goes: onto the x-side pre-activations, or into a buffer of its own with its own bias. */
  readonly into: 'gates' | 'recurrent'
  /** Whether backward adds dz·Whᵀ to what the pointwise backward left in the operand's gradient. */
  readonly keepsDirectPath: boolean
  forward(kernels: Kernels, step: Step): void
  backward(kernels: Kernels, step: Step): void
}

/** How much of the past a step keeps, per unit, from its gates: `forget` of an LSTM, `update` of a GRU. */
export type KeepGate = 'forget' | 'update' | null

/** What a general cell computes with: functions of gates, candidate and LSTM state, and what changes around them. */
export interface CellFunctions {
  readonly gate: Required<ActivationSpec>
  readonly candidate: Required<ActivationSpec>
  /** LSTM only: what h makes of c. */
  readonly state: Required<ActivationSpec>
  /** Pre-activations are clipped to ±clip. */
  readonly clip: number | null
  readonly peepholes: boolean
  readonly coupled: boolean
}

/** Names of the cells. */
export type CellName = 'rnn' | 'lstm' | 'gru'

/** A recurrent cell: its names, and its equations as stages. */
export interface Cell<Gate extends string = string, State extends string = string> {
  readonly name: CellName
  /** In the order of PyTorch's weight rows. */
  readonly gateNames: readonly Gate[]
  /** `hidden` first. */
  readonly stateNames: readonly State[]
  /** Which of the gate names is a candidate (tanh), not a gate (σ). */
  readonly candidate: Gate
  readonly keepGate: KeepGate
  /** What `saved` holds, or null where the cell saves nothing of its own. */
  readonly savedName: string | null
  /** Whether the h-side product lives in a buffer of its own (reset-after GRU). */
  readonly separateRecurrent: boolean
  readonly stages: readonly Stage[]
  /** Gate whose bias starts at 1 (Gers et al. 2000, Jozefowicz et al. 2015), or null. */
  readonly biasOne: Gate | null
  /** Parameters besides weights and biases, (rows, H) each: LSTM peepholes, `weight_ph` with rows i f o. */
  readonly ownParameters?: readonly { name: string; rows: number }[]
  /** General cells only, null or missing where tanh, σ and nothing else are meant. */
  readonly functions?: CellFunctions
  /** The tape has `slopes`, of gate size, in training. */
  readonly keepsSlopes?: boolean
  /** Must run on one thread: its kernels are not the engine's. */
  readonly solo?: boolean
}

/** Copies ∂L/∂h_t to the record where one is kept. */
export function recordHidden(kernels: Kernels, step: Step): void {
  if (step.dHiddenTotal === 0) return
  kernels.gatherRows(step.dHiddenTotal, step.dHidden, 0, step.rows, step.units, step.stride, step.stride)
}
