/** An SVG document as PNG bytes, rendered by resvg with a bundled font, so that all machines give the same picture. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type * as ResvgModule from '@resvg/resvg-wasm'
import { markedPng } from './pngMark.ts'

/** Pixels per point: sharp on high-density screens and in print. */
const ZOOM = 2
const FAMILY = 'DejaVu Sans'
/** The name of a font's table from characters to glyphs, as a number. */
const CMAP = 0x636d6170
/** Characters of which pictures show nothing, or a space. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}]/u

/** Whether a picture holds characters that the font lacks. */
export async function hasUndrawnGlyphs(svg: string): Promise<boolean> {
  const [regular] = await fonts()
  const ranges = characterRanges(regular)
  const isDrawn = (code: number) => ranges.some(([from, to]) => from <= code && code <= to)
  return Array.from(new Set(svg)).some(
    (character) => !isDrawn(character.codePointAt(0)!) && !INVISIBLE.test(character),
  )
}

/**
 * The characters of a TrueType font: its table `cmap` in format 4, which the build writes with ranges of characters that all
 * have glyphs (scripts/packages/subsetFont.mjs).
 */
function characterRanges(font: Uint8Array): [from: number, to: number][] {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength)
  const tables = Array.from({ length: view.getUint16(4) }, (_, i) => 12 + i * 16)
  const cmap = view.getUint32(tables.find((at) => view.getUint32(at) === CMAP)! + 8)
  const maps = Array.from({ length: view.getUint16(cmap + 2) }, (_, i) => view.getUint32(cmap + 8 + i * 8))
  const map = cmap + maps.find((offset) => view.getUint16(cmap + offset) === 4)!
  const count = view.getUint16(map + 6) / 2
  const ends = map + 14
  const starts = ends + count * 2 + 2
  return Array.from({ length: count }, (_, i) => [
    view.getUint16(starts + i * 2),
    view.getUint16(ends + i * 2),
  ])
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
  // The build makes them of two of the family's 22 files.
  const names = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']
  return Promise.all(names.map((name) => readFile(new URL(`../../../fonts/${name}`, import.meta.url))))
}
