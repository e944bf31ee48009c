/** Adding a cell is one folder: no other file of the library may branch on a cell's name. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { cellNames } from '../../src/cells/registry.ts'

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url))
/** Cells' own folders and kernels, the table of the formats, and the defaults of the tasks for texts. */
const ALLOWED = [
  /^cells\//,
  /^engine\/reference\//,
  /^formats\/gateOrders\.ts$/,
  /^tasks\/textClassifier\/(options|textClassifier)\.ts$/,
  /^tasks\/languageModel\/options\.ts$/,
  /^tasks\/tagger\/options\.ts$/,
  /^tasks\/sequenceToSequence\/options\.ts$/,
]

it('no file outside a cell’s folder names a cell as a literal', () => {
  const literal = new RegExp(`['"\`](${cellNames.join('|')})['"\`]`)
  const found: string[] = []
  for (const entry of readdirSync(SOURCE, { recursive: true, withFileTypes: true })) {
    const path = relative(SOURCE, join(entry.parentPath, entry.name)).replaceAll('\\', '/')
    if (!path.endsWith('.ts') || ALLOWED.some((allowed) => allowed.test(path))) continue
    const code = readFileSync(join(SOURCE, path), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
    if (literal.test(code)) found.push(path)
  }
  expect(found).toEqual([])
})
