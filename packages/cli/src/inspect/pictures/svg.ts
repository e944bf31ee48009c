/** SVG as text: elements, attributes and words, everything from data escaped; and how long a text may be. */
import { fit, visible, widthOf } from '../../terminal/glyphWidth.ts'

/** SVG that is ready; lists are of any length. */
type Parts = string | readonly string[]

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** In the opening tag of every picture: who made it. */
export const OWN_SVG = 'data-generator="Latch"'

/** The picture's inks, on a white ground. */
export const INK = '#1b1d20'
export const FAINT = '#5d636b'
export const RULE = '#d9dce0'

const FONTS = "Inter, 'DejaVu Sans', 'Segoe UI', system-ui, sans-serif"
/** Mean width of a glyph in ems; the widest of the fonts above decides. */
const EM_WIDTH = 0.62
// What XML 1.0 cannot hold, escaped or not; half a surrogate pair is one of them.
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Words made safe inside an element or an attribute. */
export function escaped(words: string): string {
  return visible(words)
    .replace(NO_XML, '\ufffd')
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign])
}

/** One element around parts that are SVG already. */
export function element(name: string, attributes: Attributes, ...parts: Parts[]): string {
  const inside = parts.flat()
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const list = given.map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : value}"`)
  const opened = `<${name}${list.join('')}`
  return inside.length === 0 ? `${opened}/>` : `${opened}>${inside.join('')}</${name}>`
}

/** What a reader learns who rests on a place. */
export function tooltip(words: string): string {
  return element('title', {}, escaped(words))
}

/** A line of words; `x`, `y` is where its baseline begins (or ends, by `text-anchor`). */
export function text(x: number, y: number, words: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escaped(words))
}

/** For words on lines: a white rim keeps them readable. */
export const RIM = {
  stroke: '#ffffff',
  'stroke-width': 3,
  'stroke-linejoin': 'round',
  'paint-order': 'stroke',
} as const

/** A whole picture on white. `title` is read aloud for it, `about` says more. */
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
  const ground = element('rect', { width: '100%', height: '100%', fill: '#ffffff' })
  const said = [tooltip(words.title), element('desc', {}, escaped(words.about))]
  const inside = parts.flat()
  return `${element('svg', root, '\n', [...said, ground, ...inside].join('\n'), '\n')}\n`
}

/** About how wide a text is drawn. */
export function textWidth(words: string, size: number): number {
  return widthOf(words) * size * EM_WIDTH
}

/** Cuts a text to a width; `…` stands for what is gone. */
export function fitted(words: string, width: number, size: number): string {
  return fit(visible(words), Math.max(1, Math.floor(width / (size * EM_WIDTH))))
}

/** Columns of text in a width, for `wrap`. */
export function columnsOf(width: number, size: number): number {
  return Math.floor(width / (size * EM_WIDTH))
}

/** At most two digits behind the point; nobody sees more. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}
