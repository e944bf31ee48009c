/**
 * Models of every format in headless Chromium, through the bundled entry point `latch/formats`: they answer, are written
 * and read back as in Node; only their format's chunks are loaded and no request leaves the server. Exports also run
 * in onnxruntime-web and TensorFlow.js there, where bench/ has them. `--json FILE` writes the counts of checks.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { Bundle } from './browserFormats/bundle.mjs'
import { allCases, peerCases } from './browserFormats/cases.mjs'
import { exportHere, openHere, trainHere } from './browserFormats/work.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** `answers`: engines of JavaScript differ in the last digits of `Math.exp`. */
const TOLERANCE = { fast: 1e-6, readBack: 1e-6, peers: 1e-5, answers: 1e-15 }
const EXACT = { engine: { reproducible: true, threads: 1 } }
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Latch</title><link rel="icon" href="data:,"><script type="module" src="/scripts/page.mjs"></script>'
/** As strict as a page with WebAssembly can be: nothing is evaluated, nothing comes from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:; worker-src blob:"

const PEERS = { 'onnxruntime-web': 'onnxruntime-web', tfjs: '@tensorflow/tfjs' }
/** Cells that TensorFlow.js has not: a GRU that resets after its product. */
const LACKED = /^gru, (?!reset before)/
const folderOf = (peer) => join(root, 'bench', 'node_modules', PEERS[peer], 'dist')

/** Counts and prints checks. */
class Checks {
  counts = { passed: 0, failed: 0, skipped: 0 }

  check(fits, words) {
    this.counts[fits ? 'passed' : 'failed']++
    console.log(`${fits ? 'ok  ' : 'FAIL'} ${words}`)
  }

  skip(words) {
    this.counts.skipped++
    console.log(`skip ${words}`)
  }
}

/** Serves the page, the bundle's chunks, files of the cases by their number, and the peers. */
function serve(bundle, cases) {
  const places = {
    bundle: (name) => bundle.chunks.get(name)?.code,
    scripts: (name) => readFileSync(join(root, 'scripts', 'browserFormats', name)),
    files: (name) => {
      const [number, ...file] = name.split('/')
      return cases[Number(number)].files.get(decodeURIComponent(file.join('/')))
    },
    ...Object.fromEntries(
      Object.keys(PEERS).map((peer) => [peer, (name) => readFileSync(join(folderOf(peer), name))]),
    ),
  }
  return createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname)
    if (path === '/' || path === '/peers') {
      // TensorFlow.js makes functions of text.
      if (path === '/') response.setHeader('content-security-policy', POLICY)
      response.setHeader('content-type', 'text/html').end(PAGE)
      return
    }
    const [, place, name] = /^\/([^/]+)\/(.+)$/.exec(path) ?? []
    try {
      const body = places[place]?.(name)
      if (body === undefined) throw new Error('not served')
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
}

function findBrowser() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)
  for (const name of names) {
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' })
    if (status === 0) return stdout.trim()
  }
  throw new Error(`browser: expected one of ${names.join(', ')}, got none. Install chromium or set CHROMIUM.`)
}

/** A fresh page that writes down what it loads and what it complains of. */
class Watched {
  chunks = new Set()
  complaints = []

  static async open(browser, url) {
    const watched = new Watched()
    watched.context = await browser.newContext()
    watched.page = await watched.context.newPage()
    const { page, complaints, chunks } = watched
    page.on(
      'console',
      (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`),
    )
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
    watched.context.on('request', (request) => {
      const to = new URL(request.url())
      const [, chunk] = /^\/bundle\/(.+)$/.exec(to.pathname) ?? []
      if (chunk) chunks.add(chunk)
      else if (!/^(data|blob):$/.test(to.protocol) && to.origin !== new URL(url).origin)
        complaints.push(`request: ${to}`)
    })
    await page.goto(url)
    await page.waitForFunction(() => globalThis.work)
    return watched
  }

  close() {
    return this.context.close()
  }
}

/** The largest difference of answers (of large ones by their size); Infinity where they are not as many. */
function worst(here, there) {
  const [a, b] = [here.flat(), there.flat()]
  if (a.length !== b.length || here.length !== there.length) return Infinity
  return a.reduce((most, x, i) => {
    const difference = Object.is(x, b[i]) ? 0 : Math.abs(x - b[i]) / Math.max(1, Math.abs(x))
    return Number.isFinite(difference) ? Math.max(most, difference) : Infinity
  }, 0)
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)

/** A model file: opened on the reproducible build and the fastest one, then written in every format. */
async function checkCase(checks, { formats, bundle, browser, url }, one, number) {
  const { name, files, options } = one
  const names = [...files.keys()]
  const watched = await Watched.open(browser, url)
  const { page, chunks, complaints } = watched
  const there = (method, ...args) => page.evaluate(([m, a]) => globalThis.work[m](...a), [method, args])
  const { first } = bundle
  const early = [...chunks].filter((chunk) => !first.has(chunk))
  checks.check(
    early.length === 0 && chunks.size === first.size,
    `${name}: the page loads ${chunks.size} chunks of the entry point, ${early.length} others`,
  )
  for (const how of [{}, EXACT]) {
    const own = await openHere(formats, files, { ...how, options })
    const exact = how === EXACT
    const other = await there('open', number, names, { ...how, options })
    const [rows, answers] = [worst(own.said.rows, other.rows), worst(own.said.answers, other.answers)]
    const numbers = own.said.answers.flat().length
    const close = exact
      ? rows === 0 && answers <= TOLERANCE.answers
      : rows <= TOLERANCE.fast && answers <= TOLERANCE.fast
    const fits = own.said.parameters === other.parameters && numbers > 0 && close
    checks.check(
      fits,
      `${name}: ${numbers} numbers on ${other.build}, Node's on ${own.build}: ${rows === 0 ? 'same bits' : rows}${answers ? `, answers ${answers} off` : ''}`,
    )
    if (exact) one.opened = own
    else own.model.network.dispose()
  }
  checkChunks(checks, bundle, one, chunks)
  const [own, other] = [await exportHere(formats, one.opened, EXACT), await there('exportAll', EXACT)]
  for (const to of formats.EXPORT_FORMATS) checkExport(checks, one, to, own[to], other[to])
  await checkTraining(checks, one, () => there('train'))
  checks.check(
    complaints.length === 0,
    `${name}: nothing asked for elsewhere, no error on the console${complaints.map((words) => `; ${words}`).join('')}`,
  )
  one.opened.model.network.dispose()
  await watched.close()
}

function checkChunks(checks, bundle, { name, format }, chunks) {
  const more = new Set([...chunks].filter((chunk) => !bundle.first.has(chunk)))
  const wanted = bundle.readerOf(format)
  const exact = same([...more].toSorted(), [...wanted].toSorted())
  const foreign = bundle.foreign(more, format)
  const words = foreign.length
    ? `others' modules: ${foreign.join(', ')}`
    : `${[...more].join(', ') || 'none'}`
  checks.check(
    exact && foreign.length === 0,
    `${name}: opening ${format} loads its own chunks and no other: ${words}`,
  )
}

function checkExport(checks, { name, opened }, to, own, other) {
  if (own.refused || other.refused) {
    const words = own.refused === other.refused ? own.refused : `${other.refused}, in Node ${own.refused}`
    checks.check(own.refused === other.refused, `${name} as ${to}: refused in both: ${words}`)
    return
  }
  const files = Object.keys(own.files).join(', ')
  checks.check(same(own.files, other.files), `${name} as ${to}: the same bytes as Node's (${files})`)
  const back = worst(opened.said.answers, other.answers)
  const host = worst(own.rows, other.rows)
  const answers = worst(own.answers, other.answers)
  const fits = back <= TOLERANCE.readBack && host === 0 && answers <= TOLERANCE.answers
  checks.check(
    fits,
    `${name} as ${to}, read back: ${back} off; from Node's ${host === 0 ? 'same bits' : host}`,
  )
}

/** An import learns on, to the same file. */
async function checkTraining(checks, { name, opened }, train) {
  const own = await trainHere(opened)
  const other = await train()
  if (!own) return
  const moved = worst(opened.said.rows, own.learned)
  const off = worst(own.learned, other.learned)
  const fits = moved > 0 && off === 0 && same(own.file, other.file)
  checks.check(fits, `${name}: fine-tuned (moved by ${moved}): ${fits ? "Node's own file" : `${off} off`}`)
}

/** Exports of every cell in the page, run by the engines that people have there. */
async function checkPeers(checks, { browser, url }, groups, from) {
  for (const [peer, method] of [
    ['onnxruntime-web', 'onnx'],
    ['tfjs', 'tfjs'],
  ]) {
    if (!existsSync(folderOf(peer))) {
      checks.skip(`exports in ${peer}: not installed in bench/`)
      continue
    }
    const watched = await Watched.open(browser, `${url}peers`)
    for (const [i, { name, files }] of groups.entries()) {
      const results = await watched.page.evaluate(
        ([m, number, names]) => globalThis.work[m](number, names),
        [method, from + i, [...files.keys()]],
      )
      const numbers = Object.values(results).filter((off) => typeof off === 'number')
      const refused = Object.entries(results).filter(([, off]) => typeof off === 'string')
      const off = Math.max(0, ...numbers)
      const bad = Object.entries(results)
        .filter(([, far]) => !(typeof far === 'string' || far <= TOLERANCE.peers))
        .map(([key, far]) => `${key}: ${far}`)
      const words = refused.length
        ? `, ${refused.length} refused (${[...new Set(refused.map(([, why]) => why))].join('; ')})`
        : ''
      checks.check(
        bad.length === 0 && numbers.length > 0 !== (method === 'tfjs' && LACKED.test(name)),
        `${name} in ${peer}: ${numbers.length} models, at most ${off} off${words}${bad.map((far) => `; ${far}`).join('')}`,
      )
    }
    checks.check(
      watched.complaints.length === 0,
      `${peer}: nothing asked for elsewhere, no error on the console${watched.complaints.join('; ')}`,
    )
    await watched.close()
  }
}

const report = process.argv[2] === '--json' ? process.argv[3] : null
const checks = new Checks()
let server
let browser
try {
  const latch = await import(join(root, 'packages', 'latch', 'dist', 'node.js'))
  const formats = await import(join(root, 'packages', 'latch', 'dist', 'formatsNode.js'))
  const bundle = await Bundle.make()
  for (const line of bundle.sizes()) console.log(line)
  const { cases, missing } = await allCases(latch, formats)
  for (const folder of missing) checks.skip(`${folder}: not beside the clone`)
  const groups = peerCases(latch, formats)
  server = serve(bundle, [...cases, ...groups])
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
  browser = await chromium.launch({ executablePath: findBrowser(), args })
  console.log(`Chromium ${browser.version()}, Node ${process.version}`)
  const place = { formats, bundle, browser, url: `http://127.0.0.1:${server.address().port}/` }
  for (const [number, one] of cases.entries()) {
    await checkCase(checks, place, one, number).catch((error) =>
      checks.check(false, `${one.name}: ${error.stack}`),
    )
  }
  await checkPeers(checks, place, groups, cases.length)
} catch (error) {
  checks.check(false, error.stack ?? String(error))
} finally {
  await browser?.close()
  server?.close()
  server?.closeAllConnections()
}
const { counts } = checks
if (report) writeFileSync(report, JSON.stringify(counts))
console.log(
  `formats in the browser: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
)
process.exitCode = counts.failed ? 1 : 0
