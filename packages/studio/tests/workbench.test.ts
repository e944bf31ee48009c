/** The workbench in a real Chromium: first view, live training under control, model files, links, bad input. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { negationComments } from '../../latch/src/datasets.ts'
import { gradientFlow, influence } from '../../latch/src/inspection.ts'
import { coreLayers, networkFromConfig, Random, TextClassifier } from '../../latch/src/node.ts'
import { decodeModel } from '../../latch/src/formats/latch/modelFile.ts'
import { readTaskFile, writeTaskFile } from '../../latch/src/tasks/files/taskFile.ts'
import { classifierNetwork } from '../../latch/src/tasks/textClassifier/network.ts'
import { textClassifierTask } from '../../latch/src/tasks/textClassifier/task.ts'
import { answered, browserPath, close, expectNoSideways, latch, launch, open, Server } from './browser.ts'

const folder = mkdtempSync(join(tmpdir(), 'latch-studio-'))
const cliModel = join(folder, 'from the cli.safetensors')
let browser: Browser
let server: Server

/** The status lines of all networks. */
const statuses = (page: Page) => page.getByTestId('run-status').allTextContents()

async function trained(page: Page, runs: number): Promise<void> {
  const done = async () => (await statuses(page)).filter((text) => text.includes('accuracy on new texts'))
  await expect.poll(done, { timeout: 90_000 }).toHaveLength(runs)
}

/** A small model's words and labels with a GRU of 2,000 units, whose weights cost no training. */
function largeModel(bytes: Uint8Array): Uint8Array {
  const name = 'small model'
  const { learned, history } = readTaskFile(textClassifierTask, decodeModel(bytes, name), name, {})
  const { words, labels } = learned
  const settings = { ...learned.settings, cell: 'gru' as const, units: 2000 }
  const random = new Random(1, 'large')
  const weights = ({ size }: { size: number }) =>
    Float32Array.from({ length: size }, () => random.between(-0.02, 0.02))
  const config = classifierNetwork(settings, words.size, labels.length)
  const network = networkFromConfig(config, coreLayers, { weights, threads: 1 })
  return writeTaskFile(textClassifierTask, {
    network,
    learned: { ...learned, settings },
    history,
    training: null,
  })
}

describe.skipIf(!browserPath)('the workbench', () => {
  beforeAll(async () => {
    const table = join(folder, 'comments.csv')
    const rows = negationComments({ count: 400, seed: 3 }).map(({ text, label }) => `"${text}",${label}`)
    writeFileSync(table, `text,label\n${rows.join('\n')}\n`)
    const train = [
      latch,
      'train',
      table,
      '--units',
      '8',
      '--epochs',
      '2',
      '--reproducible',
      '--out',
      cliModel,
    ]
    execFileSync(process.execPath, train, { stdio: 'pipe' })
    server = await Server.start()
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
  })

  test('opens with a model, a sentence and its answer', async () => {
    const watched = await open(browser, server.url)
    const { page } = watched
    await answered(page)
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    )
    process.stderr.write(`first contentful paint: ${paint?.toFixed(0)} ms\n`)
    expect(await page.getByRole('tab', { name: 'Text' }).getAttribute('aria-selected')).toBe('true')
    await close(watched)
  })

  test('trains two networks live: pause, step, resume; a link trains them again to the same bits', async () => {
    const watched = await open(browser, `${server.url}#/?data=comments&nets=rnn-8,gru-8&epochs=2&seed=5`)
    const { page } = watched
    await page.getByRole('button', { name: 'Train all 2' }).click()
    await page.getByRole('button', { name: 'Pause' }).click()
    await expect
      .poll(() => statuses(page))
      .toEqual([expect.stringContaining('paused'), expect.stringContaining('paused')])
    const [before] = await statuses(page)
    await page.getByRole('button', { name: 'Step' }).click()
    const update = (text: string) => Number(/update ([\d,]+)/.exec(text)?.[1].replaceAll(',', ''))
    await expect.poll(async () => update((await statuses(page))[0])).toBe(update(before) + 1)
    await answered(page)
    await page.getByRole('button', { name: 'Resume' }).click()
    await trained(page, 2)
    const weights = () =>
      page.evaluate(async () => {
        const { bench } = (globalThis as never as { latchStudio: { bench: never } }).latchStudio as never as {
          bench: { runs: { runner: { save(): Promise<Uint8Array> } }[] }
        }
        return Promise.all(bench.runs.map(async ({ runner }) => Array.from(await runner.save()).join()))
      })
    const first = await weights()
    const link = page.url()
    expect(link).toContain('trained=1')
    await page.goto('about:blank')
    await page.goto(link)
    await trained(page, 2)
    expect((await weights()).map((text, i) => text === first[i])).toEqual([true, true])
    await close(watched)
  })

  test('stops a training and keeps what it has', async () => {
    const watched = await open(browser, `${server.url}#/?data=facts&nets=lstm-16&epochs=50&seed=5`)
    const { page } = watched
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await expect.poll(async () => (await statuses(page))[0]).toMatch(/epoch [1-9]/)
    await page.getByRole('button', { name: 'Stop' }).click()
    await expect.poll(async () => (await statuses(page))[0]).toContain('stopped')
    await answered(page)
    await close(watched)
  })

  test('opens a model that the command line trained, and shows its numbers to the bit', async () => {
    const own = await Server.start(cliModel)
    const watched = await open(browser, own.url)
    const { page } = watched
    await answered(page)
    const text = 'the food was not bad but good'
    await page.getByRole('textbox', { name: 'Your sentence' }).fill(text)
    const shown = await page.evaluate(async (sentence) => {
      type Ask<T> = (text: string, target: null) => Promise<T>
      type Runner = { inspect: Ask<{ trace: unknown }>; flow: Ask<unknown>; influence: Ask<unknown> }
      const { bench } = (globalThis as never as { latchStudio: { bench: { current: { runner: Runner } } } })
        .latchStudio
      const { runner } = bench.current
      const { trace } = await runner.inspect(sentence, null)
      const all = [trace, await runner.flow(sentence, null), await runner.influence(sentence, null)]
      return JSON.stringify(all, (_, item) => (ArrayBuffer.isView(item) ? Array.from(item as never) : item))
    }, text)
    const model = await TextClassifier.load(cliModel, { reproducible: true, threads: 1 })
    const all = [model.trace(text), gradientFlow(model, text), influence(model, text)]
    const here = JSON.stringify(all, (_, item) =>
      ArrayBuffer.isView(item) ? Array.from(item as never) : item,
    )
    expect(JSON.parse(shown)).toEqual(JSON.parse(here))
    expect(await page.getByText(/^predicts /).textContent()).toContain(model.predict(text).label)
    await close(watched)
    own.stop()
  })

  test('opens a dropped file, and saves the same bytes', async () => {
    const watched = await open(browser, server.url)
    const { page } = watched
    await answered(page)
    await page.locator('input[aria-label="Model file"]').setInputFiles(cliModel)
    await expect
      .poll(() => statuses(page))
      .toContainEqual(expect.stringContaining('from the cli.safetensors'))
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the model of network 2' }).click()
    const path = await (await download).path()
    expect(readFileSync(path).equals(readFileSync(cliModel))).toBe(true)
    await close(watched)
  })

  test('bad input: words, never a blank page, never a frozen one', async () => {
    const watched = await open(browser, server.url)
    const { page } = watched
    await answered(page)
    const noModel = join(folder, 'noise.safetensors')
    writeFileSync(noModel, Buffer.from('this is no model at all, only words'))
    await page.locator('input[aria-label="Model file"]').setInputFiles(noModel)
    await expect.poll(() => page.getByRole('alert').first().textContent()).toMatch(/expected|noise/)

    await page.getByRole('radio', { name: 'Your own data' }).check()
    await page.getByRole('textbox', { name: 'Rows' }).fill('text\nonly one column\nno label here\n')
    await page.getByRole('button', { name: 'Load rows' }).click()
    await expect
      .poll(async () => (await page.getByRole('alert').allTextContents()).join(' '))
      .toMatch(/label|column/)
    await page
      .getByRole('textbox', { name: 'Rows' })
      .fill('text,label\nyou are good,1\nyou are bad,0\nyou are not good,0\n')
    await page.getByRole('button', { name: 'Load rows' }).click()
    await page.getByText('3 rows').waitFor()

    const sentence = page.getByRole('textbox', { name: 'Your sentence' })
    await sentence.fill('')
    await page.getByText('The text is empty').first().waitFor()
    const many = Array.from({ length: 10_000 }, (_, i) => (i % 3 ? 'good' : 'not')).join(' ')
    await sentence.fill(many)
    await page.getByText(/more tokens left out/).waitFor({ timeout: 30_000 })
    await sentence.fill('you are not good')
    await page.getByText('4 tokens').waitFor({ timeout: 10_000 })
    await close(watched)
  })

  test('a model of 2,000 units opens and answers', async () => {
    const path = join(folder, 'large.safetensors')
    writeFileSync(path, largeModel(readFileSync(cliModel)))
    const watched = await open(browser, server.url)
    const { page } = watched
    await answered(page)
    await page.locator('input[aria-label="Model file"]').setInputFiles(path)
    await page.getByText('large.safetensors').first().waitFor({ timeout: 60_000 })
    await page.getByRole('textbox', { name: 'Your sentence' }).fill('you are not good')
    for (const name of ['Gates', 'Unrolled network', 'Gradient flow', 'Arithmetic', 'Text']) {
      await page.getByRole('tab', { name }).click()
      await expect.poll(() => page.getByText('Computing…').count(), { timeout: 60_000 }).toBe(0)
      expect(await page.getByRole('alert').count(), `${name} shows an error`).toBe(0)
    }
    await expectNoSideways(page, 'large model')
    await close(watched)
  })
})
