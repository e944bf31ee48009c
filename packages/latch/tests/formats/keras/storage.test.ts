/** How HDF5 stores numbers: fill values where nothing was written, checksums that are verified. Golden: h5py. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../../src/core/errors.ts'
import { openHdf5 } from '../../../src/formats/keras/hdf5/file.ts'

const bytesOf = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../golden/formats/${name}`, import.meta.url)))
const file = bytesOf('storage.h5')
const read = (name: string, bytes = file) => openHdf5(bytes, 'storage.h5').at(name)!.read()
/** 35 numbers from −2 to 2. */
const numbers = Array.from({ length: 35 }, (_, i) => Math.fround(-2 + (4 * i) / 34))

describe('fill values', () => {
  it.each([
    ['contiguous_fill', [2, 3], 1.5],
    ['contiguous_zero', [2, 3], 0],
    ['chunks_none', [3, 3], -7.25],
    ['halves', [4, 2], 2.5],
  ])('%s', (name, shape, value) => {
    const array = read(name)
    expect(array.shape).toEqual(shape)
    expect([...array.data]).toEqual(new Array(shape[0] * shape[1]).fill(value))
  })

  it('between chunks that were written', () => {
    const { data } = read('chunks_part')
    const written = (row: number, column: number) => (row < 3 && column < 2) || (row === 6 && column === 4)
    const wanted = numbers.map((value, i) => (written(Math.floor(i / 5), i % 5) ? value : 0.5))
    expect([...data].every((value, i) => Math.abs(value - wanted[i]) < 1e-6)).toBe(true)
  })

  it('of newer files', () => {
    expect([...read('contiguous_fill', bytesOf('storageLatest.h5')).data]).toEqual(new Array(6).fill(1.5))
  })
})

describe('fletcher32', () => {
  it.each(['checked', 'packed', 'long'])('%s: sound data are read', (name) => {
    const { data } = read(name)
    expect([...data.subarray(0, 35)].every((value, i) => Math.abs(value - numbers[i]) < 1e-6)).toBe(true)
  })

  it('a changed number is refused', () => {
    const damaged = Uint8Array.from(file)
    const needle = new Uint8Array(Float32Array.from(numbers.slice(0, 5)).buffer)
    let found = 0
    for (let at = 0; at < damaged.length - 8; at++) {
      if (!needle.subarray(0, 4).every((byte, i) => damaged[at + i] === byte)) continue
      damaged[at + 1] ^= 1
      found++
    }
    expect(found).toBeGreaterThan(0)
    for (const name of ['checked', 'long']) {
      expect(() => read(name, damaged)).toThrow(FormatError)
      expect(() => read(name, damaged)).toThrow('checksum')
    }
  })
})
