/** `latch inspect --html`: one file, opened from the disk in a real Chromium, with every view alive. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { root } from '../../../tests/architecture/tree.ts'
import { answered, browserPath, latch, launch } from './browser.ts'

const TEXT = 'riya lives in delhi . riya moved to london . where does riya live ?'

test.skipIf(!browserPath)('a report opens from the disk, asks for nothing, and computes', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'latch-report-')), 'report.html')
  const model = join(root, 'packages/studio/public/models/facts-gru.safetensors')
  execFileSync(process.execPath, [latch, 'inspect', model, TEXT, '--html', file], { stdio: 'pipe' })
  const browser = await launch()
  const page = await browser.newPage({ reducedMotion: 'reduce' })
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!/^(file|data|blob):/.test(request.url())) complaints.push(request.url())
  })
  await page.goto(pathToFileURL(file).href)
  await answered(page)
  expect(await page.getByText(/^predicts /).textContent()).toContain('london')
  for (const name of ['Unrolled network', 'Gates', 'Gradient flow', 'Arithmetic', 'What if', 'Compare']) {
    await page.getByRole('tab', { name }).click()
    await expect.poll(() => page.getByText('Computing…').count(), { timeout: 30_000 }).toBe(0)
    expect(await page.getByRole('alert').count(), name).toBe(0)
  }
  await page
    .getByRole('textbox', { name: 'Your sentence' })
    .fill('riya lives in paris . where does riya live ?')
  await expect.poll(() => page.getByText(/^predicts /).textContent()).toContain('paris')
  expect(complaints).toEqual([])

  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content')
  expect(policy).toMatch(/^default-src 'none'.*script-src 'sha256-[^']+' 'wasm-unsafe-eval' blob:$/)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'globalThis.strange = true'
    document.body.append(script)
  })
  expect(await page.evaluate(() => 'strange' in globalThis)).toBe(false)
  expect(complaints.join(' ')).toContain('Content Security Policy')
  expect(await page.locator('#licences').textContent()).toMatch(/katex [\d.]+, licence MIT/)
  await browser.close()
})
