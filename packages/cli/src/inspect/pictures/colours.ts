/**
 * The colour scales of the studio: signed values from orange (negative) to blue, fractions from the background to blue.
 * Both ends have the same lightness contrast, for colour-blind readers.
 */
type Rgb = readonly [number, number, number]

const BACKGROUND: Rgb = [250, 249, 246]
const BLUES: readonly Rgb[] = [BACKGROUND, [171, 203, 233], [74, 137, 196], [16, 70, 128]]
const ORANGES: readonly Rgb[] = [BACKGROUND, [248, 207, 165], [222, 134, 56], [143, 68, 8]]
const NO_NUMBER: Rgb = [128, 128, 128]

/** More shades than these are indistinguishable. */
const SHADES = 64

/** Lines of a chart; the second is orange and dashed. */
export const LINE_COLOURS = ['rgb(16 70 128)', 'rgb(190 98 20)'] as const

/** The colour of a value in −1 … 1 (clamped), in steps of 1/64. */
export function signedColour(value: number): string {
  return css(toRgb(value))
}

/** Black or white, whichever is readable on the colour of a value. */
export function inkOn(value: number): string {
  const [r, g, b] = toRgb(value)
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#1b1d20' : '#ffffff'
}

function toRgb(value: number): Rgb {
  if (!Number.isFinite(value)) return NO_NUMBER
  const at = (Math.round(Math.min(1, Math.abs(value)) * SHADES) / SHADES) * (BLUES.length - 1)
  const stops = value < 0 ? ORANGES : BLUES
  const left = Math.min(stops.length - 2, Math.floor(at))
  const mix = (i: number): number =>
    Math.round(stops[left][i] + (stops[left + 1][i] - stops[left][i]) * (at - left))
  return [mix(0), mix(1), mix(2)]
}

function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`
}
