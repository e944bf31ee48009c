/**
 * A cell's equations as data, to show or explain them: `explain` prints them and fills in a trace's numbers.
 * The stages of a cell compute the same; the tests of `explain` compare both.
 */
import type { ActivationSpec } from './activations.ts'
import { gateFunction, type Cell } from './cell.ts'

/** A number in an equation. */
export interface Operand {
  /** As printed: `f`, `c₋₁`. */
  readonly text: string
  /** The gate or state it is, or `saved`. */
  readonly value: string
  /** Of the step before. */
  readonly previous?: true
  /** 1 − the value. */
  readonly complement?: true
}

/** A factor that is the same at every step. */
export interface Constant {
  readonly text: string
  readonly constant: number
}

/** A sum of products, through a function: `c = f∘c₋₁ + i∘g`. */
export interface SumEquation {
  readonly kind: 'sum'
  /** As printed. */
  readonly text: string
  readonly terms: readonly { readonly name: string; readonly factors: readonly (Operand | Constant)[] }[]
  /** Default: none. */
  readonly activation?: Required<ActivationSpec>
}

/** Products with weights: `i = σ(W_ii·x + b_ii + W_hi·h₋₁ + b_hi)`. */
export interface GateEquation {
  readonly kind: 'gate'
  /** Whose rows of the weights: the gate's name. */
  readonly gate: string
  /** Left side of the equation; null: only the right side is printed. */
  readonly letter: string | null
  /** What distinguishes its weights in print: `W_i` and this. */
  readonly subscript: string
  /** Whether `W_i·x` is part of it. */
  readonly input: boolean
  /** What W_h is multiplied with. */
  readonly state: Operand
  /** What the product with W_h and its bias are multiplied with. */
  readonly factor?: Operand
  /** One more summand: a row of the cell's extra parameter times a state. */
  readonly extra?: { readonly text: string; readonly row: number; readonly state: Operand }
  readonly activation?: Required<ActivationSpec>
  readonly clip?: number
}

export type Equation = GateEquation | SumEquation

/** What is said about a cell, besides what it computes. */
export interface CellEquations {
  /** Letters of states, by name. */
  readonly stateLetters: Readonly<Record<string, string>>
  /** How `memory` is to be read: which gates are multiplied. */
  readonly memory: string
  /** The equation of every gate, state and saved value of one form. */
  of(cell: Cell): Readonly<Record<string, Equation>>
}

/** A gate as most cells have it: of x and h₋₁. */
export function gateEquation(cell: Cell, gate: string, letter: string, subscript = letter): GateEquation {
  return {
    kind: 'gate',
    gate,
    letter,
    subscript,
    input: true,
    state: { text: 'h₋₁', value: 'hidden', previous: true },
    activation: gateFunction(cell, gate),
    ...(cell.functions.clip !== null && { clip: cell.functions.clip }),
  }
}

/** `σ` for sigmoid, else the activation's name. */
export function symbolOf({ type }: Pick<Required<ActivationSpec>, 'type'>): string {
  return type === 'sigmoid' ? 'σ' : type
}
