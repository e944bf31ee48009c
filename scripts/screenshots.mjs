/**
 * Takes screenshots of every view and lesson of the built studio, light and dark, wide and narrow:
 * `node scripts/screenshots.mjs [FOLDER] [NAME …]` (default build/screenshots, everything).
 * `node scripts/screenshots.mjs --readme` updates the README's pictures in docs/pictures.
 */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const readme = process.argv[2] === '--readme'
const [folder = join(root, 'build', 'screenshots'), ...wanted] = process.argv.slice(readme ? 3 : 2)
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } }

const facts = ['rnn', 'lstm', 'gru'].map((cell) => `models/facts-${cell}.safetensors`).join(',')
const on = (view, more = '') =>
  `#/?data=facts&model=${facts}&nets=rnn-32,lstm-32,gru-32&at=1&step=11&unit=3&value=cell&view=${view}${more}`
const hold = encodeURIComponent(
  JSON.stringify([{ type: 'gate', gate: 'forget', value: 0, from: 15, to: 15 }]),
)
const PAGES = {
  first: '',
  ...Object.fromEntries(
    ['text', 'network', 'gates', 'flow', 'arithmetic', 'compare'].map((view) => [view, on(view)]),
  ),
  whatif: on('whatif', `&edits=${hold}`),
  lessons: '#/lessons',
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [`lesson${n}`, `#/lessons/${n}`])),
}

const README = [
  ['network', 'light'],
  ['gates', 'dark'],
  ['flow', 'light'],
]

/** The studio's address, once its server answers. */
function serve() {
  const child = spawn(process.execPath, [
    join(root, 'packages/cli/dist/latch.js'),
    'studio',
    '--no-open',
    '--json',
  ])
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`latch studio ended with ${code}`)))
    child.stdout.once('data', (line) => resolve({ child, url: JSON.parse(line).url }))
  })
}

async function capture(browser, url, name, scheme, size) {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme: scheme })
  const page = await context.newPage()
  page.on('pageerror', (error) => console.log(`${name}: ${error.message}`))
  await page.goto(url)
  await page.waitForLoadState('networkidle')
  await page.waitForTimeout(1200)
  const path = join(folder, `${name}-${size}-${scheme}.png`)
  await page.screenshot({ path, fullPage: true })
  await context.close()
}

/** One view without its surroundings. */
async function captureView(browser, url, name, scheme) {
  const context = await browser.newContext({ viewport: { width: 1240, height: 900 }, colorScheme: scheme })
  const page = await context.newPage()
  await page.goto(url + on(name))
  await page.waitForTimeout(2500)
  const view = page.locator('#view-panel > section').first()
  await view.screenshot({ path: join(root, 'docs', 'pictures', `${name}.png`) })
  await context.close()
}

async function captureAll(browser, url) {
  for (const [name, hash] of Object.entries(PAGES)) {
    if (wanted.length && !wanted.includes(name)) continue
    for (const size of Object.keys(SIZES))
      for (const scheme of ['light', 'dark']) await capture(browser, url + hash, name, scheme, size)
    console.log(`${name}: 4 screenshots`)
  }
}

mkdirSync(join(root, 'docs', 'pictures'), { recursive: true })
mkdirSync(folder, { recursive: true })
const { child, url } = await serve()
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  if (readme) for (const [name, scheme] of README) await captureView(browser, url, name, scheme)
  else await captureAll(browser, url)
} finally {
  await browser.close()
  child.removeAllListeners('exit')
  child.kill('SIGINT')
}
