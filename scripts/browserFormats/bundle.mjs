/** The entry point `latch/formats` bundled as a page would have it: which chunks there are, and what loads them. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** What each format's reader may bring along: folders of src/formats, packages. */
const OWN = {
  latch: { folders: [], packages: [] },
  torch: { folders: ['torch'], packages: [] },
  tensorflow1: { folders: ['tensorflow1'], packages: [] },
  onnx: { folders: ['onnx'], packages: ['@bufbuild/protobuf'] },
  keras: { folders: ['keras'], packages: ['fflate'] },
  // The topology is Keras' own configuration.
  tfjs: { folders: ['tfjs', 'keras'], packages: [] },
}

/** What readers of several formats share. */
const SHARED = ['latch', 'safetensors']

/** The bundle's chunks by file name. */
export class Bundle {
  static async make() {
    const input = { formats: join(root, 'packages', 'latch', 'dist', 'formats.js') }
    const bundle = await rolldown({ input, platform: 'browser' })
    const { output } = await bundle.generate({ format: 'es', minify: true, comments: false })
    return new Bundle(output)
  }

  constructor(output) {
    this.chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]))
    this.entry = output.find(({ isEntry }) => isEntry)
  }

  /** A chunk and all that it imports at once. */
  loadedWith(name, loaded = new Set()) {
    if (loaded.has(name)) return loaded
    loaded.add(name)
    for (const next of this.chunks.get(name).imports) this.loadedWith(next, loaded)
    return loaded
  }

  /** The static part of the entry point. */
  get first() {
    return this.loadedWith(this.entry.fileName)
  }

  /** Chunks that a format's reader needs beyond the entry point. */
  readerOf(format) {
    // The static part opens Latch's own files.
    if (format === 'latch') return new Set()
    const file = `${format}/index.js`
    const reader = [...this.chunks.values()].find(({ modules }) =>
      Object.keys(modules).some((id) => id.endsWith(`/formats/${file}`)),
    )
    const { first } = this
    return new Set([...this.loadedWith(reader.fileName)].filter((name) => !first.has(name)))
  }

  /** Modules in chunks that are another format's own, or a package's that this format does not need. */
  foreign(names, format) {
    const { folders, packages } = OWN[format]
    const modules = [...names].flatMap((name) => Object.keys(this.chunks.get(name)?.modules ?? {}))
    return modules.filter((id) => {
      const [, folder] = /\/latch\/dist\/formats\/([^/]+)\//.exec(id) ?? []
      const [, owner] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id) ?? []
      return (folder && ![...SHARED, ...folders].includes(folder)) || (owner && !packages.includes(owner))
    })
  }

  bytes(names) {
    return [...names].reduce(
      (sum, name) => sum + gzipSync(this.chunks.get(name).code, { level: 9 }).length,
      0,
    )
  }

  /** Sizes as text, one per line. */
  sizes() {
    const line = (words, names) => `${words}: ${this.bytes(names).toLocaleString('en')} bytes gzipped`
    const { first } = this
    const later = [...this.chunks.keys()].filter((name) => !first.has(name))
    return [
      line(`latch/formats, static part (${first.size} chunks)`, first),
      ...Object.keys(OWN).map((format) => line(`more for opening ${format}`, this.readerOf(format))),
      ...later.map((name) => line(`  later: ${name}`, [name])),
    ]
  }
}
