/** The views in a real Chromium: arithmetic that adds up, edits, links, keys, widths, colours, accessibility. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  addresses,
  answered,
  browserPath,
  close,
  expectNoSideways,
  launch,
  open,
  Server,
  violations,
} from './browser.ts'

let browser: Browser
let server: Server

const number = async (page: Page, id: string) =>
  Number(await page.getByTestId(id).first().getAttribute('data-value'))

async function untilIdle(page: Page): Promise<void> {
  await expect.poll(() => page.getByText('Computing…').count(), { timeout: 60_000 }).toBe(0)
  await expect.poll(() => page.getByText('Loading…').count(), { timeout: 30_000 }).toBe(0)
}

describe.skipIf(!browserPath)('the views', () => {
  beforeAll(async () => {
    server = await Server.start()
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
  })

  test.each(['rnn', 'lstm', 'gru'])('%s: a number of the page is the sum of its arithmetic', async (cell) => {
    const link = `${server.url}#/?data=facts&model=models/facts-${cell}.safetensors&nets=${cell}-32&view=gates`
    const watched = await open(browser, link)
    const { page } = watched
    await answered(page)
    await untilIdle(page)
    const maps = page.locator('#view-panel canvas')
    const shown = await maps.count()
    expect(shown).toBeGreaterThanOrEqual(cell === 'rnn' ? 1 : 4)
    for (let i = 0; i < shown; i++) {
      await page.getByRole('tab', { name: 'Gates' }).click()
      await untilIdle(page)
      const box = (await maps.nth(i).boundingBox())!
      const at = { x: box.width * (0.2 + 0.09 * i), y: box.height * (0.15 + 0.1 * i) }
      await maps.nth(i).hover({ position: at })
      await maps.nth(i).click({ position: at })
      await page.getByRole('tab', { name: 'Arithmetic' }).click()
      await page.getByTestId('arith-value').waitFor()
      const [value, computed] = [await number(page, 'arith-value'), await number(page, 'arith-computed')]
      expect(Number.isFinite(value)).toBe(true)
      expect(Math.abs(computed - value), `${cell} map ${i}: ${computed} and ${value}`).toBeLessThanOrEqual(
        1e-6,
      )
    }
    await close(watched)
  })

  test('what if: an edit changes what follows, and the address keeps it', async () => {
    const edits = JSON.stringify([{ type: 'gate', gate: 'forget', value: 0, from: 14, to: 14 }])
    const link = `${server.url}#/?data=facts&model=models/facts-lstm.safetensors&nets=lstm-32&view=whatif&edits=${encodeURIComponent(edits)}`
    const watched = await open(browser, link)
    const { page } = watched
    await answered(page)
    await untilIdle(page)
    const panel = page.locator('#view-panel')
    await expect.poll(() => panel.textContent()).toMatch(/before/i)
    expect(page.url()).toContain('edits=')
    await page.reload()
    await answered(page)
    await untilIdle(page)
    await expect.poll(() => panel.textContent()).toMatch(/forget/)
    await close(watched)
  })

  test('every view counts steps and layers from 0', async () => {
    const link = `${server.url}#/?data=facts&model=models/facts-lstm.safetensors&nets=lstm-32&step=2&text=riya+lives+in+delhi`
    const views: Record<string, string> = {
      Text: 'Step 2 “in”',
      Gates: 'mean at step 2',
      'Gradient flow': 'at step 2 “in”',
      'What if': 'At step 2 “in”',
    }
    const watched = await open(browser, link)
    const { page } = watched
    await answered(page)
    const panel = page.locator('#view-panel')
    for (const [name, text] of Object.entries(views)) {
      await page.getByRole('tab', { name }).click()
      await untilIdle(page)
      await expect
        .poll(async () => (await panel.textContent())?.replace(/\s+/g, ' '), { message: name })
        .toContain(text)
    }
    await page.getByRole('tab', { name: 'Arithmetic' }).click()
    await expect
      .poll(() => panel.locator('label:has(span:text-is("step")) option').first().textContent())
      .toMatch(/^0 “riya”/)
    await page.getByRole('tab', { name: 'Unrolled network' }).click()
    await untilIdle(page)
    await panel.getByText('layer 0', { exact: true }).waitFor()
    await panel.getByRole('slider', { name: 'Phase' }).fill('2')
    await panel.getByText('step 2 “in”', { exact: true }).waitFor()
    await panel.getByRole('slider', { name: 'Phase' }).fill('5')
    await panel.getByText('gradient at step 3 “delhi”', { exact: true }).waitFor()
    await panel.locator('canvas').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await panel.getByRole('group', { name: 'Cell at step 2' }).waitFor()
    await expect.poll(() => panel.locator('.where').textContent()).toMatch(/step 2\s+“in”/)
    await close(watched)
  })

  test('a link restores sentence, view, step and unit', async () => {
    const watched = await open(
      browser,
      `${server.url}#/?data=comments&model=models/comments-gru.safetensors&nets=gru-32`,
    )
    const { page } = watched
    await answered(page)
    await page.getByRole('textbox', { name: 'Your sentence' }).fill('you are not bad at all')
    await page.getByRole('tab', { name: 'Text' }).click()
    await page.getByRole('group', { name: 'tokens' }).getByRole('button', { name: /^bad/ }).click()
    await expect.poll(() => page.url()).toContain('step=3')
    const link = page.url()
    const second = await open(browser, link)
    await answered(second.page)
    expect(await second.page.getByRole('textbox', { name: 'Your sentence' }).inputValue()).toBe(
      'you are not bad at all',
    )
    expect(second.page.url()).toBe(link)
    const pressed = second.page.getByRole('group', { name: 'tokens' }).getByRole('button', { pressed: true })
    await expect.poll(() => pressed.textContent()).toContain('bad')
    await close(second)
    await close(watched)
  })

  test('keyboard only: skip link, tabs, heat map, arithmetic', async () => {
    const watched = await open(
      browser,
      `${server.url}#/?data=comments&model=models/comments-lstm.safetensors&nets=lstm-32`,
    )
    const { page } = watched
    await answered(page)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content')
    await page.locator('#tab-text').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('tab-gates')
    await untilIdle(page)
    await page.locator('#view-panel canvas').first().focus()
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key)
    await page.locator('#tab-gates').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await page.getByTestId('arith-value').waitFor()
    expect(
      Math.abs((await number(page, 'arith-computed')) - (await number(page, 'arith-value'))),
    ).toBeLessThanOrEqual(1e-6)
    await close(watched)
  })

  test.each(['light', 'dark'] as const)(
    '%s: every view and lesson without violations (axe), at both widths',
    async (colorScheme) => {
      for (const [name, url] of addresses(server.url)) {
        const watched = await open(browser, url, { colorScheme })
        const { page } = watched
        await page.locator('h1, h2').first().waitFor()
        await page.waitForTimeout(400)
        await untilIdle(page)
        await expectNoSideways(page, `${name}, wide`)
        expect(await violations(page), `${name}, ${colorScheme}`).toEqual([])
        expect(await page.getByRole('alert').count(), `${name} shows an error`).toBe(0)
        await page.setViewportSize({ width: 390, height: 844 })
        await page.waitForTimeout(150)
        await expectNoSideways(page, `${name}, narrow`)
        await close(watched)
      }
    },
  )
})
