/** Safetensors: round trips, the exact bytes other readers expect, and every refusal with its message. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError, ShapeError, UsageError } from '../../src/core/errors.ts'
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors/safetensors.ts'
import type { NamedTensor } from '../../src/formats/safetensors/safetensors.ts'

/** A file with any header text, so that tests can lie in it. */
function forge(header: string | Uint8Array, dataBytes = 0, declaredLength?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const file = new Uint8Array(8 + text.length + dataBytes)
  new DataView(file.buffer).setBigUint64(0, declaredLength ?? BigInt(text.length), true)
  file.set(text, 8)
  return file
}

function tensorHeader(dtype: string, shape: string, offsets: string, name = 'w'): string {
  return `{"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`
}

function refusal(bytes: Uint8Array): FormatError {
  try {
    readSafetensors(bytes, 'm.safetensors')
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return error
  }
  throw new Error('expected a refusal')
}

const shapes = fc.array(fc.nat(4), { maxLength: 3 })
const arrays = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
} as const
const tensor = fc
  .record({
    name: fc.string({ unit: 'binary', maxLength: 12 }).filter((name) => name !== '__metadata__'),
    shape: shapes,
    dtype: fc.constantFrom('F32', 'F64', 'I32', 'I64', 'U8'),
    fill: fc.uint8Array({ minLength: 512, maxLength: 512 }),
  })
  .map(({ name, shape, dtype, fill }): NamedTensor => {
    const length = shape.reduce((product, size) => product * size, 1)
    return { name, shape, dtype, data: new arrays[dtype](fill.buffer, 0, length) }
  })

const rawBytes = ({ data }: NamedTensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

describe('round trips', () => {
  it('gives back every tensor, name and text, aligned to its element', () => {
    const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 })
    const texts = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(tensors, texts, fc.nat(7), (written, metadata, shift) => {
        const file = writeSafetensors(written, metadata)
        const shifted = new Uint8Array(file.length + shift)
        shifted.set(file, shift)
        const read = readSafetensors(shifted.subarray(shift))
        expect({ ...read.metadata }).toEqual({ ...metadata })
        expect(read.tensors.size).toBe(written.length)
        for (const one of written) {
          const found = read.tensors.get(one.name)!
          expect([found.dtype, found.shape]).toEqual([one.dtype, one.shape])
          expect(rawBytes(found)).toEqual(rawBytes(one))
        }
      }),
      { numRuns: 150, seed: 1 },
    )
  })

  it('keeps a name like "__proto__" as data', () => {
    const file = forge('{"__metadata__":{"__proto__":"x"}}')
    const { metadata } = readSafetensors(file)
    expect(Object.keys(metadata)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype)
  })

  it('gives the same bytes whatever the order of the tensors', () => {
    const a: NamedTensor = { name: 'a', shape: [1], dtype: 'F32', data: Float32Array.of(1) }
    const b: NamedTensor = { name: 'b', shape: [1], dtype: 'F32', data: Float32Array.of(2) }
    expect(writeSafetensors([a, b])).toEqual(writeSafetensors([b, a]))
  })
})

describe('the bytes', () => {
  it('writes exactly the layout that Python reads', () => {
    const file = writeSafetensors(
      [
        { name: 'u', shape: [1], dtype: 'U8', data: Uint8Array.of(7) },
        { name: 'w', shape: [1, 2], dtype: 'F32', data: Float32Array.of(1, -2) },
        { name: 'd', shape: [], dtype: 'F64', data: Float64Array.of(0.5) },
      ],
      { format: 'pt' },
    )
    const header =
      '{"__metadata__":{"format":"pt"},' +
      '"d":{"dtype":"F64","shape":[],"data_offsets":[0,8]},' +
      '"w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},' +
      '"u":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}}'
    const padded = header + ' '.repeat((8 - (header.length % 8)) % 8)
    const expected = [padded.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(padded)]
    expected.push(0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7)
    expect([...file]).toEqual(expected)
  })

  it('widens half precision to the exact float32 values and says so', () => {
    const halves = Uint8Array.of(
      0x00,
      0x3c,
      0x00,
      0xc0,
      0x01,
      0x00,
      0x00,
      0x7c,
      0x00,
      0x7e,
      0xff,
      0x7b,
      0,
      0x80,
    )
    const file = forge(tensorHeader('F16', '[7]', '[0,14]'), 14)
    file.set(halves, file.length - 14)
    const { dtype, storedAs, data } = readSafetensors(file).tensors.get('w')!
    expect([dtype, storedAs]).toEqual(['F32', 'F16'])
    expect([...data]).toEqual([1, -2, 2 ** -24, Infinity, NaN, 65504, -0])
    const brain = forge(tensorHeader('BF16', '[2]', '[0,4]'), 4)
    brain.set([0x80, 0x3f, 0x49, 0xc0], brain.length - 4)
    expect([...readSafetensors(brain).tensors.get('w')!.data]).toEqual([1, -3.140625])
  })
})

describe('every number format', () => {
  it.each([
    ['BOOL', 1, Uint8Array.of(1, 0)],
    ['I8', 1, Int8Array.of(-1, 2)],
    ['I16', 2, Int16Array.of(-300, 2)],
    ['U16', 2, Uint16Array.of(65535, 2)],
    ['U32', 4, Uint32Array.of(2 ** 32 - 1, 2)],
    ['U64', 8, BigUint64Array.of(2n ** 64n - 1n, 2n)],
    ['C64', 8, BigUint64Array.of(1n, 2n)],
    ['F8_E4M3', 1, Uint8Array.of(0x38, 2)],
    ['F8_E5M2', 1, Uint8Array.of(0x3c, 2)],
  ] as const)('%s comes as it is, and goes back', (dtype, bytes, data) => {
    const file = forge(tensorHeader(dtype, '[2]', `[0,${2 * bytes}]`), 2 * bytes)
    file.set(new Uint8Array(data.buffer), file.length - 2 * bytes)
    const read = readSafetensors(file).tensors.get('w')!
    expect(read).toEqual({ name: 'w', shape: [2], dtype, data })
    expect(readSafetensors(writeSafetensors([read])).tensors.get('w')).toEqual(read)
  })
})

describe('refusals of the length', () => {
  it.each([
    ['an empty file', new Uint8Array(), 'bytes 0 to 7', 'got an empty file'],
    ['five bytes', new Uint8Array(5), 'bytes 0 to 7', 'got a file of 5 bytes'],
    [
      'a length of zero',
      new Uint8Array(20),
      'bytes 0 to 7',
      'a header of at most 12 bytes (the file has 20), got a header length of 0',
    ],
    [
      'a header of 2^60 bytes',
      forge('{}', 0, 2n ** 60n),
      'bytes 0 to 7',
      'got a header length of 1152921504606846976',
    ],
    [
      'the largest length',
      forge('{}', 0, 2n ** 64n - 1n),
      'bytes 0 to 7',
      'got a header length of 18446744073709551615',
    ],
    [
      'one byte too many',
      forge('{}', 0, 3n),
      'bytes 0 to 7',
      'a header of at most 2 bytes (the file has 10), got a header length of 3',
    ],
    ['a zip', forge('{}', 0, 0x04034b50n), 'bytes 0 to 7', 'or of another format. `importFile`'],
    ['JSON', new TextEncoder().encode('{"format": 1}'), 'bytes 0 to 7', 'or of another format. `importFile`'],
  ])('%s', (_, bytes, where, message) => {
    const error = refusal(bytes)
    expect(error.where).toBe(`m.safetensors, ${where}`)
    expect(error.message).toContain(message)
  })
})

const W = 'tensor "w"'
const TWICE = '{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{}}'
const HALF = '{"w":{"dtype":"U8","shape":[1]}}'
const EXTRA = '{"w":{"dtype":"U8","color":3}}'
const AGAIN = '{"w":{"dtype":"U8","dtype":"U8"}}'
const BAD_UTF8 = Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x7b, 0x7d, 0x7d)

describe('refusals of the header', () => {
  it.each([
    ['not an object', '[]', 0, 'byte 8', 'expected "{" to open the header, got "["'],
    ['cut off', '{"w":{"dt', 0, `${W}, byte 17`, 'a quote to close a name in the tensor opened at byte 14'],
    ['no colon', '{"w"}', 0, 'byte 12', 'expected ":" after "w", got "}"'],
    ['text behind it', '{}x', 0, 'byte 10', 'nothing but spaces behind the header, got "x"'],
    ['a line feed in a name', '{"a\nb":{}}', 0, 'byte 11', 'without control characters, got 0x0a'],
    ['a bad escape', '{"\\x":{}}', 0, 'byte 10', 'in UTF-8 with JSON escapes'],
    ['not UTF-8', BAD_UTF8, 0, 'byte 10', 'in UTF-8 with JSON escapes'],
    ['deep lists', '['.repeat(200_000), 0, 'byte 8', 'got "["'],
    ['deep objects', '{"a":'.repeat(50_000), 0, 'tensor "a"', 'dtype, shape and data_offsets, got "a"'],
    ['a duplicate name', TWICE, 0, '', 'expected each name once, got "w" twice'],
    ['a duplicate field', AGAIN, 0, W, 'expected each field once, got "dtype" twice'],
    ['an unknown field', EXTRA, 0, W, 'got "color"'],
    ['a missing field', HALF, 1, W, 'none named data_offsets'],
    [
      'metadata that is no text',
      '{"__metadata__":{"a":1}}',
      0,
      '__metadata__, byte 29',
      'to open the text of "a"',
    ],
    ['duplicate metadata', '{"__metadata__":{"a":"","a":""}}', 0, '__metadata__', 'got "a" twice'],
    ['a dtype unknown', tensorHeader('F6_E2M3', '[1]', '[0,1]'), 1, `${W}, dtype`, 'got "F6_E2M3"'],
    ['a dtype that is no text', '{"w":{"dtype":4}}', 0, `${W}, dtype, byte 22`, 'to open the dtype'],
    ['a negative size', tensorHeader('U8', '[-1]', '[0,1]'), 1, `${W}, shape, byte 36`, 'got "-"'],
    ['a fraction', tensorHeader('U8', '[1.5]', '[0,1]'), 1, `${W}, shape, byte 37`, 'got "."'],
    ['a leading zero', tensorHeader('U8', '[01]', '[0,1]'), 1, `${W}, shape, byte 36`, 'got a leading zero'],
    ['a huge size', tensorHeader('U8', '[9007199254740993]', '[0,1]'), 1, `${W}, shape`, 'below 2^53'],
    ['too many axes', tensorHeader('U8', `[${Array(65).fill(1)}]`, '[0,1]'), 1, `${W}, shape`, 'at most 64'],
    ['one offset', tensorHeader('U8', '[1]', '[0]'), 1, `${W}, data_offsets`, 'begin and end, got 1'],
    ['three offsets', tensorHeader('U8', '[1]', '[0,1,2]'), 1, `${W}, data_offsets`, 'at most 2 numbers'],
    ['begin behind end', tensorHeader('U8', '[1]', '[1,0]'), 1, `${W}, data_offsets`, 'got [1, 0]'],
    [
      'outside the file',
      tensorHeader('U8', '[9]', '[0,9]'),
      1,
      `${W}, data_offsets`,
      'within the 1 bytes of data',
    ],
    [
      'far outside',
      tensorHeader('U8', '[9]', '[0,9007199254740991]'),
      1,
      `${W}, data_offsets`,
      'is truncated',
    ],
    [
      'another size',
      tensorHeader('F32', '[2]', '[0,4]'),
      4,
      `${W}, data_offsets`,
      '8 bytes for F32 of shape (2), got 4',
    ],
    [
      'a product beyond 2^53',
      tensorHeader('F32', '[4294967296,4294967296]', '[0,4]'),
      4,
      `${W}, data_offsets`,
      'less than 2^53 bytes for F32 of shape (4294967296, 4294967296), got 4 bytes',
    ],
  ])('%s', (_, header, dataBytes, where, message) => {
    const error = refusal(forge(header, dataBytes))
    expect(error.where).toBe(`m.safetensors, header${where ? `, ${where}` : ''}`)
    expect(error.message).toContain(message)
  })

  it('names a tensor without filling the screen', () => {
    const error = refusal(forge(tensorHeader('?', '[1]', '[0,1]', 'n'.repeat(5000)), 1))
    expect(error.message.length).toBeLessThan(250)
  })

  it('refuses too many tensors before it builds them', () => {
    const info = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    const header = `{${Array.from({ length: 100_001 }, (_, i) => `"${i}":${info}`).join(',')}}`
    expect(refusal(forge(header)).message).toContain('at most 100000 tensors')
  })
})

describe('refusals of the layout', () => {
  const two = (first: string, second: string): string =>
    `{"a":{"dtype":"U8","shape":[2],"data_offsets":${first}},"b":{"dtype":"U8","shape":[2],"data_offsets":${second}}}`

  it.each([
    [
      'overlap',
      two('[0,2]', '[1,3]'),
      3,
      'header, tensor "b", data_offsets',
      'a start of 2, directly after tensor "a", got 1 (they overlap)',
    ],
    ['the same place', two('[0,2]', '[0,2]'), 2, 'header, tensor "b", data_offsets', 'got 0 (they overlap)'],
    ['a hole', two('[0,2]', '[3,5]'), 5, 'header, tensor "b", data_offsets', 'got 3 (a hole)'],
    [
      'a hole at the start',
      two('[1,3]', '[3,5]'),
      5,
      'header, tensor "a", data_offsets',
      'a start of 0, directly after the start',
    ],
    ['trailing bytes', two('[2,4]', '[0,2]'), 7, 'data byte 4', 'got 3 bytes that belong to no tensor'],
    ['only trailing bytes', '{}', 3, 'data byte 0', 'got 3 bytes'],
  ])('%s', (_, header, dataBytes, where, message) => {
    const error = refusal(forge(header, dataBytes))
    expect(error.where).toBe(`m.safetensors, ${where}`)
    expect(error.message).toContain(message)
  })
})

describe('what the writer refuses', () => {
  const data = Float32Array.of(1, 2)
  const good: NamedTensor = { name: 'a', shape: [2], dtype: 'F32', data }

  it('a name twice, reserved, or with half a character', () => {
    expect(() => writeSafetensors([good, good])).toThrow(UsageError)
    expect(() => writeSafetensors([{ ...good, name: '__metadata__' }])).toThrow('unreserved')
    expect(() => writeSafetensors([{ ...good, name: '\ud800' }])).toThrow(UsageError)
  })

  it('data that does not fill its shape or is of another type', () => {
    expect(() => writeSafetensors([{ ...good, shape: [3] }])).toThrow(ShapeError)
    expect(() => writeSafetensors([{ ...good, shape: [-1, -2] }])).toThrow('(-1, -2)')
    expect(() => writeSafetensors([{ ...good, shape: [0.5, 4] }])).toThrow(ShapeError)
    expect(() => writeSafetensors([{ ...good, dtype: 'F64' }])).toThrow('data of dtype F64, got Float32Array')
  })
})

const folder = new URL('../../../../../shared/conformance/torch/layers/', import.meta.url)
const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.safetensors')) : []

describe.skipIf(names.length === 0)('files written by PyTorch', () => {
  it.each(names.length > 0 ? names : ['none'])('%s holds the weights of the JSON beside it', (name) => {
    const { tensors, metadata } = readSafetensors(readFileSync(new URL(name, folder)), name)
    const json = readFileSync(new URL(name.replace(/safetensors$/, 'json'), folder), 'utf8')
    const { weights } = JSON.parse(json) as { weights: Record<string, { shape: number[]; data: number[] }> }
    expect(metadata).toEqual({ format: 'pt' })
    expect([...tensors.keys()].sort()).toEqual(Object.keys(weights).sort())
    for (const [key, { shape, data }] of Object.entries(weights)) {
      expect(tensors.get(key)!.shape).toEqual(shape)
      expect(tensors.get(key)!.data).toEqual(Float32Array.from(data))
    }
  })
})
