/** Models of other formats in a real Chromium: dropped or opened, every view shows them, with Node's own numbers. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportFile, importFile, SequenceModel } from '../../latch/src/formatsNode.ts'
import type { ImportOptions } from '../../latch/src/formats.ts'
import { writeSafetensors } from '../../latch/src/formats/safetensors/safetensors.ts'
import { influence } from '../../latch/src/inspection.ts'
import {
  imported,
  nextLetter,
  numbersEveryStep,
  threeClasses,
} from '../../latch/tests/tasks/sequenceModel/sequenceFixtures.ts'
import { answered, browserPath, close, latch, launch, open, Server } from './browser.ts'

const models = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'conformance', 'models')
const folder = mkdtempSync(join(tmpdir(), 'latch-studio-formats-'))
const ENGINE = { reproducible: true, threads: 1 } as const
const VIEWS = ['Unrolled network', 'Gates', 'Gradient flow', 'Arithmetic', 'What if', 'Compare', 'Text']
let browser: Browser
let server: Server

/** The sentence's field, whatever it is called for this model. */
const field = (page: Page) => page.locator('section[aria-label="Sentence"] textarea')

async function untilIdle(page: Page): Promise<void> {
  for (const words of ['Computing…', 'Loading…', 'opening…']) {
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

/** Every number that the text view shows of one unit, step by step, equals Node's. */
async function expectNodesNumbers(page: Page, model: SequenceModel, text: string): Promise<void> {
  await page.getByRole('tab', { name: 'Text' }).click()
  await untilIdle(page)
  const trace = model.trace(text)
  const layer = trace.layers.find(({ layer: at, direction }) => at === 0 && direction === 'forward')!
  const buttons = page.getByRole('group', { name: 'tokens' }).getByRole('button')
  await expect.poll(() => buttons.count()).toBe(trace.steps.length)
  for (const step of [0, Math.floor(trace.steps.length / 2), trace.steps.length - 1]) {
    await buttons.nth(step).hover()
    const value = layer.steps[step].hidden[0]
    const written = String(value).replaceAll('-', '\u2212')
    await expect.poll(() => page.getByTestId('text-readout').textContent()).toContain(written)
  }
}

async function expectEveryView(page: Page): Promise<void> {
  for (const name of VIEWS) {
    await page.getByRole('tab', { name }).click()
    await untilIdle(page)
    expect(await page.getByRole('alert').allTextContents(), `${name} shows an error`).toEqual([])
  }
}

async function expectOpened(paths: readonly string[], model: SequenceModel, text: string): Promise<void> {
  const watched = await open(browser, server.url)
  const { page } = watched
  await answered(page)
  await drop(page, paths)
  // A model that writes opens in the view that shows it.
  const status = async () => {
    await page.getByRole('tab', { name: VIEWS[0] }).click()
    return (await page.getByTestId('run-status').allTextContents()).join(' ')
  }
  await expect.poll(status, { timeout: 30_000 }).toContain(basename(paths[0]))
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
    const model = SequenceModel.fromImported(make(), ENGINE)
    if (to === 'latch') writeFileSync(path, model.toBytes())
    else await exportFile(model, to, path)
    await expectOpened([path], (await importFile(path, { engine: ENGINE })) as SequenceModel, text)
  })

  test('TensorFlow.js, own export: all its files together', async () => {
    const path = join(folder, 'web')
    await exportFile(SequenceModel.fromImported(numbersEveryStep(), ENGINE), 'tfjs', path)
    const files = readdirSync(path).sort((a, b) => Number(b === 'model.json') - Number(a === 'model.json'))
    const model = (await importFile(path, { engine: ENGINE })) as SequenceModel
    await expectOpened(
      files.map((name) => join(path, name)),
      model,
      '[[1,2],[0,-1],[2,1]]',
    )
  })

  test('`latch studio` serves any format; the page says what its sentence must be', async () => {
    const path = join(folder, 'served.onnx')
    const model = SequenceModel.fromImported(threeClasses(), ENGINE)
    await exportFile(model, 'onnx', path)
    const other = await Server.start(path)
    const watched = await open(browser, other.url)
    const { page } = watched
    await answered(page)
    await page.getByText('Your features as JSON').waitFor()
    await field(page).fill('you are not good')
    await expect.poll(() => page.getByText('features as JSON').count()).toBeGreaterThan(0)
    await close(watched)
    other.stop()
  })

  test('a report of a model that was no Latch file opens from the disk and computes', async () => {
    const [path, page] = [join(folder, 'reported.keras'), join(folder, 'report.html')]
    await exportFile(SequenceModel.fromImported(numbersEveryStep(), ENGINE), 'keras', path)
    const text = '[[1,2],[0,-1],[2,1]]'
    execFileSync(process.execPath, [latch, 'inspect', path, text, '--html', page], { stdio: 'pipe' })
    const watched = await open(browser, pathToFileURL(page).href)
    await answered(watched.page)
    const model = (await importFile(path, { engine: ENGINE })) as SequenceModel
    await expectNodesNumbers(watched.page, model, text)
    await expectEveryView(watched.page)
    await close(watched)
  })

  test('a file that cannot be opened gives an explanatory error', async () => {
    const watched = await open(browser, server.url)
    const { page } = watched
    await answered(page)
    const path = join(folder, 'model.pt')
    writeFileSync(path, Buffer.from('PK\u0003\u0004 archive/data.pkl'))
    await drop(page, [path])
    await expect
      .poll(async () => (await page.getByRole('alert').allTextContents()).join(' '))
      .toContain('struct.pack')
    await close(watched)
  })

  test('what belongs to a model is dropped with it: tokens by id, configuration, options', async () => {
    const weights = join(folder, 'part.safetensors')
    const tensor = (name: string, shape: readonly number[]) => ({
      name,
      shape,
      dtype: 'F32' as const,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
    })
    const cell = (name: string) => [
      tensor(`${name}.weight_ih_l0`, [8, 3]),
      tensor(`${name}.weight_hh_l0`, [8, 2]),
    ]
    const bytes = writeSafetensors([
      ...cell('left'),
      ...cell('right'),
      tensor('left_out.weight', [3, 2]),
      tensor('conv.weight', [2, 3, 5]),
    ])
    writeFileSync(weights, bytes)
    const write = (name: string, value: unknown): string => {
      writeFileSync(join(folder, name), JSON.stringify(value))
      return join(folder, name)
    }
    const vocabulary = write('letters.json', { a: 0, b: 1, c: 2 })
    const options = write('options.json', {
      config: { order: ['left', 'left_out'], returnSequences: false },
      labels: ['x', 'y', 'z'],
      tokens: 'chars',
    })
    const watched = await open(browser, server.url)
    const { page } = watched
    const alerts = async () => (await page.getByRole('alert').allTextContents()).join(' ')
    await answered(page)
    await drop(page, [weights])
    await expect
      .poll(alerts, { timeout: 30_000 })
      .toContain(
        'To read only tensors with this name prefix, drop it together with a file options.json: {"prefix":"left."}',
      )
    await expect.poll(() => page.getByTestId('run-status').count()).toBe(1)
    await drop(page, [vocabulary])
    await expect.poll(alerts, { timeout: 30_000 }).toContain('letters.json is a vocabulary without its model')
    await drop(page, [vocabulary, weights, options])
    await expect
      .poll(async () => (await page.getByTestId('run-status').allTextContents()).join(' '), {
        timeout: 30_000,
      })
      .toContain('part.safetensors')
    expect(await alerts()).toBe('')
    await field(page).fill('abcab')
    await answered(page)
    const config = { order: ['left', 'left_out'], returnSequences: false }
    const model = (await importFile(weights, {
      config,
      vocabulary: ['a', 'b', 'c'],
      labels: ['x', 'y', 'z'],
      engine: ENGINE,
    })) as SequenceModel
    await expectNodesNumbers(page, model, 'abcab')
    await close(watched)
  })

  test('influence of numbers and of the last of many answers; functions by their names', async () => {
    const hard = {
      type: 'recurrent',
      cell: 'lstm',
      units: 3,
      returnSequences: true,
      gateActivation: 'hardSigmoid',
      stateActivation: 'relu',
    } as const
    const path = join(folder, 'hard.safetensors')
    const made = imported({ layers: [{ type: 'features', width: 2 }, hard, { type: 'dense', units: 2 }] })
    const model = SequenceModel.fromImported(made, ENGINE)
    writeFileSync(path, model.toBytes())
    const text = '[[1,2],[0,-1],[2,1]]'
    const watched = await open(browser, server.url)
    const { page } = watched
    await answered(page)
    await drop(page, [path])
    await expect
      .poll(async () => (await page.getByTestId('run-status').allTextContents()).join(' '), {
        timeout: 30_000,
      })
      .toContain('hard.safetensors')
    await field(page).fill(text)
    await answered(page)
    await page.getByRole('tab', { name: 'Text' }).click()
    await page.getByLabel('coloured by').selectOption('logit')
    await untilIdle(page)
    const { tokens } = influence(model, text)
    await page.getByRole('group', { name: 'tokens' }).getByRole('button').nth(1).hover()
    const written = String(tokens[1].leaveOneOut!.logit).replaceAll('-', '\u2212')
    await expect.poll(() => page.getByTestId('text-readout').textContent()).toContain(written)
    expect(await page.getByLabel('coloured by').locator('option').allTextContents()).not.toContain(
      'leave one out: change of the probability',
    )
    await page.getByRole('tab', { name: 'Arithmetic' }).click()
    const choices = page.getByTestId('arith-choose-value').locator('option')
    await expect.poll(() => choices.allTextContents()).toContain('relu(c): activation of the cell state')
    await page.getByTestId('arith-choose-value').selectOption('logit')
    await untilIdle(page)
    const last = model.predict([
      [1, 2],
      [0, -1],
      [2, 1],
    ]).output[0]
    await expect
      .poll(async () => Number(await page.getByTestId('arith-computed').getAttribute('data-value')))
      .toBeCloseTo(last, 5)
    const cell = new URL(page.url())
    await page.evaluate((hash) => (location.hash = hash), `${cell.hash}&cell=0f`)
    await page.getByRole('tab', { name: 'Unrolled network' }).click()
    const diagram = page.getByRole('group', { name: 'Diagram of the' })
    await expect.poll(() => diagram.textContent()).toContain('hardSigmoid')
    expect(await diagram.textContent()).not.toContain('σ')
    await expect.poll(() => page.getByText('h = o∘relu(c)').count()).toBe(1)
    await close(watched)
  })

  const real: [string, string[], string, ImportOptions][] = [
    [
      'Keras 2',
      ['keras210_qoe/model_gru.h5'],
      JSON.stringify(
        Array.from({ length: 24 }, (_, t) =>
          Array.from({ length: 36 }, (_2, j) => ((t * 7 + j * 3) % 11) / 11),
        ),
      ),
      {},
    ],
    [
      'TensorFlow.js',
      [
        'tfjs_lstm_text_generation/model.json',
        'tfjs_lstm_text_generation/group1-shard1of1',
        'tfjs_lstm_text_generation/group2-shard1of1',
      ],
      JSON.stringify([3, 20, 41].map((at) => Array.from({ length: 57 }, (_, j) => Number(j === at)))),
      {},
    ],
    [
      'TensorFlow 1',
      ['manifest.json', 'vocab.json'].map((name) => `ml5_charrnn_shakespeare/${name}`),
      'ROMEO',
      {},
    ],
  ]
  test.skipIf(!existsSync(models)).each(real)(
    '%s: the real file, dropped',
    async (_, names, text, options) => {
      const all = names.map((name) => join(models, name))
      if (names[0].startsWith('ml5')) {
        const beside = join(models, 'ml5_charrnn_shakespeare')
        all.push(
          ...readdirSync(beside)
            .filter((name) => !/\.json$|LICENSE/.test(name))
            .map((name) => join(beside, name)),
        )
      }
      const model = (await importFile(all[0], { ...options, engine: ENGINE })) as SequenceModel
      await expectOpened(all, model, text)
    },
  )
})
