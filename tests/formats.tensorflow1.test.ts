/** TensorFlow 1 dumps: ml5's charRNN against its golden, in one pass and as a stream; broken dumps by name. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ImportedModel } from '../src/formats/imported.ts'
import { readTensorflow1 } from '../src/formats/tensorflow1/index.ts'
import { PackedBatch } from '../src/layers/packed.ts'
import { Network } from '../src/model/network.ts'
import { FormatError, UnsupportedError } from '../src/tensor/errors.ts'
import { filesOf, modelFile } from './conformance/files.ts'
import { worstOf } from './conformance/result.ts'

const FOLDER = new URL('../../shared/conformance/models/ml5_charrnn_shakespeare/', import.meta.url)
const TEXT = new URL('../../shared/data/tinyshakespeare/input.txt', import.meta.url)

interface Golden {
  probabilities_after_steps_1_2_3: number[][]
  mean_cross_entropy_nats_per_character: number
  characters: number
}

const networkOf = ({ network, weights }: ImportedModel) =>
  new Network(network, { weights: ({ name }) => weights.get(name)! })

function softmax(row: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(row))
  const powers = Array.from(row, (x) => Math.exp(x - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((x) => x / sum)
}

/** The first 2001 known characters of the last tenth. */
function idsOf(vocabulary: readonly string[]): number[] {
  const text = readFileSync(TEXT, 'utf8').slice(-111_540)
  const ids = new Map(vocabulary.map((token, id) => [token, id]))
  return [...text].flatMap((sign) => ids.get(sign) ?? []).slice(0, 2001)
}

describe.skipIf(!existsSync(FOLDER) || !existsSync(TEXT))('ml5’s charRNN', () => {
  const golden = existsSync(FOLDER)
    ? (JSON.parse(readFileSync(new URL('golden.json', FOLDER), 'utf8')) as Golden)
    : ({} as Golden)
  const read = () => readTensorflow1(modelFile(new URL('manifest.json', FOLDER)), {})

  it('says what it is', async () => {
    const model = await read()
    expect(model.input).toEqual({ kind: 'ids', width: 65, steps: null })
    expect(model.tokens).toBe('character')
    expect(model.vocabulary?.slice(0, 3)).toEqual([' ', 'e', 't'])
    expect(model.left).toEqual(['variable Variable'])
    expect(model.notes.join()).toContain('forget bias 1')
  })

  const check = (rows: readonly ArrayLike<number>[], ids: readonly number[]) => {
    for (const [t, row] of golden.probabilities_after_steps_1_2_3.entries())
      expect(worstOf(softmax(rows[t]), row)).toBeLessThan(1e-5)
    expect(rows).toHaveLength(golden.characters)
    const losses = rows.map((row, t) => -Math.log(softmax(row)[ids[t + 1]]))
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length
    expect(Math.abs(mean - golden.mean_cross_entropy_nats_per_character)).toBeLessThan(1e-5)
  }

  it('in one pass: 2000 characters, 1.7534 nats each', async () => {
    const model = await read()
    const network = networkOf(model)
    const ids = idsOf(model.vocabulary!)
    const batch = PackedBatch.ofIds([ids.slice(0, -1)])
    network.forward(batch)
    const output = network.readOutput(batch)
    const rows = ids.slice(1).map((_, t) => output.subarray(65 * t, 65 * (t + 1)))
    check(rows, ids)
  })

  it('as a stream, the same', async () => {
    const model = await read()
    const stream = networkOf(model).stream()
    const ids = idsOf(model.vocabulary!)
    check(ids.slice(0, -1).map((id) => Float32Array.from(stream.push(id))), ids)
  }) // prettier-ignore
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
    ['a product beyond all memory', () => dump({ ...variables, embedding: [2 ** 31, 2 ** 31, 2] }), 'shape: expected at most'],
    ['a number that is none', () => dump({ ...variables, embedding: [1.5, 2] }), 'embedding.shape[0]'],
    ['a path that leads elsewhere', () => dump(variables, {}, { x: { filename: '../secret', shape: [1] } }), 'manifest.x.filename'],
    ['a kernel that is none', () => dump({ ...variables, 'cell_0/basic_lstm_cell/kernel': [4, 7] }), 'basic_lstm_cell/kernel'],
    ['widths that do not fit', () => dump({ ...variables, softmax_w: [5, V] }), 'softmax_w'],
    ['a vocabulary with one id twice', () => dump(variables, { 'vocab.json': new TextEncoder().encode('{"a":1,"b":1}') }), 'vocab.json, "b"'],
    ['a vocabulary with a huge id', () => dump(variables, { 'vocab.json': new TextEncoder().encode('{"a":4294967295}') }), 'vocab.json, "a"'],
    ['no manifest', () => readTensorflow1(filesOf({ 'manifest.json': zeros(3) }), {}), 'expected JSON'],
  ])('%s: refused by name', async (_, read, place) => {
    await expect(read()).rejects.toThrow(FormatError)
    await expect(read()).rejects.toThrow(place)
  }) // prettier-ignore

  it('other networks: refused in words', async () => {
    await expect(dump({ dense: [1] })).rejects.toThrow(UnsupportedError)
  })
})
