/**
 * Masks of the steps of a padded batch that count, as values of an exported graph: computed from `lengths` by Range,
 * Less and Equal, each when it is first needed. Masks are (time, batch, 1). ONNX's recurrent operators do not support
 * masked steps within a sequence, so products with matrices of 0 and 1 move the other steps to the front.
 */
import type { ExportGraph } from './graph.ts'

/** The masks of one graph. */
export class StepMasks {
  readonly #graph: ExportGraph
  readonly #made = new Map<string, string>()
  /** The input `lengths`, int32 (batch). */
  lengths = ''
  #input = ''
  #timeAxis = 0
  /** Steps within the lengths that are not masked, bool (time, batch); null if nothing is masked. */
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

  /** Begins anew above windows, of which `input` has one for each step: (length + added) / stride + 1 for each sequence. */
  above(input: string, added: number, stride: number): StepMasks {
    const graph = this.#graph
    const more = graph.node('Add', [this.lengths, graph.int32(added)])
    const masks = new StepMasks(graph)
    masks.lengths = graph.node('Add', [graph.node('Div', [more, graph.int32(stride)]), graph.int32(1)])
    masks.#input = input
    return masks
  }

  /** Begins anew above a layer that gives every sequence so many steps. */
  fixed(steps: number): StepMasks {
    const graph = this.#graph
    const masks = new StepMasks(graph)
    masks.lengths = graph.node('Expand', [graph.int32(steps), graph.node('Shape', [this.lengths])])
    masks.#input = graph.node('ConstantOfShape', [graph.ints([steps])])
    return masks
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

  /** Sets which steps count, in addition to the lengths: bool (time, batch). */
  mask(steps: string): void {
    this.#counted = this.#once('counted', (graph) =>
      graph.node('And', [steps, graph.node('Less', [this.#steps(), this.#row()])]),
    )
  }

  get masked(): boolean {
    return this.#counted !== null
  }

  /** Steps that count, (time, batch, 1): without a mask, those within the lengths. */
  counting(): string {
    const counted = this.#counted
    if (!counted) return this.valid()
    return this.#once('counting', (graph) => graph.node('Unsqueeze', [counted, graph.ints([2])]))
  }

  /** The number of steps of each sequence that count, at least 1, for `sequence_lens`. */
  sequenceLengths(): string {
    if (!this.#counted) return this.lengths
    return this.#once('sequence lengths', (graph) =>
      graph.node('Cast', [graph.node('Max', [this.#count(), graph.floats(1)])], { to: 6 }),
    )
  }

  /** (time, batch, width) with the steps that count moved to the front. */
  compact(value: string): string {
    if (!this.#counted) return value
    const select = this.#once('selection', (graph) => {
      const own = graph.node('And', [this.#before(), this.counting()])
      return graph.node('Transpose', [graph.node('Cast', [own], { to: 1 })], { perm: { ints: [1, 2, 0] } })
    })
    return this.#product(select, value)
  }

  /**
   * Reverses `compact`: a masked step repeats the nearest step before it that counts (after it if `reversed`), or is
   * zero.
   */
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

  /** Final states (batch, width); zeros if no step counts. */
  keepStates(value: string): string {
    if (!this.#counted) return value
    const any = this.#once('any', (graph) => {
      const some = graph.node('Less', [graph.floats(0), this.#count()])
      return graph.node('Unsqueeze', [some, graph.ints([1])])
    })
    return this.where(any, value, 0)
  }

  /** Multiplies a selection (batch, time, time) by (time, batch, width). */
  #product(selection: string, value: string): string {
    const turn = (x: string) => this.#graph.node('Transpose', [x], { perm: { ints: [1, 0, 2] } })
    return turn(this.#graph.node('MatMul', [selection, turn(value)]))
  }

  /** 1 where a step counts, otherwise 0: float (time, batch). */
  #ones(): string {
    return this.#once('ones', (graph) => graph.node('Cast', [this.#counted!], { to: 1 }))
  }

  /** The number of steps of each sequence that count: float (batch). */
  #count(): string {
    return this.#once('count', (graph) =>
      graph.node('ReduceSum', [this.#ones(), graph.ints([0])], { keepdims: 0 }),
    )
  }

  /** The number of steps that count up to and including each step: float (time, batch, 1). */
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

  /** Whether exactly k steps count before a step, and at least one from it on, for each k: bool (time, batch, time). */
  #before(): string {
    return this.#once('before', (graph) => {
      const own = graph.node('Unsqueeze', [this.#ones(), graph.ints([2])])
      const before = graph.node('Sub', [this.#through(), own])
      const count = graph.node('Reshape', [this.#count(), graph.ints([1, -1, 1])])
      const more = graph.node('Less', [this.#ranks(), count])
      return graph.node('And', [graph.node('Equal', [before, this.#ranks()]), more])
    })
  }

  /** The number of steps that count, at least 1, as float (batch, 1). */
  counts(): string {
    return this.#once('counts', (graph) =>
      graph.node('Unsqueeze', [graph.node('Cast', [this.sequenceLengths()], { to: 1 }), graph.ints([1])]),
    )
  }

  /** The number of all steps, as float (batch, 1). */
  allCounts(): string {
    return this.#once('all counts', (graph) =>
      graph.node('Unsqueeze', [graph.node('Cast', [this.lengths], { to: 1 }), graph.ints([1])]),
    )
  }

  /** `value` where the mask is true, `other` elsewhere. */
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

  /** The lengths, (1, batch). */
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
