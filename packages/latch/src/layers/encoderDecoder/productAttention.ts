/**
 * Attention by products of queries and keys (Luong et al. 2015, arXiv:1508.04025), in the engine's matrix kernels. Rows are
 * copied sequence by sequence, so that each pair of a source and a target is a few products of its own; pairs run on all threads.
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

/** Pairs that run together: each is a few kernel calls of a command buffer. */
const PAIRS_AT_ONCE = 256

/** A source and its target: where their rows are, sequence by sequence. */
interface Pair {
  /** Steps of the target (m) and the source (n). */
  readonly m: number
  readonly n: number
  /** First rows of each. */
  readonly target: number
  readonly source: number
  /** First number of its weights (m, n; columns), and of its keys (width, n; packed). */
  readonly weights: number
  readonly columns: number
  readonly across: number
}

export class ProductAttention implements AttentionPart {
  readonly #context: Context
  readonly #edges: AttentionEdges
  readonly #access: Access
  readonly #width: number
  readonly #stride: number
  /** Whether the keys are the values. */
  readonly #isDot: boolean
  readonly #scratch: Scratch
  #pairs: readonly Pair[] = []
  // Row of the edge for each row here, and the other way; the numbers from 0.
  #targetRows: Pointer = 0
  #targetPlaces: Pointer = 0
  #sourceRows: Pointer = 0
  #sourcePlaces: Pointer = 0
  #ids: Pointer = 0
  // (rows, stride); on the way back contexts, keys and values hold gradients.
  #queries: Pointer = 0
  #keys: Pointer = 0
  #values: Pointer = 0
  #contexts: Pointer = 0
  // Packed (n, width), and transposed (width, n).
  #packedKeys: Pointer = 0
  #packedValues: Pointer = 0
  #keysAcross: Pointer = 0
  #valuesAcross: Pointer = 0
  #keyGradients: Pointer = 0
  #valueGradients: Pointer = 0
  #weights: Pointer = 0
  #scores: Pointer = 0

  /** @param context of the target side */
  constructor(context: Context, edges: AttentionEdges) {
    const { engine } = context
    this.#context = context
    this.#edges = edges
    this.#access = accessOf(engine)
    this.#width = edges.values.width
    this.#stride = strideOf(engine, this.#width)
    this.#isDot = edges.keys === edges.values
    this.#scratch = new Scratch(engine)
  }

  plan({ rows: R, steps: T, sequences: B }: Capacity, training: boolean): void {
    const { memory, panel } = this.#context.engine
    const what = 'attention'
    const ints = (count: number) => memory.ints(count, what)
    const floats = (count: number) => memory.floats(count, what)
    this.#targetRows = ints(R)
    this.#targetPlaces = ints(R)
    this.#sourceRows = ints(R)
    this.#sourcePlaces = ints(R)
    this.#ids = ints(T)
    memory.viewInts(this.#ids, T).forEach((_, i, all) => (all[i] = i))
    const side = R * this.#stride
    const across = (R + B * panel) * this.#width
    // m steps and n of one sequence are T at most: m·n is at most (m + n)·T / 4.
    const weights = Math.ceil(R * (T / 4 + panel))
    const isDot = this.#isDot
    this.#queries = floats(side)
    this.#keys = floats(side)
    this.#values = isDot ? this.#keys : floats(side)
    this.#contexts = floats(side)
    this.#packedKeys = floats(side)
    this.#packedValues = isDot ? this.#packedKeys : floats(side)
    this.#keysAcross = floats(across)
    this.#weights = floats(weights)
    if (!training) return
    this.#valuesAcross = isDot ? this.#keysAcross : floats(across)
    this.#keyGradients = floats(side)
    this.#valueGradients = isDot ? this.#keyGradients : floats(side)
    this.#scores = floats(weights)
    this.#scratch.need(transposedScratch(this.#width, T, panel))
    this.#scratch.plan()
  }

  forward(sides: Sides): void {
    const { kernels, engine } = this.#context
    const { source, target } = sides
    this.#pairs = this.#placePairs(sides)
    const { queries, keys, values, contexts } = this.#edges
    this.#gather(this.#queries, queries, queries.value, this.#targetRows, target)
    this.#gather(this.#keys, keys, keys.value, this.#sourceRows, source)
    if (!this.#isDot) this.#gather(this.#values, values, values.value, this.#sourceRows, source)
    const [H, ld, size] = [this.#width, this.#stride, engine.memory.floatBytes]
    kernels.zero(this.#packedKeys, source.rows * ld)
    if (!this.#isDot) kernels.zero(this.#packedValues, source.rows * ld)
    this.#run((own, { m, n, target: t, source: s, weights, columns, across }) => {
      const [from, to] = [s * ld * size, t * ld * size]
      const [keysAcross, scores] = [this.#keysAcross + across * size, this.#weights + weights * size]
      own.scatterAddPanels(this.#packedKeys + from, this.#keys + from, this.#ids, n, H, n, ld)
      if (!this.#isDot)
        own.scatterAddPanels(this.#packedValues + from, this.#values + from, this.#ids, n, H, n, ld)
      own.packTransposed(keysAcross, this.#packedKeys + from, n, H)
      own.matmul(scores, this.#queries + to, keysAcross, m, n, H, ld, columns, 0)
      own.softmax(scores, scores, m, n, columns)
      own.matmul(this.#contexts + to, scores, this.#packedValues + from, m, H, n, columns, ld, 0)
    })
    kernels.gatherRows(
      contexts.value,
      this.#contexts,
      this.#targetPlaces,
      target.rows,
      H,
      contexts.stride,
      ld,
    )
  }

  backward({ source, target }: Sides, valueGradients: Pointer): void {
    const { kernels, engine } = this.#context
    const { queries, keys, values, contexts } = this.#edges
    const [H, ld, size] = [this.#width, this.#stride, engine.memory.floatBytes]
    this.#gather(this.#contexts, contexts, contexts.gradient, this.#targetRows, target)
    kernels.zero(this.#keyGradients, source.rows * ld)
    if (!this.#isDot) kernels.zero(this.#valueGradients, source.rows * ld)
    this.#run((own, { m, n, target: t, source: s, weights, columns, across }, part) => {
      const [from, given] = [s * ld * size, this.#contexts + t * ld * size]
      const [w, valuesAcross] = [weights * size, this.#valuesAcross + across * size]
      if (!this.#isDot) own.packTransposed(valuesAcross, this.#packedValues + from, n, H)
      own.matmul(this.#scores + w, given, valuesAcross, m, n, H, ld, columns, 0)
      this.#addTransposed(own, this.#valueGradients + from, this.#weights + w, given, { m, n, columns, part })
    })
    this.#softmaxBackward()
    this.#run((own, { m, n, target: t, source: s, weights, columns }, part) => {
      const [from, to] = [s * ld * size, t * ld * size]
      const slopes = this.#scores + weights * size
      own.matmul(this.#contexts + to, slopes, this.#packedKeys + from, m, H, n, columns, ld, 0)
      this.#addTransposed(own, this.#keyGradients + from, slopes, this.#queries + to, { m, n, columns, part })
      this.#unpack(own, this.#keys + from, this.#keyGradients + from, n)
      if (!this.#isDot) this.#unpack(own, this.#values + from, this.#valueGradients + from, n)
    })
    const write = (edge: Edge, to: Pointer, from: Pointer, places: Pointer, rows: number) =>
      kernels.gatherRows(to, from, places, rows, H, edge.stride, ld)
    write(queries, queries.gradient, this.#contexts, this.#targetPlaces, target.rows)
    if (!this.#isDot) write(keys, keys.gradient, this.#keys, this.#sourcePlaces, source.rows)
    write(values, valueGradients, this.#values, this.#sourcePlaces, source.rows)
  }

  /** Of each sequence, in the caller's order: (target steps, source steps), rows of sum 1. */
  read({ target }: Sides): Float64Array[] {
    const { memory } = this.#context.engine
    const all: Float64Array[] = []
    this.#pairs.forEach(({ m, n, weights, columns }, b) => {
      const from = memory.viewFloats(this.#weights, weights + m * columns)
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
    const { memory, panel } = this.#context.engine
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
      pairs.push({ m, n, columns, ...at })
      placeRows(targets, target, b, at.target)
      placeRows(sources, source, place, at.source)
      at.target += m
      at.source += n
      at.weights += m * columns
      at.across += columns * this.#width
    })
    return pairs
  }

  #gather(to: Pointer, edge: Edge, from: Pointer, rows: Pointer, side: PackedBatch): void {
    this.#context.kernels.gatherRows(to, from, rows, side.rows, this.#width, this.#stride, edge.stride)
  }

  /** Calls `body` for each pair; which thread has which changes no bit. */
  #run(body: (kernels: Kernels, pair: Pair, part: number) => void): void {
    const { executor } = this.#context.engine
    for (let first = 0; first < this.#pairs.length; first += PAIRS_AT_ONCE) {
      const pairs = this.#pairs.slice(first, first + PAIRS_AT_ONCE)
      const work = pairs.reduce((sum, { m, n }) => sum + 2 * m * n * this.#width, 0)
      const parts = taskCount(executor, work, pairs.length)
      executor.run(parts, (kernels, part) => {
        // Sorted by length: each part gets of all.
        for (let b = part; b < pairs.length; b += parts) body(kernels, pairs[b], part)
      })
    }
  }

  /** Packed (n, width) += weightsᵀ (m, n)·rows (m, width). */
  #addTransposed(
    kernels: Kernels,
    to: Pointer,
    weights: Pointer,
    rows: Pointer,
    { m, n, columns, part }: { m: number; n: number; columns: number; part: number },
  ): void {
    const scratch = this.#scratch.of(part)
    kernels.matmulTransposed(to, weights, 0, rows, scratch, m, this.#width, n, columns, this.#stride)
  }

  /** Rows (n, width) from packed ones. */
  #unpack(kernels: Kernels, rows: Pointer, packed: Pointer, n: number): void {
    kernels.fillRows(rows, 0, 0, n, this.#width, this.#stride)
    kernels.gatherPanels(rows, packed, this.#ids, n, this.#width, n, this.#stride)
  }

  /** The gradients of the weights become those of the scores. */
  #softmaxBackward(): void {
    const { f, shift } = this.#access
    const v = f()
    const [all, given] = [this.#weights >>> shift, this.#scores >>> shift]
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
