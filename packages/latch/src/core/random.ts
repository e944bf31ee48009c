/**
 * Seeded random numbers. `Random` is xoshiro128** (Blackman & Vigna 2018) for shuffles and initial
 * weights; `hash32` is a counter-based hash for dropout masks, so that a mask depends only on
 * (key, element) and never on the thread that computes it or on the order. Both use 32-bit integer
 * arithmetic alone and give the same numbers on every host.
 */

/** A full-avalanche 32-bit hash: two multiply–xorshift rounds, constants found by the hash-prospector search. */
export function hash32(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 0
}

/** Folds any number of integers (and strings) into one 32-bit key. Order matters. */
export function mixKey(...parts: readonly (number | string)[]): number {
  let key = 0x9e3779b9
  for (const part of parts) {
    if (typeof part === 'string') {
      for (let i = 0; i < part.length; i++) key = hash32(key + part.charCodeAt(i) + 0x85ebca6b)
    } else {
      key = hash32(key ^ hash32((part | 0) + 0x9e3779b9))
      key = hash32(key + (Math.floor(part / 4294967296) | 0))
    }
  }
  return key >>> 0
}

/** The state of a `Random`: four unsigned 32-bit words. */
export type RandomState = readonly [number, number, number, number]

/** A seeded stream of random numbers; its state can be kept and put back. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** Seeds by key parts: `new Random(seed, 'shuffle', epoch)` gives independent streams. */
  constructor(...key: readonly (number | string)[]) {
    const base = mixKey(...key)
    this.#a = hash32(base + 1)
    this.#b = hash32(base + 2)
    this.#c = hash32(base + 3)
    this.#d = hash32(base + 4) | 1
  }

  /** A 32-bit hash of integers and strings, the same on every machine: for splits by content. Order matters. */
  static hash(...parts: readonly (number | string)[]): number {
    return mixKey(...parts)
  }

  get state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0]
  }

  set state([a, b, c, d]: RandomState) {
    this.#a = a
    this.#b = b
    this.#c = c
    this.#d = d
  }

  /** The next unsigned 32-bit integer. */
  next(): number {
    const product = Math.imul(this.#b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result >>> 0
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.next() >>> 5) * 67108864 + (this.next() >>> 6)) / 9007199254740992
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  /** Uniform integer in [0, count). */
  integer(count: number): number {
    return Math.floor(this.uniform() * count)
  }

  /** Normal with mean 0 and standard deviation 1 (polar method, Marsaglia 1964). */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1
      const v = 2 * this.uniform() - 1
      const s = u * u + v * v
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
    }
  }

  /** One element of a non-empty list. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]
  }

  /** Shuffles in place (Fisher–Yates) and returns the same list. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const held = items[i]
      items[i] = items[j]
      items[j] = held
    }
    return items
  }
}
