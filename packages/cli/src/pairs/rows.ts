/** Reads pairs of texts, with labels or without: two or three columns of a table. */
import { UsageError } from 'latch'
import { readTable } from 'latch/tables'
import { formatNames } from '../options/options.ts'
import { textColumns, type RowFlags, type Rows } from '../options/rows.ts'
import { noteAsFlags, tableOptions } from '../options/tableFlags.ts'
import type { Output } from '../terminal/output.ts'

/** The columns of the texts where none are named. */
const TEXTS = ['a', 'b'] as const

/** How the two columns of the texts are named. */
interface Named {
  texts: readonly string[] | null
  /** Null: no labels are read. */
  label: string | undefined | null
}

/** Texts and labels of a table; `-` is standard input. @throws DataError; UsageError for columns that cannot be found */
export async function readPairRows(
  source: string,
  flags: RowFlags,
  output: Output,
  trained: string | null = null,
): Promise<Rows> {
  const { columns, rows } = await readColumns(source, flags, output, { trained, label: flags.label })
  const [a, b, label] = columns
  return {
    rows: rows.map((cells) => ({ [a]: cells[0], [b]: cells[1], [label]: cells[2] })),
    columns: { text: formatNames([a, b]), label },
    rowNumbers: rows.map((_, i) => i),
    name: nameOf(source),
    reading: tableOptions(flags),
  }
}

/** The texts of a table alone. Errors: see readPairRows. */
export async function readPairTexts(
  source: string,
  flags: RowFlags,
  output: Output,
  trained: string | null,
): Promise<{ a: string; b: string }[]> {
  const { rows } = await readColumns(source, flags, output, { trained, label: null })
  return rows.map(([a, b]) => ({ a, b }))
}

async function readColumns(
  source: string,
  flags: RowFlags,
  output: Output,
  { trained, label }: { trained: string | null; label: string | undefined | null },
): Promise<{ columns: string[]; rows: string[][] }> {
  const reading = tableOptions(flags)
  const texts = flags.text === undefined ? null : pairColumns(flags.text)
  const named = texts && label !== undefined ? [...texts, ...(label === null ? [] : [label])] : null
  const like = trained === null ? TEXTS : textColumns(trained)
  const table = await readTable(source, {
    ...reading,
    ...(named
      ? { columns: named }
      : {
          ...(reading.header === undefined ? { columns: [...(texts ?? []), ...(label ? [label] : [])] } : {}),
          choose: ({ columns }) => chooseColumns(columns, { texts, label }, like, nameOf(source)),
        }),
  })
  for (const note of table.notes) output.note(noteAsFlags(note))
  const isGiven = named || (texts ?? like).every((column, i) => column === table.columns[i])
  const [a, b, last] = table.columns.map((column) => JSON.stringify(column))
  const labels = last === undefined ? '' : `, labels from column ${last}`
  if (!isGiven) output.note(`${nameOf(source)}: texts from columns ${a} and ${b}${labels} (by their order).`)
  if (new Set(table.columns).size < table.columns.length) {
    const got = table.columns.map((column) => JSON.stringify(column)).join(', ')
    throw new UsageError({
      where: nameOf(source),
      expected: 'different columns for both texts and the label',
      got,
    })
  }
  return table
}

/** The columns by their names, or where there are no others, in their order. */
function chooseColumns(
  columns: readonly string[],
  { texts, label }: Named,
  like: readonly string[],
  where: string,
): readonly number[] {
  const wanted = [...(texts ?? like), ...(label === null ? [] : [label ?? 'label'])]
  const at = wanted.map((column) => columns.indexOf(column))
  if (at.every((column) => column >= 0)) return at
  if (texts === null && (label === undefined || label === null) && columns.length === wanted.length) {
    const own = columns.indexOf('label')
    const others = columns.flatMap((_, i) => (i === own ? [] : [i]))
    return label === null || own < 0 ? columns.map((_, i) => i) : [...others, own]
  }
  const names = label === null ? '`--text A,B`' : '`--text A,B` and `--label C`'
  throw new UsageError({
    where,
    expected: `${wanted.length} columns, or columns named ${wanted.join(', ')}`,
    got: `${columns.length} columns`,
    remedy: `Name them with ${names}.`,
  })
}

/** The two columns of `--text`. @throws UsageError for any other number */
function pairColumns(text: string): string[] {
  const names = textColumns(text)
  if (names.length === 2) return names
  throw new UsageError({
    where: '--text',
    expected: 'the two columns of the texts, as in question1,question2',
    got: JSON.stringify(text),
  })
}

function nameOf(source: string): string {
  return source === '-' ? 'standard input' : source
}
