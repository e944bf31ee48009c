/**
 * What reading one model may cost. Every reader draws from one budget: a few bytes that stand for gigabytes or for
 * hours of work end in an error before either is spent.
 */
import { FormatError } from '../core/errors.ts'

/** Bytes that are unpacked or copied, numbers that are kept, multiplications of constants. */
export type Resource = 'bytes' | 'numbers' | 'multiplications'

interface Limit {
  /** For each byte of the files. */
  times: number
  /** What even the smallest file may cost. */
  free: number
  words: (most: string) => string
  remedy: string
}

const LIMITS: { readonly [R in Resource]: Limit } = {
  bytes: {
    times: 4,
    free: 4 * 2 ** 20,
    words: (most) => `data of at most ${most} bytes`,
    remedy: 'Save the model without compression.',
  },
  numbers: {
    times: 4,
    free: 2 ** 22,
    words: (most) => `at most ${most} numbers`,
    remedy: 'Save the model with its constants folded, each array once.',
  },
  // Weights are multiplied once for each step of the shortest check; an unrolled graph reads them once a step, too.
  multiplications: {
    times: 64,
    free: 2 ** 24,
    words: (most) => `at most ${most} multiplications of constants`,
    remedy: 'Save the model with its constants folded.',
  },
}

/** Files that cost more than they justify. */
export class BudgetError extends FormatError {}

/** What is left to spend on one model. */
export class ReadBudget {
  readonly #spent: Record<Resource, number> = { bytes: 0, numbers: 0, multiplications: 0 }
  readonly #files = new Set<Uint8Array>()
  #bytes: number

  /** @param bytes the size of the model's file on disk */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** The size of the model's files, each once. */
  get fileBytes(): number {
    return this.#bytes
  }

  /** Counts a file beside the model; the same bytes again do not raise the limits. */
  addFile(file: Uint8Array): void {
    if (this.#files.has(file)) return
    this.#files.add(file)
    this.#bytes += file.length
  }

  /** Asks for a resource before it is used. @throws BudgetError for more than the files justify */
  spend(resource: Resource, count: number, where: string | (() => string)): void {
    const spent = (this.#spent[resource] += count)
    const { times, free, words, remedy } = LIMITS[resource]
    const most = times * this.#bytes + free
    if (spent <= most) return
    throw new BudgetError({
      where: typeof where === 'string' ? where : where(),
      expected: `${words(most.toLocaleString('en'))} in files of ${this.#bytes.toLocaleString('en')} bytes`,
      got: spent.toLocaleString('en'),
      remedy,
    })
  }
}

/** Running a graph may cost what a file of so many times its bytes may, or of so many: fixed axes may ask for hours. */
const RUN_TIMES = 4
const RUN_LEAST = 2 ** 22

/** What running a graph once, to check it, may cost. */
export function runBudget({ fileBytes }: { fileBytes: number }): ReadBudget {
  return new ReadBudget(Math.max(RUN_LEAST, RUN_TIMES * fileBytes))
}
