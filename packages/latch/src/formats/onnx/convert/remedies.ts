/**
 * Remedies for a graph that is not a chain of layers: read a part of it as layers, or run the graph. Each is
 * recommended only if it succeeds for this graph.
 */
import { LatchError } from '../../../core/errors.ts'
import { runBudget, type ReadBudget } from '../../budget.ts'
import { changeRemedies, readUpTo } from '../../fixes.ts'
import { getStorage, type OnnxModel, type OnnxTensor, type OnnxValueInfo } from '../graph.ts'
import { OnnxGraph } from '../runtime/run.ts'
import { interpretGraph } from './graph.ts'
import { listNodes } from './model.ts'
import type { IrNode } from './nodes.ts'
import type { SequenceValue } from './values.ts'

const RUN_AS_GRAPH = 'A program can run the graph directly, with openOnnxGraph of latch/formats.'
/** Most parts that are tried, the longest first. */
const MOST_PARTS = 6
/** Most numbers of a trial input, and of an intermediate tensor. */
const MOST_INPUT = 2 ** 20
const MOST_MADE = 2 ** 24

/**
 * Adds the remedies that work to an error.
 * @param open converts and checks the layers up to a node or value
 */
export function withRemedies(
  error: LatchError,
  model: OnnxModel,
  source: string,
  open: (upTo: string) => unknown,
): LatchError {
  const part = findParts(model, source).find((name) => succeeds(() => open(name)))
  const runs = succeeds(() => runOnce(model, source))
  const remedy = [error.remedy, runs ? RUN_AS_GRAPH : ''].filter(Boolean).join(' ')
  return changeRemedies(error, {
    remedy: remedy || undefined,
    fix: part === undefined ? error.fixes : readUpTo(part),
  })
}

/** Values at which a chain of layers could end, the longest chains first. */
function findParts(model: OnnxModel, source: string): string[] {
  const whole = [...interpretGraph(model, source).values].flatMap(([name, value]) =>
    value.kind === 'sequence' && isWhole(value) ? [{ name, score: computeScore(value.tip) }] : [],
  )
  const best = whole.filter(({ score }) => score >= 2).reverse()
  return best
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST_PARTS)
    .map(({ name }) => name)
}

/** Whether a chain of layers could end at this value. */
function isWhole({ tip, axes }: SequenceValue): boolean {
  if (axes[axes.length - 1]?.role !== 'feature') return false
  if (axes.some(({ role }) => role === 'merged' || role === 'direction')) return false
  return listNodes(tip).every(({ layer }) => layer.type !== 'pattern')
}

/** Scores a chain by its layers; recurrent layers count most. */
function computeScore(tip: IrNode): number {
  let score = 0
  for (const { layer } of listNodes(tip)) score += layer.type === 'recurrent' ? 1000 : 1
  return score
}

function succeeds(run: () => unknown): boolean {
  try {
    run()
    return true
  } catch (error) {
    if (error instanceof LatchError) return false
    throw error
  }
}

/** Opens the graph and runs it on small inputs. */
function runOnce(model: OnnxModel, source: string): void {
  const budget = runBudget(model)
  const graph = new OnnxGraph(model, { source, engine: { threads: 1 }, mostNumbers: MOST_MADE, budget })
  const sizes = new Map<string, number>()
  const feeds = Object.fromEntries(graph.inputs.map((info) => [info.name, drawInput(info, sizes, budget)]))
  if (Object.values(feeds).every(({ data }) => data.length <= MOST_INPUT)) graph.run(feeds)
}

/** Creates a trial input: ids of 0, lengths of 1 or arbitrary features; a dynamic axis has a size of at least 2. */
function drawInput(
  { name, dtype, shape }: OnnxValueInfo,
  sizes: Map<string, number>,
  budget: ReadBudget,
): OnnxTensor {
  const numbers = (shape ?? []).map((size) => {
    if (typeof size === 'number') return size
    const known = sizes.get(size ?? '') ?? 2 + sizes.size
    if (size !== null) sizes.set(size, known)
    return known
  })
  const count = Math.min(
    MOST_INPUT + 1,
    numbers.reduce((a, b) => a * b, 1),
  )
  budget.spend('numbers', count, name)
  const type = dtype ?? 'float32'
  const data = getStorage(type, count)
  if (type.includes('float')) for (let i = 0; i < count; i++) data[i] = Math.sin(i)
  else if (numbers.length === 1) data.fill(1)
  return { dtype: type, shape: numbers, data }
}
