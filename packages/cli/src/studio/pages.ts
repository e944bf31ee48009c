/**
 * Files of a folder over HTTP. A file is opened before its answer begins, so that each fault has a status; its
 * descriptor closes with the answer or the connection, whichever ends first.
 */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, normalize, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Types by the end of the name; others are served as bytes. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html;charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain;charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
}

/** Answers with a short text. */
export function sendError(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${message}\n`)
}

/** Answers with the file at `path`, which begins with `/`; a folder's is its `index.html`. Never throws. */
export async function sendPage(
  folder: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const found = await openPage(resolve(folder), path)
    if (found === null) return sendError(response, 404, 'Not found.')
    try {
      await send(found, request, response)
    } finally {
      await found.file.close()
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'no code'
    const busy = code === 'EMFILE' || code === 'ENFILE'
    sendError(response, busy ? 503 : 500, `The file cannot be read (${code}).`)
    // An answer that began cannot become an error: the browser sees that it is cut off.
    if (response.headersSent && !response.writableEnded) request.socket.destroy()
  }
}

interface OpenPage {
  file: FileHandle
  name: string
  size: number
  modified: Date
}

async function openPage(folder: string, path: string): Promise<OpenPage | null> {
  for (const name of path.endsWith('/') ? [`${path}index.html`] : [path, `${path}/index.html`]) {
    const at = normalize(join(folder, name))
    if (!at.startsWith(folder + sep)) return null
    const found = await openFile(at)
    if (found) return found
  }
  return null
}

const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']

/** Null where there is no regular file. */
async function openFile(at: string): Promise<OpenPage | null> {
  let file: FileHandle | null = null
  try {
    // Opening a pipe would otherwise wait for its writer.
    file = await open(at, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const status = await file.stat()
    if (status.isFile()) return { file, name: at, size: status.size, modified: status.mtime }
    await file.close()
    return null
  } catch (error) {
    await file?.close()
    if (ABSENT.includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

async function send(
  { file, name, size, modified }: OpenPage,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (response.destroyed) return
  const tag = `W/"${size}-${modified.getTime()}"`
  response.setHeader('ETag', tag)
  response.setHeader('Cache-Control', 'no-cache')
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304).end()
    return
  }
  response.writeHead(200, {
    'Content-Length': size,
    'Content-Type': TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream',
    'Last-Modified': modified.toUTCString(),
  })
  if (request.method === 'HEAD' || size === 0) {
    response.end()
    return
  }
  const stream = file.createReadStream({ start: 0, end: size - 1 })
  await pipeline(stream, response, { end: false })
  // A file that became shorter would leave the browser waiting for the rest.
  if (stream.bytesRead === size) response.end()
  else request.socket.destroy()
}
