/**
 * The studio's server: the built pages and at most one model, to this machine's own browser alone. It
 * listens on 127.0.0.1, answers only to that name (DNS rebinding brings others), and lets no page of
 * another origin read, frame or script what it serves; isolation also gives the page shared memory.
 */
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import sirv from 'sirv'
import { DataError, UsageError } from 'latch'

/** Taken unless another is named; where it is busy, the next free one of so many. */
export const FIRST_PORT = 5288
const PORTS_TRIED = 20
const HOST = '127.0.0.1'

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

export interface ServedModel {
  /** The file's name without its folders. */
  name: string
  /** As they were when they were checked, whatever happens to the file later. */
  bytes: Uint8Array
}

export interface StudioServer {
  url: string
  port: number
  /** Ends it with all its connections. */
  close(): Promise<void>
}

/** The folder of the built pages: the package latch-studio. */
export function studioPages(): string {
  return join(dirname(createRequire(import.meta.url).resolve('latch-studio/package.json')), 'dist')
}

/** Where the page finds a model: relative to it, encoded once. */
export function modelPath(name: string): string {
  return `model/${encodeURIComponent(name)}`
}

/**
 * Starts the server.
 * @param pages folder with the built studio
 * @param port null: `FIRST_PORT` or the next free one
 * @throws DataError where the pages are not there; UsageError where the port is taken
 */
export async function serveStudio(
  pages: string,
  model: ServedModel | null,
  port: number | null,
): Promise<StudioServer> {
  checkPages(pages)
  const server = createServer()
  const taken = await listenOn(server, port)
  server.on('request', answerer(pages, model, taken))
  const hash = model === null ? '' : `#model=${modelPath(model.name)}`
  return { url: `http://${HOST}:${taken}/${hash}`, port: taken, close: () => closed(server) }
}

function checkPages(pages: string): void {
  if (existsSync(join(pages, 'index.html'))) return
  throw new DataError({
    where: 'studio',
    expected: `its pages in ${pages}`,
    got: 'none',
    remedy: 'Run `npm run build` in the clone first; an installed package has them.',
  })
}

async function listenOn(server: Server, port: number | null): Promise<number> {
  const first = port ?? FIRST_PORT
  const last = port === null ? first + PORTS_TRIED - 1 : first
  for (let candidate = first; candidate <= last; candidate++) {
    const code = await tryPort(server, candidate)
    if (code === null) return candidate
    if (code === 'EADDRINUSE') continue
    const got = code === 'EACCES' ? 'no permission to use it (EACCES)' : `a system error (${code})`
    throw portError(candidate, got)
  }
  if (port !== null) throw portError(port, 'one that is taken (EADDRINUSE)')
  throw new UsageError({
    where: 'studio',
    expected: `a free port from ${first} to ${last}`,
    got: 'none: all are taken',
    remedy: 'Name another with --port, or end the studios that run.',
  })
}

function portError(port: number, got: string): UsageError {
  const remedy = 'Name another, or leave --port out: then a free one is chosen.'
  return new UsageError({ where: `--port ${port}`, expected: 'a free port', got, remedy })
}

/** Null where the server listens now, else the system's word for why not. */
function tryPort(server: Server, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message)
    server.once('error', failed)
    server.listen(port, HOST, () => {
      server.off('error', failed)
      resolve(null)
    })
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

function answerer(pages: string, model: ServedModel | null, port: number): Answer {
  // Looked up at each request: the pages may be built anew while this runs.
  const files = sirv(pages, { dev: true, etag: true })
  const names = [`${HOST}:${port}`, `localhost:${port}`, ...(port === 80 ? [HOST, 'localhost'] : [])]
  return (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const host = request.headers.host?.toLowerCase() ?? ''
    if (!names.includes(host)) {
      return refuse(response, 403, `This server answers to ${names[0]} and ${names[1]} alone.`)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return refuse(response, 405, 'Nothing can be sent here; only GET and HEAD are answered.')
    }
    const path = pathOf(request)
    if (path === null) return refuse(response, 400, 'The address is not well-formed.')
    if (model !== null && path === `/model/${model.name}`) return sendModel(request, response, model.bytes)
    // Nothing here is worth resuming, and a nonsensical range would end the server.
    delete request.headers.range
    return files(request, response, () => refuse(response, 404, 'There is nothing at this address.'))
  }
}

function pathOf({ url = '/' }: IncomingMessage): string | null {
  try {
    return decodeURIComponent(url.replace(/[?#].*$/s, ''))
  } catch {
    return null
  }
}

function sendModel(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

function refuse(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${words}\n`)
}
