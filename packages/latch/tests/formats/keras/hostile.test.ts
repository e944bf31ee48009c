/** Broken and hostile Keras files: always an error of Latch's with a place in it, never a wait, never a large buffer. */
import { zipSync } from 'fflate'
import { ready, File } from 'h5wasm'
import { describe, expect, it } from 'vitest'
import { openHdf5, type Hdf5Object } from '../../../src/formats/keras/hdf5/file.ts'
import { hdf5Chunks } from '../../../src/formats/keras/hdf5/write.ts'
import { readKeras } from '../../../src/formats/keras/index.ts'
import { ZipFile } from '../../../src/formats/keras/read/zip.ts'
import { LatchError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import { filesOf } from '../conformance/files.ts'

const text = (value: string) => new TextEncoder().encode(value)

function small(): Uint8Array {
  const values = () => Float32Array.from({ length: 12 }, (_, i) => i)
  const datasets = ['layers/dense/vars/0', 'layers/dense/vars/1', 'layers/lstm/cell/vars/0'].map((path) => ({
    path,
    shape: [3, 4],
    values,
  }))
  const parts = [...hdf5Chunks(datasets)]
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function walk(object: Hdf5Object, depth = 0): number {
  if (object.isDataset) return object.read().data.length
  if (depth > 8) return 0 // a damaged group may hold the groups above it
  object.text('model_config')
  return object.names.reduce((sum, name) => sum + walk(object.at(name)!, depth + 1), 0)
}

function find(bytes: Uint8Array, letters: string, from = 0): number {
  const wanted = text(letters)
  for (let at = from; at < bytes.length; at++)
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at
  throw new Error(letters)
}

/** A change to the small file, and what is said about it. */
function broken(change: (bytes: Uint8Array, view: DataView) => void): () => unknown {
  const bytes = small()
  change(bytes, new DataView(bytes.buffer))
  return () => openHdf5(bytes, 'x.h5').at('layers/dense/vars/0')!.read()
}

describe('HDF5', () => {
  it('the small file is whole', () => {
    expect(walk(openHdf5(small(), 'x.h5'))).toBe(36)
  })

  it('a tree that holds itself', () => {
    const call = broken((bytes, view) => {
      const tree = find(bytes, 'TREE')
      bytes[tree + 5] = 1
      view.setBigUint64(tree + 32, BigInt(tree), true)
    })
    expect(call).toThrow(/x\.h5, byte \d+: expected a tree of at most 32 levels/)
  })

  it('a tree of many trees that hold themselves', () => {
    const call = broken((bytes, view) => {
      const tree = find(bytes, 'TREE')
      bytes[tree + 5] = 1
      view.setUint16(tree + 6, 30, true)
      for (let i = 0; i < 30; i++) view.setBigUint64(tree + 32 + 16 * i, BigInt(tree), true)
    })
    expect(call).toThrow(/x\.h5, byte \d+/)
  })

  it('a header that goes on in itself', () => {
    const call = broken((_, view) => {
      // The root's only message becomes a continuation to itself.
      const root = Number(view.getBigUint64(64, true))
      view.setUint16(root + 16, 0x10, true)
      view.setBigUint64(root + 24, BigInt(root + 16), true)
      view.setBigUint64(root + 32, 24n, true)
    })
    expect(call).toThrow(/x\.h5, byte \d+: expected at most \d+ structures, got more: a loop/)
  })

  /** The first dataset's shape and layout. */
  const shapeAt = (bytes: Uint8Array, view: DataView): number => {
    for (let at = 0; at < bytes.length - 16; at += 8)
      if (view.getBigUint64(at, true) === 3n && view.getBigUint64(at + 8, true) === 4n) return at
    throw new Error('no shape')
  }

  it('a shape whose product overflows', () => {
    const call = broken((bytes, view) => {
      const at = shapeAt(bytes, view)
      view.setBigUint64(at, 2n ** 40n, true)
      view.setBigUint64(at + 8, 2n ** 40n, true)
    })
    expect(call).toThrow(/x\.h5, byte \d+: expected a shape of fewer than 2\^53 elements/)
  })

  it('a shape larger than its data', () => {
    const call = broken((bytes, view) => view.setBigUint64(shapeAt(bytes, view), 2n ** 30n, true))
    expect(call).toThrow(/x\.h5, byte \d+: expected 17179869184 bytes of data, got 48/)
  })

  it('data beyond the end', () => {
    const call = broken((bytes, view) => {
      const at = shapeAt(bytes, view)
      const layout = bytes.findIndex(
        (byte, i) => i > at && byte === 3 && bytes[i + 1] === 1 && bytes[i - 8] === 8,
      )
      view.setBigUint64(layout + 2, 2n ** 32n, true)
    })
    expect(call).toThrow(/x\.h5, byte \d+: expected 48 bytes, got a file of/)
  })

  it('floats of 4 bytes with other bits than IEEE 754’s', () => {
    const call = broken((bytes) => {
      // Class 1 of version 1, size 4: exponent at bit 23 of 8 bits, fraction of 23.
      const at = bytes.findIndex((byte, i) => byte === 0x11 && bytes[i + 4] === 4 && bytes[i + 15] === 23)
      bytes[at + 15] = 7
    })
    expect(call).toThrow(/x\.h5, byte \d+: expected numbers or texts, got datatype class 1 of 4 bytes/)
  })

  it('addresses beyond 2^53', () => {
    expect(broken((_, view) => view.setBigUint64(64, 2n ** 63n, true))).toThrow(
      /byte 64: expected a number below 2\^53/,
    )
  })

  it('every length that is too short', () => {
    const bytes = small()
    for (let length = 0; length < bytes.length; length += 7) {
      const call = () => walk(openHdf5(bytes.subarray(0, length), 'x.h5'))
      expect(call).toThrow(LatchError)
      expect(call).toThrow(/x\.h5, byte \d+/)
    }
  })

  it('three thousand damaged copies', () => {
    const random = new Random(5, 'damage')
    const whole = small()
    let read = 0
    const places: string[] = []
    for (let i = 0; i < 3000; i++) {
      const bytes = whole.slice()
      for (let n = random.integer(4) + 1; n > 0; n--)
        bytes[random.integer(bytes.length)] = random.integer(256)
      try {
        walk(openHdf5(bytes, 'x.h5'))
        read++
      } catch (error) {
        if (!(error instanceof LatchError)) throw error
        places.push(error.where)
      }
    }
    // Most bytes are data, padding or names.
    expect(read).toBeGreaterThan(300)
    expect(read).toBeLessThan(2900)
    expect(places.filter((place) => !/x\.h5, byte \d+/.test(place))).toEqual([])
  })
})

const members = {
  'metadata.json': text('{"keras_version":"3.1.0"}'),
  'config.json': text('{}'),
  'model.weights.h5': small(),
}

describe('archives', () => {
  const open = (bytes: Uint8Array) => readKeras(filesOf({ 'm.keras': bytes }), {})

  it('a bomb', async () => {
    const bomb = zipSync({ ...members, 'config.json': new Uint8Array(2 ** 24) })
    expect(bomb.length).toBeLessThan(2 ** 16)
    await expect(open(bomb)).rejects.toThrow(
      /m\.keras, config\.json: expected at most 1000 times its \d+ bytes/,
    )
  })

  it('a bomb whose directory lies about its size', () => {
    const bytes = zipSync({ a: new Uint8Array(2 ** 20) })
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const central = find(bytes, 'PK\u0001\u0002')
    view.setUint32(central + 24, 100, true)
    expect(() => new ZipFile(bytes, 'z').read('a')).toThrow(
      /z, a: expected 100 bytes when unpacked, got more/,
    )
  })

  it('names that lead out of it', () => {
    expect(() => new ZipFile(zipSync({ '../a': text('x') }), 'z')).toThrow(
      /z, byte \d+: expected names within the file/,
    )
    expect(() => new ZipFile(zipSync({ '/a': text('x') }), 'z')).toThrow(/z, byte \d+/)
  })

  it('encrypted members, zip64, other methods', () => {
    const changed = (at: number, value: number) => {
      const bytes = zipSync({ a: text('x') })
      bytes[find(bytes, 'PK\u0001\u0002') + at] = value
      return () => new ZipFile(bytes, 'z')
    }
    expect(changed(8, 1)).toThrow(/unencrypted members/)
    expect(changed(10, 14)).toThrow(/method 14 of a/)
    const bytes = zipSync({ a: text('x') })
    bytes.fill(255, find(bytes, 'PK\u0005\u0006') + 10, find(bytes, 'PK\u0005\u0006') + 12)
    expect(() => new ZipFile(bytes, 'z')).toThrow(/zip64/)
  })

  it('a wrong checksum', () => {
    const bytes = zipSync({ a: text('hello') }, { level: 0 })
    bytes[find(bytes, 'hello')] ^= 1
    expect(() => new ZipFile(bytes, 'z').read('a')).toThrow(/z, a: expected the checksum/)
  })

  it('members that are missing, and weights in another form', async () => {
    await expect(open(zipSync({ 'metadata.json': members['metadata.json'] }))).rejects.toThrow(
      /config\.json in the archive/,
    )
    const { 'metadata.json': metadata, 'config.json': config } = members
    const npz = zipSync({ 'metadata.json': metadata, 'config.json': config, 'model.weights.npz': text('x') })
    await expect(open(npz)).rejects.toThrow(
      /expected model\.weights\.h5 in the archive, got model\.weights\.npz/,
    )
  })

  it('every length that is too short', async () => {
    const bytes = zipSync(members)
    for (let length = 4; length < bytes.length; length += 13)
      await expect(open(bytes.subarray(0, length))).rejects.toThrow(LatchError)
  })

  it('damaged copies', async () => {
    const random = new Random(6, 'damage')
    const whole = zipSync(members)
    for (let i = 0; i < 500; i++) {
      const bytes = whole.slice()
      for (let n = random.integer(4) + 1; n > 0; n--)
        bytes[random.integer(bytes.length)] = random.integer(256)
      await expect(open(bytes)).rejects.toThrow(LatchError)
    }
  })
})

describe('chunks', () => {
  it('a small file that unpacks to much', async () => {
    const { FS } = await ready
    const file = new File('/bomb.h5', 'w')
    const shape = [2 ** 21]
    file.create_dataset({
      name: 'x',
      data: new Float32Array(2 ** 21),
      shape,
      chunks: shape,
      compression: 'gzip',
    })
    file.close()
    const bytes = FS!.readFile('/bomb.h5')
    expect(bytes.length).toBeLessThan(2 ** 15)
    expect(() => openHdf5(bytes, 'b.h5').at('x')!.read()).toThrow(
      /b\.h5, byte \d+: expected data of at most [\d,]+ bytes/,
    )
  })
})

describe('configurations', () => {
  const config = (value: unknown) =>
    readKeras(filesOf({ 'm.keras': zipSync({ ...members, 'config.json': text(JSON.stringify(value)) }) }), {})
  const cases: [string, unknown, RegExp][] = [
    ['no model', {}, /m\.keras, config\.config/],
    ['no layers', { class_name: 'Sequential', config: { layers: [] } }, /config\.layers/],
    [
      'a model of another kind',
      { class_name: 'MyModel', config: { layers: [{ class_name: 'Dense', config: {} }] } },
      /Sequential or Model or Functional.*MyModel/,
    ],
    [
      'a loop',
      {
        class_name: 'Functional',
        config: {
          layers: [
            { class_name: 'Dense', name: 'a', config: { name: 'a' }, inbound_nodes: [[['a', 0, 0, {}]]] },
          ],
          output_layers: [['a', 0, 0]],
        },
      },
      /layer a: expected a chain, got a loop/,
    ],
    [
      'units that are no number',
      {
        class_name: 'Sequential',
        config: {
          layers: [{ class_name: 'LSTM', config: { name: 'l', units: 1e300, batch_shape: [null, 2, 2] } }],
        },
      },
      /layer l\.units/,
    ],
  ]
  it('objects within objects without end', async () => {
    const nested = (levels: number, open: string, close: string, inside: string) =>
      open.repeat(levels) + inside + close.repeat(levels)
    const functions = nested(50_000, '{"class_name":"function","config":', '}', '"relu"')
    const dense = `{"class_name":"Dense","config":{"name":"d","units":1,"batch_shape":[null,2,2],"activation":${functions}}}`
    const texts = [
      `{"class_name":"Sequential","config":{"layers":[${dense}]}}`,
      nested(50_000, '{"model_config":', '}', '{}'),
      nested(100_000, '[', ']', ''),
      `{"class_name":"Functional","config":{"layers":[{"class_name":"Dense","config":{"name":"d"},"inbound_nodes":${nested(50_000, '[', ']', '')}}],"output_layers":[["d",0,0]]}}`,
    ]
    for (const json of texts)
      await expect(
        readKeras(
          filesOf({ 'm.keras': zipSync({ ...members, 'config.json': [text(json), { level: 0 }] }) }),
          {},
        ),
      ).rejects.toThrow(LatchError)
  })

  for (const [name, value, words] of cases)
    it(name, async () => {
      await expect(config(value)).rejects.toThrow(words)
      await expect(config(value)).rejects.toThrow(LatchError)
    })
})
