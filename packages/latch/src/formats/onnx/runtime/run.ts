/**
 * Runs a graph node by node, exactly as the file specifies, with recurrent operators on Latch's engine. Anything
 * unsupported is an error when the graph is opened, with its name and place.
 */
import { cellOfClass, classNames } from '../../gateOrders.ts'
import type { ReadBudget } from '../../budget.ts'
import type { EngineOptions } from '../../../engine/engine.ts'
import { DataError, ShapeError, UnsupportedError } from '../../../core/errors.ts'
import {
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
  describePlace,
} from '../graph.ts'
import { GraphNode, MOST_NUMBERS, type Operator, type Run, showShape } from './node.ts'
import { ACTIVATIONS } from './activation.ts'
import { ELEMENTWISE } from './elementwise.ts'
import { makeConstant, MAKERS } from './make.ts'
import { PLACES } from './place.ts'
import { PRODUCTS } from './product.ts'
import { recurrent } from './recurrent.ts'
import { REDUCERS } from './reduce.ts'
import { SHAPES } from './shape.ts'
import { TOP_K } from './topK.ts'
import { WINDOWS } from './windows.ts'

const OPERATORS: Readonly<Record<string, Operator>> = {
  ...ELEMENTWISE,
  ...ACTIVATIONS,
  ...SHAPES,
  ...PLACES,
  ...MAKERS,
  ...REDUCERS,
  ...PRODUCTS,
  ...TOP_K,
  ...WINDOWS,
}

/** Names of all supported operators, sorted. */
export const COVERED: readonly string[] = [...Object.keys(OPERATORS), ...classNames('onnx')].sort()

/** Options of `OnnxGraph`. */
export interface OnnxGraphOptions {
  /** The file's name, for errors. */
  source: string
  /** The engine of recurrent operators; those on float64 use the reference engine. */
  engine?: EngineOptions
  /** Most numbers of an intermediate tensor. Default 2^28. */
  mostNumbers?: number
  /** Limits what running the graph may cost. Default: no limit. */
  budget?: ReadBudget
}

interface Step {
  node: OnnxNode
  run: Run
  /** Values that no later step reads. */
  done: readonly string[]
}

/** A graph ready to run. */
export class OnnxGraph {
  /** The inputs that `run` requires. */
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
  readonly #source: string
  readonly #steps: readonly Step[]
  readonly #constants: ReadonlyMap<string, OnnxTensor>

  /** @throws UnsupportedError for an unsupported operator or attribute, FormatError for an invalid one */
  constructor(
    model: OnnxModel,
    { source, engine = {}, mostNumbers = MOST_NUMBERS, budget }: OnnxGraphOptions,
  ) {
    this.inputs = model.inputs
    this.outputs = model.outputs
    this.#source = source
    const constants = new Map(model.initializers)
    const lastUse = lastUses(model)
    this.#steps = model.nodes.map((node) => {
      const open = new GraphNode(source, node, model.opset, constants, mostNumbers, budget)
      const run = findOperator(source, node, engine)(open)
      open.finish()
      if (node.op === 'Constant') constants.set(node.outputs[0], makeConstant(open))
      return { node, run, done: lastUse.get(node.index) ?? [] }
    })
    this.#constants = constants
  }

  /**
   * Computes the outputs, by name.
   * @throws DataError, ShapeError for inputs that are missing, unknown or not as the graph declares, or if an operator
   * does not accept its inputs
   */
  run(inputs: Readonly<Record<string, OnnxTensor>>): Record<string, OnnxTensor> {
    const values = new Map(this.#constants)
    this.#take(inputs, values)
    for (const { node, run, done } of this.#steps) {
      const results = run(node.inputs.map((name) => (name === '' ? undefined : values.get(name))))
      node.outputs.forEach((name, i) => {
        if (name === '') return
        if (results[i]) values.set(name, results[i])
        else
          throw new DataError({
            where: describePlace(this.#source, node),
            expected: `at most ${results.length} outputs`,
            got: `one more, '${name}'`,
          })
      })
      for (const name of done) values.delete(name)
    }
    return Object.fromEntries(this.outputs.map(({ name }) => [name, values.get(name)!]))
  }

  #take(inputs: Readonly<Record<string, OnnxTensor>>, values: Map<string, OnnxTensor>): void {
    const names = this.inputs.map(({ name }) => name)
    const strange = Object.keys(inputs).find((name) => !names.includes(name))
    if (strange !== undefined)
      throw new DataError({
        where: `${this.#source}, inputs`,
        expected: names.join(', '),
        got: `'${strange}'`,
      })
    for (const info of this.inputs) {
      const tensor = Object.hasOwn(inputs, info.name) ? inputs[info.name] : undefined
      checkInput(this.#source, info, tensor)
      values.set(info.name, tensor!)
    }
  }
}

function checkInput(
  source: string,
  { name, dtype, shape }: OnnxValueInfo,
  tensor: OnnxTensor | undefined,
): void {
  const where = `${source}, input '${name}'`
  if (!tensor) throw new DataError({ where, expected: 'a tensor', got: 'none' })
  if (dtype && tensor.dtype !== dtype) throw new DataError({ where, expected: dtype, got: tensor.dtype })
  const count = tensor.shape.reduce((a, b) => a * b, 1)
  if (tensor.data.length !== count)
    throw new ShapeError({
      where,
      expected: `${count} numbers for ${showShape(tensor.shape)}`,
      got: `${tensor.data.length}`,
    })
  if (!shape) return
  const fits =
    shape.length === tensor.shape.length &&
    shape.every((size, i) => typeof size !== 'number' || size === tensor.shape[i])
  if (fits) return
  const expected = `shape (${shape.map((size) => size ?? '?').join(', ')})`
  throw new ShapeError({ where, expected, got: showShape(tensor.shape) })
}

function findOperator(source: string, node: OnnxNode, engine: EngineOptions): Operator {
  const { op, domain } = node
  if (domain === '' && Object.hasOwn(OPERATORS, op)) return OPERATORS[op]
  const cell = domain === '' ? cellOfClass('onnx', op) : null
  if (cell) return recurrent(cell, engine)
  throw new UnsupportedError({
    where: describePlace(source, node),
    expected: 'a supported ONNX operator',
    got: domain === '' ? op : `${op} of ${domain}`,
  })
}

/** For each node, the values that are not needed after it. Outputs and initializers are excluded. */
function lastUses({ nodes, outputs, initializers }: OnnxModel): ReadonlyMap<number, readonly string[]> {
  const last = new Map<string, number>()
  for (const { index, inputs, outputs: made } of nodes)
    for (const name of [...made, ...inputs]) if (name !== '') last.set(name, index)
  for (const { name } of outputs) last.delete(name)
  const done = new Map<number, string[]>()
  for (const [name, index] of last) {
    if (initializers.has(name)) continue
    const names = done.get(index)
    if (names) names.push(name)
    else done.set(index, [name])
  }
  return done
}
