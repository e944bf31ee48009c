/**
 * Decodes an ONNX file to an `OnnxModel`: graph, nodes, attributes, weights. A broken file is a FormatError that names
 * the field and byte; a valid but unsupported feature (graphs in attributes, sparse weights, string tensors) is an
 * UnsupportedError that names the node or field.
 */
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import {
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
  describePlace,
} from '../graph.ts'
import {
  ATTRIBUTE_TYPES,
  AttributeSchema,
  DimensionSchema,
  GraphSchema,
  ModelSchema,
  NodeSchema,
  OperatorSetSchema,
  TensorShapeSchema,
  TensorTypeSchema,
  TypeSchema,
  ValueInfoSchema,
} from './schema.ts'
import {
  getDtype,
  readEntry,
  readHead,
  readTensor,
  readTensorAnywhere,
  type Sibling,
  type TensorHead,
} from './tensorProto.ts'
import { WireMessage } from './wire.ts'

export type { Sibling } from './tensorProto.ts'

/** Most nodes, attributes, weights, inputs and names of one file, in total. */
const MAX_PARTS = 2 ** 19
/** Most numbers in a list attribute. */
const MAX_LIST = 2 ** 20
const OLDEST_OPSET = 7
const OLDEST_IR = 3
const OWN_DOMAINS = ['', 'ai.onnx']

/**
 * Reads a model. `source` names the file in errors; `sibling` reads files beside it that hold external data.
 * @throws FormatError, UnsupportedError, and whatever `sibling` throws
 */
export async function decodeOnnx(bytes: Uint8Array, source: string, sibling?: Sibling): Promise<OnnxModel> {
  const root = WireMessage.root(bytes, source, '')
  const head: Header = { irVersion: 0, producer: '', version: '', opsets: new Map(), metadata: new Map() }
  const parts = new Parts()
  const found: GraphParts[] = []
  root.each(ModelSchema, {
    irVersion: (m) => void (head.irVersion = m.int()),
    producerName: (m) => void (head.producer = m.string()),
    producerVersion: (m) => void (head.version = m.string()),
    opsetImport: (m) => readOpset(m.message(parts.next(m)), head.opsets),
    metadataProps: (m) => {
      const [key, value] = readEntry(m.message(parts.next(m)))
      head.metadata.set(key, value)
    },
    graph: (m) => {
      if (found.length) throw m.error('one graph', 'another')
      found.push(readGraph(m.message(), parts))
    },
  })
  if (!found.length) throw noGraph(source)
  const opset = checkVersions(source, head)
  const [graph] = found
  const initializers = new Map<string, OnnxTensor>()
  const unread: string[] = []
  const files = onceEach(sibling)
  for (const tensor of graph.heads) {
    if (tensor.name === '' || initializers.has(tensor.name))
      throw new FormatError({
        where: `${source}, ${tensor.where}`,
        expected: 'a unique name',
        got: `'${tensor.name}'`,
      })
    if (tensor.refused && !isRead(graph, tensor.name)) unread.push(tensor.name)
    else initializers.set(tensor.name, await readTensorAnywhere(tensor, files))
  }
  const { nodes, outputs, name: graphName } = graph
  const inputs = graph.inputs.filter(({ name }) => !initializers.has(name))
  const { irVersion, metadata } = head
  const producer = `${head.producer} ${head.version}`.trim() || null
  const { fileBytes } = root.budget
  const model: OnnxModel = {
    irVersion,
    opset,
    producer,
    graphName,
    nodes,
    initializers,
    inputs,
    outputs,
    metadata,
    fileBytes,
    ...(unread.length > 0 ? { unread } : {}),
  }
  checkNames(source, model)
  return model
}

/** Whether a node or an output of the graph reads a value. */
function isRead({ nodes, outputs }: GraphParts, name: string): boolean {
  return nodes.some(({ inputs }) => inputs.includes(name)) || outputs.some((output) => output.name === name)
}

const noGraph = (source: string) =>
  new FormatError({ where: `${source}, graph`, expected: 'an ONNX model', got: 'no graph' })

/**
 * Reads what a file declares, for a listing. Graphs in attributes are included; weights and versions are not checked.
 * @throws FormatError for a broken file
 */
export function listOnnxGraph(
  bytes: Uint8Array,
  source: string,
): { producer: string | null; graph: GraphParts } {
  const parts = new Parts(true)
  let [producer, version] = ['', '']
  let graph: GraphParts | null = null
  WireMessage.root(bytes, source, '').each(ModelSchema, {
    producerName: (m) => void (producer = m.string()),
    producerVersion: (m) => void (version = m.string()),
    graph: (m) => void (graph ??= readGraph(m.message(), parts)),
  })
  if (!graph) throw noGraph(source)
  return { producer: `${producer} ${version}`.trim() || null, graph }
}

/** Decodes a file that holds a single TensorProto, as in ONNX's test data. */
export function decodeOnnxTensor(bytes: Uint8Array, source: string): { name: string; tensor: OnnxTensor } {
  const head = readHead(WireMessage.root(bytes, source, 'tensor'))
  return { name: head.name, tensor: readTensor(head) }
}

interface Header {
  irVersion: number
  producer: string
  version: string
  opsets: Map<string, number>
  metadata: Map<string, string>
}

/** What a graph declares; `graphs` of a node are the graphs in its attributes. */
export interface GraphParts {
  name: string
  nodes: (OnnxNode & { graphs?: readonly GraphParts[] })[]
  heads: TensorHead[]
  inputs: OnnxValueInfo[]
  outputs: OnnxValueInfo[]
}

/** Counts the parts of a model, so that a file of millions of empty messages fails early. */
class Parts {
  /** Graphs in attributes, collected for a listing only; null if they are an error. */
  readonly graphs: GraphParts[] | null
  depth = 0
  #count = 0

  constructor(listing = false) {
    this.graphs = listing ? [] : null
  }

  next(message: WireMessage): number {
    if (this.#count >= MAX_PARTS)
      throw message.error(`at most ${MAX_PARTS.toLocaleString('en')} parts of a model`, 'more')
    return this.#count++
  }
}

function readOpset(message: WireMessage, opsets: Map<string, number>): void {
  let [domain, version] = ['', 0]
  message.each(OperatorSetSchema, {
    domain: (m) => void (domain = m.string()),
    version: (m) => void (version = m.int()),
  })
  opsets.set(domain, version)
}

function checkVersions(source: string, { irVersion, opsets }: Header): number {
  const opset = opsets.get('') ?? opsets.get('ai.onnx')
  if (irVersion < 1)
    throw new FormatError({ where: `${source}, ir_version`, expected: 'a version', got: `${irVersion}` })
  if (opset !== undefined && opset < 1)
    throw new FormatError({ where: `${source}, opset_import`, expected: 'a version', got: `${opset}` })
  if (irVersion < OLDEST_IR)
    throw new UnsupportedError({
      where: `${source}, ir_version`,
      expected: `version ${OLDEST_IR} or newer`,
      got: `${irVersion}`,
    })
  if (opset === undefined)
    throw new FormatError({
      where: `${source}, opset_import`,
      expected: "a version of ONNX's own operators",
      got: [...opsets.keys()].join(', ') || 'none',
    })
  if (opset >= OLDEST_OPSET) return opset
  throw new UnsupportedError({
    where: `${source}, opset_import`,
    expected: `opset ${OLDEST_OPSET} or newer`,
    got: `opset ${opset}`,
    remedy: "Convert it with ONNX' version converter.",
  })
}

/** Most levels of nested graphs in a listing. */
const MOST_NESTED = 16

function readNested(message: WireMessage, parts: Parts): void {
  if (parts.depth >= MOST_NESTED) throw message.error(`at most ${MOST_NESTED} graphs in each other`, 'more')
  parts.depth++
  const graph = readGraph(message.message(), parts)
  parts.depth--
  parts.graphs!.push(graph)
}

function readGraph(message: WireMessage, parts: Parts): GraphParts {
  const graph: GraphParts = { name: '', nodes: [], heads: [], inputs: [], outputs: [] }
  const place = <T>(m: WireMessage, list: T[]) => {
    parts.next(m)
    return m.message(list.length)
  }
  message.each(GraphSchema, {
    name: (m) => void (graph.name = m.string()),
    node: (m) => void graph.nodes.push(readNode(place(m, graph.nodes), graph.nodes.length, parts)),
    initializer: (m) => void graph.heads.push(readHead(place(m, graph.heads))),
    input: (m) => void graph.inputs.push(readValueInfo(place(m, graph.inputs), parts)),
    output: (m) => void graph.outputs.push(readValueInfo(place(m, graph.outputs), parts)),
    sparseInitializer: (m) => {
      if (!parts.graphs) throw m.unsupported('dense weights', 'sparse ones')
    },
  })
  return graph
}

function readNode(message: WireMessage, index: number, parts: Parts): GraphParts['nodes'][number] {
  const [inputs, outputs]: [string[], string[]] = [[], []]
  const attributes = new Map<string, OnnxAttribute>()
  let [name, op, domain] = ['', '', '']
  const waiting: WireMessage[] = []
  message.each(NodeSchema, {
    input: (m) => void (parts.next(m), inputs.push(m.string())),
    output: (m) => void (parts.next(m), outputs.push(m.string())),
    name: (m) => void (name = m.string()),
    opType: (m) => void (op = m.string()),
    domain: (m) => void (domain = m.string()),
    attribute: (m) => void (parts.next(m), waiting.push(m.message(waiting.length))),
  })
  if (op === '') throw message.error('an operator', 'a node without one')
  if (OWN_DOMAINS.includes(domain)) domain = ''
  const node = { name: name || `${op} ${index}`, op, domain, inputs, outputs, attributes, index }
  const where = describePlace(message.source, node)
  const others = parts.graphs?.length ?? 0
  for (const each of waiting) {
    const [key, value] = readAttribute(each, where, parts)
    if (key === '' || attributes.has(key))
      throw new FormatError({ where, expected: 'unique attribute names', got: `'${key}'` })
    attributes.set(key, value)
  }
  const graphs = parts.graphs?.splice(others) ?? []
  return graphs.length > 0 ? { ...node, graphs } : node
}

const KIND_OF_TYPE = new Map(
  Object.entries(ATTRIBUTE_TYPES).map(([name, number]) => [number as number, name]),
)
const UTF8 = new TextDecoder()

function readAttribute(message: WireMessage, where: string, parts: Parts): readonly [string, OnnxAttribute] {
  const values = new Map<string, OnnxAttribute | (() => OnnxAttribute)>()
  const [floats, ints, strings]: [number[], number[], string[]] = [[], [], []]
  let [name, type] = ['', 0]
  const seen = (kind: string) => () => void values.set(kind, unsupported)
  const unsupported = (): OnnxAttribute => {
    if (parts.graphs) return ''
    const expected = 'attributes that are numbers, texts or one tensor'
    const got = `a ${KIND_OF_TYPE.get(type) ?? `value of type ${type}`} in '${name}'`
    throw new UnsupportedError({ where, expected, got })
  }
  message.each(AttributeSchema, {
    name: (m) => void (name = m.string()),
    type: (m) => void (type = m.int()),
    f: (m) => void values.set('float', m.float()),
    i: (m) => void values.set('int', m.int()),
    s: (m) => void values.set('string', UTF8.decode(m.bytes())),
    t: (m) => {
      const tensor = m.message()
      values.set('tensor', () => readTensor(readHead(tensor)))
    },
    floats: (m) => m.numbers('float', (value) => add(m, floats, value)),
    ints: (m) => m.numbers('int64', (value) => add(m, ints, value)),
    strings: (m) => void (parts.next(m), strings.push(UTF8.decode(m.bytes()))),
    g: (m) => (parts.graphs ? readNested(m, parts) : void m.bytes(), seen('graph')()),
    tensors: (m) => (m.bytes(), seen('tensors')()),
    graphs: (m) => (parts.graphs ? readNested(m, parts) : void m.bytes(), seen('graphs')()),
    refAttrName: (m) => (m.bytes(), seen('ref')()),
  })
  if (floats.length) values.set('floats', floats)
  if (ints.length) values.set('ints', ints)
  if (strings.length) values.set('strings', strings)
  if (values.has('ref')) return [name, unsupported()]
  const kind = type === 0 ? [...values.keys()][0] : KIND_OF_TYPE.get(type)
  const value = values.get(kind ?? '') ?? EMPTY[kind ?? '']
  if (value !== undefined) return [name, typeof value === 'function' ? value() : value]
  if (type > ATTRIBUTE_TYPES.strings || type === ATTRIBUTE_TYPES.graph) return [name, unsupported()]
  throw new FormatError({ where, expected: `a value of '${name}'`, got: kind ? `no ${kind}` : 'none' })
}

function add(message: WireMessage, list: number[], value: number): void {
  if (list.push(value) > MAX_LIST)
    throw message.error(`at most ${MAX_LIST.toLocaleString('en')} numbers`, 'more')
}

/** Values of attributes without a value field: zeros and empty lists need not be written. */
const EMPTY: Readonly<Record<string, OnnxAttribute>> = {
  float: 0,
  int: 0,
  string: '',
  floats: [],
  ints: [],
  strings: [],
}

function readValueInfo(message: WireMessage, parts: Parts): OnnxValueInfo {
  let name = ''
  let dtype: OnnxValueInfo['dtype'] = null
  let shape: (number | string | null)[] | null = null
  message.each(ValueInfoSchema, {
    name: (m) => void (name = m.string()),
    type: (m) => {
      m.message().each(TypeSchema, {
        tensorType: (t) => {
          t.message().each(TensorTypeSchema, {
            elemType: (e) => void (dtype = getDtype(e.int())),
            shape: (s) => void (shape = readShape(s.message(), parts)),
          })
        },
      })
    },
  })
  return { name, dtype, shape }
}

function readShape(message: WireMessage, parts: Parts): (number | string | null)[] {
  const shape: (number | string | null)[] = []
  message.each(TensorShapeSchema, {
    dim: (m) => {
      parts.next(m)
      let size: number | string | null = null
      m.message(shape.length).each(DimensionSchema, {
        dimValue: (d) => void (size = d.int()),
        dimParam: (d) => void (size = d.string() || null),
      })
      // Exporters write −1 for an axis of unknown size.
      shape.push(typeof size === 'number' && size < 0 ? null : size)
    },
  })
  return shape
}

/** Checks that nodes come after their inputs, and that every value is defined once. */
function checkNames(source: string, { nodes, inputs, outputs, initializers }: OnnxModel): void {
  const known = new Set<string>([...initializers.keys(), ...inputs.map(({ name }) => name)])
  for (const node of nodes) {
    const missing = node.inputs.find((input) => input !== '' && !known.has(input))
    if (missing !== undefined)
      throw new FormatError({
        where: describePlace(source, node),
        expected: 'inputs defined before the node',
        got: `'${missing}', which is not defined`,
      })
    for (const output of node.outputs) {
      if (output !== '' && known.has(output))
        throw new FormatError({
          where: describePlace(source, node),
          expected: 'unique output names',
          got: `'${output}', which is already defined`,
        })
      known.add(output)
    }
  }
  const unmade = outputs.find(({ name }) => name === '' || !known.has(name))
  if (!unmade) return
  throw new FormatError({
    where: `${source}, graph.output '${unmade.name}'`,
    expected: 'a value of the graph',
    got: 'an undefined value',
  })
}

function onceEach(sibling: Sibling | undefined): Sibling | undefined {
  if (!sibling) return undefined
  const files = new Map<string, Promise<Uint8Array>>()
  return (name) => {
    const file = files.get(name) ?? sibling(name)
    files.set(name, file)
    return file
  }
}
