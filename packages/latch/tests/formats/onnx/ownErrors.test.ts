/** Errors of our own code while an ONNX file is read stay what they are; broken graphs are refused by Latch's errors. */
import { describe, expect, it, vi } from 'vitest'
import { decodeOnnx } from '../../../src/formats/onnx/proto/decode.ts'
import { ModelSchema } from '../../../src/formats/onnx/proto/schema.ts'
import { WireMessage } from '../../../src/formats/onnx/proto/wire.ts'
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { NodeConverter } from '../../../src/formats/onnx/convert/context.ts'
import { convertOnnx } from '../../../src/formats/onnx/convert/convert.ts'
import { verifyConversion } from '../../../src/formats/onnx/convert/verify.ts'
import { FormatError, LatchError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import { floats, modelBytes } from './onnxFiles.ts'
import { bytesOf, CASES, drawn, MASK_CASES, sourceOf } from './onnxHelpers.ts'

const small = modelBytes({
  opset: 13,
  nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
  inputs: { x: ['float32', ['batch', 'time', 2]] },
  initializers: { w: floats([2, 1], [1, 2]) },
  outputs: ['y'],
  metadata: { key: 'value' },
})

describe('a bug in our own code', () => {
  const bugs = [
    new TypeError('x is undefined'),
    new RangeError('Invalid array length'),
    new ReferenceError('y'),
  ]

  it.each(bugs)('passes through the protobuf walk: %s', (bug) => {
    const message = WireMessage.root(small, 'small.onnx', '')
    const walk = () =>
      message.each(ModelSchema, {
        irVersion: () => {
          throw bug
        },
      })
    expect(walk).toThrow(bug)
  })

  it.each(bugs)('passes through the conversion of a node: %s', async (bug) => {
    const model = await decodeOnnx(small, 'small.onnx')
    const spy = vi.spyOn(NodeConverter.prototype, 'rows').mockImplementation(() => {
      throw bug
    })
    try {
      expect(() => convertOnnx(model, 'small.onnx', {})).toThrow(bug)
    } finally {
      spy.mockRestore()
    }
  })

  it('while broken bytes are still the file’s fault, with a place', async () => {
    await expect(decodeOnnx(Uint8Array.of(0x0f), 'm.onnx')).rejects.toThrow(FormatError)
    await expect(decodeOnnx(Uint8Array.of(0x08, 0xff), 'm.onnx')).rejects.toThrow(
      /m\.onnx, irVersion, byte \d/,
    )
  })
})

/** Breaks one rule of one node, or the form of one constant. */
function broken(model: OnnxModel, random: Random): OnnxModel {
  const at = random.integer(model.nodes.length)
  const names = [...model.initializers.keys(), ...model.nodes.flatMap(({ outputs }) => outputs)].filter(
    Boolean,
  )
  const sizes = [-3, -1, 0, 1, 2, 3, 7]
  const attribute = (value: unknown): unknown => {
    if (typeof value === 'number') return random.pick([...sizes, 0.5])
    if (typeof value === 'string') return random.pick(['forward', 'reverse', 'bidirectional', 'odd'])
    if (Array.isArray(value)) {
      const list = value as unknown[]
      return random.pick<unknown>([[], list.slice(1), [...list, ...list], list.map(attribute), 3])
    }
    return random.pick<unknown>([value, 1, []])
  }
  const breakNode = (node: OnnxNode): OnnxNode => {
    const inputs = [...node.inputs]
    const attributes = new Map(node.attributes)
    const kind = random.integer(6)
    if (kind === 0) inputs.splice(random.integer(inputs.length + 1), 1)
    if (kind === 1) inputs.push(random.pick(names))
    if (kind === 2 && inputs.length) inputs[random.integer(inputs.length)] = random.pick([...names, ''])
    if (kind === 3) inputs.reverse()
    if (kind === 4) for (const [key, value] of attributes) attributes.set(key, attribute(value) as never)
    const op = kind === 5 ? random.pick(model.nodes).op : node.op
    return { ...node, op, inputs, attributes }
  }
  const initializers = new Map(model.initializers)
  if (random.integer(3) === 0 && initializers.size) {
    const name = random.pick([...initializers.keys()])
    const { dtype, data } = initializers.get(name)!
    const cut = data.slice(0, random.integer(data.length + 1))
    const shape = random.pick([[cut.length], [cut.length, 1], [1, cut.length], [1, 1, cut.length]])
    initializers.set(name, { dtype, data: cut, shape } as OnnxTensor)
  } else if (random.integer(4) === 0 && initializers.size) {
    const name = random.pick([...initializers.keys()])
    const { dtype, data, shape } = initializers.get(name)!
    if (dtype === 'int64') {
      const other = data.map(() => random.pick(sizes))
      initializers.set(name, { dtype, data: other, shape } as OnnxTensor)
    }
  }
  // Values are made before they are read, or the file is refused as it is decoded.
  const known = new Set([...initializers.keys(), ...model.inputs.map(({ name }) => name)])
  const nodes = model.nodes.map((node, i) => {
    const one = i === at ? breakNode(node) : node
    const inputs = one.inputs.map((name) => (name === '' || known.has(name) ? name : node.inputs[0]))
    for (const name of one.outputs) known.add(name)
    return { ...one, inputs }
  })
  return { ...model, nodes, initializers }
}

describe('a graph that breaks its operators’ rules', () => {
  it('is refused by an error of Latch, never by a crash', async () => {
    const random = new Random(1, 'broken graphs')
    const crashes = new Map<string, number>()
    let whole = 0
    const rounds = 1500
    const models: OnnxModel[] = []
    for (const { layers, outputActivation = 'linear' } of [
      ...random.shuffle([...CASES]).slice(0, 60),
      ...MASK_CASES,
    ]) {
      const network = drawn({ layers })
      models.push(await decodeOnnx(await bytesOf(sourceOf(network, { outputActivation })), 'case.onnx'))
      network.dispose()
    }
    for (let round = 0; round < rounds; round++) {
      const model = broken(random.pick(models), random)
      try {
        verifyConversion(model, convertOnnx(model, 'broken.onnx', {}), 'broken.onnx')
        whole++
      } catch (error) {
        if (error instanceof LatchError) continue
        const [top, ...lines] = ((error as Error).stack ?? '').split('\n')
        const at = `${top} ${lines
          .slice(0, 3)
          .map((line) => line.replace(/.*src/, ''))
          .join(' < ')}`
        crashes.set(at, (crashes.get(at) ?? 0) + 1)
      }
    }
    expect([...crashes.entries()]).toEqual([])
    expect(whole).toBeGreaterThan(0)
    expect(whole).toBeLessThan(rounds)
  })
})
