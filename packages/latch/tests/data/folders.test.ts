/** A folder with a subfolder for each class, and a text in each file. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { readExamples, readTexts } from '../../src/data/tablesNode.ts'

const made: string[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latch-folders-'))
  made.push(folder)
  write('pos/b.txt', 'fine film\nsecond line')
  write('pos/a.txt', '  great ')
  write('neg/c.txt.gz', gzipSync('dreary'))
})
afterAll(() => {
  for (const one of made) rmSync(one, { recursive: true })
})

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), content)
}

test('texts and labels in the order of the names', async () => {
  const { texts, labels, columns, notes } = await readExamples(folder)
  expect(texts).toEqual(['dreary', 'great', 'fine film\nsecond line'])
  expect(labels).toEqual(['neg', 'pos', 'pos'])
  expect(columns).toEqual({ text: 'text', label: 'label' })
  expect(notes.join()).toContain('one text per file, labels from the names of 2 subfolders.')
})

test('hidden files are left out, files beside the subfolders with a note, empty ones are skipped', async () => {
  write('pos/.hidden', 'no')
  write('.git/x', 'no')
  write('README.md', 'no')
  write('neg/empty.txt', '')
  const { texts, labels, notes, rowNumbers, skipped } = await readExamples(folder, { name: 'reviews' })
  expect([texts.length, new Set(labels).size, skipped.emptyText]).toEqual([3, 2, 1])
  expect(rowNumbers).toEqual([0, 2, 3])
  expect(notes.join()).toContain('reviews: one text per file')
  expect(notes.join()).toContain('other files are left out: 1')
})

test('the encoding counts for each file, and a file that is not text is named', async () => {
  write('neg/d.txt', Uint8Array.of(0x67, 0xfc, 0x74))
  const { texts } = await readExamples(folder, { encoding: 'windows-1252' })
  expect(texts).toContain('güt')
  await expect(readExamples(folder)).rejects.toThrow(/neg.d\.txt, line 1/)
  rmSync(join(folder, 'neg/d.txt'))
  write('neg/e.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0))
  await expect(readExamples(folder)).rejects.toThrow(/e\.png: expected a text, got a PNG picture/)
})

test('the names of the columns may be given, or no labels; other options of tables may not', async () => {
  expect((await readExamples(folder, { text: 'text', label: 'label' })).texts).toHaveLength(3)
  expect((await readExamples(folder, { label: false })).labels).toEqual([])
  for (const [option, value] of Object.entries({
    text: 'body',
    label: 'x',
    format: 'csv',
    quotes: false,
    header: false,
  })) {
    await expect(readExamples(folder, { [option]: value })).rejects.toThrow(`got ${option}`)
  }
})

test('texts for prediction: one a file, without labels, empty ones included', async () => {
  write('pos/z.txt', '')
  const { texts, column, notes } = await readTexts(folder, { trainedText: ['text'] })
  expect([texts.length, texts.includes(''), column]).toEqual([4, true, 'text'])
  expect(notes.join()).toContain('one text per file, in 2 subfolders')
  await expect(readTexts(folder, { format: 'csv' })).rejects.toThrow('got format')
  await expect(readTexts(join(folder, 'pos'))).rejects.toThrow('got files only')
})

test('folders of another shape are refused', async () => {
  await expect(readExamples(join(folder, 'pos'))).rejects.toThrow('got files only')
  write('neg/more/f.txt', 'x')
  await expect(readExamples(folder)).rejects.toThrow('got the folder "more"')
  const empty = mkdtempSync(join(tmpdir(), 'latch-folders-'))
  made.push(empty)
  await expect(readExamples(empty)).rejects.toThrow('got an empty folder')
  mkdirSync(join(empty, 'a'))
  await expect(readExamples(empty)).rejects.toThrow('expected files in the subfolders, got none')
})
