/** Opens and saves model files: chosen, dropped on the page, or by a path of the page's own server. */
import { inspector } from './inspector.svelte.ts'
import { bench, MAX_RUNS, type Run } from './runs.svelte.ts'

const MAX_BYTES = 512 * 2 ** 20

/** Opens bytes in an empty run, else in a new one, else in the current one. */
export async function openBytes(
  bytes: Uint8Array,
  name: string,
  run: Run | null = free(),
  files: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Run> {
  const into = run ?? bench.current
  const fresh = into.info === null
  try {
    await into.open(bytes, name, files)
  } catch (error) {
    // The caller shows the error: a run added for this model is removed again.
    if (fresh && bench.runs.length > 1) bench.remove(into)
    else into.clear()
    throw error
  }
  const { example } = into.info!
  // The model may not be able to read the current input.
  if (example !== null && !(await into.runner.readable(inspector.text))) inspector.text = example
  bench.at = bench.runs.indexOf(into)
  return into
}

function free(): Run | null {
  const empty = bench.runs.find(({ status, info }) => !info && (status === 'empty' || status === 'failed'))
  return empty ?? (bench.runs.length < MAX_RUNS ? bench.add() : null)
}

/**
 * Opens the files of one model: the main file, its shards, its vocabulary or configuration.
 * @throws Error for files that are too large for a page
 */
export async function openFiles(files: readonly File[]): Promise<Run> {
  const size = files.reduce((sum, file) => sum + file.size, 0)
  const main = MAIN.map((kind) => files.find(({ name }) => kind.test(name))).find(Boolean) ?? files[0]
  if (size > MAX_BYTES)
    throw new Error(
      `${main.name} has ${Math.round(size / 2 ** 20)} MB. The studio opens models up to 512 MB.`,
    )
  const read = async (file: File) => new Uint8Array(await file.arrayBuffer())
  const others = files.filter((file) => file !== main)
  const companions = await Promise.all(others.map(async (file) => [file.name, await read(file)] as const))
  return openBytes(await read(main), main.name, free(), new Map(companions))
}

/** Opens a model by its path on this page's server; other servers are never contacted. */
export async function openPath(path: string, run?: Run): Promise<Run> {
  const url = new URL(path, document.baseURI)
  if (url.origin !== location.origin)
    throw new Error(`${path}: the studio opens only models from its own server.`)
  const response = await fetch(url)
  if (!response.ok)
    throw new Error(`${path}: expected a model file, got ${response.status} ${response.statusText}.`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  return openBytes(bytes, decodeURIComponent(url.pathname.split('/').at(-1) ?? path), run)
}

/** Downloads the model of a run. */
export async function saveRun(run: Run): Promise<void> {
  const bytes = await run.runner.save()
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${(run.info?.name ?? 'model').replace(/\.safetensors$/, '')}.safetensors`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Which of several files is the main file: one that names the others, one that holds the model, other JSON, a shard. */
const MAIN = [
  /^(model|manifest)\.json$/i,
  /\.(safetensors|pt|pth|onnx|h5|hdf5|keras)$/i,
  /\.json$/i,
  /\.bin$/i,
]

/** No file extension belongs to both models and tables. */
export function looksLikeModel(file: File): boolean {
  return /\.(safetensors|bin|pt|pth|onnx|h5|hdf5|keras|json)$/i.test(file.name)
}
