/**
 * The contract of a recurrent cell: names, what a step saves, and one step forward and backward. The time loop
 * (layers/recurrent) does all matrix products, time and direction for every cell; a cell is its pointwise equations.
 * Shapes: m active rows, H units, G gates.
 */
import type { Field } from '../core/validation.ts'
import { UnsupportedError } from '../core/errors.ts'
import type { Engine } from '../engine/engine.ts'
import type { Kernels, Pointer } from '../engine/kernels.ts'
import { resolveActivation, type ActivationChoice, type ActivationSpec } from './activations.ts'

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
  dOutput: Pointer // (m, H) gradient of this step's output from the layers above, or 0
  dOperand: Pointer // (m, H) gradient of a second stage's operand
  dHiddenTotal: Pointer // (m, H) where to record ∂L/∂h_t, or 0
  dCellTotal: Pointer // (m, H) where to record ∂L/∂c_t, or 0

  // Read by generic cells only.
  extra: Pointer // the cell's extra parameters, all rows (ΣR, H) without padding, or 0
  dExtra: Pointer // their gradient, which backward adds to, or 0
  slopes: Pointer // (m, G·H; gateStride) forward writes the slopes of gates and candidate here, or 0
  /** Called after gates are activated and before they are used: an intervention sets gates here, and their slopes to 0. */
  overrideGates: (() => void) | null
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

/** What a cell computes with: the functions of gates, candidate and cell state, and what changes around them. */
export interface CellFunctions {
  readonly gate: Required<ActivationSpec>
  readonly candidate: Required<ActivationSpec>
  /** What h makes of c, in cells with a cell state. */
  readonly state: Required<ActivationSpec>
  /** Pre-activations are clipped to ±clip. */
  readonly clip: number | null
  readonly peepholes: boolean
  readonly coupled: boolean
}

/** tanh, σ and nothing else: the functions of the fast cells. */
export const DEFAULT_FUNCTIONS: CellFunctions = {
  gate: resolveActivation('sigmoid'),
  candidate: resolveActivation('tanh'),
  state: resolveActivation('tanh'),
  clip: null,
  peepholes: false,
  coupled: false,
}

/** What all forms of a cell share. */
export interface CellInfo<
  Name extends string = string,
  Gate extends string = string,
  State extends string = string,
> {
  readonly name: Name
  /** In the order of PyTorch's weight rows. */
  readonly gateNames: readonly Gate[]
  /** `hidden` first. */
  readonly stateNames: readonly State[]
  /** Which of the gate names is a candidate (tanh), not a gate (σ). */
  readonly candidate: Gate
  /** The gate that says how much of the past a step keeps, per unit; null where no gate does. */
  readonly keepGate: Gate | null
  /** A description of a trace's `keeps`. */
  readonly keepConvention: string
}

/** A recurrent cell in one form: its names, and its equations as stages. */
export interface Cell extends CellInfo {
  /** What `saved` holds, or null where the cell saves nothing of its own. */
  readonly savedName: string | null
  /** Whether the h-side product lives in a buffer of its own (a GRU that resets after the product). */
  readonly separateRecurrent: boolean
  readonly stages: readonly Stage[]
  /** Whether the bias of the gate named `forget` starts at 1 (Gers et al. 2000, Jozefowicz et al. 2015). */
  readonly unitForgetBias: boolean
  readonly functions: CellFunctions
  /** Whether the generic kernels compute it: any function, slopes on the tape, gates set through `overrideGates`. */
  readonly generic: boolean
  /** Whether h is the activated candidate itself, so that `gates` keep the pre-activation. */
  readonly hiddenIsCandidate?: boolean
  /** Gates without weights of their own, computed from another gate, and how to set them through that one. */
  readonly derivedGates?: Readonly<Record<string, { equation: string; remedy: string }>>
  /** Parameters besides weights and biases, (rows, H) each: LSTM peepholes, `weight_ph` with rows i f o. */
  readonly extraParameters?: readonly { name: string; rows: number }[]
}

/** Options that generic cells have in common. */
export interface GenericOptions {
  /** Of the candidate, and of the cell state where nothing else is given for it. Default `tanh`. */
  activation?: ActivationChoice
  /** Pre-activations are clipped to ±clip (ONNX). Default: no clipping. */
  clip?: number
}

/** One reader for each option of a cell. */
export type OptionReaders<Options extends object> = {
  readonly [K in keyof Options & string]-?: (field: Field) => NonNullable<Options[K]>
}

/** A cell as the registry lists it: its names, the options of its forms, and what makes one of them. */
export interface CellDefinition<
  Name extends string = string,
  Gate extends string = string,
  State extends string = string,
  Options extends object = object,
> extends CellInfo<Name, Gate, State> {
  /** How each option is read from JSON. */
  readonly options: OptionReaders<Options>
  /** @throws UnsupportedError for a form that the definition does not compute */
  create(options: Options, engine: Engine): Cell
}

/** The function of a gate or the candidate. */
export function gateFunction({ functions, candidate }: Cell, gate: string): Required<ActivationSpec> {
  return gate === candidate ? functions.candidate : functions.gate
}

/** Copies ∂L/∂h_t to the record where one is kept. */
export function recordHidden(kernels: Kernels, step: Step): void {
  if (step.dHiddenTotal === 0) return
  kernels.gatherRows(step.dHiddenTotal, step.dHidden, 0, step.rows, step.units, step.stride, step.stride)
}

/** A form that only the generic variant of a cell computes. @throws UnsupportedError, always */
export function needGeneric(name: string, got: string): never {
  const generic = `generic${name[0].toUpperCase()}${name.slice(1)}`
  throw new UnsupportedError({
    where: name,
    expected: 'tanh and sigmoid, without clip, peepholes or coupled gates',
    got,
    remedy: `Other forms need the generic cell: use \`${generic}\`, or \`allLayers\` where a network is read from JSON.`,
  })
}
