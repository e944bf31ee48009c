/**
 * The studio's server: the built pages and at most one model, for browsers on this machine. It listens on 127.0.0.1,
 * accepts only that host name (against DNS rebinding), and keeps pages of other origins from reading, framing or
 * scripting what it serves. Cross-origin isolation also gives the page shared memory.
 */
import { existsSync } from 'node:fs'
import type * as Http from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DataError, UsageError } from 'latch'
import { sendError, sendPage } from './pages.ts'

/**
 * Node 22 compiles WebAssembly for `fetch` when an import lists what this module exports, and ends every command with an
 * error where virtual memory is limited. `require` lists nothing.
 */
const { createServer } = createRequire(import.meta.url)('node:http') as typeof Http

/** The default port; if it is in use, the next free one of `PORTS_TRIED`. */
export const FIRST_PORT = 5288
const PORTS_TRIED = 20
const HOST = '127.0.0.1'
/** Connections at once; each takes up to two descriptors, of which a process often has 1024. */
const MOST_CONNECTIONS = 256
/** After this time without a byte, a connection closes. */
const IDLE_MS = 120_000

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
  /** The contents when the model was opened; later changes of the file have no effect. */
  bytes: Uint8Array
}

export interface StudioServer {
  url: string
  port: number
  /** Closes the server and all connections. */
  close(): Promise<void>
}

/** The address of a model, relative to the page. */
export function modelPath(name: string): string {
  return `model/${encodeURIComponent(name)}`
}

/**
 * Starts the server.
 * @param pages folder with the built studio
 * @param port null: `FIRST_PORT` or the next free one
 * @throws DataError where the pages are missing; UsageError where the port is in use
 */
export async function serveStudio(
  pages: string,
  model: ServedModel | null,
  port: number | null,
): Promise<StudioServer> {
  checkPages(pages)
  const server = createServer()
  server.maxConnections = MOST_CONNECTIONS
  server.setTimeout(IDLE_MS)
  const taken = await listenOn(server, port)
  server.on('request', handler(pages, model, taken))
  const hash = model === null ? '' : `#model=${modelPath(model.name)}`
  return { url: `http://${HOST}:${taken}/${hash}`, port: taken, close: () => closed(server) }
}

function checkPages(pages: string): void {
  if (existsSync(join(pages, 'index.html'))) return
  throw new DataError({
    where: 'studio',
    expected: `the built pages in ${pages}`,
    got: 'no pages',
    remedy: 'Run `npm run build` in the clone first; an installed package contains them.',
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
  if (port !== null) throw portError(port, 'a port in use (EADDRINUSE)')
  throw new UsageError({
    where: 'studio',
    expected: `a free port from ${first} to ${last}`,
    got: 'all ports in use',
    remedy: 'Choose another port with `--port`, or quit other studios.',
  })
}

function portError(port: number, got: string): UsageError {
  const remedy = 'Choose another port, or omit `--port` to use a free one.'
  return new UsageError({ where: `--port ${port}`, expected: 'a free port', got, remedy })
}

/** Null once the server listens, else the system's error code. */
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

type Handler = (request: IncomingMessage, response: ServerResponse) => void

function handler(pages: string, model: ServedModel | null, port: number): Handler {
  const names = [`${HOST}:${port}`, `localhost:${port}`, ...(port === 80 ? [HOST, 'localhost'] : [])]
  return (request, response) => {
    // A connection that breaks ends its answer, and nothing else.
    response.on('error', () => undefined)
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const host = request.headers.host?.toLowerCase() ?? ''
    if (!names.includes(host)) {
      return sendError(response, 403, `Invalid Host header. Use ${names[0]} or ${names[1]}.`)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      return sendError(response, 405, 'Only GET and HEAD are allowed.')
    }
    const path = parsePath(request)
    if (path === null) return sendError(response, 400, 'The address is malformed.')
    if (model !== null && path === `/model/${model.name}`) return sendModel(request, response, model.bytes)
    // Looked up at each request: the pages may be rebuilt meanwhile. Ranges are not supported.
    void sendPage(pages, path, request, response)
  }
}

function parsePath({ url = '/' }: IncomingMessage): string | null {
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
