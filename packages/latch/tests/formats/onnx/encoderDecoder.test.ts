/**
 * Sequence-to-sequence models in ONNX Runtime: encoder and decoder step, decoded greedily, against Latch. Needs the peers of
 * bench/package.json; skipped where they are not installed.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { exporters } from '../../../src/formats.ts'
import type { SequenceToSequence, SequenceToSequenceOptions, WrittenSequence } from '../../../src/node.ts'
import { ATTENTION_SCORES } from '../../../src/layers/encoderDecoder/attention.ts'
import { fromBinary } from '@bufbuild/protobuf'
import { ModelSchema } from '../../../src/formats/onnx/proto/schema.ts'
import { greatestDifference } from '../../closeTo.ts'
import { tiny } from '../../tasks/sequenceToSequence/helpers.ts'

interface OrtTensor {
  data: ArrayLike<number>
  dims: readonly number[]
}
interface Session {
  inputNames: readonly string[]
  run(feeds: object): Promise<Record<string, OrtTensor>>
}
interface Ort {
  InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> }
  Tensor: new (type: string, data: object, dims: readonly number[]) => OrtTensor
}

function peer(name: string): Ort | null {
  try {
    return createRequire(fileURLToPath(new URL('../../../../../bench/package.json', import.meta.url)))(
      name,
    ) as Ort
  } catch {
    return null
  }
}
const native = peer('onnxruntime-node')

const SOURCES = ['abcd', 'ab', 'dcbab', 'a']
const END = 1

async function exported(model: SequenceToSequence): Promise<Map<string, Uint8Array>> {
  const files = await model.exportTo(exporters.onnx, 'm')
  return new Map(files.map(({ name, chunks }) => [name, new Uint8Array(Buffer.concat([...chunks]))]))
}

/** Decodes all sources side by side, as a program would. */
async function decode(ort: Ort, model: SequenceToSequence, most: number) {
  const files = await exported(model)
  const open = (name: string) => ort.InferenceSession.create(files.get(name)!, { logSeverityLevel: 3 })
  const [encoder, decoder] = [await open('m.encoder.onnx'), await open('m.decoder.onnx')]
  const ids = SOURCES.map((source) => [...model.encode(source).ids!])
  const steps = Math.max(...ids.map(({ length }) => length))
  const padded = ids.flatMap((own) => [...own, ...new Array<number>(steps - own.length).fill(0)])
  const lengths = new ort.Tensor(
    'int32',
    Int32Array.from(ids, ({ length }) => length),
    [ids.length],
  )
  const { values, keys, ...states } = await encoder.run({
    ids: new ort.Tensor('int64', BigInt64Array.from(padded, BigInt), [ids.length, steps]),
    lengths,
  })
  const source = values ? { values, keys, lengths } : {}
  const written = SOURCES.map(() => ({ tokens: [] as string[], attention: [] as number[][], ended: false }))
  let [tokens, now] = [SOURCES.map(() => END), states]
  for (let step = 0; step < most && written.some(({ ended }) => !ended); step++) {
    const id = new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length])
    const { logits, attention, nextHidden, nextCell } = await decoder.run({ id, ...source, ...now })
    now = { hidden: nextHidden, ...(nextCell ? { cell: nextCell } : {}) }
    const width = logits.dims[1]
    tokens = SOURCES.map((_, i) => {
      const row = Array.from(logits.data).slice(i * width, (i + 1) * width)
      const allowed = row.map((x, token) => (token === 0 && !attention ? -Infinity : x))
      return allowed.indexOf(Math.max(...allowed))
    })
    written.forEach((one, i) => {
      if (one.ended) return
      if (tokens[i] === END) one.ended = true
      else {
        one.tokens.push(model.targetVocabulary.tokens[tokens[i]])
        if (attention) one.attention.push(Array.from(attention.data).slice(i * steps, (i + 1) * steps))
      }
    })
  }
  return written
}

function expectSame(found: Awaited<ReturnType<typeof decode>>, expected: readonly WrittenSequence[]): void {
  expected.forEach(({ tokens, attention, ended, sourceTokens }, i) => {
    expect(found[i].tokens).toEqual(tokens)
    expect(found[i].ended).toBe(ended)
    attention?.forEach((row, t) => {
      const own = found[i].attention[t]
      expect(greatestDifference(own.slice(0, sourceTokens.length), row)).toBeLessThan(1e-4)
      expect(own.slice(sourceTokens.length).every((weight) => weight === 0)).toBe(true)
    })
  })
}

describe.skipIf(!native)('ONNX Runtime decodes', () => {
  describe.each(ATTENTION_SCORES)('with attention %s', (attention) => {
    it.each([
      ['gru', {}],
      ['lstm of two layers', { cell: 'lstm', layers: 2 }],
      ['rnn that reads one way', { cell: 'rnn', bidirectional: false, layers: 2 }],
    ] as [string, SequenceToSequenceOptions][])('%s', async (_, options) => {
      const model = await tiny({ attention, dropout: 0.2, ...options })
      const expected = model.predict(SOURCES)
      const most = Math.max(...expected.map(({ tokens }) => tokens.length)) + 1
      const found = await decode(native!, model, most)
      // What Latch cuts at its limit, the loop does not end either.
      expectSame(found, expected)
    })
  })
})

describe('the graphs of a sequence-to-sequence model', () => {
  it('are two, with the vocabularies and the settings', async () => {
    const model = await tiny({ cell: 'lstm' })
    const files = await exported(model)
    expect([...files.keys()]).toEqual(['m.encoder.onnx', 'm.decoder.onnx'])
    for (const bytes of files.values()) {
      const { metadataProps } = fromBinary(ModelSchema, bytes)
      const text = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]))
      expect(JSON.parse(text.targetVocabulary)).toEqual(model.targetVocabulary.toJSON())
      expect(JSON.parse(text.vocabulary)).toEqual(model.vocabulary.toJSON())
      expect(JSON.parse(text.settings)).toMatchObject({ cell: 'lstm', attention: 'general' })
    }
    const named = (name: string, side: 'input' | 'output') =>
      fromBinary(ModelSchema, files.get(name)!).graph![side].map((value) => value.name)
    expect(named('m.encoder.onnx', 'output')).toEqual(['values', 'keys', 'hidden', 'cell'])
    expect(named('m.decoder.onnx', 'input')).toEqual(['id', 'values', 'keys', 'lengths', 'hidden', 'cell'])
    expect(named('m.decoder.onnx', 'output')).toEqual(['attention', 'logits', 'nextHidden', 'nextCell'])
  })

  it('are of ONNX alone', async () => {
    const model = await tiny()
    for (const format of ['torch', 'keras', 'tfjs'] as const)
      await expect(model.exportTo(exporters[format])).rejects.toThrow(UnsupportedError)
  })
})
