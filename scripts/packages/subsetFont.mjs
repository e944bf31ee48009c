/** The part of a font that pictures draw, by HarfBuzz: without its other characters and without hints for small screens. */
import { readFileSync } from 'node:fs'

/** hb_subset_flags_t */
const NO_HINTING = 1
/** hb_memory_mode_t */
const WRITABLE = 2
/** Of the Basic Multilingual Plane, so that the table of characters has one format. */
const LAST = 0xffff

/** What PNG pictures draw: texts in these scripts, punctuation, arrows, mathematics, shapes and symbols. */
const SCRIPTS = ['Latin', 'Greek', 'Cyrillic', 'Armenian', 'Georgian', 'Hebrew', 'Arabic']
const DRAWN = new RegExp(
  `[${SCRIPTS.map((name) => `\\p{Script=${name}}`).join('')}\u0020-\u036f\u2000-\u22ff\u23ce\u25a0-\u27bf\ufffd]`,
  'u',
)

/** A TrueType font, as bytes, with the glyphs of these characters and of what their shaping needs. */
export function subsetFont(font) {
  const file = new URL('../../node_modules/harfbuzzjs/dist/harfbuzz-subset.wasm', import.meta.url)
  const { exports: hb } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)))
  const { _initialize: initialize } = hb
  initialize()
  const start = hb.malloc(font.length)
  new Uint8Array(hb.memory.buffer).set(font, start)
  const face = hb.hb_face_create(hb.hb_blob_create(start, font.length, WRITABLE, 0, 0), 0)
  const input = hb.hb_subset_input_create_or_fail()
  hb.hb_subset_input_set_flags(input, NO_HINTING)
  const characters = hb.hb_subset_input_unicode_set(input)
  for (let code = 0x20; code <= LAST; code++)
    if (DRAWN.test(String.fromCharCode(code))) hb.hb_set_add(characters, code)
  const subset = hb.hb_subset_or_fail(face, input)
  if (!subset) throw new Error('subsetFont: HarfBuzz makes no subset of this font')
  const blob = hb.hb_face_reference_blob(subset)
  const [at, length] = [hb.hb_blob_get_data(blob, 0), hb.hb_blob_get_length(blob)]
  return new Uint8Array(hb.memory.buffer, at, length).slice()
}
