/** The writing view in a real Chromium: its tokens and probabilities are the library's, choices, settings, keys, sizes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LanguageModel, languageModel, type Writing } from '../../latch/src/node.ts'
import { root } from '../../../tests/architecture/tree.ts'
import { browserPath, close, expectNoSideways, launch, open, Server, violations } from './browser.ts'

const SOON = { timeout: 20_000 }
const ENGINE = { reproducible: true, threads: 1 } as const
const NEXT = 'next-lstm'
const bytes = readFileSync(join(root, 'packages', 'studio', 'public', 'models', `${NEXT}.safetensors`))

/** Right to left, with a character that turns the direction around and one without a glyph. */
const HEBREW = 'שלום עולם \u202eאבג\u0007 שלום '.repeat(60)

let browser: Browser
let server: Server
let characters: Server
let folder: string

describe.skipIf(!browserPath)('the writing view', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latch-writing-'))
    const model = languageModel({ units: 16, embedding: 8, dropout: 0, ...ENGINE })
    await model.fit(HEBREW, { epochs: 4, batchSize: 4, seed: 1 })
    const path = join(folder, 'hebrew.safetensors')
    writeFileSync(path, model.toBytes())
    server = await Server.start()
    characters = await Server.start(path)
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
    characters?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const address = (more = '') => `${server.url}#/?model=models/${NEXT}.safetensors&view=writing${more}`
  const written = (page: Page) => page.locator('[data-testid=written] [role=option]')
  const textOf = async (page: Page) => (await written(page).allTextContents()).join(' ')
  const tokensOf = (writing: Writing) => writing.tokens.map(({ token }) => token).join(' ')

  async function begun(url: string): ReturnType<typeof open> {
    const watched = await open(browser, url)
    await watched.page.getByTestId('alternative').first().waitFor({ timeout: 30_000 })
    return watched
  }

  /** The same text by the library. */
  function byLibrary(count: number, options: object): Writing {
    const writing = LanguageModel.fromBytes(bytes, NEXT, ENGINE).generate(options).begin()
    for (let i = 0; i < count; i++) writing.next()
    return writing
  }

  async function expectBars(page: Page, writing: Writing, at?: number): Promise<void> {
    const expected = writing.alternatives(at, 10).map(({ token, chance, end }) => {
      const share =
        chance > 0 && chance < 0.0005 ? '< 0.1' : (chance * 100).toFixed(chance < 0.1 && chance > 0 ? 1 : 0)
      return `${end ? 'end of the text' : token} ${share} %`
    })
    const shown = async () =>
      (
        await page
          .getByTestId('alternative')
          .evaluateAll((all) =>
            all.map(
              (one) => `${one.querySelector('bdi')!.textContent} ${one.querySelector('.value')!.textContent}`,
            ),
          )
      ).map((text) => text.replace(/\s*\([^)]*\)\s*$/, '').trim())
    await expect.poll(shown, SOON).toEqual(expected)
  }

  test('writes the library’s text at a pace, stops at once, goes on and begins again', async () => {
    const watched = await begun(address('&prime=the'))
    const { page } = watched
    await expectBars(page, byLibrary(0, { prime: 'the' }))
    await page.getByTestId('pace').selectOption('4')
    await page.getByTestId('write').click()
    await expect.poll(() => written(page).count(), SOON).toBeGreaterThan(1)
    await page.getByTestId('stop').click()
    await page.getByTestId('write').waitFor()
    const stopped = await written(page).count()
    await page.waitForTimeout(700)
    expect(await written(page).count()).toBe(stopped)
    await page.getByTestId('one').click()
    await expect.poll(() => written(page).count(), SOON).toBe(stopped + 1)
    await expectBars(page, byLibrary(stopped + 1, { prime: 'the' }))
    await page.getByTestId('pace').selectOption('0')
    await page.getByTestId('write').click()
    await expect.poll(() => page.getByTestId('writing-status').textContent(), SOON).toContain('ended after')
    const whole = byLibrary(500, { prime: 'the' })
    expect(await textOf(page)).toBe(tokensOf(whole))
    expect(await page.getByTestId('write').isDisabled()).toBe(true)
    await page.getByTestId('again').click()
    await expect.poll(() => written(page).count(), SOON).toBe(0)
    await page.getByTestId('writing-seed').fill('7')
    await page.getByTestId('write').click()
    await expect.poll(() => textOf(page), SOON).toBe(tokensOf(byLibrary(500, { prime: 'the', seed: 7 })))
    await close(watched)
  })

  test('alternatives of any token, another choice, temperature and top-k', async () => {
    const watched = await begun(address('&prime=i grew up in france .'))
    const { page } = watched
    await page.getByTestId('pace').selectOption('0')
    await page.getByTestId('length').fill('12')
    await page.getByTestId('write').click()
    const options = { prime: 'i grew up in france .' }
    const writing = byLibrary(12, options)
    await expect.poll(() => textOf(page), SOON).toBe(tokensOf(writing))
    await written(page).nth(3).click()
    await expectBars(page, writing, 3)
    await page.getByTestId('temperature').fill('0.5')
    writing.sample({ temperature: 0.5 })
    await expectBars(page, writing, 3)
    await page.getByTestId('top-k').fill('2')
    writing.sample({ temperature: 0.5, topK: 2 })
    await expectBars(page, writing, 3)

    const other = writing.alternatives(3, 10).find(({ id, end }) => !end && id !== writing.tokens[3].id)!
    await page
      .getByTestId('alternative')
      .filter({ has: page.getByText(other.token, { exact: true }) })
      .click()
    writing.choose(3, other.id)
    await expect.poll(() => textOf(page), SOON).toBe(tokensOf(writing))
    await page.getByTestId('write').click()
    for (let i = 0; i < 12; i++) writing.next()
    await expect.poll(() => textOf(page), SOON).toBe(tokensOf(writing))
    expect(await written(page).nth(3).getAttribute('class')).toContain('chosen')
    expect(page.url()).toContain('topk=2')
    await close(watched)
  })

  test('the gates beside it mark the selected token; the views read the written text', async () => {
    const watched = await begun(address('&prime=the clouds'))
    const { page } = watched
    await page.getByTestId('pace').selectOption('0')
    await page.getByTestId('length').fill('6')
    await page.getByTestId('write').click()
    await expect.poll(() => written(page).count(), SOON).toBeGreaterThan(3)
    await written(page).nth(1).click()
    const token = await written(page).nth(1).textContent()
    const pressed = page
      .getByRole('region', { name: 'Gates' })
      .getByRole('group', { name: 'tokens' })
      .getByRole('button', { pressed: true })
    await expect.poll(() => pressed.textContent(), SOON).toContain(token)
    expect(await page.getByTestId('gate-map').count()).toBeGreaterThanOrEqual(5)
    await page.getByRole('tab', { name: 'Text' }).click()
    expect(await page.getByRole('textbox', { name: 'Your sentence' }).inputValue()).toContain(
      'the clouds are',
    )
    await close(watched)
  })

  test('10,000 tokens without a freeze; keys go from token to token and to the alternatives', async () => {
    const watched = await begun(characters.url)
    const { page } = watched
    // The view opens by itself for a language model.
    expect(await page.getByRole('tab', { name: 'Writing' }).getAttribute('aria-selected')).toBe('true')
    await page.getByTestId('pace').selectOption('0')
    await page.getByTestId('length').fill('10000')
    /** When so many tokens stood on the page. */
    const times = page.evaluate(
      () =>
        new Promise<[first: number, late: number, last: number]>((resolve) => {
          const started = performance.now()
          const seen = new Map<number, number>()
          const frame = (): void => {
            for (const count of [2000, 8000, 10_000])
              if (!seen.has(count) && document.querySelector(`#written-${count - 1}`))
                seen.set(count, performance.now() - started)
            if (seen.size === 3) resolve([seen.get(2000)!, seen.get(8000)!, seen.get(10_000)!])
            else requestAnimationFrame(frame)
          }
          requestAnimationFrame(frame)
        }),
    )
    await page.getByTestId('write').click()
    // The last tokens come about as quickly as the first ones.
    const [first, late, last] = await times
    expect(last - late).toBeLessThan(3 * first + 500)
    await expect.poll(() => page.getByTestId('writing-status').textContent(), SOON).toContain('10,000 tokens')
    const list = page.getByRole('listbox')
    await list.focus()
    await page.keyboard.press('Home')
    await expect.poll(() => list.getAttribute('aria-activedescendant'), SOON).toBe('written-0')
    // The text runs from right to left: the next token is on the left.
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => list.getAttribute('aria-activedescendant'), SOON).toBe('written-1')
    await page.keyboard.press('End')
    await expect.poll(() => list.getAttribute('aria-activedescendant'), SOON).toBe('written-9999')
    await expect.poll(() => page.getByTestId('alternatives').textContent(), SOON).toContain('token 10,000')
    await page.keyboard.press('Enter')
    await expect
      .poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset.testid), SOON)
      .toBe('alternative')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => written(page).nth(9999).getAttribute('class'), SOON).toContain('chosen')
    const shown = await page.getByTestId('written').textContent()
    expect(shown).not.toMatch(/[\u202e\u0007]/)
    expect(shown).toContain('\\u202e')
    await close(watched)
  })

  test('says what a prime cannot be, and what does not write', async () => {
    const watched = await begun(characters.url)
    const { page } = watched
    await page.getByTestId('prime').fill('漢字')
    await page.getByRole('alert').getByText('vocabulary').first().waitFor()
    await page.getByTestId('prime').fill('שלום')
    await page.getByRole('alert').waitFor({ state: 'detached' })
    expect(await page.getByTestId('alternative').count()).toBeGreaterThan(5)
    await close(watched)
    const other = await open(browser, `${server.url}#/?model=models/facts-gru.safetensors&view=writing`)
    await other.page.getByText('predicts classes, not the next token').waitFor()
    await close(other)
  })

  test.each(['light', 'dark'] as const)(
    '%s: without violations (axe), wide and narrow',
    async (colorScheme) => {
      const watched = await open(browser, address('&prime=the'), { colorScheme })
      const { page } = watched
      await page.getByTestId('alternative').first().waitFor()
      await page.getByTestId('pace').selectOption('0')
      await page.getByTestId('write').click()
      await expect.poll(() => written(page).count(), SOON).toBeGreaterThan(3)
      await written(page).nth(2).click()
      await page.getByRole('region', { name: 'Gates' }).getByTestId('gate-map').first().waitFor()
      await page.waitForTimeout(300)
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
