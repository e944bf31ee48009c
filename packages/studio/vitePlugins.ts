/** Plugins of the studio's two builds: the licences of what is in them, and the report's Content-Security-Policy. */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { LICENCES_FILE, licencesText } from '../../scripts/packages/licences.mjs'

const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//

const KERNELS = fileURLToPath(new URL('../../node_modules/assemblyscript', import.meta.url))

/**
 * Writes the licences of the npm packages whose code, styles or fonts are in a build: into a file, or for a page of one
 * file into the page, as a script that is plain text.
 */
export function licences(inPage: boolean): { noting: () => Plugin; writing: Plugin } {
  const kernels = { folder: KERNELS, use: 'its standard library in the compiled kernels' }
  const parts = new Map<string, { folder: string; sources: string[] }>()
  const note = (id: string): void => {
    const file = id.replaceAll('\\', '/').replace(/\?.*$/, '')
    const found = PACKAGE.exec(file)
    if (!found) return
    const part = parts.get(found[2]) ?? { folder: found[1], sources: [] }
    part.sources.push(file)
    parts.set(found[2], part)
  }
  const noting = (): Plugin => ({
    name: 'latch-bundled-packages',
    enforce: 'pre',
    // Styles and their fonts are no modules of a chunk: those of a package, and what our own import from one.
    transform(code, id) {
      if (!/\.css(\?|$)/.test(id)) return
      note(id)
      const { resolve } = createRequire(id.replace(/\?.*$/, ''))
      for (const [, name] of code.matchAll(/@import\s+['"]([^'"]+)['"]/g)) note(resolve(name))
    },
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        for (const [id, { renderedLength }] of Object.entries(chunk.modules)) if (renderedLength > 0) note(id)
      }
    },
  })
  const writing: Plugin = {
    name: 'latch-licences',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const text = licencesText([kernels, ...parts.values()])
        if (!inPage) this.emitFile({ type: 'asset', fileName: LICENCES_FILE, source: text })
        const block = `<script type="text/plain" id="licences">\n${text.replaceAll('</', '<\\/')}</script>\n`
        if (inPage) editPages(bundle, (page) => page.replace('</body>', () => `${block}</body>`))
      },
    },
  }
  return { noting, writing }
}

/** What a page of one file needs: its own scripts, workers and WebAssembly from its own bytes, and no network. */
const POLICY = [
  "default-src 'none'",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
]

/** Names the page's own scripts by their hashes, so that no other script runs in it. */
export function contentPolicy(): Plugin {
  return {
    name: 'latch-content-policy',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        editPages(bundle, (page) => {
          const scripts = Array.from(
            page.matchAll(/<script type="module"[^>]*>([^]*?)<\/script>/g),
            ([, script]) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
          )
          if (scripts.length === 0) throw new Error('the report has no script')
          const policy = [...POLICY, `script-src ${scripts.join(' ')} 'wasm-unsafe-eval' blob:`].join('; ')
          const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`
          return page.replace(/<meta charset="utf-8" \/>/, (first) => `${first}\n    ${meta}`)
        })
      },
    },
  }
}

type Bundle = Parameters<Extract<Plugin['generateBundle'], (...args: never[]) => unknown>>[1]

function editPages(bundle: Bundle, edit: (page: string) => string): void {
  for (const file of Object.values(bundle)) {
    if (file.type !== 'asset' || !file.fileName.endsWith('.html')) continue
    const page = typeof file.source === 'string' ? file.source : new TextDecoder().decode(file.source)
    file.source = edit(page)
  }
}
