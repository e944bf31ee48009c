/** The files that `latch inspect` writes beside its answer: a report page, a picture as SVG or PNG. */
import { basename } from 'node:path'
import { gradientFlow } from 'latch/inspection'
import { type Trace, writeFileAtomic, UsageError } from 'latch'
import type { AnyModel } from 'latch/formats'
import { visible } from '../terminal/glyphWidth.ts'
import { sizeInWords } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { checkOutputs, type OutputFile } from '../terminal/outputFiles.ts'
import { flowPicture } from './pictures/flow.ts'
import { gatesPicture } from './pictures/gates.ts'
import { hasUndrawnGlyphs, pngOf } from './pictures/png.ts'
import { reportPage } from './reportPage.ts'
import { studioPages } from '../commands/studioServer.ts'

export const PICTURES = ['gates', 'flow'] as const

export interface FileFlags {
  html?: string
  svg?: string
  png?: string
  picture?: (typeof PICTURES)[number]
  label?: string
  force?: boolean
}

/** What was looked into. */
export interface Inspected {
  path: string
  /** The model as Latch's own file. */
  bytes: Uint8Array
  model: AnyModel
  trace: Trace
}

/** Refuses choices that cannot be meant, before any work. @throws UsageError */
export function checkPicture({ svg, png, picture }: FileFlags): void {
  if (picture === undefined || svg !== undefined || png !== undefined) return
  const expected = 'with --svg FILE or --png FILE'
  throw new UsageError({ where: `--picture ${picture}`, expected, got: 'neither' })
}

/** Refuses to write over what is read, over other people's files, or twice to one. @throws UsageError */
export async function checkFiles(flags: FileFlags, read: readonly string[]): Promise<OutputFile[]> {
  const kinds = ['html', 'svg', 'png'] as const
  const outputs = kinds.flatMap((kind): OutputFile[] => {
    const path = flags[kind]
    return path === undefined ? [] : [{ where: `--${kind} ${path}`, path, kind }]
  })
  const inputs = read.map((path) => ({ what: 'the file of the model', path }))
  return checkOutputs(outputs, inputs, flags.force)
}

/** Makes and writes what was asked for, each file whole or not at all, and says so. */
export async function writeFiles(inspected: Inspected, flags: FileFlags, output: Output): Promise<void> {
  const { html, svg, png } = flags
  const { path, bytes, trace } = inspected
  const written: [string, Uint8Array, string][] = []
  if (html !== undefined) {
    const content = { name: basename(path), model: bytes, text: trace.text, label: flags.label ?? null }
    written.push([html, await reportPage(studioPages(), content), 'model and text inside; opens anywhere'])
  }
  if (svg !== undefined || png !== undefined) {
    const kind = flags.picture ?? 'gates'
    const drawing = draw(kind, inspected, flags)
    const words = kind === 'gates' ? 'heat map of the gates' : 'gradient flow'
    if (svg !== undefined) written.push([svg, new TextEncoder().encode(drawing), words])
    if (png !== undefined) written.push([png, await pngOf(drawing), words])
  }
  for (const [file, content, words] of written) {
    await writeFileAtomic(file, content)
    const said = `Wrote ${visible(file)} (${sizeInWords(content.length)}): ${words}.`
    if (output.json) output.note(said)
    else output.say(said)
  }
  if (png !== undefined && hasUndrawnGlyphs(trace.text)) {
    output.note('the PNG’s font has no glyphs for some scripts of this text; an SVG takes the reader’s fonts')
  }
}

function draw(kind: 'gates' | 'flow', { model, trace }: Inspected, { label }: FileFlags): string {
  if (kind === 'gates') return gatesPicture(trace)
  return flowPicture(trace, gradientFlow(model, trace.text, label))
}
