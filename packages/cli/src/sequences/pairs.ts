/** Reads pairs of texts for sequence-to-sequence models: two columns of a table. */
import { DataError, LatchError, UsageError } from 'latch'
import { readTable } from 'latch/tables'
import { noteAsFlags, tableOptions, type TableFlags } from '../options/tableFlags.ts'
import type { Output } from '../terminal/output.ts'

export interface PairFlags extends TableFlags {
  /** The column of the sources. */
  source?: string
  /** The column of the targets. */
  target?: string
}

/** A row as the library takes it. */
export interface Pair {
  source: string
  target: string
}

export interface PairFile {
  rows: Pair[]
  /** Names of the columns of sources and targets. */
  columns: readonly [string, string]
  /** The file's name, for messages. */
  name: string
}

const NAMES = ['source', 'target'] as const

/** Reads two columns of a table; `-` is standard input. @throws DataError, UsageError */
export async function readPairs(path: string, flags: PairFlags, output: Output): Promise<PairFile> {
  const name = path === '-' ? 'standard input' : path
  const { source, target } = flags
  const reading = tableOptions(flags)
  if (source !== undefined && target !== undefined) {
    return found(await readTable(path, { ...reading, columns: [source, target] }), name, output)
  }
  const table = await readTable(path, {
    ...reading,
    ...(reading.header === undefined ? { columns: [] } : {}),
    choose,
  })
  return found(table, name, output)

  /** Two columns, or those of the usual names. */
  function choose({ columns }: { columns: readonly string[] }): readonly number[] {
    const at = [source, target].map((given, i) => columns.indexOf(given ?? NAMES[i]))
    if (at.every((column) => column >= 0)) return at
    if (source === undefined && target === undefined && columns.length === 2) return [0, 1]
    throw new UsageError({
      where: name,
      expected: 'two columns, or columns named source and target',
      got: `${columns.length} columns`,
      remedy: 'Name them with `--source` and `--target`.',
    })
  }
}

/** The sources of a table: the column of `--source`, one named source, or the only one. @throws DataError, UsageError */
export async function readSources(path: string, flags: PairFlags, output: Output): Promise<string[]> {
  const name = path === '-' ? 'standard input' : path
  const reading = tableOptions(flags)
  const choose = ({ columns }: { columns: readonly string[] }): readonly number[] => {
    const at = columns.indexOf('source')
    if (at >= 0) return [at]
    if (columns.length === 1) return [0]
    throw new UsageError({
      where: name,
      expected: 'one column, or a column named source',
      got: `${columns.length} columns`,
      remedy: 'Name it with `--source`.',
    })
  }
  const { source } = flags
  const { rows, notes } = await readTable(
    path,
    source === undefined ? { ...reading, columns: [], choose } : { ...reading, columns: [source] },
  )
  for (const note of notes) output.note(noteAsFlags(note))
  return rows.map(([text]) => text)
}

type Table = Awaited<ReturnType<typeof readTable>>

function found({ columns, rows, notes }: Table, name: string, output: Output): PairFile {
  for (const note of notes) output.note(noteAsFlags(note))
  const [source, target] = columns
  if (source === target) {
    const got = `column "${source}" for both`
    throw new UsageError({ where: name, expected: 'different columns for sources and targets', got })
  }
  return {
    rows: rows.map((cells) => ({ source: cells[0], target: cells[1] })),
    columns: [source, target],
    name,
  }
}

/** An error on one of the rows, with its place in the file; any other error unchanged. */
export function atPair(error: unknown, { name }: PairFile): unknown {
  if (!(error instanceof LatchError) || error.row === undefined) return error
  const place = error.where.replace(/^(validation )?row \d+(, )?/, '')
  const where = `${name}, row ${error.row}${place ? `, ${place}` : ''}`
  return new DataError({ ...error, where, fix: error.fixes }, { cause: error })
}
