/**
 * Which steps of a padded batch count, as values of an exported graph: made of `lengths` by Range, Less and Equal,
 * each once, when it is first needed. Masks are (time, batch, 1). Masked steps within a sequence, which ONNX'
 * recurrent operators do not know, are moved out of their way by products with selections of 0 and 1.
 */
import type { ExportGraph } from './graph.ts'

/** Masks of one graph. */
export class StepMasks {
  readonly #graph: ExportGraph
  readonly #made = new Map<string, string>()
  /** int32 (batch). */
  lengths = ''
  #input = ''
  #timeAxis = 0
  /** Steps within the lengths that count, bool (time, batch); null: all do. */
  #counted: string | null = null

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

  /** Says which steps count, besides the lengths: bool (time, batch). */
  mask(steps: string): void {
    this.#counted = this.#once('counted', (graph) =>
      graph.node('And', [steps, graph.node('Less', [this.#steps(), this.#row()])]),
    )
  }

  get masked(): boolean {
    return this.#counted !== null
  }

  /** Steps that count, (time, batch, 1): without masks those within the lengths. */
  counting(): string {
    const counted = this.#counted
    if (!counted) return this.valid()
    return this.#once('counting', (graph) => graph.node('Unsqueeze', [counted, graph.ints([2])]))
  }

  /** How many steps of each sequence count, at least 1, as `sequence_lens` take them. */
  sequenceLengths(): string {
    if (!this.#counted) return this.lengths
    return this.#once('sequence lengths', (graph) =>
      graph.node('Cast', [graph.node('Max', [this.#count(), graph.floats(1)])], { to: 6 }),
    )
  }

  /** (time, batch, width) with the steps that count first. */
  compact(value: string): string {
    if (!this.#counted) return value
    const select = this.#once('selection', (graph) => {
      const own = graph.node('And', [this.#before(), this.counting()])
      return graph.node('Transpose', [graph.node('Cast', [own], { to: 1 })], { perm: { ints: [1, 2, 0] } })
    })
    return this.#product(select, value)
  }

  /** The other way: a masked step has what the step that counts before it (read in reverse: after it) has, or zeros. */
  spread(value: string, reversed: boolean): string {
    if (!this.#counted) return value
    const places = this.#once(reversed ? 'places reversed' : 'places', (graph) => {
      const found = reversed
        ? this.#before()
        : graph.node('Equal', [this.#through(), graph.node('Add', [this.#ranks(), graph.floats(1)])])
      return graph.node('Transpose', [graph.node('Cast', [found], { to: 1 })], { perm: { ints: [1, 0, 2] } })
    })
    return this.#product(places, value)
  }

  /** Final states (batch, width), zeros where no step counts. */
  keepStates(value: string): string {
    if (!this.#counted) return value
    const any = this.#once('any', (graph) => {
      const some = graph.node('Less', [graph.floats(0), this.#count()])
      return graph.node('Unsqueeze', [some, graph.ints([1])])
    })
    return this.where(any, value, 0)
  }

  /** Selections (batch, time, time) times (time, batch, width). */
  #product(selection: string, value: string): string {
    const turn = (x: string) => this.#graph.node('Transpose', [x], { perm: { ints: [1, 0, 2] } })
    return turn(this.#graph.node('MatMul', [selection, turn(value)]))
  }

  /** Float (time, batch): 1 where a step counts. */
  #ones(): string {
    return this.#once('ones', (graph) => graph.node('Cast', [this.#counted!], { to: 1 }))
  }

  /** Steps that count, by sequence: float (batch). */
  #count(): string {
    return this.#once('count', (graph) =>
      graph.node('ReduceSum', [this.#ones(), graph.ints([0])], { keepdims: 0 }),
    )
  }

  /** How many steps count up to and with each: float (time, batch, 1). */
  #through(): string {
    return this.#once('through', (graph) => {
      const row = graph.node('Transpose', [this.#steps()], { perm: { ints: [1, 0] } })
      const lower = graph.node('Not', [graph.node('Less', [this.#steps(), row])])
      const sums = graph.node('MatMul', [graph.node('Cast', [lower], { to: 1 }), this.#ones()])
      return graph.node('Unsqueeze', [sums, graph.ints([2])])
    })
  }

  /** 0 … time − 1 as floats, (1, 1, time). */
  #ranks(): string {
    return this.#once('ranks', (graph) => {
      const steps = graph.node('Cast', [this.#steps()], { to: 1 })
      return graph.node('Reshape', [steps, graph.ints([1, 1, -1])])
    })
  }

  /** Whether so many steps count before a step, and one more is to come: bool (time, batch, time). */
  #before(): string {
    return this.#once('before', (graph) => {
      const own = graph.node('Unsqueeze', [this.#ones(), graph.ints([2])])
      const before = graph.node('Sub', [this.#through(), own])
      const count = graph.node('Reshape', [this.#count(), graph.ints([1, -1, 1])])
      const more = graph.node('Less', [this.#ranks(), count])
      return graph.node('And', [graph.node('Equal', [before, this.#ranks()]), more])
    })
  }

  /** Steps that count as floats, at least 1, (batch, 1). */
  counts(): string {
    return this.#once('counts', (graph) =>
      graph.node('Unsqueeze', [graph.node('Cast', [this.sequenceLengths()], { to: 1 }), graph.ints([1])]),
    )
  }

  /** All steps as floats, (batch, 1). */
  allCounts(): string {
    return this.#once('all counts', (graph) =>
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
