/**
 * Files of one token a line (CoNLL): columns with tabs or spaces between, blank lines between sentences, comments. CoNLL-U
 * (10 columns, multiword lines and empty nodes) is recognised, as are the names of CoNLL-U Plus.
 */
import { DataError, UsageError } from '../../core/errors.ts'
import type { RawSentence, SentenceColumns } from './rawSentence.ts'

const CONLLU = ['id', 'form', 'lemma', 'upos', 'xpos', 'feats', 'head', 'deprel', 'deps', 'misc']
/** Of CoNLL-2003: a line between documents. */
const DOCUMENT = /^-DOCSTART-/
const NUMBERED = /^\d+([-.]\d+)?$/

/** What was read, and from which columns. */
export interface ConllFile {
  sentences: RawSentence[]
  columns: { tokens: string; tags: string | null }
  notes: string[]
}

/** The lines of a sentence, and the comments before them. */
interface Block {
  lines: Line[]
  comments: string[]
}

/** Cells of a line, and its number from 1. */
interface Line {
  cells: string[]
  number: number
}

/** @throws DataError naming the line; UsageError for a column that is not there */
export function parseConll(lines: readonly string[], name: string, chosen: SentenceColumns): ConllFile {
  const { blocks, names, notes } = blocksOf(lines, name)
  const first = blocks[0]?.lines[0]
  if (!first)
    throw new DataError({ where: name, expected: 'at least one sentence', got: 'an empty document' })
  const width = first.cells.length
  const isNumbered =
    width === CONLLU.length &&
    blocks.every((block) => block.lines.every(({ cells }) => NUMBERED.test(cells[0])))
  const header = names ?? (isNumbered ? CONLLU : null)
  const tokens = columnOf(
    chosen.tokens,
    header,
    width,
    header ? 'form' : '0',
    `${name}, column of the tokens`,
  )
  const tags =
    chosen.tags === false
      ? null
      : columnOf(
          chosen.tags,
          header,
          width,
          header ? 'upos' : String(width - 1),
          `${name}, column of the tags`,
        )
  if (tokens === tags) {
    const got = `one column (${describeColumn(tokens, header)})`
    throw new DataError({
      where: `${name}, line ${first.number}`,
      expected: 'a column of tokens and one of tags',
      got,
    })
  }
  let left = 0
  const sentences = blocks.map(({ lines: block, comments }): RawSentence => {
    const place = `line ${block[0].number}`
    // A word of several tokens stands on a line of its own before them; an empty node is no token.
    const words = header?.[0] === 'id' ? block.filter(({ cells }) => /^\d+$/.test(cells[0])) : block
    left += block.length - words.length
    return {
      tokens: words.map(({ cells }) => cells[tokens]),
      tags: tags === null ? null : words.map(({ cells }) => cells[tags]),
      label: chosen.label === undefined ? null : labelOf(comments, chosen.label, `${name}, ${place}`),
      place,
    }
  })
  if (left > 0) notes.push(`${left} lines of multiword tokens and empty nodes left out.`)
  return {
    sentences: sentences.filter((sentence) => sentence.tokens.length > 0),
    columns: {
      tokens: describeColumn(tokens, header),
      tags: tags === null ? null : describeColumn(tags, header),
    },
    notes,
  }
}

/** What a comment `# name = label` or `# name: label` says. @throws DataError where none does */
function labelOf(comments: readonly string[], name: string, where: string): string {
  for (const comment of comments) {
    const [, key, value] = /^#+\s*([^=:]+?)\s*[=:]\s*(.*?)\s*$/u.exec(comment) ?? []
    if (key === name && value) return value
  }
  const expected = `a comment before it, \`# ${name} = …\`, with the label of the sentence`
  throw new DataError({ where, expected, got: comments.length === 0 ? 'no comment' : 'other comments' })
}

/** The lines of each sentence, the names of `# global.columns`, and what was left out. */
function blocksOf(lines: readonly string[], name: string) {
  const blocks: Block[] = []
  const notes: string[] = []
  let names: string[] | null = null
  let block: Block = { lines: [], comments: [] }
  let documents = 0
  const first = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#') && !DOCUMENT.test(line))
  // Tabs, where the first line that is not a comment has one.
  const delimiter = lines[first]?.includes('\t') ? '\t' : /\s+/u
  const width = first < 0 ? 0 : lines[first].trimEnd().split(delimiter).length
  const end = () => {
    if (block.lines.length === 0) return
    blocks.push(block)
    block = { lines: [], comments: [] }
  }
  lines.forEach((text, i) => {
    const number = i + 1
    if (text.trim() === '') return end()
    const cells = text.trimEnd().split(delimiter)
    // A comment, unless it has the columns of a token and, with spaces, stands inside a sentence.
    if (
      text.startsWith('#') &&
      (cells.length !== width || (delimiter !== '\t' && block.lines.length === 0))
    ) {
      const [, columns] = /^#\s*global\.columns\s*=\s*(.+)$/i.exec(text) ?? []
      if (columns !== undefined) names = columns.trim().toLowerCase().split(/\s+/)
      block.comments.push(text)
      return
    }
    if (DOCUMENT.test(text)) {
      documents++
      return end()
    }
    if (cells.length !== width || cells.includes('')) {
      const got = cells.length === width ? 'an empty one' : `${cells.length}`
      throw new DataError({
        where: `${name}, line ${number}`,
        expected: `${width} column${width === 1 ? '' : 's'}, as in line ${first + 1}`,
        got,
      })
    }
    block.lines.push({ cells, number })
  })
  end()
  if (documents > 0) notes.push(`${documents} lines -DOCSTART- left out.`)
  return { blocks, names: names as string[] | null, notes }
}

/** The number of a column, by name or by number from 0. */
function columnOf(
  chosen: string | undefined,
  names: readonly string[] | null,
  width: number,
  usual: string,
  where: string,
): number {
  const wanted = chosen ?? usual
  const number = /^\d+$/.test(wanted) ? Number(wanted) : (names?.indexOf(wanted.toLowerCase()) ?? -1)
  if (number >= 0 && number < width) return number
  const listed = names ? names.join(', ') : `numbers from 0 to ${width - 1}`
  throw new UsageError({ where, expected: `one of ${listed}`, got: JSON.stringify(wanted) })
}

function describeColumn(number: number, names: readonly string[] | null): string {
  return names?.[number] ?? String(number)
}
