/** Numbers as the engine computes with them. */

/** Whether a number is finite in this precision: 1e300 is infinite as a 32-bit number. */
export function isFiniteAt(precision: string, value: number): boolean {
  return Number.isFinite(precision === 'float64' ? value : Math.fround(value))
}
