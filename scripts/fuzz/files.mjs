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

/** Larger files are only slower to change. */
const MOST_BYTES = 1_300_000
const GOLDEN = [
  'formats/storage.h5',
  'formats/storageLatest.h5',
  'formats/sequence.keras',
  'unopened/transposed.h5',
  'unopened/transposedLate.h5',
  'unopened/transformer.h5',
]

/** What a format's made-up files start from: the small ones of `files`, and golden files of stores that Latch reads only. */
export function madeFiles(root, format, files) {
  const small = files.filter(
    ({ parts }) => parts.reduce((sum, { bytes }) => sum + bytes.length, 0) < MOST_BYTES,
  )
  if (format !== 'keras' && format !== 'hdf5') return small
  const golden = GOLDEN.map((name) => {
    const bytes = new Uint8Array(readFileSync(join(root, 'packages/latch/tests/golden', name)))
    return { parts: [{ name: name.split('/')[1], bytes }], options: {} }
  })
  return [...small, ...golden]
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
