/** A studio server and a Chromium for tests: pages that note every console error and every foreign request. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { root } from '../../../tests/architecture/tree.ts'

export const latch = process.env.LATCH_CLI ?? join(root, 'packages', 'cli', 'dist', 'latch.js')

/** The browser's path, or null where there is none. */
export const browserPath = ((): string | null => {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)
  for (const name of names as string[]) {
    const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
    if (status === 0) return stdout.trim()
  }
  return null
})()

/** A server of the built studio. */
export class Server {
  readonly #child: ChildProcess
  readonly url: string

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static start(...args: string[]): Promise<Server> {
    const child = spawn(process.execPath, [latch, 'studio', ...args, '--no-open', '--json'])
    return new Promise((resolve, reject) => {
      let [out, complaint] = ['', '']
      child.stderr.on('data', (chunk) => (complaint += chunk))
      child.on('exit', (code) => reject(new Error(`latch studio ended with ${code}: ${complaint}`)))
      child.stdout.on('data', (chunk) => {
        out += chunk
        if (out.includes('\n')) resolve(new Server(child, JSON.parse(out.split('\n')[0]).url))
      })
    })
  }

  stop(): void {
    this.#child.removeAllListeners('exit')
    this.#child.kill('SIGINT')
  }
}

/** A page and what it must not do. */
export interface Watched {
  page: Page
  /** Console errors, uncaught errors, requests to another origin. */
  complaints: string[]
}

export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
  return chromium.launch({ executablePath: browserPath!, args })
}

export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  const complaints: string[] = []
  const own = new URL(url).origin
  page.on('console', (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('request', (request) => {
    const to = request.url()
    if (!/^(data|blob):/.test(to) && new URL(to).origin !== own) complaints.push(`request: ${to}`)
  })
  await page.goto(url)
  return { page, complaints }
}

/** Closes a page after checking that it behaved. */
export async function close({ page, complaints }: Watched): Promise<void> {
  await page.context().close()
  expect(complaints).toEqual([])
}

/** Waits until the sentence's answer stands on the page. */
export async function answered(page: Page): Promise<void> {
  await page.getByText(/^predicts /).waitFor({ timeout: 30_000 })
}

/** No wider than the window. */
export async function expectNoSideways(page: Page, what: string): Promise<void> {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  expect(wide, `${what}: page ${wide} px wide in a window of ${window}`).toBeLessThanOrEqual(window)
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds on the page. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations: found } = await page.evaluate(() =>
    (
      globalThis as never as {
        axe: {
          run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>
        }
      }
    ).axe.run(),
  )
  return found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} (${failureSummary.slice(0, 200)})`)
        .join(' | ')}`,
  )
}

export const VIEWS = ['text', 'network', 'gates', 'flow', 'arithmetic', 'whatif', 'compare'] as const
export const LESSONS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const

/** Addresses of every view on a model of three cells, and of every lesson. */
export function addresses(url: string): [name: string, url: string][] {
  const facts = ['rnn', 'lstm', 'gru'].map((cell) => `models/facts-${cell}.safetensors`).join(',')
  return [
    ...VIEWS.map((view): [string, string] => [
      `view ${view}`,
      `${url}#/?data=facts&model=${facts}&nets=rnn-32,lstm-32,gru-32&at=1&view=${view}&step=11&unit=3&value=hidden`,
    ]),
    ['lessons', `${url}#/lessons`],
    ...LESSONS.map((n): [string, string] => [`lesson ${n}`, `${url}#/lessons/${n}`]),
  ]
}
