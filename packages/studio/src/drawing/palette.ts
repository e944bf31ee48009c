/**
 * The colour palette. Signed values range from orange (negative) through the background colour to blue (positive),
 * fractions from the background colour to blue. Lightness changes equally on both sides, so that colour-blind people can
 * read them too.
 */
export type Scheme = 'light' | 'dark'

type Rgb = readonly [number, number, number]

const GROUND: Record<Scheme, Rgb> = { light: [250, 249, 246], dark: [30, 33, 38] }
const BLUE: Record<Scheme, readonly Rgb[]> = {
  light: [
    [171, 203, 233],
    [74, 137, 196],
    [16, 70, 128],
  ],
  dark: [
    [42, 74, 108],
    [63, 128, 190],
    [158, 208, 255],
  ],
}
const ORANGE: Record<Scheme, readonly Rgb[]> = {
  light: [
    [248, 207, 165],
    [222, 134, 56],
    [143, 68, 8],
  ],
  dark: [
    [95, 61, 34],
    [194, 112, 40],
    [255, 196, 134],
  ],
}

/** The colours of the cells in all charts; in CSS they are --cell-*. */
export const CELL_COLOURS: Record<string, string> = {
  rnn: 'var(--cell-rnn)',
  lstm: 'var(--cell-lstm)',
  gru: 'var(--cell-gru)',
  ann: 'var(--cell-ann)',
  bag: 'var(--cell-bag)',
}

/** −1 … 1 (clamped) as a colour; not a number is grey. */
export function signed(value: number, scheme: Scheme): Rgb {
  if (!Number.isFinite(value)) return [128, 128, 128]
  const stops = value < 0 ? ORANGE[scheme] : BLUE[scheme]
  return along([GROUND[scheme], ...stops], Math.min(1, Math.abs(value)))
}

/** 0 … 1 (clamped) as a colour. */
export function fraction(value: number, scheme: Scheme): Rgb {
  return signed(Math.max(0, value), scheme)
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`
}

/** Black or white, whichever is more readable on the colour; one of them always has a contrast of 4.5 : 1. */
export function inkOn([r, g, b]: Rgb): string {
  const linear = (x: number) => (x <= 10 ? x / 3295 : ((x / 255 + 0.055) / 1.055) ** 2.4)
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.179 ? '#000000' : '#ffffff'
}

function along(stops: readonly Rgb[], at: number): Rgb {
  const place = at * (stops.length - 1)
  const left = Math.min(stops.length - 2, Math.floor(place))
  const [a, b, t] = [stops[left], stops[left + 1], place - left]
  return [0, 1, 2].map((i) => Math.round(a[i] + (b[i] - a[i]) * t)) as unknown as Rgb
}
