/** The real files that each reader is attacked with: those beside the project, and the project's own exports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allCases } from '../browserFormats/cases.mjs'

/** `reader → [{ parts: [{ name, bytes }, …siblings], options, graph }]`; what is absent is left out. */
export async function fuzzFiles(root, latch, formats) {
  const readers = { latch: [], torch: [], onnx: [], graph: [], keras: [], tfjs: [], tensorflow1: [] }
  const { cases } = await allCases(latch, formats)
  for (const { format, files, options } of cases) {
    const parts = [...files].map(([name, bytes]) => ({ name, bytes }))
    readers[format].push({ parts, options, graph: false })
  }
  for (const file of filesWith('.safetensors', join(root, 'packages/studio/public/models')))
    readers.latch.push({ parts: [file], options: {}, graph: false })
  const graphs = [join(root, '../shared/conformance/onnx'), join(root, 'packages/latch/tests/golden/onnx')]
  for (const file of graphs.flatMap((folder) => filesWith('.onnx', folder)))
    readers.graph.push({ parts: [file], options: {}, graph: true })
  return readers
}

function filesWith(ending, folder) {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder, { recursive: true }).map(String)
  return names
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => ({
      name: name.split('/').at(-1),
      bytes: new Uint8Array(readFileSync(join(folder, name))),
    }))
}
