/**
 * Interprets every value of a graph, node by node. Constants are folded by the runner's operators; all other nodes are
 * converted. A value that depends on an unsupported operator is refused.
 */
import { cellOfClass } from '../../gateOrders.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { ReadBudget } from '../../budget.ts'
import {
  describePlace,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from '../graph.ts'
import { ConversionContext, NodeConverter } from './context.ts'
import { ELEMENTS } from './elements/elements.ts'
import { LAYERS } from './layers.ts'
import { convertMasking } from './masks.ts'
import { SHAPES, type Convert } from './shapes.ts'
import { SORTING } from './sorting.ts'
import { buildSize, type Axis, type Size, type Value } from './values.ts'
import { OnnxGraph } from '../runtime/run.ts'
import { MASKS } from './batch.ts'
import { FUNCTIONS } from './elements/functions.ts'
import { WINDOWS } from './windows.ts'

const CONVERTERS: Readonly<Record<string, Convert>> = {
  ...SHAPES,
  ...ELEMENTS,
  ...FUNCTIONS,
  ...MASKS,
  ...SORTING,
  ...LAYERS,
  ...WINDOWS,
}

/** Operators that are not folded, as they can make a large tensor from a few numbers. */
const NOT_FOLDED = ['ConstantOfShape', 'ConstantFill', 'Expand', 'Range', 'OneHot', 'Tile']

const MOVES = [
  'Slice',
  'Gather',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Cast',
  'Split',
  'Expand',
  'Transpose',
  'Reshape',
]

/** The interpretation of every named value. */
export interface Interpretation {
  values: ReadonlyMap<string, Value>
  context: ConversionContext
}

/** Interprets all values of a graph. */
export function interpretGraph(model: OnnxModel, source: string): Interpretation {
  const states = stateInputs(model)
  const ragged = model.inputs.some(({ shape }) => shape?.length === 1)
  const context = new ConversionContext(source, model.opset, ragged)
  const budget = new ReadBudget(model.fileBytes)
  const values = new Map<string, Value>()
  for (const [name, tensor] of model.initializers) values.set(name, { kind: 'constant', tensor })
  for (const input of model.inputs) values.set(input.name, inputValue(input, source, states))
  for (const node of model.nodes) {
    const inputs = node.inputs.map((name): Value => (name === '' ? { kind: 'absent' } : values.get(name)!))
    const outputs = interpretNode(context, model, node, inputs, budget)
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, outputs[i] ?? notFollowed(source, node, i))
    })
  }
  return { values, context }
}

function notFollowed(source: string, node: OnnxNode, output: number): Value {
  const where = `${source}, node '${node.name}'`
  const error = new UnsupportedError({ where, expected: 'its first output', got: `output ${output}` })
  return { kind: 'refused', error }
}

function interpretNode(
  context: ConversionContext,
  model: OnnxModel,
  node: OnnxNode,
  inputs: readonly Value[],
  budget: ReadBudget,
): readonly Value[] {
  const all = (value: Value) => node.outputs.map(() => value)
  const convert = node.domain === '' && Object.hasOwn(CONVERTERS, node.op) ? CONVERTERS[node.op] : null
  const refused = inputs.filter((value) => value.kind === 'refused')
  // An unsupported operator is reported before any other failure, which it may have caused.
  const why = refused.find(({ operator }) => operator) ?? refused[0]
  if (why && (why.operator || convert)) return all(why)
  if (why) return all({ kind: 'refused', error: strangeOperator(context, node), operator: true })
  const lengths = inputs.map((value) => (value.kind === 'constant' ? value.tensor.data.length : 0))
  const read = lengths.reduce((a, b) => a + b, 0)
  const where = () => describePlace(context.source, node)
  try {
    // Many nodes may read the same constant, so every read counts.
    budget.spend('multiplications', read, where)
    const constants = inputs.every(({ kind }) => kind === 'constant' || kind === 'absent')
    if (constants && !NOT_FOLDED.includes(node.op)) return folded(context, model, node, inputs, budget)
    const at = new NodeConverter(context, node)
    const masks = node.domain === '' ? convertMasking(at, inputs) : null
    if (masks) return all(masks)
    if (!convert) return all({ kind: 'refused', error: strangeOperator(context, node), operator: true })
    if (Object.hasOwn(LAYERS, node.op)) budget.spend('numbers', read, where)
    const result = convert(at, inputs)
    return Array.isArray(result) ? result : [result as Value]
  } catch (error) {
    if (error instanceof UnsupportedError) return all({ kind: 'refused', error })
    throw error
  }
}

function strangeOperator(context: ConversionContext, node: OnnxNode): UnsupportedError {
  const got = node.domain ? `${node.op} of ${node.domain}` : node.op
  return new NodeConverter(context, node).unsupported('a supported operator', got)
}

/** Most numbers of a folded constant, unless its inputs have more. */
const MOST_FOLDED = 2 ** 20

/** Folds a node whose inputs are all constants. */
function folded(
  context: ConversionContext,
  model: OnnxModel,
  node: OnnxNode,
  inputs: readonly Value[],
  budget: ReadBudget,
): readonly Value[] {
  const initializers = new Map<string, OnnxTensor>()
  node.inputs.forEach((name, i) => {
    const value = inputs[i]
    if (value.kind === 'constant') initializers.set(name, value.tensor)
  })
  const names = node.outputs.filter((name) => name !== '')
  const outputs = names.map((name): OnnxValueInfo => ({ name, dtype: null, shape: null }))
  const one = { ...model, nodes: [{ ...node }], initializers, inputs: [], outputs }
  const given = [...initializers.values()].reduce((sum, { data }) => sum + data.length, 0)
  const mostNumbers = Math.max(MOST_FOLDED, given)
  const made = new OnnxGraph(one, { source: context.source, mostNumbers, budget }).run({})
  return node.outputs.map((name): Value => {
    if (name === '') return { kind: 'absent' }
    return { kind: 'constant', tensor: made[name] }
  })
}

/** Graph inputs that reach the initial state of a recurrent operator. */
function stateInputs({ nodes, inputs }: OnnxModel): ReadonlyMap<string, string> {
  const from = new Map<string, string>(inputs.map(({ name }) => [name, name]))
  const states = new Map<string, string>()
  for (const { op, inputs: read, outputs } of nodes) {
    if (cellOfClass('onnx', op)) {
      for (const name of read.slice(5, 7)) {
        const origin = from.get(name)
        if (origin) states.set(origin, origin)
      }
    } else if (MOVES.includes(op)) {
      const origin = from.get(read[0])
      if (origin) for (const name of outputs) from.set(name, origin)
    }
  }
  return states
}

function inputValue(
  { name, dtype, shape }: OnnxValueInfo,
  source: string,
  states: ReadonlyMap<string, string>,
): Value {
  if (states.has(name)) return { kind: 'state', name }
  const isWhole = dtype === 'int64' || dtype === 'int32'
  if (shape?.length === 1 && isWhole) return { kind: 'lengths', minus: 0, rank: 1 }
  if (shape?.length === 2) {
    const axes = [buildAxis(shape, 0, 'input 0'), buildAxis(shape, 1, 'input 1')]
    return { kind: 'ids', axes, input: name, ...(isWhole ? {} : { floats: true }) }
  }
  if (shape?.length === 3 && !isWhole) {
    const axes = [
      buildAxis(shape, 0, 'input 0'),
      buildAxis(shape, 1, 'input 1'),
      buildAxis(shape, 2, 'feature'),
    ]
    const width = typeof shape[2] === 'number' ? shape[2] : null
    return {
      kind: 'sequence',
      tip: { layer: { type: 'features', input: name, width }, below: null, node: null },
      axes,
    }
  }
  const error = new UnsupportedError({
    where: `${source}, input '${name}'`,
    expected: 'ids (batch, time), features (batch, time, features), lengths (batch) or an initial state',
    got: shape ? `${dtype ?? 'something'} of ${shape.length} axes` : 'a value without a shape',
  })
  return { kind: 'refused', error }
}

/** Builds an axis; the size of a dynamic axis is named after its role. */
function buildAxis(shape: readonly (number | string | null)[], place: number, role: Axis['role']): Axis {
  const given = shape[place]
  const size: Size = typeof given === 'number' ? buildSize(given) : buildSize(role)
  return { role, size }
}
