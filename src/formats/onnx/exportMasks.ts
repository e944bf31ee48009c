/**
 * Which steps of a padded batch count, as values of an exported graph: made of `lengths` by Range, Less and Equal,
 * each once, when it is first needed. Masks are (time, batch, 1).
 */
import type { ExportGraph } from './exportGraph.ts'

/** Masks of one graph. */
export class StepMasks {
  readonly #graph: ExportGraph
  readonly #made = new Map<string, string>()
  /** int32 (batch). */
  lengths = ''
  #input = ''
  #timeAxis = 0

  constructor(graph: ExportGraph) {
    this.#graph = graph
  }

  /** Declares `lengths`; `input` is a value with time on the axis `timeAxis`. */
  start(input: string, timeAxis: number): void {
    this.lengths = this.#graph.input('lengths', 'int32', ['batch'])
    this.#input = input
    this.#timeAxis = timeAxis
  }

  /** Steps within each length. */
  valid(): string {
    return this.#once('valid', (graph) =>
      graph.node('Unsqueeze', [graph.node('Less', [this.#steps(), this.#row()]), graph.ints([2])]),
    )
  }

  /** Each sequence's last step. */
  last(): string {
    return this.#once('last', (graph) => {
      const lastStep = graph.node('Sub', [this.#row(), graph.int32(1)])
      return graph.node('Unsqueeze', [graph.node('Equal', [this.#steps(), lastStep]), graph.ints([2])])
    })
  }

  /** Lengths as floats, (batch, 1). */
  counts(): string {
    return this.#once('counts', (graph) =>
      graph.node('Unsqueeze', [graph.node('Cast', [this.lengths], { to: 1 }), graph.ints([1])]),
    )
  }

  /** `value` where the mask holds, elsewhere the number. */
  where(mask: string, value: string, other: number): string {
    return this.#graph.node('Where', [mask, value, this.#graph.floats(other)])
  }

  /** 0 … time − 1, (time, 1). */
  #steps(): string {
    return this.#once('steps', (graph) => {
      const time = graph.node('Gather', [graph.node('Shape', [this.#input]), graph.ints(this.#timeAxis)])
      const limit = graph.node('Cast', [time], { to: 6 })
      const steps = graph.node('Range', [graph.int32(0), limit, graph.int32(1)])
      return graph.node('Unsqueeze', [steps, graph.ints([1])])
    })
  }

  /** Lengths, (1, batch). */
  #row(): string {
    return this.#once('row', (graph) => graph.node('Unsqueeze', [this.lengths, graph.ints([0])]))
  }

  #once(key: string, make: (graph: ExportGraph) => string): string {
    const known = this.#made.get(key)
    if (known) return known
    const graph = this.#graph
    const { scope } = graph
    graph.scope = 'steps'
    const value = make(graph)
    graph.scope = scope
    this.#made.set(key, value)
    return value
  }
}
