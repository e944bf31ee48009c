/** The studio's server under load: aborted, slow and good requests, files that change, and neither memory nor descriptors grow. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { serveStudio, type StudioServer } from '../../src/studio/server.ts'

const BIG = 4 * 2 ** 20

let pages: string
let server: StudioServer

beforeEach(async () => {
  pages = mkdtempSync(join(tmpdir(), 'latch-pages-'))
  writeFileSync(join(pages, 'index.html'), '<title>page</title>')
  writeFileSync(join(pages, 'big.js'), Buffer.alloc(BIG, 'x'))
  server = await serveStudio(pages, { name: 'm.bin', bytes: Buffer.alloc(BIG) }, null)
})
afterEach(async () => {
  await server.close()
  rmSync(pages, { recursive: true })
})

/** One request on a connection of its own. `most`: bytes after which the browser goes away. Returns all that came. */
function ask(path: string, most = Infinity, pauseMs = 0): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    let length = 0
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`)
    })
    socket.on('data', (part: Buffer) => {
      length += part.length
      if (got.length < 4096) got += part.toString('latin1')
      if (length >= most) socket.destroy()
      else if (pauseMs > 0) {
        socket.pause()
        setTimeout(() => socket.resume(), pauseMs)
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(got.includes('\r\n') ? `${got}#${length}` : ''))
  })
}

const status = (answer: string) => Number(answer.split(' ')[1])
const bodyLength = (answer: string) => Number(answer.split('#').at(-1)) - answer.indexOf('\r\n\r\n') - 4

/** Descriptors of this process; none are counted where the system does not list them. */
function descriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

async function countAtRest(least: number): Promise<number> {
  for (let tries = 0; tries < 50 && descriptors() > least; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return descriptors()
}

it('3,000 mixed requests leave no descriptor behind, and memory stays flat', async () => {
  const kinds = [
    () => ask('/'),
    () => ask('/big.js', 100),
    () => ask('/m.bin'),
    () => ask('/model/m.bin', 100_000),
    () => ask('/big.js', 1),
    () => ask('/big.js', 300_000, 1),
  ]
  const round = async (from: number, count: number) => {
    for (let i = from; i < from + count; i += 30) {
      await Promise.all(Array.from({ length: 30 }, (_, k) => kinds[(i + k) % kinds.length]()))
    }
  }
  const before = descriptors()
  await round(0, 600)
  const warm = process.memoryUsage()
  await round(600, 2400)
  const after = process.memoryUsage()
  expect(await countAtRest(before + 5)).toBeLessThanOrEqual(before + 5)
  expect(after.rss - warm.rss).toBeLessThan(200 * 2 ** 20)
  expect(bodyLength(await ask('/big.js'))).toBe(BIG)
}, 60_000)

it('a file that changes, shrinks or vanishes under load is answered or cut off; the server lives', async () => {
  const end = new AbortController()
  const writer = (async () => {
    for (let i = 0; !end.signal.aborted; i++) {
      rmSync(join(pages, 'x.html'), { force: true })
      await new Promise((resolve) => setImmediate(resolve))
      writeFileSync(join(pages, 'x.html'), Buffer.alloc(i % 2 ? 200_000 : 3, 'y'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const seen = new Set<number>()
  for (let i = 0; i < 40; i++) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/x.html')))
    for (const answer of answers) if (answer) seen.add(status(answer))
  }
  end.abort()
  await writer
  for (const code of seen) expect([200, 404]).toContain(code)
  expect(status(await ask('/'))).toBe(200)
}, 60_000)

it('links to nowhere or in circles, folders, and names that no file has are not found', async () => {
  symlinkSync('/nonexistent', join(pages, 'dangling.html'))
  symlinkSync('circle.html', join(pages, 'circle.html'))
  mkdirSync(join(pages, 'empty'))
  for (const path of ['/dangling.html', '/circle.html', '/empty', '/empty/', `/${'n'.repeat(300)}`, '/a%00b'])
    expect([path, status(await ask(path))]).toEqual([path, 404])
  expect(status(await ask('/'))).toBe(200)
})
