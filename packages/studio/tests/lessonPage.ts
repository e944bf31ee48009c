/** A lesson in a browser: what it says, by test id, and what it must not do. */
import type { Browser, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { close, open, type Server, type Watched } from './browser.ts'

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** "−1.2·10⁻⁴", "93.1 %", "1,234 numbers" → a number. */
export function numberIn(text: string): number {
  const plain = text
    .replaceAll('\u2212', '-')
    .replace(
      /·10(⁻?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)/,
      (_, sign, digits) =>
        `e${sign && '-'}${Array.from(digits as string, (c) => SUPERSCRIPTS.indexOf(c)).join('')}`,
    )
  if (plain.includes('∞')) return plain.includes('-') ? -Infinity : Infinity
  const found = /-?[\d,]+(\.\d+)?(e-?\d+)?/.exec(plain)
  return found ? Number(found[0].replaceAll(',', '')) : NaN
}

export const fixed = (value: number, decimals: number) => value.toFixed(decimals).replace('-', '\u2212')
/** A lesson's page: its numbers by their test ids. */
export class Lesson {
  readonly watched: Watched
  readonly page: Page
  readonly n: number

  private constructor(watched: Watched, n: number) {
    ;[this.watched, this.page, this.n] = [watched, watched.page, n]
  }

  static async open(browser: Browser, server: Server, n: number): Promise<Lesson> {
    const lesson = new Lesson(await open(browser, `${server.url}#/lessons/${n}`), n)
    await lesson.at('question').waitFor()
    await lesson.still()
    return lesson
  }

  /** By the rest of its test id. */
  at(id: string): Locator {
    return this.page.getByTestId(`lesson-${this.n}-${id}`)
  }

  async text(id: string): Promise<string> {
    return ((await this.at(id).textContent()) ?? '').trim().replace(/\s+/g, ' ')
  }

  async number(id: string): Promise<number> {
    return numberIn(await this.text(id))
  }

  /** Waits until it says so. */
  async says(id: string, what: string | RegExp, timeout = 10_000): Promise<void> {
    if (typeof what === 'string') await expect.poll(() => this.text(id), { timeout }).toBe(what)
    else await expect.poll(() => this.text(id), { timeout }).toMatch(what)
  }

  /** Waits until the number is this one. */
  async counts(id: string, value: number, within = 1e-9): Promise<void> {
    const off = async () => Math.abs((await this.number(id)) - value)
    await expect
      .poll(off, { message: `${id} should be ${value}`, timeout: 10_000 })
      .toBeLessThanOrEqual(within)
  }

  async click(...ids: string[]): Promise<void> {
    for (const id of ids) await this.at(id).click()
  }

  async set(id: string, value: string | number): Promise<void> {
    await this.at(id).fill(String(value))
  }

  /** Nothing is being computed, and nothing went wrong. */
  async still(): Promise<void> {
    await this.page.waitForTimeout(120)
    await expect
      .poll(() => this.page.locator('.widget[aria-busy="true"]').count(), { timeout: 20_000 })
      .toBe(0)
    await expect.poll(() => this.page.getByText('Computing…').count(), { timeout: 20_000 }).toBe(0)
    expect(await this.page.getByRole('alert').allTextContents()).toEqual([])
  }

  /** A click and two keys turn the answer; then the page is closed and must have behaved. */
  async end(): Promise<void> {
    const [button, answer] = [this.at('question-button'), this.at('question-answer')]
    expect(await answer.isVisible()).toBe(false)
    await button.click()
    await answer.waitFor({ state: 'visible' })
    expect(await button.getAttribute('aria-expanded')).toBe('true')
    expect(((await answer.textContent()) ?? '').length).toBeGreaterThan(100)
    await button.focus()
    await this.page.keyboard.press('Enter')
    await answer.waitFor({ state: 'hidden' })
    await this.page.keyboard.press('Space')
    await answer.waitFor({ state: 'visible' })
    expect(await this.page.getByRole('alert').count()).toBe(0)
    await close(this.watched)
  }
}

/** The numbers of a matrix. */
export const cells = async (table: Locator) =>
  (await table.locator('td.cell').allTextContents()).map((text) => text.trim())
