/**
 * Trains a few steps in headless Chromium, from dist/ over a small file server, and compares with Node:
 * with threads on an isolated page, and on a plain one where there are none.
 * `node scripts/browserCheck.mjs [--json FILE]`; the browser is $CHROMIUM or what the host calls chromium.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { trainHere } from './browserPages/browserTraining.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const TIME_LIMIT = 120_000
const TOLERANCE = 1e-6
const TYPES = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.html': 'text/html',
  '.json': 'application/json',
}

const page = `<!doctype html><meta charset="utf-8"><title>Latch</title><script type="module">
const post = (body) => fetch('/result', { method: 'POST', body: JSON.stringify(body) })
addEventListener('error', (event) => post({ error: String(event.message) }))
try {
  const { trainHere } = await import('/scripts/browserPages/browserTraining.mjs')
  const results = await trainHere(await import('/packages/latch/dist/index.js'))
  await post({ results, agent: navigator.userAgent })
} catch (error) {
  await post({ error: String(error?.stack ?? error) })
}
</script>`

const policyPage =
  '<!doctype html><meta charset="utf-8"><title>Latch</title><script type="module" src="/scripts/browserPages/browserPolicy.mjs"></script>'

/** A page that may load its own files and compile nothing. */
const POLICY = { 'content-security-policy': "default-src 'self'" }

/** Only isolated pages have SharedArrayBuffer. */
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

function serve(headers, onResult) {
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (request.method === 'POST') {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        response.end()
        onResult(JSON.parse(body))
      })
      return
    }
    if (request.url === '/') {
      return response.setHeader('content-type', TYPES['.html']).end(headers === POLICY ? policyPage : page)
    }
    const path = normalize(new URL(request.url, 'http://localhost').pathname)
    const allowed =
      path.startsWith('/packages/latch/dist/') || /^\/scripts\/browserPages\/\w+\.mjs$/.test(path)
    try {
      if (!allowed) throw new Error('not served')
      const bytes = readFileSync(join(root, path))
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
}

function findBrowser() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)
  const found = names.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)
  if (found) return found
  throw new Error(`browser: expected one of ${names.join(', ')}, got none. Install chromium or set CHROMIUM.`)
}

async function inBrowser(headers) {
  const profile = mkdtempSync(join(tmpdir(), 'latch-browser-'))
  let child
  const { promise, resolve, reject } = deferred()
  const server = serve(headers, resolve)
  const timer = setTimeout(
    () => reject(new Error(`browser: no answer in ${TIME_LIMIT / 1000} s`)),
    TIME_LIMIT,
  )
  try {
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
    const url = `http://127.0.0.1:${server.address().port}/`
    child = spawn(findBrowser(), [...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', url], {
      stdio: 'ignore',
      detached: true,
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`browser: ended with code ${code} before it answered`)))
    return await promise
  } finally {
    clearTimeout(timer)
    server.close()
    server.closeAllConnections()
    await ended(child)
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function deferred() {
  const parts = {}
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}

function ended(child) {
  if (!child || child.exitCode !== null || !child.pid) return null
  return new Promise((exit) => {
    child.once('exit', exit)
    // The browser's own children are in its process group.
    process.kill(-child.pid, 'SIGKILL')
  })
}

/** Counts and prints checks. */
class Checks {
  counts = { passed: 0, failed: 0, skipped: 0 }

  check(fits, words) {
    this.counts[fits ? 'passed' : 'failed']++
    console.log(`${fits ? 'ok  ' : 'FAIL'} ${words}`)
  }
}

/** The fastest builds agree closely; the reproducible one writes the same file; threads change no bit. */
function compare(checks, node, browser) {
  for (const [cell, here] of Object.entries(node.cells)) {
    const there = browser.cells[cell]
    for (const name of ['loss', 'good', 'weights']) {
      const alike = Math.abs(here[name] - there?.[name]) <= TOLERANCE * Math.max(1, Math.abs(here[name]))
      const words = Object.is(here[name], there?.[name]) ? 'same bits' : `${here[name]} and ${there?.[name]}`
      checks.check(alike, `${cell} ${name} (Node ${node.engine}, browser ${browser.engine}): ${words}`)
    }
    checks.check(
      here.file === there?.file,
      `${cell} reproducible: SHA-256 ${here.file.slice(0, 12)}… in both`,
    )
  }
  const files = [...node.threads, ...browser.threads].map(({ file }) => file)
  checks.check(new Set(files).size === 1, `one and two threads, here and there: ${new Set(files).size} file`)
}

const report = process.argv[2] === '--json' ? process.argv[3] : null
const checks = new Checks()
try {
  const here = await trainHere(await import(join(root, 'packages', 'latch', 'dist', 'node.js')))
  for (const isolated of [true, false]) {
    const answer = await inBrowser(isolated ? ISOLATION : {})
    if (answer.error) throw new Error(`in the browser: ${answer.error}`)
    console.log(`${answer.agent}, ${isolated ? 'with' : 'without'} SharedArrayBuffer`)
    compare(checks, here, answer.results)
    const [, two] = answer.results.threads
    const note = two.note ?? 'no note'
    checks.check(two.size === (isolated ? 2 : 1), `asked for two threads: ${two.size} (${note})`)
    checks.check(isolated === (two.note === null), `fewer threads are reported: ${note}`)
  }
  const { engines, note, label, error } = await inBrowser(POLICY)
  checks.check(String(engines) === 'reference', `a page with default-src 'self': ${error ?? engines}`)
  checks.check(label === 'good' && note?.includes('compiles no WebAssembly'), `it answers ${label}. ${note}`)
} catch (error) {
  checks.check(false, error.stack ?? String(error))
}
const { counts } = checks
if (report) writeFileSync(report, JSON.stringify(counts))
console.log(`browser: ${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed ? 1 : 0
