/**
 * Finds the order of the modules. A state_dict does not store it, so widths and the numbers in the names decide: the
 * output of a module must fit the input of the next, and `fc.0` comes before `fc.2`. If several orders remain, none is
 * guessed: the error shows two of them, and `config.order` decides.
 */
import { readInOrder, readPrefix } from '../../fixes.ts'
import type { LayerOptions } from '../../../model/config.ts'
import { FormatError } from '../../../core/errors.ts'
import { quoted } from '../../safetensors/header.ts'
import type { EmbeddingModule, LinearModule, TorchModule } from './modules.ts'

const MAX_TRIES = 20_000
const MAX_FOUND = 8
const MAX_MODULES = 200
const MAX_SHOWN = 12

/** The modules in execution order. @throws FormatError if widths and names allow no order, or several */
export function orderModules(modules: readonly TorchModule[], source: string): TorchModule[] {
  const search = new Search(modules)
  search.run()
  const { found } = search
  if (found.length === 1 && !search.tooMany) return found[0]
  const first = found.length > 0 ? found[0].map(({ path }) => path) : undefined
  throw new FormatError({
    where: `${source}, order of the modules`,
    expected: 'one order in which widths fit',
    got: found.length > 0 ? severalText(found) : `none for ${shown(modules.map(widthText))}`,
    fix: [readInOrder(first), ...findPrefixes(modules).map(readPrefix)],
  })
}

function severalText(found: readonly TorchModule[][]): string {
  const some = found.slice(0, 2).map(chainText)
  return `at least ${some.length}: ${some.join(', or ')}`
}

/** The only order in which widths fit; null if there is none, or more than one. */
export function findOnlyOrder(modules: readonly TorchModule[]): string[] | null {
  const search = new Search(modules)
  search.run()
  const only = search.found.length === 1 && !search.tooMany ? search.found[0] : null
  return only && only.map(({ path }) => path)
}

/** Prefixes that select a single recurrent module. */
export function findPrefixes(modules: readonly TorchModule[]): string[] {
  const recurrent = modules.filter(({ kind, path }) => kind === 'recurrent' && path)
  return recurrent.slice(0, 4).map(({ path }) => `${path}.`)
}

/** The modules that `order` names, in that order; all others are omitted. Widths are checked if `layers` is null. */
export function pickModules(
  modules: readonly TorchModule[],
  order: readonly string[],
  source: string,
  layers: readonly LayerOptions[] | null,
): TorchModule[] {
  const where = `${source}, configuration.order`
  const chain = order.map((path) => {
    const module = modules.find((m) => m.path === path)
    if (module) return module
    const expected = `names of modules (${shown(modules.map((m) => quoted(m.path)))})`
    throw new FormatError({ where, expected, got: quoted(path) })
  })
  const [first, next] = chain
  if (mayBeTable(first)) {
    const table = layers ? layers[0].type === 'embedding' : !next || first.input === getInput(next)
    if (table) chain[0] = asTable(first)
  }
  if (layers) return chain
  chain.forEach((module, i) => {
    if (i === 0 || getInput(module) === chain[i - 1].output) return
    const expected = `an input of ${chain[i - 1].output} after ${quoted(chain[i - 1].path)}`
    throw new FormatError({ where, expected, got: widthText(module) })
  })
  return chain
}

/** Searches for orders depth-first, with a limit on the number of tries. */
class Search {
  readonly found: TorchModule[][] = []
  tooMany = false
  readonly #modules: readonly TorchModule[]
  readonly #used = new Set<TorchModule>()
  readonly #chain: TorchModule[] = []
  /** For each module, the modules that come before it by the numbers in their names. */
  readonly #earlier = new Map<TorchModule, TorchModule[]>()
  #tries = 0

  constructor(modules: readonly TorchModule[]) {
    this.#modules = modules
  }

  run(): void {
    if (this.#modules.length > MAX_MODULES) {
      this.tooMany = true
      return
    }
    const parts = this.#modules.map(({ path }) => path.match(/\d+|\D+/g) ?? [])
    this.#modules.forEach((module, i) =>
      this.#earlier.set(
        module,
        this.#modules.filter((_, k) => k !== i && numberedBefore(parts[k], parts[i])),
      ),
    )
    const named = this.#modules.filter((m) => mayBeTable(m) && /emb/i.test(m.path))
    const tables = named.length > 0 ? named : this.#modules.filter(mayBeTable)
    for (const module of tables) this.#step(module, asTable(module as LinearModule))
    if (named.length === 0) for (const module of this.#modules) this.#step(module, module)
  }

  #step(module: TorchModule, as: TorchModule): void {
    if (++this.#tries > MAX_TRIES || this.found.length >= MAX_FOUND) {
      this.tooMany = true
      return
    }
    if (this.#earlier.get(module)!.some((m) => !this.#used.has(m))) return
    this.#used.add(module)
    this.#chain.push(as)
    if (this.#chain.length === this.#modules.length) this.found.push([...this.#chain])
    for (const next of this.#modules) {
      if (!this.#used.has(next) && getInput(next) === as.output) this.#step(next, next)
    }
    this.#chain.pop()
    this.#used.delete(module)
  }
}

function mayBeTable(module: TorchModule): module is LinearModule {
  return module.kind === 'linear' && module.bias === null
}

function asTable({ path, input, output, weight }: LinearModule): EmbeddingModule {
  return { kind: 'embedding', path, vocabulary: output, output: input, weight }
}

function getInput(module: TorchModule): number {
  return module.kind === 'embedding' ? -1 : module.input
}

/**
 * Whether x comes before y: `layers.0.norm` before `layers.1.lstm`, `fc` before `fc2`. The first number that differs
 * decides.
 */
function numberedBefore(x: readonly string[], y: readonly string[]): boolean {
  const at = x.findIndex((part, i) => part !== y[i])
  if (at < 0) return /^\d/.test(y[x.length] ?? '')
  if (at >= y.length) return false
  const [left, right] = [Number(x[at]), Number(y[at])]
  return left < right
}

function chainText(chain: readonly TorchModule[]): string {
  const words = chain.map(({ path, kind }) => (kind === 'embedding' ? `${path} (table)` : path))
  return words.length > MAX_SHOWN ? `${words.slice(0, MAX_SHOWN).join(' → ')} …` : words.join(' → ')
}

function shown(words: readonly string[]): string {
  return words.length > MAX_SHOWN ? `${words.slice(0, MAX_SHOWN).join(', ')} …` : words.join(', ')
}

/** Describes the widths of a module: `"fc" 128 → 10`. */
export function widthText(module: TorchModule): string {
  const from = module.kind === 'embedding' ? `ids below ${module.vocabulary}` : `${module.input}`
  return `${quoted(module.path)} ${from} → ${module.output}`
}
