/**
 * A command buffer: kernel calls recorded as numbers in shared memory, for a worker to make. A command is SLOTS
 * numbers: which kernel, then its arguments.
 */
import type { Kernels } from '../kernels.ts'

/** Kernels that a worker can call: all that return nothing. */
export type RecordedKernel = {
  [K in keyof Kernels]: ReturnType<Kernels[K]> extends void ? K : never
}[keyof Kernels]

/** How many arguments a kernel has; `never` where one of them is not a number, or where they exceed a command. */
type Arity<K extends RecordedKernel> =
  Parameters<Kernels[K]> extends readonly number[]
    ? Extract<
        Parameters<Kernels[K]>['length'],
        1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15
      >
    : never

/** Every recorded kernel with its number of arguments: a kernel that is missing here, or has changed, does not compile. */
export const KERNEL_ARITIES: { readonly [K in RecordedKernel]: Arity<K> } = {
  matmul: 9,
  matmulTransposed: 10,
  packTransposed: 4,
  fillRows: 6,
  sumRows: 5,
  gatherRows: 7,
  scatterAddRows: 7,
  gatherPanels: 7,
  scatterAddPanels: 7,
  rnnForward: 7,
  rnnBackward: 10,
  lstmForward: 9,
  lstmBackward: 13,
  gruForward: 9,
  gruBackward: 13,
  gruResetForward: 7,
  gruCandidateForward: 7,
  gruCandidateBackward: 11,
  gruResetBackward: 9,
  maxPoolForward: 9,
  maxPoolBackward: 7,
  meanPoolForward: 8,
  meanPoolBackward: 8,
  dropout: 6,
  activate: 4,
  activateBackward: 5,
  add: 3,
  zero: 2,
  softmax: 5,
  sgd: 10,
  rmsprop: 9,
  adagrad: 8,
  adam: 14,
  clamp: 3,
  average: 4,
}

/** Their names. The place in this list is the kernel's code in a command. */
export const RECORDED_KERNELS = Object.keys(KERNEL_ARITIES) as readonly RecordedKernel[]

/** Code of the barrier: wait for all tasks. */
export const BARRIER = RECORDED_KERNELS.length
/** Numbers per command: its code and up to 15 arguments. */
export const SLOTS = 16
/** Commands per buffer. A caller with more work splits it first. */
export const CAPACITY = 4096

type Call = (...args: number[]) => void

/** Records kernel calls: `kernels` looks like an engine's kernels and computes nothing. */
export class CommandBuffer {
  readonly kernels: Kernels
  readonly #numbers: Float64Array
  #length = 0

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
    const calls: Record<string, Call> = {}
    RECORDED_KERNELS.forEach((name, code) => {
      // Named arguments: a rest parameter would allocate at every call.
      calls[name] = (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o) => {
        const at = this.#open(code)
        const to = this.#numbers
        to[at + 1] = a
        to[at + 2] = b
        to[at + 3] = c
        to[at + 4] = d
        to[at + 5] = e
        to[at + 6] = f
        to[at + 7] = g
        to[at + 8] = h
        to[at + 9] = i
        to[at + 10] = j
        to[at + 11] = k
        to[at + 12] = l
        to[at + 13] = m
        to[at + 14] = n
        to[at + 15] = o
      }
    })
    this.kernels = calls as unknown as Kernels
  }

  /** Commands recorded. */
  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
  }

  readonly barrier = (): void => {
    this.#open(BARRIER)
  }

  #open(code: number): number {
    if (this.#length === CAPACITY) throw new Error(`a task has more than ${CAPACITY} kernel calls`)
    const at = this.#length++ * SLOTS
    this.#numbers[at] = code
    return at
  }
}
