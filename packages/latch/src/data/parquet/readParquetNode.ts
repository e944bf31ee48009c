/**
 * Parquet → rows, by hyparquet, which is loaded when a Parquet file is read. Numbers are text as data frames write them
 * to CSV: a floating point column has 1.0 where a column of integers has 1.
 */
import { DataError, LatchError } from '../../core/errors.ts'
import { TableCollector } from '../tableCollector.ts'
import type { Table, TableOptions } from '../tableStart.ts'

/** @throws DataError for a damaged file, one that hyparquet does not read, or one that claims more than its bytes justify */
export async function readParquet(bytes: Uint8Array, name: string, options: TableOptions): Promise<Table> {
  const collector = new TableCollector({ ...options, name })
  // A buffer of its own, from its first byte.
  const copy = new Uint8Array(bytes)
  const [{ parquetMetadata, parquetReadObjects, parquetSchema }, { ParquetCosts }, { COMPRESSORS }] =
    await Promise.all([import('hyparquet'), import('./costsNode.ts'), import('./compressionNode.ts')])
  let rows: Record<string, unknown>[]
  const floats = new Map<string, 'FLOAT' | 'DOUBLE'>()
  try {
    // What marks geographic columns follows a schema that never ends.
    const metadata = parquetMetadata(copy.buffer, { geoparquet: false })
    new ParquetCosts(copy, COMPRESSORS, name).assert(metadata)
    for (const { element } of parquetSchema(metadata).children) {
      if (element.type === 'FLOAT' || element.type === 'DOUBLE') floats.set(element.name, element.type)
    }
    rows = await parquetReadObjects({ file: copy.buffer, metadata, compressors: COMPRESSORS })
  } catch (cause) {
    if (cause instanceof LatchError) throw cause
    const got = `one that cannot be read (${(cause as Error).message})`
    const remedy = 'Check that the file is complete.'
    throw new DataError({ where: name, expected: 'a Parquet file', got, remedy }, { cause })
  }
  rows.forEach((row, number) => {
    const cells = Object.entries(row).map(([column, value]) => [column, written(value, floats.get(column))])
    collector.acceptObject(Object.fromEntries(cells) as Record<string, unknown>, `row ${number}`)
  })
  return { ...collector.finish(), format: 'parquet' }
}

/** A value as a data frame writes it; lists and structures stay what they are. */
function written(value: unknown, kind: 'FLOAT' | 'DOUBLE' | undefined): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return value.toISOString().replace(/T00:00:00\.000Z$/, '')
  if (typeof value !== 'number' || kind === undefined || !Number.isFinite(value)) return value
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return `${value}.0`
  return kind === 'FLOAT' ? shortestFloat32(value) : String(value)
}

/** The shortest decimal that gives a 32-bit number back. */
function shortestFloat32(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}
