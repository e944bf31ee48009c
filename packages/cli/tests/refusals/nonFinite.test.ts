/** Weights that are not finite (27): refused; with the flag opened with a warning, and no NaN is printed without a word. */
import { readFileSync } from 'node:fs'
import { afterAll, assert, beforeAll, describe, expect, test } from 'vitest'
import { readSafetensors, writeSafetensors } from '../../../latch/src/formats/safetensors/safetensors.ts'
import { json, Workplace } from '../cliHelpers.ts'

let place: Workplace

const SMALL = ['--epochs', '1', '--units', '3', '--embedding', '3', '--quiet']
const COLUMNS = ['--text', 'text', '--label', 'label']
const FILES = ['nan.safetensors', 'infinite.safetensors', 'nan.keras', 'nan.tfjs', 'nan.onnx']

beforeAll(async () => {
  place = new Workplace()
  place.write('rows.csv', 'text,label\nclean hotel,good\ndirty hotel,bad\nclean bed,good\ndirty bed,bad\n')
  const trained = await place.latch(['train', 'rows.csv', ...COLUMNS, '--out', 'm.safetensors', ...SMALL])
  assert(trained.code === 0, trained.stderr)
  place.write('nan.safetensors', spoiled(NaN))
  place.write('infinite.safetensors', spoiled(-Infinity))
  for (const to of ['keras', 'tfjs', 'onnx']) {
    const args = ['export', 'nan.safetensors', '--to', to, '--out', `nan.${to}`, '--allow-non-finite']
    const ran = await place.latch(args)
    assert(ran.code === 0, ran.stderr)
    expect(ran.stderr).toMatch(WARNING)
  }
})
afterAll(() => place.remove())

/** The model with one weight of its recurrent layer replaced. */
function spoiled(value: number): Uint8Array {
  const { tensors, metadata } = readSafetensors(readFileSync(place.path('m.safetensors')), 'm')
  const changed = [...tensors].map(([name, tensor]) => {
    const data = Float32Array.from(tensor.data as Float32Array)
    if (/weight_hh/.test(name)) data[0] = value
    return { ...tensor, name, data }
  })
  return writeSafetensors(changed, metadata)
}

const WARNING = /note: the weights are not all finite: .*is (NaN|-Infinity).*; predictions may fail/

/** The commands that use a model. */
const COMMANDS: Readonly<Record<string, (file: string) => string[]>> = {
  predict: (file) => ['predict', file, 'clean hotel'],
  evaluate: (file) => ['evaluate', file, 'rows.csv', ...COLUMNS],
  inspect: (file) => ['inspect', file, 'clean hotel'],
  export: (file) => ['export', file, '--to', 'torch', '--out', 'out.torch.safetensors', '--force'],
}

describe.each(Object.entries(COMMANDS))('%s', (_, argsOf) => {
  test.each(FILES)('%s is refused, with place and remedy', async (file) => {
    const ran = await place.latch(argsOf(file))
    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toMatch(/expected a finite number, got (NaN|-Infinity)\.\n +Use `--allow-non-finite`/)
  })

  test.each(FILES)('%s is opened with the flag and a warning', async (file) => {
    const ran = await place.latch([...argsOf(file), '--allow-non-finite'])
    expect(ran.stderr).toMatch(WARNING)
    // What cannot be computed is an error.
    expect(ran.code === 0 || /^error: /m.test(ran.stderr)).toBe(true)
  })
})

describe('numbers that could not be computed', () => {
  test('predict is an error, and prints no label', async () => {
    const ran = await place.latch([...COMMANDS.predict('nan.safetensors'), '--allow-non-finite'])
    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toMatch(/^error: .*(NaN|not finite|finite)/m)
  })
})

describe.each(FILES)('info of %s', (file) => {
  test('says why it does not open', async () => {
    const { stdout, stderr } = await place.latch(['info', file])
    expect(stderr).toMatch(/expected a finite number, got (NaN|-Infinity)\.\s+Use `--allow-non-finite`/)
    expect(stdout).not.toMatch(/NaN|Infinity/)
  })

  test('with the flag, has the warning among its notes', async () => {
    const args = ['info', file, '--allow-non-finite']
    expect((await place.latch(args)).stdout).toMatch(/the weights are not all finite/)
    expect(JSON.stringify(json(await place.latch([...args, '--json'])))).toMatch(/not all finite/)
  })
})
