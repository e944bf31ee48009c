/** A clone builds the studio's pages when a command first needs them. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { builtPages } from '../src/studio/builtPages.ts'

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((path) => rmSync(path, { recursive: true })))

/** A clone with a set-up that writes down its options in place of building. */
function clone(withSetup: boolean): { studio: string; ran: string } {
  const root = mkdtempSync(join(tmpdir(), 'latch-pages-'))
  folders.push(root)
  const studio = join(root, 'packages', 'studio')
  mkdirSync(studio, { recursive: true })
  const ran = join(root, 'ran')
  if (withSetup) {
    mkdirSync(join(root, 'scripts'))
    const program = `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(ran)}, process.argv.slice(2).join(' '))`
    writeFileSync(join(root, 'scripts', 'setup.mjs'), program)
  }
  return { studio, ran }
}

describe('the pages', () => {
  it('are built by a clone that lacks one of them', () => {
    const { studio, ran } = clone(true)
    mkdirSync(join(studio, 'dist'))
    writeFileSync(join(studio, 'dist', 'index.html'), '')
    expect(builtPages(studio)).toBe(join(studio, 'dist'))
    expect(existsSync(ran)).toBe(true)
  })

  it('are not built again, nor where there is no clone', () => {
    const complete = clone(true)
    mkdirSync(join(complete.studio, 'dist'))
    for (const page of ['index.html', 'report.html']) writeFileSync(join(complete.studio, 'dist', page), '')
    builtPages(complete.studio)
    expect(existsSync(complete.ran)).toBe(false)
    const { studio } = clone(false)
    expect(builtPages(studio)).toBe(join(studio, 'dist'))
  })
})
