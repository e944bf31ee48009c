/** The files that `latch inspect` writes: a report page, a picture as SVG or PNG. */
import { basename } from 'node:path'
import { gradientFlow } from 'latch/inspection'
import { type Trace, writeFileAtomic, UsageError } from 'latch'
import type { AnyModel } from 'latch/formats'
import { visible } from '../terminal/glyphWidth.ts'
import { formatSize } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { checkOutputs, type OutputFile } from '../terminal/outputFiles.ts'
import { flowPicture } from './pictures/flow.ts'
import { gatesPicture } from './pictures/gates.ts'
import { hasUndrawnGlyphs, renderPng } from './pictures/png.ts'
import { reportPage } from './reportPage.ts'
import { builtPages } from '../studio/builtPages.ts'

export const PICTURES = ['gates', 'flow'] as const

export interface FileFlags {
  html?: string
  svg?: string
  png?: string
  picture?: (typeof PICTURES)[number]
  label?: string
  force?: boolean
}

/** The inspected model and its trace. */
export interface Inspected {
  path: string
  /** The model as a Latch model file. */
  bytes: Uint8Array
  model: AnyModel
  trace: Trace
}

/** Checks the combination of options before any work. @throws UsageError */
export function checkPicture({ svg, png, picture }: FileFlags): void {
  if (picture === undefined || svg !== undefined || png !== undefined) return
  const expected = '`--svg FILE` or `--png FILE`'
  throw new UsageError({ where: `--picture ${picture}`, expected, got: 'neither' })
}

/** Checks that no input, foreign file or other output is overwritten. @throws UsageError */
export async function checkFiles(flags: FileFlags, read: readonly string[]): Promise<OutputFile[]> {
  const kinds = ['html', 'svg', 'png'] as const
  const outputs = kinds.flatMap((kind): OutputFile[] => {
    const path = flags[kind]
    return path === undefined ? [] : [{ where: `--${kind} ${path}`, path, kind }]
  })
  const inputs = read.map((path) => ({ what: 'the file of the model', path }))
  return checkOutputs(outputs, inputs, flags.force)
}

/** Creates and writes the requested files, each atomically, and prints their names. */
export async function writeFiles(inspected: Inspected, flags: FileFlags, output: Output): Promise<void> {
  const { html, svg, png } = flags
  const { path, bytes, trace } = inspected
  const written: [string, Uint8Array, string][] = []
  let undrawn = false
  if (html !== undefined) {
    const content = { name: basename(path), model: bytes, text: trace.text, label: flags.label ?? null }
    written.push([html, await reportPage(builtPages(), content), 'self-contained page with model and text'])
  }
  if (svg !== undefined || png !== undefined) {
    const kind = flags.picture ?? 'gates'
    const drawing = draw(kind, inspected, flags)
    const title = kind === 'gates' ? 'heat map of the gates' : 'gradient flow'
    if (svg !== undefined) written.push([svg, new TextEncoder().encode(drawing), title])
    if (png !== undefined) {
      written.push([png, await renderPng(drawing), title])
      undrawn = await hasUndrawnGlyphs(drawing)
    }
  }
  for (const [file, content, title] of written) {
    await writeFileAtomic(file, content)
    const message = `Wrote ${visible(file)} (${formatSize(content.length)}): ${title}.`
    if (output.json) output.note(message)
    else output.print(message)
  }
  if (undrawn) {
    output.note(
      'the font of the PNG lacks glyphs for some characters of this picture; use --svg, which uses the fonts of the viewer.',
    )
  }
}

function draw(kind: 'gates' | 'flow', { model, trace }: Inspected, { label }: FileFlags): string {
  if (kind === 'gates') return gatesPicture(trace)
  return flowPicture(trace, gradientFlow(model, trace.text, label))
}
