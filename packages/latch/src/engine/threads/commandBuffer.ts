/**
 * A recorded piece of work: kernel calls as numbers in shared memory, for a worker to make. A command
 * is SLOTS numbers: which kernel, then its arguments.
 */
import type { Kernels } from '../kernels.ts'

/** Kernels that can be called elsewhere: all that return nothing. The place in this list is the code. */
export const RECORDED = [
  'matmul',
  'matmulTransposed',
  'packTransposed',
  'fillRows',
  'sumRows',
  'gatherRows',
  'scatterAddRows',
  'gatherPanels',
  'scatterAddPanels',
  'rnnForward',
  'rnnBackward',
  'lstmForward',
  'lstmBackward',
  'gruForward',
  'gruBackward',
  'gruResetForward',
  'gruCandidateForward',
  'gruCandidateBackward',
  'gruResetBackward',
  'maxPoolForward',
  'maxPoolBackward',
  'meanPoolForward',
  'meanPoolBackward',
  'dropout',
  'activate',
  'activateBackward',
  'add',
  'zero',
  'softmax',
  'sgd',
  'rmsprop',
  'adagrad',
  'adam',
  'clamp',
  'average',
] as const satisfies readonly (keyof Kernels)[]

/** Code of waiting for all others. */
export const SYNC = RECORDED.length
/** Numbers a command takes: its code and up to 15 arguments. */
export const SLOTS = 16
/** Commands a program holds. Whoever records long work cuts it before. */
export const CAPACITY = 4096

type Call = (...args: number[]) => void

export class Program {
  readonly kernels: Kernels
  readonly #numbers: Float64Array
  #commands = 0

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
    const calls: Record<string, Call> = {}
    RECORDED.forEach((name, code) => {
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

  get commands(): number {
    return this.#commands
  }

  clear(): void {
    this.#commands = 0
  }

  readonly sync = (): void => {
    this.#open(SYNC)
  }

  #open(code: number): number {
    if (this.#commands === CAPACITY) throw new Error(`a part of work has more than ${CAPACITY} kernel calls`)
    const at = this.#commands++ * SLOTS
    this.#numbers[at] = code
    return at
  }
}
