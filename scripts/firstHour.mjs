/**
 * The first hour of a newcomer, walked by a script: the README's blocks in order in an empty folder with the packed
 * packages, `npm start` with every command that it names, and the mistakes that newcomers make, whose messages lie
 * in firstHour/mistakes.txt.
 *   node scripts/firstHour.mjs [--only readme|start|mistakes] [--write] [--json FILE]
 * `--write` writes the messages anew, to be read by a person. Needs everything built (node scripts/setup.mjs). Without
 * the npm registry the README is skipped, and counted so.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeFiles, walkMistakes } from './firstHour/mistakes.mjs'
import { compile, newProject, run } from './firstHour/project.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, write: { type: 'boolean' }, json: { type: 'string' } },
})
const folder = mkdtempSync(join(tmpdir(), 'latch-first-hour-'))
const counts = { passed: 0, failed: 0, skipped: 0 }
const latch = join(root, 'packages', 'cli', 'dist', 'latch.js')

async function check(name, action) {
  const begin = performance.now()
  try {
    await action()
    counts.passed++
    console.log(`passed  ${name} (${((performance.now() - begin) / 1000).toFixed(1)} s)`)
  } catch (error) {
    counts.failed++
    console.log(`FAILED  ${name}\n${error.message}`)
  }
}

/** The words of a command line, with quotes around a text. */
const wordsOf = (line) => [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c)

function assertPrinted(text, ...wanted) {
  for (const word of wanted) if (!text.includes(word)) throw new Error(`expected ${word} in:\n${text}`)
}

// ── The README, block by block

/** Code blocks in order: language and text. */
const blocksOf = (page) =>
  [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text], i) => ({ language, text, i }))

/** Whether npm can install what the README names. */
const hasRegistry = () =>
  spawnSync('npm', ['view', 'typescript@5', 'version', '--fetch-retries=1', '--fetch-timeout=20000'])
    .status === 0

async function readme() {
  if (!hasRegistry()) {
    counts.skipped++
    console.log('skipped README: npm does not reach its registry')
    return
  }
  const blocks = blocksOf(readFileSync(join(root, 'README.md'), 'utf8'))
  const project = newProject(root, folder)
  const programs = blocks.filter(({ language }) => language === 'ts')
  const fileOf = ({ i }) => `block${i}.ts`
  for (const block of programs) writeFileSync(join(project, fileOf(block)), block.text)
  const compilers = {
    'TypeScript 6': join(root, 'node_modules', 'typescript', 'bin', 'tsc6'),
    'TypeScript 5': join(project, 'node_modules', 'typescript', 'bin', 'tsc'),
  }
  for (const [version, compiler] of Object.entries(compilers))
    for (const [resolution, module] of [
      ['bundler', 'ESNext'],
      ['nodenext', 'NodeNext'],
    ])
      await check(`README compiles under the strictest settings: ${version}, ${resolution}`, () =>
        compile(project, compiler, programs.map(fileOf), resolution, module),
      )
  for (const block of blocks) await runBlock(project, block)
}

async function runBlock(project, { language, text, i }) {
  if (language === 'ts')
    await check(`README block ${i} runs`, () => {
      const printed = run(project, process.execPath, [`block${i}.js`])
      const lines = text.split('console.log').length - 1
      if (printed.split('\n').length - 1 < lines)
        throw new Error(`expected ${lines} lines or more, got\n${printed}`)
      const loss = /^\d+(\.\d+)?(e-\d+)?$/m.exec(printed)
      if (loss && !(Number(loss[0]) < 0.01)) throw new Error(`expected a loss below 0.01, got ${loss[0]}`)
    })
  if (language === 'html')
    await check(`README block ${i}: the page’s program runs`, () => runPage(project, text))
  if (language !== 'sh') return
  for (const line of text.split('\n').filter((one) => one.startsWith('npx latch ')))
    await check(line, () => {
      const printed = run(project, 'npx', ['--no', '--', ...wordsOf(line).slice(1)])
      if (printed.length < 10) throw new Error(`expected more than: ${printed}`)
    })
}

/** The module script of a page, with the files that a browser would load. */
function runPage(project, html) {
  const [, imports] = /<script type="importmap">([^]*?)<\/script>/.exec(html)
  const version = JSON.parse(readFileSync(join(root, 'packages', 'latch', 'package.json'), 'utf8')).version
  for (const url of Object.values(JSON.parse(imports).imports)) {
    const path = url.split(`/latch@${version}/`)[1]
    if (path === undefined || !existsSync(join(project, 'node_modules', 'latch', path)))
      throw new Error(`expected a file of latch ${version}, got ${url}`)
  }
  const [, program] = /<script type="module">([^]*?)<\/script>/.exec(html)
  const page = `const document = { body: {} }\n${program}\nconsole.log(document.body.textContent)\n`
  writeFileSync(join(project, 'page.mjs'), page)
  const printed = run(project, process.execPath, ['--conditions=browser', 'page.mjs'])
  assertPrinted(printed, 'negative')
}

// ── npm start, and every command that it names

async function start() {
  let printed = ''
  await check('npm start', () => {
    printed = run(root, 'npm', ['start', '--silent'])
    const [, time] = /^Done in (.+)\.$/m.exec(printed) ?? []
    if (!time) throw new Error(`expected “Done in …”, got\n${printed}`)
    console.log(`        its own work took ${time}`)
  })
  const commands = [...printed.matchAll(/^ {2}(np[mx] .*)$/gm)].map(([, line]) => line)
  await check('npm start names commands', () => {
    if (commands.length < 6) throw new Error(`expected six commands or more, got ${commands.length}`)
  })
  const place = join(folder, 'clone')
  mkdirSync(place)
  const rows = Array.from({ length: 200 }, (_, i) =>
    i % 2 ? `not good ${i % 9},low` : `very good ${i % 9},high`,
  )
  writeFileSync(join(place, 'your.csv'), ['comment,rating', ...rows, ''].join('\n'))
  for (const line of commands) await check(line, () => runNamed(line, place, printed))
  const model = /models\/\S+\.safetensors/.exec(printed)?.[0] ?? ''
  await check('latch inspect --html', () => {
    const page = join(place, 'page.html')
    run(root, process.execPath, [latch, 'inspect', join(root, model), 'Guten Morgen!', '--html', page])
    assertPrinted(readFileSync(page, 'utf8'), 'Guten Morgen!')
  })
}

/** Runs a command as the user would; data of the user's own lies in `place`. */
async function runNamed(line, place, printed) {
  const words = wordsOf(line)
  if (line.startsWith('npm run studio')) return serve(words.slice(words.indexOf('--') + 1))
  const isOwn = line.includes('your.csv')
  const out = line.includes('latch train') ? ['--out', join(place, 'own.safetensors')] : []
  const text = run(isOwn ? place : root, process.execPath, [latch, ...words.slice(2), ...out])
  if (text.length < 10) throw new Error(`expected more than: ${text}`)
  // What `npm start` suggests is named right, by the language that it learned under that name.
  if (line.includes('latch predict')) assertPrinted(text, suggestedLanguage(words.at(-1), printed))
}

const LANGUAGES = { Was: 'German', What: 'English', Ich: 'German', Wczoraj: 'Polish' }
const suggestedLanguage = (text) => LANGUAGES[text.split(' ')[0]] ?? 'a language that this script knows'

/** The studio answers with its page and with the model. */
async function serve(args) {
  const studio = spawn('npm', ['run', '--silent', 'studio', '--', ...args, '--no-open'], {
    cwd: root,
    detached: true,
  })
  try {
    const url = await new Promise((resolve, reject) => {
      let text = ''
      studio.stdout.on('data', (part) => {
        text += part
        const found = /http:\/\/[\d.]+:\d+\/\S*/.exec(text)
        if (found) resolve(found[0])
      })
      studio.on('exit', (code) => reject(new Error(`the studio ended with exit code ${code}\n${text}`)))
      setTimeout(() => reject(new Error(`the studio did not answer\n${text}`)), 90_000).unref()
    })
    for (const address of [url, new URL(new URL(url).hash.replace('#model=', ''), url)]) {
      const { ok, status } = await fetch(address)
      if (!ok) throw new Error(`${address}: ${status}`)
    }
  } finally {
    // The group: npm does not pass the signal on to what it started.
    process.kill(-studio.pid, 'SIGINT')
  }
}

// ── Mistakes

async function mistakes() {
  const place = join(folder, 'mistakes')
  mkdirSync(place)
  const golden = fileURLToPath(new URL('firstHour/mistakes.txt', import.meta.url))
  await check('the mistakes’ exit codes and messages', () => {
    makeFiles(place, latch)
    const { text, wrong } = walkMistakes(place, latch)
    if (flags.write) writeFileSync(golden, text)
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
    if (text === readFileSync(golden, 'utf8')) return
    writeFileSync(join(folder, 'mistakes.txt'), text)
    const { stdout } = spawnSync('diff', ['-u', golden, join(folder, 'mistakes.txt')], { encoding: 'utf8' })
    throw new Error(`The messages differ from the golden file; read them, then run with --write.\n${stdout}`)
  })
}

const PARTS = { readme, start, mistakes }
try {
  if (flags.only !== undefined && !(flags.only in PARTS))
    throw new Error(`--only: expected ${Object.keys(PARTS)}`)
  for (const [name, walk] of Object.entries(PARTS))
    if (flags.only === undefined || flags.only === name) await walk()
} catch (error) {
  counts.failed++
  console.log(`FAILED  ${error.message}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
if (flags.json) writeFileSync(flags.json, JSON.stringify(counts))
process.exitCode = counts.failed > 0 ? 1 : 0
