/** Reads pairs of texts for sequence-to-sequence models: two columns of a table. */
import { DataError, LatchError, UsageError } from 'latch'
import { readTable } from 'latch/tables'
import { noteAsFlags, tableOptions, type TableFlags } from '../options/tableFlags.ts'
import type { Output } from '../terminal/output.ts'

export interface PairFlags extends TableFlags {
  /** The column of the sources. */
  text?: string
  /** The column of the targets. */
  label?: string
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
export async function readPairs(source: string, flags: PairFlags, output: Output): Promise<PairFile> {
  const name = source === '-' ? 'standard input' : source
  const { text, label } = flags
  const reading = tableOptions(flags)
  if (text !== undefined && label !== undefined) {
    return found(await readTable(source, { ...reading, columns: [text, label] }), name, output)
  }
  const table = await readTable(source, {
    ...reading,
    ...(reading.header === undefined ? { columns: [] } : {}),
    choose,
  })
  return found(table, name, output)

  /** Two columns, or those of the usual names. */
  function choose({ columns }: { columns: readonly string[] }): readonly number[] {
    const at = [text, label].map((given, i) => columns.indexOf(given ?? NAMES[i]))
    if (at.every((column) => column >= 0)) return at
    if (text === undefined && label === undefined && columns.length === 2) return [0, 1]
    throw new UsageError({
      where: name,
      expected: 'two columns, or columns named source and target',
      got: `${columns.length} columns`,
      remedy: 'Name them with `--text SOURCES --label TARGETS`.',
    })
  }
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
