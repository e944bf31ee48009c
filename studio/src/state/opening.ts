/** Model files: from a disk, dropped on the page, from the server's own path; each into a run of the bench. */
import { bench, MOST_RUNS, type Run } from './runs.svelte.ts'

/** The models that the studio brings along. */
export const READY = [
  { path: 'models/comments-rnn.safetensors', name: 'RNN', of: 'comments' },
  { path: 'models/comments-lstm.safetensors', name: 'LSTM', of: 'comments' },
  { path: 'models/comments-gru.safetensors', name: 'GRU', of: 'comments' },
  { path: 'models/facts-rnn.safetensors', name: 'RNN', of: 'facts' },
  { path: 'models/facts-lstm.safetensors', name: 'LSTM', of: 'facts' },
  { path: 'models/facts-gru.safetensors', name: 'GRU', of: 'facts' },
] as const

const MOST_BYTES = 512 * 2 ** 20

/** Opens bytes in a run that is empty, else in a new one, else in the current one. */
export async function openBytes(bytes: Uint8Array, name: string, run: Run | null = free()): Promise<Run> {
  const into = run ?? bench.current
  await into.open(bytes, name)
  bench.at = bench.runs.indexOf(into)
  return into
}

function free(): Run | null {
  const empty = bench.runs.find(({ status, facts }) => !facts && (status === 'empty' || status === 'failed'))
  return empty ?? (bench.runs.length < MOST_RUNS ? bench.add() : null)
}

/** @throws Error in words for a file that is too large to open in a page */
export async function openFile(file: File): Promise<Run> {
  if (file.size > MOST_BYTES)
    throw new Error(
      `${file.name} has ${Math.round(file.size / 2 ** 20)} MB; a page opens models up to 512 MB.`,
    )
  return openBytes(new Uint8Array(await file.arrayBuffer()), file.name)
}

/** Opens a model by a path below this page; no other place is ever asked. */
export async function openPath(path: string, run?: Run): Promise<Run> {
  const url = new URL(path, document.baseURI)
  if (url.origin !== location.origin)
    throw new Error(`${path}: only models of this page's own server are opened.`)
  const response = await fetch(url)
  if (!response.ok)
    throw new Error(`${path}: expected a model file, got ${response.status} ${response.statusText}.`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  return openBytes(bytes, decodeURIComponent(url.pathname.split('/').at(-1) ?? path), run)
}

/** Gives the current model to the reader as a file. */
export async function saveRun(run: Run): Promise<void> {
  const bytes = await run.runner.save()
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${(run.facts?.name ?? 'model').replace(/\.safetensors$/, '')}.safetensors`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** A model file begins with the length of a JSON header; a table does not. */
export function looksLikeModel(file: File): boolean {
  return /\.(safetensors|bin|pt|onnx|h5|keras)$/i.test(file.name)
}
