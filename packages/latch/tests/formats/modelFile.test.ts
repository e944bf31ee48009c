/** The model file's document, its tensors by name and shape, and the readers of single fields. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError, UsageError } from '../../src/core/errors.ts'
import * as fields from '../../src/core/validation.ts'
import { decodeModel, encodeModel, assertAllTaken, takeTensor } from '../../src/formats/latch/modelFile.ts'
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors/safetensors.ts'
import type { ModelDocument } from '../../src/formats/latch/modelFile.ts'
import type { NamedTensor } from '../../src/formats/safetensors/safetensors.ts'

const frame: ModelDocument = { format: 'latch', version: 1, task: 'textClassifier' }
const weight: NamedTensor = { name: 'dense.weight', shape: [2, 3], dtype: 'F32', data: new Float32Array(6) }
const bias: NamedTensor = { name: 'dense.bias', shape: [2], dtype: 'F64', data: new Float64Array(2) }

function refusal(action: () => unknown): FormatError {
  try {
    action()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return error
  }
  throw new Error('expected a refusal')
}

const withText = (latch: string): Uint8Array => writeSafetensors([], { format: 'pt', latch })

describe('the document', () => {
  it('comes back as it went', () => {
    const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown)
    fc.assert(
      fc.property(json, (section) => {
        const file = encodeModel({ ...frame, section }, [weight, bias])
        const { document, tensors } = decodeModel(file)
        expect(document).toEqual({ ...frame, section })
        expect(tensors.get('dense.weight')).toEqual(weight)
      }),
      { numRuns: 200, seed: 2 },
    )
  })

  it('keeps words with half a character, in a file whose own texts are well-formed', () => {
    const file = encodeModel({ ...frame, words: ['\ud800', 'नमस्ते', '😀', '\u0000'] }, [])
    expect(decodeModel(file).document.words).toEqual(['\ud800', 'नमस्ते', '😀', '\u0000'])
    expect(readSafetensors(file).metadata.latch).toMatch(/^\P{Cs}*😀\P{Cs}*$/u)
    expect(readSafetensors(file).metadata.format).toBe('pt')
  })

  it('refuses to write what JSON would change without a word', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    const cases: [unknown, string][] = [
      [{ loss: [1, NaN] }, 'document.section.loss[1]: expected finite numbers'],
      [{ best: -Infinity }, 'got -Infinity'],
      [new Float32Array(2), 'got a Float32Array'],
      [[undefined], 'document.section[0]'],
      [Array(3), 'a list without holes'],
      [new Map(), 'got a Map'],
      [() => 1, 'document.section'],
      [1n, 'got 1'],
      [loop, 'no cycle'],
    ]
    for (const [section, message] of cases) {
      const save = (): unknown => encodeModel({ ...frame, section }, [])
      expect(save).toThrow(UsageError)
      expect(save).toThrow(message)
    }
  })

  it('drops options that are absent', () => {
    expect(decodeModel(encodeModel({ ...frame, a: undefined }, [])).document).toEqual(frame)
  })
})

describe('refusals of the document', () => {
  it.each([
    ['a text that is not JSON', '{"format":', '__metadata__.latch', 'expected JSON, got'],
    ['a list', '[]', 'document', 'expected an object, got a list of 0'],
    ['null', 'null', 'document', 'expected an object, got null'],
    ['another format', '{"format":"keras"}', 'document.format', 'expected "latch", got "keras"'],
    ['no format', '{}', 'document.format', 'expected "latch", got nothing'],
    [
      'no version',
      '{"format":"latch"}',
      'document.version',
      'version 1, which this version of Latch reads, got nothing',
    ],
    [
      'a newer version',
      '{"format":"latch","version":7}',
      'document.version',
      'got 7. The file was saved by a newer',
    ],
    ['a version of text', '{"format":"latch","version":"1"}', 'document.version', 'got "1"'],
    ['no task', '{"format":"latch","version":1}', 'document.task', 'expected a text, got nothing'],
    ['a task of number', '{"format":"latch","version":1,"task":3}', 'document.task', 'got 3'],
    [
      'an empty task',
      '{"format":"latch","version":1,"task":""}',
      'document.task',
      '1 to 100 characters, got 0',
    ],
    ['a deep text', '['.repeat(1_000_000), '__metadata__.latch, character 64', 'at most 64 levels'],
    [
      'a wide text',
      `[${'[],'.repeat(500_000)}0]`,
      '__metadata__.latch, character',
      'lists and objects, got more',
    ],
  ])('%s', (_, latch, where, message) => {
    const error = refusal(() => decodeModel(withText(latch), 'm.safetensors'))
    expect(error.where).toContain(`m.safetensors, ${where}`)
    expect(error.message).toContain(message)
  })

  it('names the format of a file of another program', () => {
    const file = writeSafetensors([weight], { format: 'pt' })
    expect(refusal(() => decodeModel(file, 'm.safetensors')).message).toBe(
      'm.safetensors, __metadata__.latch: expected a model saved by Latch, ' +
        "got a safetensors file without Latch's metadata (1 tensors). `importFile` of 'latch/formats' opens any model.",
    )
  })

  it('does not mistake what every object has for metadata', () => {
    expect(() => decodeModel(withText('{"format":"latch","version":1,"constructor":1}'))).toThrow(
      'document.task',
    )
  })
})

describe('tensors by name and shape', () => {
  const map = (): Map<string, NamedTensor> => new Map([weight, bias].map((one) => [one.name, one]))

  it('takes each once and reports unused ones', () => {
    const tensors = map()
    expect(takeTensor(tensors, 'dense.weight', [2, 3])).toBe(weight.data)
    expect(refusal(() => assertAllTaken(tensors, 'm.safetensors')).message).toBe(
      'm.safetensors, tensors: expected only tensors of the configuration, got also "dense.bias"',
    )
    tensors.clear()
    assertAllTaken(tensors)
  })

  it('refuses a missing name, another shape, another dtype', () => {
    expect(refusal(() => takeTensor(map(), 'dense.wight', [2], 'm.safetensors')).message).toBe(
      'm.safetensors, tensor "dense.wight": expected a tensor of shape (2), as configured, ' +
        'got none of that name (the file has "dense.weight", "dense.bias")',
    )
    expect(refusal(() => takeTensor(map(), 'dense.weight', [2, 64], 'm.safetensors')).message).toBe(
      'm.safetensors, tensor "dense.weight": expected shape (2, 64), as configured, got shape (2, 3)',
    )
    expect(refusal(() => takeTensor(map(), 'dense.weight', [6])).message).toContain('got shape (2, 3)')
    expect(refusal(() => takeTensor(map(), 'dense.bias', [2])).message).toContain(
      'expected dtype F32, got F64',
    )
    expect(refusal(() => takeTensor(new Map(), 'a', [])).message).toContain('(the file has no tensors)')
  })

  it('names at most six of many', () => {
    const many = Array.from({ length: 9 }, (_, i) => [`t${i}`, weight] as const)
    expect(refusal(() => assertAllTaken(new Map(many))).message).toContain('"t5" and 3 more')
  })
})

describe('fields', () => {
  const root = (value: unknown): fields.Field => fields.rootField(value, 'document', 'm.safetensors')

  it('names the path of the fault', () => {
    const config = { network: { layers: [{ units: 1 }, { units: 2 }, { units: -3, 'odd name': 'x' }] } }
    const { network } = fields.readObject(root(config), ['network'])
    const { layers } = fields.readObject(network, ['layers'])
    const third = fields.readArray(layers)[2]
    const units = fields.fieldAt(third, 'units')
    expect(refusal(() => fields.readInteger(units, { min: 1, max: 4096 })).message).toBe(
      'm.safetensors, document.network.layers[2].units: expected a whole number from 1 to 4096, got -3',
    )
    expect(fields.fieldAt(third, 'odd name').path).toBe('document.network.layers[2]["odd name"]')
    expect(refusal(() => fields.readObject(third, ['units'])).message).toContain(
      'layers[2]["odd name"]: expected a known field (units), got an unknown one',
    )
  })

  it('reads what is right', () => {
    expect(fields.readChoice(root('gru'), ['lstm', 'gru'])).toBe('gru')
    expect(fields.readNumber(root(0.5), { min: 0, max: 1 })).toBe(0.5)
    expect(fields.readInteger(root(0))).toBe(0)
    expect(fields.readBoolean(root(false))).toBe(false)
    expect(fields.readList(root(['a', 'b']), fields.readString)).toEqual(['a', 'b'])
    expect(fields.readRecord(root({ a: 1 }), fields.readNumber)).toEqual({ a: 1 })
    expect(fields.readOptional(root(undefined), fields.readString, 'none')).toBe('none')
    expect(fields.readOptional(root(null), fields.readString, undefined)).toBe(undefined)
    expect(fields.readOptional(root('x'), fields.readString, 'none')).toBe('x')
  })

  it('never finds what every object inherits', () => {
    expect(fields.fieldAt(root({}), 'constructor').value).toBe(undefined)
    const record = fields.readRecord(root(JSON.parse('{"__proto__": 1}')), fields.readNumber)
    expect(Object.keys(record)).toEqual(['__proto__'])
  })

  it.each([
    [(field: fields.Field) => fields.readString(field), 1, 'expected a text, got 1'],
    [(field: fields.Field) => fields.readString(field, { maxLength: 2 }), 'abc', '0 to 2 characters, got 3'],
    [(field: fields.Field) => fields.readChoice(field, ['a', 'b']), 'c', 'expected one of "a", "b", got "c"'],
    [(field: fields.Field) => fields.readBoolean(field), 0, 'expected true or false, got 0'],
    [(field: fields.Field) => fields.readNumber(field), '1', 'expected a number, got "1"'],
    [(field: fields.Field) => fields.readNumber(field), JSON.parse('1e999'), 'got Infinity'],
    [
      (field: fields.Field) => fields.readNumber(field, { min: 0 }),
      -1,
      'expected a number, 0 or more, got -1',
    ],
    [(field: fields.Field) => fields.readNumber(field, { max: 1 }), 2, 'expected a number, at most 1, got 2'],
    [(field: fields.Field) => fields.readInteger(field), 1.5, 'expected a whole number, 0 or more, got 1.5'],
    [(field: fields.Field) => fields.readInteger(field), 2 ** 53, 'got 9007199254740992'],
    [(field: fields.Field) => fields.readArray(field), {}, 'expected a list, got an object'],
    [
      (field: fields.Field) => fields.readArray(field, { minLength: 2 }),
      [1],
      'expected 2 or more items, got 1',
    ],
    [
      (field: fields.Field) => fields.readArray(field, { minLength: 2, maxLength: 2 }),
      [1],
      'expected 2 items, got 1',
    ],
    [(field: fields.Field) => fields.readObject(field, []), 'x'.repeat(99), 'got a text of 99 characters'],
    [
      (field: fields.Field) => fields.readRecord(field, fields.readString),
      { a: 1 },
      'document.a: expected a text',
    ],
  ])('refusal %#', (read, value, message) => {
    expect(refusal(() => read(root(value))).message).toContain(message)
  })
})
