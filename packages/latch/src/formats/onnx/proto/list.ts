/**
 * Lists the operators of an ONNX file with their weights, including those of graphs in attributes (the branches of If).
 * Files that cannot be opened can be listed too. A weight that several nodes read is counted once.
 */
import { fileArray, fileLayer, type FileArray, type FileLayer, type Listing } from '../../fileContents.ts'
import type { ModelFiles } from '../../imported.ts'
import type { OnnxTensor } from '../graph.ts'
import { COVERED } from '../runtime/run.ts'
import { listOnnxGraph, type GraphParts } from './decode.ts'

/** Learned parameters are floating-point; integers are indices and shapes. */
const isFloat = ({ dtype }: { dtype: string }) => dtype.includes('float')

type Weight = Pick<OnnxTensor, 'dtype' | 'shape'>
/** Weights by name, and whether a node has read them. */
type Scope = ReadonlyMap<string, { head: Weight; read: boolean }>

/** @throws FormatError for a broken file */
export function listOnnx({ bytes, name }: Pick<ModelFiles, 'bytes' | 'name'>): Listing {
  const { producer, graph } = listOnnxGraph(bytes, name)
  const layers: FileLayer[] = []
  const arrays: FileArray[] = []
  listGraph(graph, '', new Map(), { layers, arrays })
  return { producer, layers, arrays }
}

function listGraph(
  graph: GraphParts,
  prefix: string,
  outer: Scope,
  to: { layers: FileLayer[]; arrays: FileArray[] },
): void {
  const own = graph.heads.map((head) => [head.name, { head, read: false }] as const)
  const scope: Scope = new Map([...outer, ...own])
  for (const node of graph.nodes) {
    const weights = node.inputs.flatMap((input) => scope.get(input) ?? [])
    const constants = constantsOf(node)
    const counted = [...weights.filter(({ read }) => !read).map(({ head }) => head), ...constants]
    for (const weight of weights) weight.read = true
    const shapes = [...weights.map(({ head }) => head), ...constants].map(({ shape }) => shape)
    const { parameters } = fileLayer(
      '',
      '',
      counted.filter(isFloat).map(({ shape }) => shape),
      null,
    )
    const type = node.domain === '' ? node.op : `${node.domain}.${node.op}`
    to.layers.push({ ...fileLayer(prefix + node.name, type, shapes, COVERED.includes(type)), parameters })
    for (const inner of node.graphs ?? []) listGraph(inner, `${prefix}${node.name}/`, scope, to)
  }
  for (const [name, { head, read }] of own)
    if (!read) to.arrays.push(fileArray('', prefix + name, head.shape, isFloat(head) ? 'F32' : 'I64'))
}

/** The tensor or floats in the attributes of a Constant. */
function constantsOf({ op, attributes }: GraphParts['nodes'][number]): Weight[] {
  if (op !== 'Constant') return []
  return [...attributes].flatMap(([name, value]): Weight[] => {
    if (typeof value === 'object' && 'dtype' in value) return [value]
    if (!name.startsWith('value_float')) return []
    return [{ dtype: 'float32', shape: Array.isArray(value) ? [value.length] : [] }]
  })
}
