/** The attention view in a real Chromium: what the model writes and its weights are the library's; keys, sizes, messages. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sequenceToSequence, type SequenceToSequence } from '../../latch/src/node.ts'
import { short } from '../src/drawing/numbers.ts'
import { browserPath, close, expectNoSideways, launch, open, Server, violations } from './browser.ts'

const SOON = { timeout: 20_000 }
const ENGINE = { reproducible: true, threads: 1 } as const
/** Words, to be written backwards letter by letter. */
const ROWS = Array.from({ length: 300 }, (_, i) => {
  const word = Array.from({ length: 2 + (i % 4) }, (_letter, k) => 'abcd'[(i * 7 + k * 3 + (i >> 2)) % 4])
  return { source: word.join(''), target: word.toReversed().join('') }
})

let browser: Browser
let server: Server
let blind: Server
let folder: string
let model: SequenceToSequence

describe.skipIf(!browserPath)('the attention view', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latch-attention-'))
    const train = async (attention: 'general' | 'none') => {
      const made = sequenceToSequence({ units: 32, embedding: 16, dropout: 0, attention, ...ENGINE })
      await made.fit(ROWS, { epochs: attention === 'none' ? 1 : 12, batchSize: 16, learningRate: 0.01 })
      const path = join(folder, `${attention}.safetensors`)
      writeFileSync(path, made.toBytes())
      return { made, path }
    }
    const [attends, none] = [await train('general'), await train('none')]
    model = attends.made
    server = await Server.start(attends.path)
    blind = await Server.start(none.path)
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
    blind?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const source = (page: Page) => page.getByRole('textbox', { name: 'The source' })
  const target = (page: Page) => page.getByTestId('target')
  const map = (page: Page) => page.getByTestId('attention').locator('canvas')
  const hint = (page: Page) => page.getByTestId('attention').locator('.hint')

  test('opens by itself, writes what the library writes, and says each weight', async () => {
    const watched = await open(browser, server.url)
    const { page } = watched
    await target(page).waitFor({ timeout: 30_000 })
    const tab = page.getByRole('tab', { name: 'Attention' })
    expect(await tab.getAttribute('aria-selected')).toBe('true')
    expect(await page.getByRole('tab').allTextContents()).toEqual(['Attention', 'Compare'])
    for (const text of ['abcd', 'dca']) {
      await source(page).fill(text)
      const { text: written, tokens, sourceTokens, attention } = model.predict(text)
      await expect.poll(() => target(page).textContent(), SOON).toBe(written)
      const rows = page.getByRole('list', { name: 'Written tokens' }).getByRole('listitem')
      const columns = page.getByRole('list', { name: 'Tokens of the source' }).getByRole('listitem')
      expect(await rows.allTextContents()).toEqual(tokens)
      expect(await columns.allTextContents()).toEqual(sourceTokens)
      const box = (await map(page).boundingBox())!
      for (const [row, column] of [
        [0, 0],
        [tokens.length - 1, 1],
        [0, sourceTokens.length - 1],
      ]) {
        const place = {
          x: ((column + 0.5) * box.width) / sourceTokens.length,
          y: ((row + 0.5) * box.height) / tokens.length,
        }
        await map(page).hover({ position: place })
        const said = async () => (await hint(page).textContent()) ?? ''
        await expect.poll(said, SOON).toContain(`“${tokens[row]}” looks at “${sourceTokens[column]}”`)
        expect((await said()).split(' = ').at(-1)).toBe(short(attention![row][column], 4))
      }
    }
    await close(watched)
  })

  test('is read by keys, and says what it cannot read', async () => {
    const watched = await open(browser, server.url)
    const { page } = watched
    await target(page).waitFor({ timeout: 30_000 })
    await source(page).fill('abcd')
    const { tokens } = model.predict('abcd')
    await expect.poll(() => target(page).textContent(), SOON).toBe(model.predict('abcd').text)
    await map(page).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => hint(page).textContent(), SOON).toContain(`“${tokens[0]}” looks at “b”`)
    await source(page).fill('')
    await page.getByRole('alert').getByText('empty').waitFor()
    await source(page).fill('ab')
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await close(watched)
  })

  test('says which models have none', async () => {
    const watched = await open(browser, blind.url)
    await watched.page.getByText('This model has no attention').waitFor({ timeout: 30_000 })
    expect(await watched.page.getByTestId('attention').count()).toBe(0)
    await close(watched)
    const { origin } = new URL(server.url)
    const other = await open(browser, `${origin}/#/?model=models/facts-gru.safetensors&view=attention`)
    await other.page.getByText('writes no text for a text').waitFor({ timeout: 30_000 })
    await close(other)
  })

  test.each(['light', 'dark'] as const)(
    '%s: without violations (axe), wide and narrow',
    async (colorScheme) => {
      const watched = await open(browser, server.url, { colorScheme })
      const { page } = watched
      await target(page).waitFor({ timeout: 30_000 })
      await source(page).fill('abcdabcdabcdabcdabcd')
      await page.waitForTimeout(500)
      expect(await violations(page)).toEqual([])
      for (const width of [1440, 390, 320]) {
        await page.setViewportSize({ width, height: 844 })
        await page.waitForTimeout(150)
        await expectNoSideways(page, `${width} px`)
      }
      await close(watched)
    },
  )
})
