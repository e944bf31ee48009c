/** What exports leave out: states between calls, and that one table has two uses. */
import type { ExportedFile, ExportSource } from './imported.ts'

/** Says that a stateful model starts from zero states in each call. */
export function omitStateful({ stateful }: ExportSource): Pick<ExportedFile, 'omitted'> {
  if (!stateful) return {}
  return { omitted: ['stateful: the format keeps no states, so each call starts from zero states'] }
}

/** Says that a tied table is written for each of its uses, so that the copies would be trained apart. */
export function omitTied({ network }: ExportSource): Pick<ExportedFile, 'omitted'> {
  if (!network.config.layers.some((layer) => layer.type === 'dense' && layer.tied)) return {}
  return { omitted: ['tied: the format has a table for each use, so the file has two copies of one'] }
}
