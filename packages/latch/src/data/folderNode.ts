/** A folder with a subfolder for each class, one text in each file (Node only): labels are the names of the subfolders. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkHeap } from '../core/heapNode.ts'
import { DataError, UsageError } from '../core/errors.ts'
import { joined, readBytes, readHead } from './bytesNode.ts'
import { TextReader } from './encoding/encoding.ts'
import type { CollectedTable } from './tableCollector.ts'
import type { ExampleOptions } from './examples.ts'
import { assertTextFile } from './fileKinds.ts'
import { HEAD_LENGTH } from './tableStart.ts'

const OF_FOLDERS: ReadonlySet<string> = new Set(['name', 'encoding', 'trainedText', 'labelLists'])
/** The names of the columns, which may be given. */
const IN_FOLDERS: Readonly<Record<string, unknown>> = { text: 'text', label: 'label' }

/** Whether a source is the path of a folder. */
export async function isFolder(source: unknown): Promise<boolean> {
  if (typeof source !== 'string' || source === '-') return false
  return (await stat(source).catch(() => undefined))?.isDirectory() ?? false
}

/**
 * The files as a table of text and label, in the order of their names. Hidden files and files outside the subfolders are
 * left out, the latter with a note.
 * @throws DataError for a folder without subfolders, or with more folders inside them; UsageError for an option of tables
 */
export async function readFolder(folder: string, options: ExampleOptions): Promise<CollectedTable> {
  const name = options.name ?? folder
  const isLabelled = options.label !== false
  const wrong = Object.entries(options).filter(([option, value]) => {
    const isOwn =
      OF_FOLDERS.has(option) || value === IN_FOLDERS[option] || (option === 'label' && !isLabelled)
    return value !== undefined && !isOwn
  })
  if (wrong.length > 0) {
    const expected = 'no options of tables for a folder'
    const remedy = 'Omit options of tables: each file is a text, and its folder the label.'
    throw new UsageError({ where: name, expected, got: wrong.map(([option]) => option).join(', '), remedy })
  }
  const { folders: labels, files: others } = await entriesOf(folder)
  if (labels.length === 0) {
    throw new DataError({
      where: name,
      expected: 'a subfolder for each class, with a text in each file',
      got: others.length === 0 ? 'an empty folder' : 'files only',
      remedy: 'Name the folder above the folders of the classes, or a table.',
    })
  }
  const kept = { rows: 0, cells: 0, characters: 0 }
  const rows: string[][] = []
  const notes = new Set<string>()
  for (const label of labels) {
    const { folders, files } = await entriesOf(join(folder, label))
    if (folders.length > 0) {
      const where = join(name, label)
      const remedy = 'Name that folder, or move its files: only one level of folders is read.'
      const got = `the folder ${JSON.stringify(folders[0])}`
      throw new DataError({ where, expected: 'files with a text each', got, remedy })
    }
    for (const file of files) {
      const text = await readWhole(join(folder, label, file), options.encoding, notes)
      rows.push(isLabelled ? [text, label] : [text])
      kept.rows++
      kept.cells += 2
      kept.characters += text.length
      checkHeap(kept, name)
    }
  }
  if (rows.length === 0) {
    throw new DataError({ where: name, expected: 'files in the subfolders', got: 'none' })
  }
  const counted = `${labels.length} ${labels.length === 1 ? 'subfolder' : 'subfolders'}`
  const skipped = others.length === 0 ? '' : `; other files are left out: ${others.length}`
  const named = isLabelled ? `labels from the names of ${counted}` : `in ${counted}`
  notes.add(`${name}: one text per file, ${named}${skipped}.`)
  const columns = isLabelled ? ['text', 'label'] : ['text']
  return { columns, hasHeader: true, rows, notes: [...notes] }
}

/** Names in order, without hidden ones. */
async function entriesOf(folder: string): Promise<{ folders: string[]; files: string[] }> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  const folders: string[] = []
  const files: string[] = []
  for (const name of names) {
    const status = await stat(join(folder, name))
    if (status.isDirectory()) folders.push(name)
    else if (status.isFile()) files.push(name)
  }
  return { folders, files }
}

async function readWhole(path: string, encoding: string | undefined, notes: Set<string>): Promise<string> {
  const chunks = readBytes(path, path)
  const head = await readHead(chunks, (length) => length >= HEAD_LENGTH)
  assertTextFile(head, path, 'a text')
  const decoder = new TextReader(path, head, encoding)
  for (const note of decoder.notes) notes.add(note)
  let text = ''
  for await (const bytes of joined(head, chunks)) text += decoder.push(bytes)
  decoder.finish()
  return text
}
