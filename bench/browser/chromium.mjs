// Headless Chromium over a small file server of 127.0.0.1 that isolates its pages, so that they get threads.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const SERVED = ['/packages/latch/dist/', '/bench/']
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/bench/browser/page.mjs"></script>'
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
}

/** What $CHROMIUM names, or what the host calls chromium; null where there is none. */
export function findChromium() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)
  return names.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) ?? null
}

/** Opens a fresh browser on a page that runs `job`; resolves with what the page posts. */
export async function inChromium(chromium, job, limitSeconds) {
  const profile = mkdtempSync(join(tmpdir(), 'latch-bench-'))
  let child
  let server
  let timer
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${limitSeconds} s`)), limitSeconds * 1000)
      server = createServer((request, response) => serve(request, response, resolve))
      server.listen(0, '127.0.0.1', () => {
        const flags = [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-dev-shm-usage',
          '--no-first-run',
        ]
        const url = `http://127.0.0.1:${server.address().port}/?${encodeURIComponent(JSON.stringify(job))}`
        const own = [`--user-data-dir=${profile}`, '--remote-debugging-port=0', url]
        child = spawn(chromium, [...flags, ...own], { stdio: 'ignore', detached: true })
        child.on('error', reject)
        child.on('exit', (code) => reject(new Error(`the browser ended with code ${code}`)))
      })
    })
  } finally {
    clearTimeout(timer)
    server?.close()
    server?.closeAllConnections()
    await ended(child)
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function serve(request, response, onResult) {
  for (const [name, value] of Object.entries(ISOLATED)) response.setHeader(name, value)
  if (request.method === 'POST') {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      response.end()
      onResult(JSON.parse(body))
    })
    return
  }
  const path = normalize(new URL(request.url, 'http://localhost').pathname)
  if (path === '/') {
    response.setHeader('content-type', 'text/html').end(PAGE)
    return
  }
  try {
    if (!SERVED.some((start) => path.startsWith(start))) throw new Error('not served')
    const bytes = readFileSync(join(root, path))
    response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes)
  } catch {
    response.writeHead(404).end()
  }
}

/** The browser's own children are in its process group. */
function ended(child) {
  if (!child?.pid || child.exitCode !== null) return null
  return new Promise((exit) => {
    child.once('exit', exit)
    process.kill(-child.pid, 'SIGKILL')
  })
}
