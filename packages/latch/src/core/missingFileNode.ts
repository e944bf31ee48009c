/** The error of a file that does not exist, with similar names in its folder (Node only). */
import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { editDistance } from './editDistance.ts'
import { DataError } from './errors.ts'

/** The error of reading `path`, which does not exist. */
export async function missingFile(path: string, cause: unknown): Promise<DataError> {
  const folder = dirname(path)
  const names = await readdir(folder).catch(() => undefined)
  const got = names ? 'no such file' : `no folder "${folder}"`
  const near = names ? nearestNames(basename(path), names) : []
  const remedy =
    near.length > 0 ? `Did you mean ${near.map((name) => `"${name}"`).join(' or ')}?` : 'Check the path.'
  return new DataError({ where: path, expected: 'a readable file', got, remedy }, { cause })
}

/** Letters that differ in names that could be meant. */
const MOST_MISTAKES = 8

/** Up to three similar names (a typing mistake or missing extension), the nearest first. */
function nearestNames(name: string, names: readonly string[]): string[] {
  const most = Math.min(MOST_MISTAKES, Math.max(1, Math.floor(name.length / 4)))
  const folded = name.toLowerCase()
  return names
    .map((other) => ({ other, distance: nameDistance(folded, other.toLowerCase(), most) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, 3)
    .map(({ other }) => other)
}

function nameDistance(name: string, other: string, most: number): number {
  const stem = (text: string): string => text.replace(/\.[^.]*$/, '')
  if (name === stem(other) || stem(name) === stem(other)) return 0.5
  return editDistance(name, other, most)
}
