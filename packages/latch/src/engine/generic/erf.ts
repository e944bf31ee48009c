/**
 * The normal distribution function to float64's precision: a series with positive terms near zero, a continued
 * fraction in the tails (Abramowitz & Stegun 1964, 7.1.6 and 7.1.14).
 */

/** Beyond it the continued fraction takes over. */
const NEAR = 2.5
const FRACTIONS = 60

/** e^(−x²)·2/√π. */
const slopeOfErf = (x: number): number => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)

/** erf x for |x| up to about 3: slope·Σ 2ⁿ·x^(2n+1)/(1·3·…·(2n+1)). */
function nearErf(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return slopeOfErf(x) * sum
}

/** erfc x for x above 0, small relative error even where it is tiny. */
function farErfc(x: number): number {
  let tail = x
  for (let k = FRACTIONS; k > 0; k--) tail = x + k / 2 / tail
  return slopeOfErf(x) / 2 / tail
}

/** Φ(x): the standard normal distribution function. */
export function normalCdf(x: number): number {
  const z = x / Math.SQRT2
  if (z > NEAR) return 1 - farErfc(z) / 2
  if (z < -NEAR) return farErfc(-z) / 2
  return (1 + (z === 0 ? 0 : nearErf(z))) / 2
}

/** φ(x), its density. */
export function normalPdf(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
}
