/** Bundles a page of a few lines that imports the built library by its name, as a user's bundler does. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'packages', 'latch', 'src')

/** The chunks of a page, minified. */
export async function bundlePage(source) {
  const bundle = await rolldown({
    input: 'page',
    platform: 'browser',
    plugins: [
      {
        name: 'page',
        resolveId(id) {
          if (id === 'page') return '\0page'
          return id === 'latch' ? join(dist, 'index.ts') : null
        },
        load: (id) => (id === '\0page' ? source : null),
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'es', minify: true, comments: false })
  return output
}

/** Names of the entry's chunk and of all that it imports at once. */
export function loadedAtOnce(output) {
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]))
  const loaded = new Set()
  const load = (name) => {
    if (loaded.has(name)) return
    loaded.add(name)
    for (const next of chunks.get(name).imports) load(next)
  }
  load(output.find((chunk) => chunk.isEntry).fileName)
  return loaded
}

/** Modules of the library whose code a page carries at once: `layers/dense.js`. */
export function modulesOf(output) {
  const first = loadedAtOnce(output)
  return output
    .filter(({ fileName }) => first.has(fileName))
    .flatMap(({ modules }) => Object.entries(modules))
    .filter(([id, { renderedLength }]) => id.startsWith(dist) && renderedLength > 0)
    .map(([id]) => id.slice(dist.length + 1))
    .sort()
}
