/**
 * Attention in the engine's kernels: rows are copied sequence by sequence, so that each pair of a source and a target is a few
 * kernel calls of its own, and pairs run on all threads. What scores are is left to subclasses.
 */
import { strideOf } from '../../engine/engine.ts'
import { accessOf } from '../../engine/generic/access.ts'
import { transposedScratch, type Kernels, type Pointer } from '../../engine/kernels.ts'
import type { Access } from '../../engine/reference/access.ts'
import { taskCount } from '../../engine/threads/executor.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { Scratch } from '../../tensors/scratch.ts'
import type { Capacity, Context, Edge } from '../layer.ts'
import type { AttentionEdges, AttentionPart } from './attentionPart.ts'
import type { Sides } from './split.ts'

/** Pairs, or parts of them, that run together. */
const SPANS_AT_ONCE = 256
/** Kernel calls of a task, at most: a command buffer has a few more. */
const CALLS_AT_ONCE = 4000
/** Calls for a pair as a whole. */
const CALLS_OF_PAIR = 8
/** Target steps that run together, where each takes calls of its own. */
const STEPS_AT_ONCE = 128

/** A source and its target: where their rows are, sequence by sequence. */
export interface Pair {
  /** Its place among the pairs. */
  readonly number: number
  /** Steps of the target (m) and the source (n). */
  readonly m: number
  readonly n: number
  /** First rows of each. */
  readonly target: number
  readonly source: number
  /** First number of its weights (m, n; columns), and of what is transposed (width, n; packed). */
  readonly weights: number
  readonly columns: number
  readonly across: number
}

/** Target steps of a pair: from … to − 1. */
interface Span {
  readonly pair: Pair
  readonly from: number
  readonly to: number
}

export abstract class PairedAttention implements AttentionPart {
  protected readonly context: Context
  protected readonly width: number
  protected readonly stride: number
  /** Whether the keys are the values. */
  protected readonly isDot: boolean
  // (rows, stride); on the way back contexts, keys and values hold gradients, contexts those of the queries.
  protected queries: Pointer = 0
  protected keys: Pointer = 0
  protected contexts: Pointer = 0
  /** Gradients of the keys, where they are no values. (rows, stride) */
  protected keyGradientRows: Pointer = 0
  // Packed (n, width), and transposed (width, n).
  protected packedValues: Pointer = 0
  protected valuesAcross: Pointer = 0
  protected valueGradients: Pointer = 0
  // (m, n; columns) of each pair.
  protected weights: Pointer = 0
  protected scores: Pointer = 0
  /** The numbers from 0. */
  protected ids: Pointer = 0
  protected readonly scratch: Scratch
  readonly #edges: AttentionEdges
  readonly #access: Access
  #values: Pointer = 0
  #pairs: readonly Pair[] = []
  // Row of the edge for each row here, and the other way.
  #targetRows: Pointer = 0
  #targetPlaces: Pointer = 0
  #sourceRows: Pointer = 0
  #sourcePlaces: Pointer = 0

  /** @param context of the target side */
  constructor(context: Context, edges: AttentionEdges) {
    const { engine } = context
    this.context = context
    this.#edges = edges
    this.#access = accessOf(engine)
    this.width = edges.values.width
    this.stride = strideOf(engine, this.width)
    this.isDot = edges.keys === edges.values
    this.scratch = new Scratch(engine)
  }

  /** Kernel calls for each target step, at most; 0: the steps of a pair are computed together. */
  protected abstract readonly callsOfStep: number
  /** Multiply-adds, or what takes as long, for each number of each score. */
  protected abstract readonly workOfScore: number
  /** Writes the scores (m, n; columns) of a pair for target steps from … to − 1 at `weights`. */
  protected abstract score(kernels: Kernels, pair: Pair, from: number, to: number, part: number): void
  /** From the gradients of the scores: writes those of the queries over the contexts, adds those of the keys. */
  protected abstract scoreBackward(kernels: Kernels, pair: Pair, from: number, to: number, part: number): void
  /** Reserves what scores need. */
  protected abstract planScores(capacity: Capacity, training: boolean): void
  /** Before a pass over so many rows of sources. */
  protected abstract beginForward(rows: number): void
  protected abstract beginBackward(rows: number): void
  /** After it. */
  protected endBackward(): void {}

  plan(capacity: Capacity, training: boolean): void {
    const { rows: R, steps: T, sequences: B } = capacity
    const { memory, panel } = this.context.engine
    const what = 'attention'
    const ints = (count: number) => memory.ints(count, what)
    const floats = (count: number) => memory.floats(count, what)
    this.#targetRows = ints(R)
    this.#targetPlaces = ints(R)
    this.#sourceRows = ints(R)
    this.#sourcePlaces = ints(R)
    this.ids = ints(T)
    memory.viewInts(this.ids, T).forEach((_, i, all) => (all[i] = i))
    const side = R * this.stride
    // m steps and n of one sequence are T at most: m·n is at most (m + n)·T / 4.
    const weights = Math.ceil(R * (T / 4 + panel))
    this.queries = floats(side)
    this.keys = floats(side)
    this.#values = this.isDot ? this.keys : floats(side)
    this.contexts = floats(side)
    this.packedValues = floats(side)
    this.weights = floats(weights)
    this.keyGradientRows = this.keys
    if (training) {
      this.valuesAcross = floats((R + B * panel) * this.width)
      this.valueGradients = floats(side)
      this.scores = floats(weights)
      this.scratch.need(transposedScratch(this.width, T, panel))
    }
    this.planScores(capacity, training)
    this.scratch.plan()
  }

  forward(sides: Sides): void {
    const { kernels, engine } = this.context
    const { source, target } = sides
    this.#pairs = this.#placePairs(sides)
    const { queries, keys, values, contexts } = this.#edges
    this.#gather(this.queries, queries, queries.value, this.#targetRows, target)
    this.#gather(this.keys, keys, keys.value, this.#sourceRows, source)
    if (!this.isDot) this.#gather(this.#values, values, values.value, this.#sourceRows, source)
    const [H, ld, size] = [this.width, this.stride, engine.memory.floatBytes]
    kernels.zero(this.packedValues, source.rows * ld)
    this.beginForward(source.rows)
    this.#run((own, { pair, from, to }, part) => {
      const { m, n, target: t, source: s, columns } = pair
      const packed = this.packedValues + s * ld * size
      if (from === 0) own.scatterAddPanels(packed, this.#values + s * ld * size, this.ids, n, H, n, ld)
      this.score(own, pair, from, to, part)
      if (to < m) return
      const weights = this.weights + pair.weights * size
      own.softmax(weights, weights, m, n, columns)
      own.matmul(this.contexts + t * ld * size, weights, packed, m, H, n, columns, ld, 0)
    })
    const write = [contexts.value, this.contexts, this.#targetPlaces, target.rows] as const
    kernels.gatherRows(...write, H, contexts.stride, ld)
  }

  backward({ source, target }: Sides, valueGradients: Pointer): void {
    const { kernels, engine } = this.context
    const { queries, keys, values, contexts } = this.#edges
    const [H, ld, size] = [this.width, this.stride, engine.memory.floatBytes]
    this.#gather(this.contexts, contexts, contexts.gradient, this.#targetRows, target)
    kernels.zero(this.valueGradients, source.rows * ld)
    this.beginBackward(source.rows)
    this.#run((own, { pair, to }, part) => {
      const { m, n, target: t, source: s, columns } = pair
      if (to < m) return
      const [from, given] = [s * ld * size, this.contexts + t * ld * size]
      const [w, across] = [pair.weights * size, this.valuesAcross + pair.across * size]
      own.packTransposed(across, this.packedValues + from, n, H)
      own.matmul(this.scores + w, given, across, m, n, H, ld, columns, 0)
      this.addTransposed(own, this.valueGradients + from, this.weights + w, given, pair, part)
    })
    this.#softmaxBackward()
    this.#run((own, { pair, from, to }, part) => {
      this.scoreBackward(own, pair, from, to, part)
      const at = pair.source * ld * size
      if (to === pair.m) this.unpack(own, this.#values + at, this.valueGradients + at, pair.n)
    })
    this.endBackward()
    const write = (edge: Edge, to: Pointer, rows: Pointer, places: Pointer, count: number) =>
      kernels.gatherRows(to, rows, places, count, H, edge.stride, ld)
    write(queries, queries.gradient, this.contexts, this.#targetPlaces, target.rows)
    if (!this.isDot) write(keys, keys.gradient, this.keyGradientRows, this.#sourcePlaces, source.rows)
    write(values, valueGradients, this.#values, this.#sourcePlaces, source.rows)
  }

  /** Of each sequence, in the caller's order: (target steps, source steps), rows of sum 1. */
  read({ target }: Sides): Float64Array[] {
    const { memory } = this.context.engine
    const all: Float64Array[] = []
    this.#pairs.forEach(({ m, n, weights, columns }, b) => {
      const from = memory.viewFloats(this.weights, weights + m * columns)
      const own = new Float64Array(m * n)
      for (let t = 0; t < m; t++) {
        const row = own.subarray(t * n, (t + 1) * n)
        let sum = 0
        for (let s = 0; s < n; s++) sum += row[s] = from[weights + t * columns + s]
        // The engine's numbers are rounded: their sum is not quite 1.
        for (let s = 0; s < n; s++) row[s] /= sum
      }
      all[target.sortedIndices[b]] = own
    })
    return all
  }

  /** The pairs in the order of the targets, with the row numbers of both sides written. */
  #placePairs({ source, target, sourceOf }: Sides): Pair[] {
    const { memory, panel } = this.context.engine
    const pairs: Pair[] = []
    const at = { target: 0, source: 0, weights: 0, across: 0 }
    const targets = [
      memory.viewInts(this.#targetRows, target.rows),
      memory.viewInts(this.#targetPlaces, target.rows),
    ]
    const sources = [
      memory.viewInts(this.#sourceRows, source.rows),
      memory.viewInts(this.#sourcePlaces, source.rows),
    ]
    sourceOf.forEach((place, b) => {
      const [m, n] = [target.lengths[b], source.lengths[place]]
      const columns = Math.ceil(n / panel) * panel
      pairs.push({ number: b, m, n, columns, ...at })
      placeRows(targets, target, b, at.target)
      placeRows(sources, source, place, at.source)
      at.target += m
      at.source += n
      at.weights += m * columns
      at.across += columns * this.width
    })
    return pairs
  }

  #gather(to: Pointer, edge: Edge, from: Pointer, rows: Pointer, side: PackedBatch): void {
    this.context.kernels.gatherRows(to, from, rows, side.rows, this.width, this.stride, edge.stride)
  }

  /** Calls `body` for each pair, or for its steps in ascending order; which thread has which changes no bit. */
  #run(body: (kernels: Kernels, span: Span, part: number) => void): void {
    const { executor } = this.context.engine
    for (const spans of this.#groups()) {
      const work = spans.reduce((sum, { pair, from, to }) => sum + (to - from) * pair.n, 0)
      const parts = taskCount(executor, work * this.width * this.workOfScore, spans.length)
      executor.run(parts, (kernels, part) => {
        // Sorted by length: each part gets of all.
        for (const span of spans) if (span.pair.number % parts === part) body(kernels, span, part)
      })
    }
  }

  /** Spans that run together. */
  *#groups(): Generator<Span[]> {
    const { callsOfStep } = this
    let group: Span[] = []
    let calls = 0
    for (const pair of this.#pairs) {
      const most = callsOfStep > 0 ? STEPS_AT_ONCE : pair.m
      for (let from = 0; from < pair.m; from += most) {
        const to = Math.min(pair.m, from + most)
        const own = CALLS_OF_PAIR + (to - from) * callsOfStep
        if (group.length === SPANS_AT_ONCE || calls + own > CALLS_AT_ONCE) {
          yield group
          group = []
          calls = 0
        }
        group.push({ pair, from, to })
        calls += own
      }
    }
    if (group.length > 0) yield group
  }

  /** Packed (n, width) += weightsᵀ (m, n)·rows (m, width). */
  protected addTransposed(
    kernels: Kernels,
    to: Pointer,
    weights: Pointer,
    rows: Pointer,
    { m, n, columns }: Pair,
    part: number,
  ): void {
    const scratch = this.scratch.of(part)
    kernels.matmulTransposed(to, weights, 0, rows, scratch, m, this.width, n, columns, this.stride)
  }

  /** Rows (n, width) from packed ones. */
  protected unpack(kernels: Kernels, rows: Pointer, packed: Pointer, n: number): void {
    kernels.fillRows(rows, 0, 0, n, this.width, this.stride)
    kernels.gatherPanels(rows, packed, this.ids, n, this.width, n, this.stride)
  }

  /** The gradients of the weights become those of the scores. */
  #softmaxBackward(): void {
    const { f, shift } = this.#access
    const v = f()
    const [all, given] = [this.weights >>> shift, this.scores >>> shift]
    for (const { m, n, weights, columns } of this.#pairs) {
      for (let t = 0; t < m; t++) {
        const at = weights + t * columns
        let common = 0
        for (let s = at; s < at + n; s++) common += v[all + s] * v[given + s]
        for (let s = at; s < at + n; s++) v[given + s] = v[all + s] * (v[given + s] - common)
      }
    }
  }
}

/** Row numbers of one sequence: its rows lie from `first` on. */
function placeRows(
  [rows, places]: readonly Int32Array[],
  { offsets, lengths }: PackedBatch,
  sequence: number,
  first: number,
): void {
  for (let t = 0; t < lengths[sequence]; t++) {
    const row = offsets[t] + sequence
    rows[first + t] = row
    places[row] = first + t
  }
}
