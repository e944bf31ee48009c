/**
 * The products inside a cell, from the library's explanation of each unit.
 */
import type { CellName } from 'latch'
import type { Explanation, TracePlace } from 'latch/inspection'
import type { Parts } from '../../parts/cell/wires.ts'

type Explain = (place: TracePlace) => Promise<Explanation>

/** The value whose arithmetic has two products, kept and written, by cell. */
const VALUE: Readonly<Record<string, string>> = { lstm: 'cell', gru: 'hidden' }

export async function computeProducts(
  cell: CellName,
  at: Omit<TracePlace, 'value' | 'unit'>,
  units: number,
  explain: Explain,
): Promise<Parts> {
  const value = VALUE[cell]
  if (!value) return {}
  const all = await Promise.all(Array.from({ length: units }, (_, unit) => explain({ ...at, value, unit })))
  const groups = all[0]?.groups.map(({ group }) => group) ?? []
  if (groups.length !== 2) return {}
  const sums = (which: number) =>
    all.map((one) => one.groups.find(({ group }) => group === groups[which])?.sum ?? 0)
  const parts: Parts = { kept: sums(0), written: sums(1) }
  if (cell === 'gru') parts.open = all.map((one) => factor(one, groups[1], /^1/))
  return parts
}

function factor({ terms }: Explanation, group: string, name: RegExp): number {
  return terms.find((term) => term.group === group)?.factors.find((one) => name.test(one.name))?.value ?? NaN
}
