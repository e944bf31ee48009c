/** SVG as text: elements, attributes and escaped text; and the width of a text. */
import { fit, visible, displayWidth } from '../../terminal/glyphWidth.ts'

/** Finished SVG; lists of any length. */
type Parts = string | readonly string[]

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** In the opening tag of every picture that Latch writes. */
export const OWN_SVG = 'data-generator="Latch"'

/** Colours of text and lines, on white. */
export const INK = '#1b1d20'
export const FAINT = '#5d636b'
export const RULE = '#d9dce0'

const FONTS = "Inter, 'DejaVu Sans', 'Segoe UI', system-ui, sans-serif"
/** Mean width of a glyph in ems, of the widest of the fonts above. */
const EM_WIDTH = 0.62
// Characters that are invalid in XML 1.0 even when escaped, lone surrogates among them.
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Escapes a text for an element or an attribute. */
export function escaped(words: string): string {
  return visible(words)
    .replace(NO_XML, '\ufffd')
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign])
}

/** One element around finished parts. */
export function element(name: string, attributes: Attributes, ...parts: Parts[]): string {
  const inside = parts.flat()
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const list = given.map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : value}"`)
  const opened = `<${name}${list.join('')}`
  return inside.length === 0 ? `${opened}/>` : `${opened}>${inside.join('')}</${name}>`
}

/** A tooltip. */
export function tooltip(words: string): string {
  return element('title', {}, escaped(words))
}

/** A line of text; `x`, `y` is the start of its baseline (or its end, by `text-anchor`). */
export function text(x: number, y: number, words: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escaped(words))
}

/** A white rim that keeps text readable on lines. */
export const RIM = {
  stroke: '#ffffff',
  'stroke-width': 3,
  'stroke-linejoin': 'round',
  'paint-order': 'stroke',
} as const

/** A whole picture on white, with the title and description for screen readers. */
export function picture(
  width: number,
  height: number,
  words: { title: string; about: string },
  ...parts: Parts[]
): string {
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    width: Math.ceil(width),
    height: Math.ceil(height),
    viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
    role: 'img',
    'data-generator': 'Latch',
    'font-family': FONTS,
    'font-size': 12,
    fill: INK,
  }
  const background = element('rect', { width: '100%', height: '100%', fill: '#ffffff' })
  const description = [tooltip(words.title), element('desc', {}, escaped(words.about))]
  const inside = parts.flat()
  return `${element('svg', root, '\n', [...description, background, ...inside].join('\n'), '\n')}\n`
}

/** The approximate width of a text. */
export function textWidth(words: string, size: number): number {
  return displayWidth(words) * size * EM_WIDTH
}

/** Truncates a text to a width, with `…` at the end. */
export function fitted(words: string, width: number, size: number): string {
  return fit(visible(words), Math.max(1, Math.floor(width / (size * EM_WIDTH))))
}

/** The number of text columns in a width, for `wrap`. */
export function columnsWithin(width: number, size: number): number {
  return Math.floor(width / (size * EM_WIDTH))
}

/** At most two decimals. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}
