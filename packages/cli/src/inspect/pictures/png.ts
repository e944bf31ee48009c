/** An SVG document as PNG bytes, rendered by resvg with a bundled font, so that all machines give the same picture. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type * as ResvgModule from '@resvg/resvg-wasm'
import { markedPng } from './pngMark.ts'

/** Pixels per point: sharp on high-density screens and in print. */
const ZOOM = 2
const FAMILY = 'DejaVu Sans'
// Scripts that DejaVu Sans does not draw, emoji among them.
const UNDRAWN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Emoji_Presentation}]/u

/** Whether a text has glyphs that the font lacks. */
export function hasUndrawnGlyphs(text: string): boolean {
  return UNDRAWN.test(text)
}

/** Renders an SVG document with two pixels per point. Renderer and fonts are loaded on first use. */
export async function renderPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await renderer()
  const font = { fontBuffers: await fonts(), defaultFontFamily: FAMILY, sansSerifFamily: FAMILY }
  const drawing = new Resvg(svg, { font, fitTo: { mode: 'zoom', value: ZOOM } })
  const image = drawing.render()
  const bytes = image.asPng()
  image.free()
  drawing.free()
  return markedPng(bytes)
}

type Renderer = typeof ResvgModule

const packages = createRequire(import.meta.url)
let started: Promise<Renderer> | undefined

/** The renderer can be initialized only once per process. */
function renderer(): Promise<Renderer> {
  const start = async (): Promise<Renderer> => {
    const resvg = await import('@resvg/resvg-wasm')
    await resvg.initWasm(await readFile(packages.resolve('@resvg/resvg-wasm/index_bg.wasm')))
    return resvg
  }
  started ??= start()
  return started
}

function fonts(): Promise<Uint8Array[]> {
  // The build copies these two of the family's 22 files.
  const names = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']
  return Promise.all(names.map((name) => readFile(new URL(`../../../fonts/${name}`, import.meta.url))))
}
