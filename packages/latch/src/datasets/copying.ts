/**
 * Copy memory (Hochreiter & Schmidhuber 1997; in this form Arjovsky, Shah & Bengio 2016): read some
 * symbols, wait, and repeat them after the marker.
 */
import { Random } from '../core/random.ts'
import { requireCount } from './counts.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** How many sequences, what is to be copied, and how long it must be remembered. */
export interface CopyOptions {
  count: number
  /** Steps from the last symbol to the first output, at least 1; the last of them is the marker. */
  blanks: number
  /** Different symbols; default 8. */
  symbols?: number
  /** Symbols to remember; default 10. */
  length?: number
  seed: number
}

/** The sequences: input and target symbols (count, steps). */
export interface CopyMemory {
  /** (count, steps): ids 1 … symbols to remember, 0 blank, symbols + 1 the marker. */
  inputs: Int32Array
  /** (count, steps): 0 up to the marker, then the symbols in order. */
  targets: Int32Array
  /** blanks + 2 · length. */
  steps: number
  /** Different ids: symbols + 2. */
  classes: number
}

const NAMES: Names<CopyOptions> = { count: 1, blanks: 1, symbols: 1, length: 1, seed: 1 }

/**
 * Sequences to copy from memory. Without memory the best cross-entropy is
 * length · ln(symbols) / steps nats per step.
 *
 * @throws UsageError for a count, blanks, symbols or length below 1.
 */
export function copyMemory(options: CopyOptions): CopyMemory {
  assertKnownOptions('copyMemory option', options, NAMES)
  const { count, blanks, symbols = 8, length = 10, seed } = options
  for (const [where, value] of Object.entries({ count, blanks, symbols, length })) requireCount(where, value)
  const random = new Random(seed, 'copy memory', blanks, symbols, length)
  const steps = blanks + 2 * length
  const inputs = new Int32Array(count * steps)
  const targets = new Int32Array(count * steps)
  for (let row = 0; row < count; row++) {
    const start = row * steps
    for (let i = 0; i < length; i++) {
      const symbol = 1 + random.integer(symbols)
      inputs[start + i] = symbol
      targets[start + length + blanks + i] = symbol
    }
    inputs[start + length + blanks - 1] = symbols + 1
  }
  return { inputs, targets, steps, classes: symbols + 2 }
}
