/** Model files: from a disk, dropped on the page, from the server's own path; each into a run of the bench. */
import { looking } from './looking.svelte.ts'
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
export async function openBytes(
  bytes: Uint8Array,
  name: string,
  run: Run | null = free(),
  files: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Run> {
  const into = run ?? bench.current
  const fresh = into.facts === null
  try {
    await into.open(bytes, name, files)
  } catch (error) {
    // Whoever asked says why: a place made for this model goes again.
    if (fresh && bench.runs.length > 1) bench.remove(into)
    else into.clear()
    throw error
  }
  const { example } = into.facts!
  // What stands there may be no input of this model.
  if (example !== null && !(await into.runner.readable(looking.text))) looking.text = example
  bench.at = bench.runs.indexOf(into)
  return into
}

function free(): Run | null {
  const empty = bench.runs.find(({ status, facts }) => !facts && (status === 'empty' || status === 'failed'))
  return empty ?? (bench.runs.length < MOST_RUNS ? bench.add() : null)
}

/**
 * Opens a model's files, given together: the one that names the others, its shards, its vocabulary or
 * configuration.
 * @throws Error in words for files that are too large to open in a page
 */
export async function openFiles(files: readonly File[]): Promise<Run> {
  const size = files.reduce((sum, file) => sum + file.size, 0)
  const main = MAIN.map((kind) => files.find(({ name }) => kind.test(name))).find(Boolean) ?? files[0]
  if (size > MOST_BYTES)
    throw new Error(`${main.name} has ${Math.round(size / 2 ** 20)} MB; a page opens models up to 512 MB.`)
  const read = async (file: File) => new Uint8Array(await file.arrayBuffer())
  const others = files.filter((file) => file !== main)
  const beside = await Promise.all(others.map(async (file) => [file.name, await read(file)] as const))
  return openBytes(await read(main), main.name, free(), new Map(beside))
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

/** Which of several files is the model: one that names the others, one that holds it, other JSON, a shard. */
const MAIN = [
  /^(model|manifest)\.json$/i,
  /\.(safetensors|pt|pth|onnx|h5|hdf5|keras)$/i,
  /\.json$/i,
  /\.bin$/i,
]

/** Models and tables share no ending. */
export function looksLikeModel(file: File): boolean {
  return /\.(safetensors|bin|pt|pth|onnx|h5|hdf5|keras|json)$/i.test(file.name)
}
