/** The report: the studio's one-file page with a model and a text embedded. It opens and computes without a network. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError, UnsupportedError } from 'latch'

const PLACEHOLDER = /(<script type="application\/json" id="latch-report">)\s*null\s*(<\/script>)/
const MIB = 2 ** 20

/** Whether a page is a report. */
export function isReport(page: string): boolean {
  return page.includes('<script type="application/json" id="latch-report">') && !PLACEHOLDER.test(page)
}

/** A page contains its model in base64; larger pages open slowly or not at all. */
export const MAX_MODEL_BYTES = 64 * MIB

export interface ReportContent {
  /** The file name of the model, the heading of the page. */
  name: string
  model: Uint8Array
  text: string
  /** The label whose loss is differentiated; null: the predicted one. */
  label: string | null
}

/**
 * The bytes of the page.
 * @param pages folder with the built studio
 * @throws UnsupportedError for a model above 64 MiB; DataError where the studio is not built
 */
export async function reportPage(pages: string, content: ReportContent): Promise<Uint8Array> {
  if (content.model.length > MAX_MODEL_BYTES) {
    throw new UnsupportedError({
      where: '--html',
      expected: `a model of at most ${MAX_MODEL_BYTES / MIB} MiB`,
      got: `${Math.ceil(content.model.length / MIB)} MiB`,
      remedy: 'Use `latch studio`, or draw a picture with `--svg` or `--png`.',
    })
  }
  const page = await readFile(join(pages, 'report.html'), 'utf8').catch(() => null)
  if (page === null || !PLACEHOLDER.test(page)) {
    throw new DataError({
      where: '--html',
      expected: `the built report page in ${pages}`,
      got: page === null ? 'no page' : 'a page without a placeholder for the model',
      remedy: 'Run `npm run build` in the clone first; an installed package contains it.',
    })
  }
  const { name, model, text, label } = content
  const data = JSON.stringify({ name, model: Buffer.from(model).toString('base64'), text, label })
  // No text may close the script element.
  const safe = data.replaceAll('<', '\\u003c')
  return Buffer.from(page.replace(PLACEHOLDER, (_, open: string, close: string) => open + safe + close))
}
