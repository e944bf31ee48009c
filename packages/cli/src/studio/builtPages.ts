/**
 * The built pages of the package `latch-studio`: the studio, and the report that `inspect --html` fills. An installed
 * package contains them; a clone builds them when they are first needed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const PAGES = ['index.html', 'report.html']

/** The package's folder, behind npm's link to the workspace. */
const packageFolder = () => dirname(createRequire(import.meta.url).resolve('latch-studio/package.json'))

/**
 * The folder of the pages. In a clone without them, runs its set-up, which says on standard error what it builds.
 * Where that fails, the caller finds no page and says so.
 */
export function builtPages(folder = packageFolder()): string {
  const pages = join(folder, 'dist')
  const setup = join(folder, '..', '..', 'scripts', 'setup.mjs')
  if (PAGES.every((page) => existsSync(join(pages, page))) || !existsSync(setup)) return pages
  spawnSync(process.execPath, [setup, '--studio'], { stdio: ['ignore', 'ignore', 'inherit'] })
  return pages
}
