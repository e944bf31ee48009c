/** An SVG document as PNG bytes, drawn by resvg with a font of its own, so that every machine draws the same. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type * as ResvgModule from '@resvg/resvg-wasm'
import { markedPng } from './pngMark.ts'

/** Pixels a point: sharp on dense screens and in print. */
const ZOOM = 2
const FAMILY = 'DejaVu Sans'
// Scripts that DejaVu Sans does not draw, emoji among them.
const UNDRAWN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Emoji_Presentation}]/u

/** Whether a text has glyphs that the font of a PNG lacks. */
export function hasUndrawnGlyphs(text: string): boolean {
  return UNDRAWN.test(text)
}

/** Draws it, two pixels a point. The renderer and the font are loaded only here. */
export async function pngOf(svg: string): Promise<Uint8Array> {
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

/** It may be started once a process. */
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
  const names = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']
  return Promise.all(names.map((name) => readFile(packages.resolve(`dejavu-fonts-ttf/ttf/${name}`))))
}
