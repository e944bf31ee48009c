/** ONNX: graphs with other nodes, wires, attributes and tensors; every count, size and name may be anything. */

const OP_SETS = [0n, 1n, 7n, 9n, 11n, 13n, 17n, 21n, 99n, -1n, 2n ** 63n - 1n]

/** A changed copy of an ONNX file; `tools`: protobuf's create, fromBinary, toBinary, the schemas, the operators. */
export function madeOnnx(draw, bytes, tools) {
  const model = tools.fromBinary(tools.ModelSchema, bytes)
  for (let times = draw.changes(); times > 0; times--) {
    const kind = draw.pick(Object.keys(CHANGES))
    draw.say(kind)
    CHANGES[kind](draw, model, tools)
  }
  return tools.toBinary(tools.ModelSchema, model)
}

const whole = (draw) => BigInt.asIntN(64, BigInt(Math.trunc(draw.number())))
const text = (value) => new TextEncoder().encode(value)
const valuesOf = ({ node, initializer, input }) => [
  '',
  ...initializer.map(({ name }) => name),
  ...input.map(({ name }) => name),
  ...node.flatMap(({ output }) => output),
]

function attribute(draw, { create, AttributeSchema, TensorSchema }, name) {
  const kinds = [
    () => ({ type: 1, f: draw.pick([0, -1, 0.5, 1e38, Number.NaN, Infinity]) }),
    () => ({ type: 2, i: whole(draw) }),
    () => ({
      type: 3,
      s: text(draw.pick([draw.name(), 'forward', 'reverse', 'bidirectional', 'NOTSET', 'Tanh'])),
    }),
    () => ({ type: 4, t: tensor(draw, { create, TensorSchema }, '') }),
    () => ({ type: 7, ints: Array.from({ length: draw.pick([0, 1, 2, 3, 8, 3000]) }, () => whole(draw)) }),
    () => ({ type: 6, floats: [0, 1, Number.NaN] }),
    () => ({ type: 8, strings: [text(draw.name()), text('Tanh')] }),
    () => ({ type: draw.number() | 0 }),
  ]
  return create(AttributeSchema, { name, ...draw.pick(kinds)() })
}

function tensor(draw, { create, TensorSchema }, name) {
  const small = draw.chance(0.6)
  const dims = small
    ? Array.from({ length: draw.below(4) }, () => BigInt(draw.below(5)))
    : draw.shape().map((n) => BigInt.asIntN(64, BigInt(Math.trunc(n))))
  const dataType = draw.pick([1, 1, 1, 6, 7, 7, 9, 10, 11, 2, 8, 16, 0, 99])
  const size = small ? Number(dims.reduce((a, b) => a * b, 1n)) : draw.below(20)
  const width = { 1: 4, 6: 4, 7: 8, 11: 8, 10: 2 }[dataType] ?? 1
  const fields = {
    rawData: () => draw.bytes(size * width + (draw.chance(0.1) ? 1 : 0)),
    int64Data: () => Array.from({ length: size }, () => whole(draw)),
    floatData: () => Array.from({ length: size }, () => draw.pick([0, 1, -1, Number.NaN, 3e38])),
    int32Data: () => Array.from({ length: size }, () => draw.number() | 0),
  }
  const field = draw.pick(Object.keys(fields))
  return create(TensorSchema, { name, dims, dataType, [field]: fields[field]() })
}

const OFTEN = [
  'axis',
  'axes',
  'perm',
  'to',
  'hidden_size',
  'direction',
  'layout',
  'linear_before_reset',
  'activations',
  'keepdims',
  'split',
  'starts',
  'ends',
  'shape',
  'value',
  'allowzero',
  'kernel_shape',
  'strides',
  'dilations',
  'pads',
  'group',
  'equation',
  'alpha',
  'transA',
  'transB',
  'clip',
  'epsilon',
  'k',
  'mode',
  'batch_dims',
  'num_outputs',
  'input_forget',
]

const CHANGES = {
  operator(draw, { graph }, { operators }) {
    if (graph.node.length > 0)
      draw.pick(graph.node).opType = draw.chance(0.9) ? draw.pick(operators) : draw.name()
  },
  node(draw, { graph }, tools) {
    const values = valuesOf(graph)
    const made = tools.create(tools.NodeSchema, {
      opType: draw.pick(tools.operators),
      input: Array.from({ length: draw.below(5) }, () => draw.pick(values)),
      output: Array.from({ length: 1 + draw.below(2) }, (_, i) => `made${graph.node.length}_${i}`),
      attribute: Array.from({ length: draw.below(3) }, () => attribute(draw, tools, draw.pick(OFTEN))),
    })
    graph.node.splice(draw.chance(0.5) ? 0 : draw.below(graph.node.length + 1), 0, made)
    const last = graph.node.at(-1)
    // What the node makes is read by the last one, or is an output.
    if (draw.chance(0.5) && last.input.length > 0) last.input[draw.below(last.input.length)] = made.output[0]
    else graph.output[0].name = made.output[0]
  },
  wire(draw, { graph }) {
    if (graph.node.length === 0) return
    const node = draw.pick(graph.node)
    const list = draw.chance(0.7) ? node.input : node.output
    if (list.length > 0)
      list[draw.below(list.length)] = draw.chance(0.8) ? draw.pick(valuesOf(graph)) : draw.name()
  },
  arity(draw, { graph }) {
    if (graph.node.length === 0) return
    const node = draw.pick(graph.node)
    const list = draw.chance(0.7) ? node.input : node.output
    if (draw.chance(0.5)) list.pop()
    else
      list.push(
        ...Array.from({ length: draw.many() }, (_, i) =>
          list === node.input ? draw.pick(valuesOf(graph)) : `o${i}`,
        ),
      )
  },
  attribute(draw, { graph }, tools) {
    if (graph.node.length === 0) return
    const node = draw.pick(graph.node)
    const at = draw.below(node.attribute.length + 1)
    const name = node.attribute[at]?.name ?? draw.pick(OFTEN)
    node.attribute[at] = attribute(draw, tools, draw.chance(0.9) ? name : draw.name())
  },
  ints(draw, { graph }) {
    const all = graph.node.flatMap((node) => node.attribute).filter(({ type }) => type === 2 || type === 7)
    if (all.length === 0) return
    const one = draw.pick(all)
    if (one.type === 2) one.i = whole(draw)
    else one.ints[draw.below(one.ints.length || 1)] = whole(draw)
  },
  dims(draw, { graph }) {
    if (graph.initializer.length > 0)
      draw.pick(graph.initializer).dims = draw.shape().map((n) => BigInt.asIntN(64, BigInt(Math.trunc(n))))
  },
  dtype(draw, { graph }) {
    if (graph.initializer.length > 0)
      draw.pick(graph.initializer).dataType = draw.pick([0, 1, 2, 6, 7, 8, 9, 10, 11, 16, 17, 99, -1])
  },
  numbers(draw, { graph }) {
    if (graph.initializer.length === 0) return
    const one = draw.pick(graph.initializer)
    one.rawData = draw.bytes(
      draw.pick([0, 1, one.rawData.length, one.rawData.length + 4, Math.floor(one.rawData.length / 2)]),
    )
    if (draw.chance(0.3)) one.int64Data = Array.from({ length: 3 }, () => whole(draw))
  },
  tensor(draw, { graph }, tools) {
    const name =
      graph.initializer.length > 0 && draw.chance(0.7) ? draw.pick(graph.initializer).name : draw.name()
    graph.initializer.push(tensor(draw, tools, name))
  },
  external(draw, { graph }, { create, EntrySchema }) {
    if (graph.initializer.length === 0) return
    const one = draw.pick(graph.initializer)
    one.dataLocation = 1
    const facts = {
      location: draw.pick([draw.name(), 'w.bin']),
      offset: String(draw.number()),
      length: String(draw.number()),
    }
    one.externalData = Object.entries(facts).map(([key, value]) => create(EntrySchema, { key, value }))
  },
  chain(draw, { graph }, tools) {
    // Very many small steps on the way, or constants that grow.
    const ops = [
      'Identity',
      'Concat',
      'Add',
      'Erf',
      'Squeeze',
      'Unsqueeze',
      'Transpose',
      'MatMul',
      'Reshape',
      'Cast',
      'Expand',
      'Tile',
      'Gather',
    ]
    const op = draw.pick(ops)
    const first = draw.pick(valuesOf(graph))
    const count = Math.min(draw.many(), 3000)
    const made = Array.from({ length: count }, (_, i) =>
      tools.create(tools.NodeSchema, {
        opType: op,
        input: [
          i === 0 ? first : `chain${i - 1}`,
          ...(['Concat', 'Add', 'MatMul', 'Reshape', 'Expand', 'Tile', 'Gather'].includes(op)
            ? [i === 0 ? first : `chain${i - 1}`]
            : []),
        ],
        output: [`chain${i}`],
        attribute:
          op === 'Concat' ? [tools.create(tools.AttributeSchema, { name: 'axis', type: 2, i: 0n })] : [],
      }),
    )
    graph.node.unshift(...made)
    const reader = graph.node.find(
      ({ input }) => input.includes(first) && !made.some(({ input: own }) => own === input),
    )
    if (reader && draw.chance(0.7)) reader.input[reader.input.indexOf(first)] = `chain${count - 1}`
  },
  copies(draw, { graph }) {
    if (graph.node.length === 0) return
    const node = draw.pick(graph.node)
    const count = Math.min(draw.many(), 5000)
    for (let i = 0; i < count; i++)
      graph.node.push({
        ...node,
        output: node.output.map((name) => (draw.chance(0.1) ? name : `${name}_${i}`)),
      })
  },
  inputs(draw, { graph }, tools) {
    const kind = draw.below(4)
    if (kind === 0) graph.input.length = 0
    else if (kind === 1 && graph.input[0])
      graph.input.push(...Array.from({ length: draw.many() }, () => graph.input[0]))
    else if (kind === 2) graph.output.push(...Array.from({ length: draw.many() }, () => graph.output[0]))
    else for (const { type } of graph.input) dimensions(draw, type, tools)
  },
  opset(draw, model) {
    for (const set of model.opsetImport) set.version = draw.pick(OP_SETS)
  },
  metadata(draw, model, { create, EntrySchema }) {
    const own = model.metadataProps.find(({ key }) => key === 'latch_export')
    if (own && draw.chance(0.7))
      own.value = draw.pick([
        '',
        '{',
        '[]',
        'null',
        '['.repeat(100_000),
        own.value.slice(0, -5),
        own.value.replace(/\d+/, '1e9'),
      ])
    else
      model.metadataProps.push(
        ...Array.from({ length: draw.many() }, () =>
          create(EntrySchema, { key: draw.name(), value: draw.name() }),
        ),
      )
  },
  deep(draw, { graph }, tools) {
    // A graph in an attribute of a node in a graph …
    let inner = null
    for (let i = draw.pick([1, 20, 90, 500]); i > 0; i--) {
      const node = tools.create(tools.NodeSchema, { opType: 'If', input: ['c'], output: [`d${i}`] })
      if (inner)
        node.attribute.push(tools.create(tools.AttributeSchema, { name: 'then_branch', type: 5, g: inner }))
      inner = tools.create(tools.GraphSchema, { node: [node] })
    }
    graph.node.unshift(...inner.node)
  },
}

function dimensions(draw, type, { create, DimensionSchema }) {
  if (type?.value?.case !== 'tensorType') return
  const { shape } = type.value.value
  if (!shape) return
  const size = () =>
    draw.chance(0.2) ? { case: 'dimParam', value: draw.name() } : { case: 'dimValue', value: whole(draw) }
  if (draw.chance(0.3)) shape.dim.pop()
  shape.dim = shape.dim.map((dim) => (draw.chance(0.5) ? create(DimensionSchema, { value: size() }) : dim))
}
