/**
 * How smoothly the built studio moves: an LSTM of 128 units and a text of 60 tokens, frame intervals while the
 * unrolled network plays and while the pointer sweeps over the gate maps, and the first contentful paint.
 * `node scripts/studioFrames.mjs [--seconds 6] [--loads 5]`; one JSON object a line, a summary of each kind
 * beside its raw rows, in milliseconds. There is no threshold: a busy machine is slow. Needs a Chromium.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '6' }, loads: { type: 'string', default: '5' } },
})
const [seconds, loads] = [Number(values.seconds), Number(values.loads)]
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const [UNITS, TOKENS, FRAME] = [128, 60, 16.7]

/** Words of the model, so that no token is unknown. */
const words = 'the food was not bad but good and service slow'.split(' ')
const text = Array.from({ length: TOKENS }, (_, t) => words[t % words.length]).join(' ')

const print = (row) => console.log(JSON.stringify(row))
const load = () => loadavg().map((value) => Number(value.toFixed(2)))
const quantile = (sorted, fraction) =>
  sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? null
const rounded = (list) => list.map((value) => Number(value.toFixed(2)))

/** A summary and the raw rows. */
function report(measure, milliseconds, more = {}) {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  const [median, p95] = [quantile(sorted, 0.5), quantile(sorted, 0.95)].map((value) =>
    value === null ? null : Number(value.toFixed(2)),
  )
  print({
    measure,
    count: sorted.length,
    median,
    p95,
    most: rounded(sorted.slice(-1))[0] ?? null,
    ...more,
    load: load(),
  })
  print({ measure: `${measure}, raw`, milliseconds: rounded(milliseconds) })
}

/** The same with the number of late frames, those later than the next one was due. */
function reportFrames(measure, intervals, more) {
  const late = intervals.filter((value) => value > 1.5 * FRAME).length
  report(measure, intervals, { late, seconds, ...more })
}

/** A model of this size, trained for one epoch on little data: only its speed matters. */
async function writeModel(path) {
  const { textClassifier } = await import(join(root, 'packages', 'latch', 'dist', 'node.js'))
  const model = textClassifier({
    cell: 'lstm',
    units: UNITS,
    embedding: 32,
    reproducible: true,
    threads: 1,
  })
  const rows = Array.from({ length: 64 }, (_, i) => ({
    text: i % 2 ? 'the food was not bad but good' : 'the service was slow and not good but bad',
    label: String(i % 2),
  }))
  await model.fit(rows, { text: 'text', label: 'label', epochs: 1, seed: 1, validation: 0 })
  const { tokens } = model.encode(text)
  await model.save(path)
  print({
    measure: 'model',
    cell: 'lstm',
    units: UNITS,
    parameters: model.parameterCount,
    tokens: tokens.length,
  })
  model.dispose()
}

function serve(model) {
  const child = spawn(process.execPath, [
    join(root, 'packages/cli/dist/latch.js'),
    'studio',
    model,
    '--no-open',
    '--json',
  ])
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`latch studio ended with ${code}`)))
    child.stdout.once('data', (line) => resolve({ child, url: JSON.parse(line).url }))
  })
}

/** Counts animation frames in the page from now on. */
const startFrames = (page) =>
  page.evaluate(() => {
    globalThis.intervals = []
    let before = performance.now()
    const step = (now) => {
      globalThis.intervals.push(now - before)
      before = now
      globalThis.counting = requestAnimationFrame(step)
    }
    globalThis.counting = requestAnimationFrame((now) => {
      before = now
      globalThis.counting = requestAnimationFrame(step)
    })
  })

const stopFrames = (page) =>
  page.evaluate(() => (cancelAnimationFrame(globalThis.counting), globalThis.intervals))

async function settled(page) {
  await page.waitForTimeout(300)
  for (const wait of ['Computing…', 'Loading…']) {
    await page.waitForFunction((busy) => !document.body.innerText.includes(busy), wait, { timeout: 60_000 })
  }
}

async function opened(browser, url) {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage()
  page.on('pageerror', (error) => print({ measure: 'uncaught', message: error.message }))
  await page.goto(url)
  await page.getByText(/^predicts /).waitFor({ timeout: 60_000 })
  await page.getByRole('textbox', { name: 'Your sentence' }).fill(text)
  await page.getByText(`${TOKENS} tokens`).first().waitFor({ timeout: 30_000 })
  return page
}

/** Playing is pressed again when it has come to its end. */
async function playing(page) {
  await page.getByRole('tab', { name: 'Unrolled network' }).click()
  await settled(page)
  const player = page.getByRole('group', { name: 'Play the network' })
  await player.getByRole('button', { name: 'To the start' }).click()
  await player.getByRole('button', { name: 'Play', exact: true }).click()
  await startFrames(page)
  await page.waitForTimeout(seconds * 1000)
  const frames = await stopFrames(page)
  const phase = Number(await page.getByRole('slider', { name: 'Phase' }).inputValue())
  reportFrames('frames, unrolled network playing', frames, { phase })
}

/** The pointer goes to and fro over every map that is drawn. */
async function sweeping(page) {
  await page.getByRole('tab', { name: 'Gates' }).click()
  await settled(page)
  const maps = page.locator('#view-panel canvas')
  const count = await maps.count()
  await startFrames(page)
  let moves = 0
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const map = maps.nth(Math.floor(moves / 20) % count)
    if (moves % 20 === 0) await map.scrollIntoViewIfNeeded()
    const box = await map.boundingBox()
    const across = (moves % 20) / 20
    const down = 0.5 + 0.45 * Math.sin(moves / 7)
    await page.mouse.move(box.x + box.width * across, box.y + box.height * down)
    moves++
  }
  const frames = await stopFrames(page)
  reportFrames('frames, pointer over the gate maps', frames, { moves, maps: count })
}

async function firstPaint(browser, url) {
  const paints = []
  for (let i = 0; i < loads; i++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } })
    const page = await context.newPage()
    await page.goto(url)
    await page.getByText(/^predicts /).waitFor({ timeout: 60_000 })
    paints.push(
      await page.evaluate(
        () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      ),
    )
    await context.close()
  }
  report('first contentful paint', paints)
}

const folder = mkdtempSync(join(tmpdir(), 'latch-frames-'))
const model = join(folder, 'lstm-128.safetensors')
await writeModel(model)
const { child, url } = await serve(model)
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  print({
    measure: 'machine',
    cores: cpus().length,
    cpu: cpus()[0].model,
    browser: browser.version(),
    gpu: false,
    load: load(),
  })
  await firstPaint(browser, url)
  const page = await opened(browser, url)
  await playing(page)
  await sweeping(page)
} finally {
  await browser.close()
  child.removeAllListeners('exit')
  child.kill('SIGINT')
  rmSync(folder, { recursive: true, force: true })
}
