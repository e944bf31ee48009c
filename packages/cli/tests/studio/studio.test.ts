/** `latch studio` as seen by a browser: the pages, the allowed hosts and methods, the headers, and shutdown. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveStudio } from '../../src/studio/server.ts'
import { Workplace, comments, csv, jsonLines } from '../cliHelpers.ts'
import type { Ran } from '../cliHelpers.ts'

const MODEL = 'my 100% model.safetensors'

let place: Workplace

beforeAll(async () => {
  place = new Workplace()
  place.write('train.csv', csv(comments(40)))
  place.write('notes.txt', 'no model\n')
  const small = '--units 4 --embedding 4 --epochs 1 --text comment --label mood'.split(' ')
  const { code, stderr } = await place.latch(['train', 'train.csv', ...small, '--out', MODEL])
  if (code !== 0) throw new Error(stderr)
})
afterAll(() => place.remove())

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

interface Asked {
  host?: string
  method?: string
  headers?: Record<string, string>
}

function ask(port: number, path: string, { host, method, headers }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { port, path, method, host: '127.0.0.1' }
    const asked = request({ ...options, headers: { ...headers, ...(host ? { host } : {}) } }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) })
      })
    })
    asked.on('error', reject).end()
  })
}

interface Started {
  event: string
  url: string
  port: number
}

/** Runs the studio until `visit` is done, then ends it as Ctrl-C does. */
async function visiting(args: string[], visit: (started: Started) => Promise<void>): Promise<Ran> {
  let visited: Promise<void> | undefined
  const ran = await place.latch(['studio', ...args, '--json'], {
    watch(child, stdout) {
      if (visited || !stdout.includes('\n')) return
      visited = visit(JSON.parse(stdout) as Started).finally(() => child.kill('SIGINT'))
      // Awaited below; a failure must not count as unhandled meanwhile.
      visited.catch(() => undefined)
    },
  })
  await visited
  return ran
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const [server, port] = await holdPort()
  await new Promise((resolve) => server.close(resolve))
  return port
}

function holdPort(port = 0): Promise<[Server, number]> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(port, '127.0.0.1', () => resolve([server, (server.address() as AddressInfo).port]))
  })
}

describe('the studio’s server', () => {
  it('serves page and model, isolated from other origins, and ends with 0 at Ctrl-C', async () => {
    const wanted = await freePort()
    const ran = await visiting([MODEL, '--port', String(wanted)], async ({ event, url, port }) => {
      expect(event).toBe('studio')
      expect(port).toBe(wanted)
      expect(url).toBe(`http://127.0.0.1:${port}/#model=model/my%20100%25%20model.safetensors`)
      const page = await ask(port, '/')
      expect(page.status).toBe(200)
      expect(page.headers['content-type']).toMatch(/^text\/html/)
      expect(page.body.toString()).toContain('<title>Latch studio</title>')
      expect(page.headers).toMatchObject({
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      })
      const policy = page.headers['content-security-policy']
      for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "'wasm-unsafe-eval'"]) {
        expect(policy).toContain(rule)
      }
      const model = await ask(port, new URL(new URL(url).hash.slice('#model='.length), url).pathname)
      expect(model.body.equals(readFileSync(place.path(MODEL)))).toBe(true)
      expect(model.headers['cross-origin-resource-policy']).toBe('same-origin')
    })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(jsonLines(ran)).toHaveLength(1)
  })

  it('accepts only its own host names, only GET and HEAD, and only existing paths', async () => {
    const wanted = await freePort()
    const ran = await visiting([MODEL, '--port', String(wanted)], async ({ port }) => {
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        '127.0.0.1:1',
        `127.0.0.1.nip.io:${port}`,
      ]) {
        const { status, body } = await ask(port, '/model/my%20100%25%20model.safetensors', { host })
        expect(status).toBe(403)
        expect(body.toString()).toContain(`Use 127.0.0.1:${port} or localhost:${port}.`)
      }
      expect((await ask(port, '/', { host: `LOCALHOST:${port}` })).status).toBe(200)
      expect((await ask(port, '/', { method: 'POST' })).status).toBe(405)
      const head = await ask(port, '/model/my%20100%25%20model.safetensors', { method: 'HEAD' })
      expect([head.status, head.body.length]).toEqual([200, 0])
      expect((await ask(port, '/%zz')).status).toBe(400)
      for (const path of ['/train.csv', '/model/other', '/../cli/latch.js', '/%2e%2e/cli/latch.js']) {
        const { status, body } = await ask(port, path)
        expect(status).toBe(404)
        expect(body.toString()).not.toContain('import')
      }
      // Invalid ranges do not crash it.
      expect((await ask(port, '/', { headers: { range: 'bytes=9-2' } })).status).toBe(200)
      expect((await ask(port, '/')).status).toBe(200)
    })
    expect(ran.code).toBe(0)
  })

  it('uses the next port if its own is in use, with a note; prints one line', async () => {
    // Another process may hold it already, which works as well.
    const held = await holdPort(5288).catch(() => null)
    let stopped = false
    const { code, stdout, stderr } = await place.latch(['studio'], {
      watch(child) {
        if (!stopped) stopped = child.kill('SIGINT')
      },
    })
    held?.[0].close()
    expect(code).toBe(0)
    const [, port] =
      /^Studio: http:\/\/127\.0\.0\.1:(\d+)\/ {2}\(press Ctrl-C to quit\)\n$/.exec(stdout) ?? []
    expect(Number(port)).toBeGreaterThan(5288)
    expect(stderr).toBe(`note: port 5288 is in use; the studio is served on port ${port}.\n`)
  })
})

describe('an error at the start is reported', () => {
  it.each([
    ['a file that is not a model', ['notes.txt'], 1, /notes\.txt.*: expected .*got /],
    [
      'a missing file',
      ['gone.safetensors'],
      1,
      /gone\.safetensors: expected a readable file, got no such file/,
    ],
    ['an invalid port', ['--port', '0'], 2, /--port: expected a whole number from 1 to 65535, got "0"/],
  ])('%s', async (_, args, exit, words) => {
    const { code, stdout, stderr } = await place.latch(['studio', ...args])
    expect(stderr).toMatch(words)
    expect([code, stdout]).toEqual([exit, ''])
    expect(stderr).not.toMatch(/\n +at /)
  })

  it('a port in use, with a remedy', async () => {
    const [server, port] = await holdPort()
    const { code, stderr } = await place.latch(['studio', '--port', String(port)])
    server.close()
    expect(stderr).toContain(`--port ${port}: expected a free port, got a port in use (EADDRINUSE)`)
    expect(stderr).toContain('omit `--port`')
    expect(code).toBe(2)
  })

  it('missing pages, with a remedy', async () => {
    await expect(serveStudio(place.path('none'), null, null)).rejects.toThrow(
      /studio: expected the built pages in .*none, got no pages\. Run `npm run build`/,
    )
  })
})

it('pages rebuilt while the studio runs are served', async () => {
  const pages = place.path('pages')
  mkdirSync(pages)
  writeFileSync(`${pages}/index.html`, '<title>here</title>')
  writeFileSync(`${pages}/old.js`, '1')
  const server = await serveStudio(pages, null, await freePort())
  expect((await ask(server.port, '/old.js')).body.toString()).toBe('1')
  rmSync(`${pages}/old.js`)
  writeFileSync(`${pages}/new.js`, '2')
  expect((await ask(server.port, '/old.js')).status).toBe(404)
  expect((await ask(server.port, '/new.js')).body.toString()).toBe('2')
  await server.close()
})
