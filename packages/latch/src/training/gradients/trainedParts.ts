/**
 * The part of a network's parameters that a run trains: all but the frozen ones, whose weights keep their bits, and the
 * statistics that forward passes keep. PyTorch names this `requires_grad = False`, Keras `trainable = False`. Gradients of
 * frozen parameters are still computed, since the layers below them need the same pass, and then set to zero.
 */
import { closestName } from '../../core/knownNames.ts'
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import type { Parameter, ParameterInfo } from '../../tensors/parameters.ts'
import type { Places, Visit } from '../../tensors/regions.ts'

export class TrainedParts {
  /** What forward passes keep, and no optimizer changes. */
  readonly statistics: readonly Parameter[]
  /** Names of the layers whose statistics are frozen. */
  frozenStatistics: ReadonlySet<string>
  readonly #network: Network
  /** Ranges of both: first float and the one behind the last in turn, ascending. */
  #frozen: number[] = []

  /**
   * @param frozen names of layers (`embedding.0`; `recurrent`: all of them) or parameters (`embedding.0.weight`)
   * @throws UsageError for a name that the network lacks, a name without parameters, and if nothing is left to train
   */
  constructor(network: Network, frozen: readonly string[] = []) {
    this.#network = network
    const { store, layers } = internalsOf(network)
    this.statistics = layers.flatMap(({ statistics = [] }) => statistics)
    const isFrozen = frozenParameters(network, frozen, this.statistics)
    const frozenLayers = layers.filter(({ statistics }) =>
      statistics?.some((one) => isFrozen[store.all.indexOf(one)]),
    )
    this.frozenStatistics = new Set(frozenLayers.map(({ name }) => name))
    this.#leaveOut((i) => isFrozen[i])
  }

  /** Ends freezing: all parameters are trained from here on. */
  release(): void {
    this.frozenStatistics = new Set()
    this.#leaveOut(() => false)
  }

  #leaveOut(isFrozen: (index: number) => boolean): void {
    const { store } = internalsOf(this.#network)
    this.#frozen = []
    store.all.forEach((parameter, i) => {
      if (isFrozen(i) || this.statistics.includes(parameter))
        this.#frozen.push(parameter.offset, store.all[i + 1]?.offset ?? store.count)
    })
  }

  /** Sets the gradients of the frozen parameters to zero, so that no norm counts them. */
  clearFrozenGradients(): void {
    if (this.#frozen.length === 0) return
    const { engine, store } = internalsOf(this.#network)
    const gradients = engine.memory.viewFloats(store.region('gradients'), store.count)
    for (let i = 0; i < this.#frozen.length; i += 2) gradients.fill(0, this.#frozen[i], this.#frozen[i + 1])
  }

  /** `Regions.walk` without frozen parameters and statistics. */
  walk(places: Places, work: number, visit: Visit): void {
    const { engine, regions } = internalsOf(this.#network)
    if (this.#frozen.length === 0) return regions.walk(places, work, visit)
    const { floatBytes } = engine.memory
    regions.walk(places, work, (kernels, offset, count) => {
      const end = offset / floatBytes + count
      let from = offset / floatBytes
      for (let i = 0; i < this.#frozen.length && from < end; i += 2) {
        const [first, behind] = [this.#frozen[i], this.#frozen[i + 1]]
        if (behind <= from || first >= end) continue
        if (first > from) visit(kernels, from * floatBytes, first - from)
        from = behind
      }
      if (from < end) visit(kernels, from * floatBytes, end - from)
    })
  }
}

/** Of each parameter of the network, whether it is frozen. */
function frozenParameters(
  network: Network,
  frozen: readonly string[],
  statistics: readonly ParameterInfo[],
): boolean[] {
  const names = network.parameters.map(({ name }) => name)
  for (const wanted of frozen) {
    if (names.some((name) => isPartOf(name, wanted))) continue
    const layers = [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))]
    const closest = closestName(wanted, [...layers, ...names])
    throw new UsageError({
      where: 'fit option frozen',
      expected: `names of layers with parameters (${layers.join(', ')}), or of their parameters`,
      got: JSON.stringify(wanted),
      remedy: closest && `Did you mean \`${closest}\`?`,
    })
  }
  const isFrozen = names.map((name) => frozen.some((wanted) => isPartOf(name, wanted)))
  const isLearned = (_: unknown, i: number) => !isFrozen[i] && !statistics.includes(network.parameters[i])
  if (frozen.length > 0 && !names.some(isLearned))
    throw new UsageError({
      where: 'fit option frozen',
      expected: 'at least one parameter to train',
      got: 'all frozen',
    })
  return isFrozen
}

function isPartOf(name: string, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}.`)
}

/** @throws UsageError unless it is a list of names */
export function requireNames(frozen: unknown): void {
  if (Array.isArray(frozen) && frozen.every((name) => typeof name === 'string')) return
  throw new UsageError({ where: 'fit option frozen', expected: 'a list of names', got: describe(frozen) })
}
