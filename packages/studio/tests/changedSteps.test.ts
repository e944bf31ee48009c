/** The views in a real Chromium for a network whose layers change the number of steps: names of steps, numbers, edits. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conv1d, gru, lstm, maxPool1d, sequenceModel } from '../../latch/src/node.ts'
import {
  answered,
  browserPath,
  close,
  expectNoSideways,
  launch,
  open,
  Server,
  violations,
} from './browser.ts'

const SOON = { timeout: 20_000 }
const WORDS = 'the food was not bad but good and service slow'.split(' ')
const TEXT = 'the food was not bad but good and service slow the good'

let browser: Browser
let server: Server
let folder: string
const model = sequenceModel({
  input: { vocabulary: WORDS, embedding: 4 },
  layers: [
    conv1d({ filters: 4, kernelSize: 3, stride: 2, padding: 1 }),
    lstm(5, { returnSequences: true }),
    maxPool1d({ kernelSize: 2 }),
    gru(3),
  ],
  output: { classes: ['good', 'bad'] },
  reproducible: true,
  threads: 1,
})

describe.skipIf(!browserPath)('a convolution, an LSTM, a pooling and a GRU', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latch-steps-'))
    const path = join(folder, 'steps.safetensors')
    await model.save(path)
    server = await Server.start(path)
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const panel = (page: Page) => page.locator('#view-panel')
  const words = async (page: Page) => (await panel(page).textContent())!.replace(/\s+/g, ' ')
  const options = (page: Page, name: string) =>
    panel(page)
      .locator(`label:has(span:text-is("${name}")) option`)
      .evaluateAll((all) => all.map((option) => option.textContent!.replace(/\s+/g, ' ').trim()))
  const choose = (page: Page, name: string, value: string) =>
    panel(page).locator(`label:has(span:text-is("${name}")) select`).selectOption(value)
  async function show(page: Page, view: string): Promise<void> {
    await page.getByRole('tab', { name: view }).click()
    await expect.poll(() => page.getByText(/Computing…|Loading…/).count(), SOON).toBe(0)
  }
  async function opened(query: string, viewport = { width: 1440, height: 1000 }) {
    const link = `${server.url}&text=${encodeURIComponent(TEXT)}&${query}`
    const watched = await open(browser, link, { viewport })
    await answered(watched.page)
    return watched
  }

  test('each layer has its own steps, letters and numbers', async () => {
    const [low, high] = model.trace(TEXT).layers
    const watched = await opened('view=text&step=4&layer=0')
    const { page } = watched
    await page.getByText('12 tokens').waitFor(SOON)
    await expect.poll(() => words(page), SOON).toContain('Step 4 “and service slow”')
    expect(await words(page)).toContain(String(low.steps[4].hidden[0]))

    await show(page, 'Gates')
    await expect.poll(() => words(page), SOON).toContain('f · forget gate: how much is kept')
    expect(await words(page)).toContain('mean of the forget gate f')
    await choose(page, 'of', '1/forward')
    await expect.poll(() => words(page), SOON).toContain('z · update gate: how much of the past is kept')
    expect(await words(page)).toContain('mean of the update gate z')

    await show(page, 'Unrolled network')
    await expect.poll(() => words(page), SOON).toContain('Layer 0 has 6 steps, the top layer has 3.')

    await show(page, 'Arithmetic')
    const value = page.getByTestId('arith-value').first()
    await expect.poll(() => value.getAttribute('data-value'), SOON).toBe(String(high.steps.at(-1)!.hidden[0]))
    expect(await options(page, 'step')).toEqual(['0 “the food was not”', '1 “not … and”', '2 “and … good”'])
    await choose(page, 'layer', '0/forward')
    await choose(page, 'step', '5')
    await choose(page, 'value', 'cell')
    await expect.poll(() => value.getAttribute('data-value'), SOON).toBe(String(low.steps[5].cell![0]))
    expect(await words(page)).toContain('c[0] at step 5 “slow the good”, layer 0')
    await close(watched)
  })

  test('what if: tokens are dropped and replaced, gates are clamped at steps of their layer', async () => {
    const watched = await opened('view=whatif&step=7')
    const { page } = watched
    await panel(page).getByText('Custom edit').click()
    expect(await options(page, 'layer')).toEqual(['0', '1'])
    expect(await options(page, 'from step')).toEqual([
      '0 “the food was not”',
      '1 “not … and”',
      '2 “and … good”',
    ])
    await choose(page, 'layer', '0')
    expect(await options(page, 'state or gate')).toEqual([
      'i: input',
      'f: forget',
      'g: candidate',
      'o: output',
    ])
    await choose(page, 'from step', '3')
    await panel(page).getByRole('button', { name: 'Add' }).click()
    const edits = page.getByRole('list', { name: 'Active edits' })
    const clamped =
      'clamp the forget gate f to 0, from step 3 “but good and” to step 5 “slow the good”, layer 0'
    const said = async () => (await edits.textContent())!.replace(/\s+/g, ' ')
    await expect.poll(said, SOON).toContain(clamped)
    await panel(page).getByText('The prediction').waitFor(SOON)
    await choose(page, 'edit', 'drop')
    expect(await options(page, 'token')).toHaveLength(12)
    await edits.getByRole('button').click()
    await panel(page).getByRole('button', { name: 'Add' }).click()
    await expect.poll(said, SOON).toContain('drop the token of step 7 “and”')
    await panel(page).getByText('The prediction').waitFor(SOON)
    await close(watched)
  })

  test('no view is wider than a phone, or breaks a rule of accessibility', async () => {
    const watched = await opened('view=text&step=1&layer=0', { width: 400, height: 800 })
    const { page } = watched
    for (const view of ['Text', 'Unrolled network', 'Gates', 'Gradient flow', 'Arithmetic', 'What if']) {
      await show(page, view)
      await expectNoSideways(page, view)
      expect(await violations(page), view).toEqual([])
    }
    await close(watched)
  })
})
