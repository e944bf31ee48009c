/**
 * Files beside a model, which it names itself: weight shards, external data, vocabularies. Every reader gets them here,
 * so that no name leads out of the model's folder; on a disk, the real path is checked too (`modelFilesNode.ts`).
 */
import { FormatError } from '../core/errors.ts'
import type { ReadBudget } from './budget.ts'
import type { ModelFiles } from './imported.ts'

/**
 * The bytes of a file in the folder of the model, which raise its budget once. The reader counts what it does with them.
 * @param where the place of the name, for errors
 * @throws FormatError for a name that leads elsewhere; DataError for a missing file
 */
export async function readCompanion(
  { sibling }: Pick<ModelFiles, 'sibling'>,
  name: string,
  where: string,
  budget: ReadBudget,
): Promise<Uint8Array> {
  assertCompanion(name, where)
  const bytes = await sibling(name)
  budget.addFile(bytes)
  return bytes
}

/** @throws FormatError for a name that leads elsewhere: absolute, with a drive, with `..` or a NUL in it */
export function assertCompanion(name: string, where: string): void {
  const leadsAway = name === '' || /^[/\\]|^[a-z]+:|\\|\0/i.test(name) || name.split('/').includes('..')
  if (!leadsAway) return
  const got = JSON.stringify(name.slice(0, 100))
  throw new FormatError({ where, expected: 'the name of a file in the folder of the model', got })
}
