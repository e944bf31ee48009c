/** What exports leave out where the format keeps no states between calls. */
import type { ExportedFile, ExportSource } from './imported.ts'

/** Says that a stateful model starts from zero states in each call. */
export function omitStateful({ stateful }: ExportSource): Pick<ExportedFile, 'omitted'> {
  if (!stateful) return {}
  return { omitted: ['stateful: the format keeps no states, so each call starts from zero states'] }
}
