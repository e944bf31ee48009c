/** TensorFlow 1 dumps: ml5's charRNN against its golden, in one pass and as a stream; broken dumps by name. */
import { describe, expect, it } from 'vitest'
import { readTensorflow1 } from '../../src/formats/tensorflow1/index.ts'
import { FormatError, UnsupportedError } from '../../src/core/errors.ts'
import { filesOf } from './conformance/files.ts'
import { modelsAreHere, networkOf, openCharRnn, runCharRnn, worstCharRnn } from './conformance/otherModels.ts'

describe.skipIf(!modelsAreHere)('ml5’s charRNN', () => {
  it('says what it is', async () => {
    const { model } = await openCharRnn()
    expect(model.input).toEqual({ kind: 'ids', width: 65, steps: null })
    expect(model.tokens).toBe('chars')
    expect(model.vocabulary?.slice(0, 3)).toEqual([' ', 'e', 't'])
    expect(model.omitted).toEqual(['variable Variable'])
    expect(model.warnings.join()).toContain('forget bias 1')
  })

  it('in one pass: three rows, and 1.7534 nats a character over 2000', async () => {
    const { worst } = await runCharRnn()
    expect(worst).toBeLessThan(1e-5)
  })

  it('as a stream, the same', async () => {
    const { model, ids } = await openCharRnn()
    const stream = networkOf(model).stream()
    const rows = ids.slice(0, -1).map((id) => Float32Array.from(stream.push(id)))
    expect(worstCharRnn(rows, ids)).toBeLessThan(1e-5)
  })
})

const V = 3
const zeros = (count: number) => new Uint8Array(4 * count)
const variables = {
  embedding: [V, 2],
  'cell_0/basic_lstm_cell/kernel': [4, 8],
  'cell_0/basic_lstm_cell/bias': [8],
  softmax_w: [2, V],
  softmax_b: [V],
}

function dump(shapes: Record<string, unknown>, files: Record<string, Uint8Array> = {}, more: object = {}) {
  const names = Object.keys(shapes)
  const entries = names.map((name, i) => [name, { filename: `v${i}`, shape: shapes[name] }])
  const manifest = JSON.stringify({ ...Object.fromEntries(entries), ...more })
  const raw = names.map((name, i) => {
    const shape = variables[name as keyof typeof variables] as number[] | undefined
    return [`v${i}`, zeros(shape ? shape.reduce((a, b) => a * b, 1) : 1)]
  })
  const all = { ...(Object.fromEntries(raw) as Record<string, Uint8Array>), ...files }
  return readTensorflow1(filesOf({ 'manifest.json': new TextEncoder().encode(manifest), ...all }), {})
}

describe('dumps', () => {
  it('add 1 to the forget gate, and only to it', async () => {
    const { weights, vocabulary } = await dump(variables)
    expect([...weights.get('recurrent.0.bias_ih_l0')!]).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
    expect(vocabulary).toBeNull()
  })

  it('keep the gates apart: i j f o become i f g o', async () => {
    const bias = new Uint8Array(Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer)
    const { weights } = await dump(variables, { v2: bias })
    expect([...weights.get('recurrent.0.bias_ih_l0')!]).toEqual([1, 2, 6, 7, 3, 4, 7, 8])
  })

  it.each([
    ['a file of another size', () => dump(variables, { v1: zeros(31) }), 'file "v1": expected 128 bytes'],
    [
      'a product beyond all memory',
      () => dump({ ...variables, embedding: [2 ** 31, 2 ** 31, 2] }),
      'shape: expected at most',
    ],
    ['a number that is none', () => dump({ ...variables, embedding: [1.5, 2] }), 'embedding.shape[0]'],
    [
      'a path that leads elsewhere',
      () => dump(variables, {}, { x: { filename: '../secret', shape: [1] } }),
      'manifest.x.filename',
    ],
    [
      'a kernel that is none',
      () => dump({ ...variables, 'cell_0/basic_lstm_cell/kernel': [4, 7] }),
      'basic_lstm_cell/kernel',
    ],
    ['widths that do not fit', () => dump({ ...variables, softmax_w: [5, V] }), 'softmax_w'],
    [
      'a vocabulary with one id twice',
      () => dump(variables, { 'vocab.json': new TextEncoder().encode('{"a":1,"b":1}') }),
      'vocab.json, "b"',
    ],
    [
      'a vocabulary with a huge id',
      () => dump(variables, { 'vocab.json': new TextEncoder().encode('{"a":4294967295}') }),
      'vocab.json, "a"',
    ],
    ['no manifest', () => readTensorflow1(filesOf({ 'manifest.json': zeros(3) }), {}), 'expected JSON'],
  ])('%s: refused by name', async (_, read, place) => {
    await expect(read()).rejects.toThrow(FormatError)
    await expect(read()).rejects.toThrow(place)
  })

  it('other networks: errors', async () => {
    await expect(dump({ dense: [1] })).rejects.toThrow(UnsupportedError)
  })
})
