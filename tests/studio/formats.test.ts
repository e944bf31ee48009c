/** Models of other formats in a real Chromium: dropped or opened, every view shows them, with Node's own numbers. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportFile, importFile, SequenceModel } from '../../src/formatsNode.ts'
import type { ImportOptions } from '../../src/formats.ts'
import { nextLetter, numbersEveryStep, threeClasses } from '../sequenceFixtures.ts'
import { answered, browserPath, close, latch, launch, open, Server } from './rig.ts'

const models = join(import.meta.dirname, '..', '..', '..', 'shared', 'conformance', 'models')
const folder = mkdtempSync(join(tmpdir(), 'latch-studio-formats-'))
const ENGINE = { reproducible: true, threads: 1 } as const
const VIEWS = ['Unrolled network', 'Gates', 'Gradient flow', 'Arithmetic', 'What if', 'Compare', 'Text']
let browser: Browser
let server: Server

/** The sentence's field, whatever it is called for this model. */
const field = (page: Page) => page.locator('section[aria-label="Sentence"] textarea')

async function settled(page: Page): Promise<void> {
  for (const words of ['Computing …', 'Loading …', 'opening …']) {
    await expect.poll(() => page.getByText(words).count(), { timeout: 60_000 }).toBe(0)
  }
}

/** Drops files on the page, as a person does. */
async function drop(page: Page, paths: readonly string[]): Promise<void> {
  const files = paths.map((path) => ({ name: basename(path), data: readFileSync(path).toString('base64') }))
  const handle = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer()
    for (const { name, data } of given) {
      const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))
      transfer.items.add(new File([bytes], name))
    }
    return transfer
  }, files)
  await page.dispatchEvent('body', 'drop', { dataTransfer: handle })
}

/** Every number that the text view tells of one unit, step by step, is Node's. */
async function expectNodesNumbers(page: Page, model: SequenceModel, text: string): Promise<void> {
  await page.getByRole('tab', { name: 'Text' }).click()
  await settled(page)
  const trace = model.trace(text)
  const level = trace.levels.find(({ level: at, direction }) => at === 0 && direction === 'forward')!
  const buttons = page.getByRole('group', { name: 'tokens' }).getByRole('button')
  await expect.poll(() => buttons.count()).toBe(trace.steps.length)
  for (const step of [0, Math.floor(trace.steps.length / 2), trace.steps.length - 1]) {
    await buttons.nth(step).hover()
    const value = level.steps[step].hidden[0]
    const written = String(value).replaceAll('-', '\u2212')
    await expect.poll(() => page.getByTestId('text-readout').textContent()).toContain(written)
  }
}

async function expectEveryView(page: Page): Promise<void> {
  for (const name of VIEWS) {
    await page.getByRole('tab', { name }).click()
    await settled(page)
    expect(await page.getByRole('alert').allTextContents(), `${name} shows an error`).toEqual([])
  }
}

async function opened(paths: readonly string[], model: SequenceModel, text: string): Promise<void> {
  const watched = await open(browser, server.url)
  const { page } = watched
  await answered(page)
  await drop(page, paths)
  await expect.poll(async () => (await page.getByTestId('run-status').allTextContents()).join(' '), { timeout: 30_000 }).toContain(basename(paths[0])) // prettier-ignore
  await field(page).fill(text)
  await answered(page)
  await expectNodesNumbers(page, model, text)
  await expectEveryView(page)
  await close(watched)
}

describe.skipIf(!browserPath)('a model of another format in the studio', () => {
  beforeAll(async () => {
    server = await Server.start()
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const own = [
    ['a Latch sequence model of letters', nextLetter, 'latch', 'abcad'],
    ['ONNX, classes of features', threeClasses, 'onnx', '[[0.5,-1,2],[0.25,0,-0.5],[1,1,1]]'],
    ['Keras, numbers of every step', numbersEveryStep, 'keras', '[[1,2],[0,-1],[2,1]]'],
    ['PyTorch, letters', nextLetter, 'torch', 'dcba'],
  ] as const
  test.each(own)('%s: own export, dropped', async (_, make, to, text) => {
    const path = join(folder, `${to}-${make.name}.${to === 'latch' || to === 'torch' ? 'safetensors' : to}`)
    const model = new SequenceModel(make(), ENGINE)
    if (to === 'latch') writeFileSync(path, model.toBytes())
    else await exportFile(model, to, path)
    await opened([path], (await importFile(path, { engine: ENGINE })) as SequenceModel, text)
  })

  test('TensorFlow.js, own export: all its files together', async () => {
    const path = join(folder, 'web')
    await exportFile(new SequenceModel(numbersEveryStep(), ENGINE), 'tfjs', path)
    const files = readdirSync(path).sort((a, b) => Number(b === 'model.json') - Number(a === 'model.json'))
    const model = (await importFile(path, { engine: ENGINE })) as SequenceModel
    await opened(files.map((name) => join(path, name)), model, '[[1,2],[0,-1],[2,1]]') // prettier-ignore
  })

  test('`latch studio` serves any format; the page says what its sentence must be', async () => {
    const path = join(folder, 'served.onnx')
    const model = new SequenceModel(threeClasses(), ENGINE)
    await exportFile(model, 'onnx', path)
    const other = await Server.start(path)
    const watched = await open(browser, other.url)
    const { page } = watched
    await answered(page)
    await page.getByText('Your features: JSON').waitFor()
    await field(page).fill('you are not good')
    await expect.poll(() => page.getByText('features as JSON').count()).toBeGreaterThan(0)
    await close(watched)
    other.stop()
  })

  test('a report of a model that was no Latch file opens from the disk and computes', async () => {
    const [path, page] = [join(folder, 'reported.keras'), join(folder, 'report.html')]
    await exportFile(new SequenceModel(numbersEveryStep(), ENGINE), 'keras', path)
    const text = '[[1,2],[0,-1],[2,1]]'
    execFileSync(process.execPath, [latch, 'inspect', path, text, '--html', page], { stdio: 'pipe' })
    const watched = await open(browser, pathToFileURL(page).href)
    await answered(watched.page)
    const model = (await importFile(path, { engine: ENGINE })) as SequenceModel
    await expectNodesNumbers(watched.page, model, text)
    await expectEveryView(watched.page)
    await close(watched)
  })

  test('what cannot be opened is said in words', async () => {
    const watched = await open(browser, server.url)
    const { page } = watched
    await answered(page)
    const path = join(folder, 'model.pt')
    writeFileSync(path, Buffer.from('PK\u0003\u0004 archive/data.pkl'))
    await drop(page, [path])
    await expect.poll(async () => (await page.getByRole('alert').allTextContents()).join(' ')).toContain('save_file')
    await close(watched)
  }) // prettier-ignore

  const real: [string, string[], string, ImportOptions][] = [
    ['Keras 2', ['keras210_qoe/model_gru.h5'], JSON.stringify(Array.from({ length: 24 }, (_, t) => Array.from({ length: 36 }, (_2, j) => ((t * 7 + j * 3) % 11) / 11))), {}], // prettier-ignore
    ['TensorFlow.js', ['tfjs_lstm_text_generation/model.json', 'tfjs_lstm_text_generation/group1-shard1of1', 'tfjs_lstm_text_generation/group2-shard1of1'], JSON.stringify([3, 20, 41].map((at) => Array.from({ length: 57 }, (_, j) => Number(j === at)))), {}], // prettier-ignore
    ['TensorFlow 1', ['manifest.json', 'vocab.json'].map((name) => `ml5_charrnn_shakespeare/${name}`), 'ROMEO', {}], // prettier-ignore
  ]
  test.skipIf(!existsSync(models)).each(real)('%s: the real file, dropped', async (_, names, text, options) => {
    const all = names.map((name) => join(models, name))
    if (names[0].startsWith('ml5')) {
      const beside = join(models, 'ml5_charrnn_shakespeare')
      all.push(...readdirSync(beside).filter((name) => !/\.json$|LICENSE/.test(name)).map((name) => join(beside, name))) // prettier-ignore
    }
    const model = (await importFile(all[0], { ...options, engine: ENGINE })) as SequenceModel
    await opened(all, model, text)
  }) // prettier-ignore
})
