/**
 * The report: the studio's one-file page with a model and a text put in, so that it opens anywhere, without
 * a network, and computes on its own.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError, UnsupportedError } from 'latch'

const PLACE = /(<script type="application\/json" id="latch-report">)\s*null\s*(<\/script>)/
const MIB = 2 ** 20
/** Whether a page is such a report. */
export function isReport(page: string): boolean {
  return page.includes('<script type="application/json" id="latch-report">') && !PLACE.test(page)
}

/** A page holds its model as text, four letters for three bytes; larger ones open slowly or not at all. */
export const MOST_MODEL_BYTES = 64 * MIB

export interface ReportContent {
  /** The model's file name, as the page's heading. */
  name: string
  model: Uint8Array
  text: string
  /** Whose loss the gradients are of; null: the predicted one. */
  label: string | null
}

/**
 * The page's bytes.
 * @param pages folder with the built studio
 * @throws UnsupportedError for a model above 64 MiB; DataError where the studio was not built
 */
export async function reportPage(pages: string, content: ReportContent): Promise<Uint8Array> {
  if (content.model.length > MOST_MODEL_BYTES) {
    throw new UnsupportedError({
      where: '--html',
      expected: `a model of at most ${MOST_MODEL_BYTES / MIB} MiB to put into a page`,
      got: `${Math.ceil(content.model.length / MIB)} MiB`,
      remedy: 'Open it with `latch studio` instead, or draw it with --svg or --png.',
    })
  }
  const page = await readFile(join(pages, 'report.html'), 'utf8').catch(() => null)
  if (page === null || !PLACE.test(page)) {
    throw new DataError({
      where: '--html',
      expected: `the report's page in ${pages}`,
      got: page === null ? 'none' : 'one without a place for the model',
      remedy: 'Run `npm run build` in the clone first; an installed package has it.',
    })
  }
  const { name, model, text, label } = content
  const data = JSON.stringify({ name, model: Buffer.from(model).toString('base64'), text, label })
  // So that no text can end the element it stands in.
  const safe = data.replaceAll('<', '\\u003c')
  return Buffer.from(page.replace(PLACE, (_, open: string, close: string) => open + safe + close))
}
