/**
 * Models in models, branches and merging layers, and windows, batch normalisation and other shapes beside recurrent layers:
 * files of Keras 3 with its outputs (golden/generate_kerasGraphs.py, generate_kerasWindows.py, generate_kerasShapes.py,
 * generate_kerasAttention.py).
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import type { ExportFormat } from '../../../src/formats/imported.ts'
import { writeModel } from '../../../src/formats/write.ts'
import { modelFromImported, openModel, type AnyModel } from '../../../src/tasks/files/openModel.ts'
import { expectClose } from '../../closeTo.ts'
import { bytesOf } from '../exportHelpers.ts'

type Nested = number | Nested[]
interface Golden {
  x: number[][]
  y: Nested[]
  files: Record<'keras' | 'h5', string>
}

const cases = ['kerasGraphs', 'kerasWindows', 'kerasShapes', 'kerasAttention'].flatMap((name) => {
  const golden = new URL(`../../golden/formats/${name}.json`, import.meta.url)
  return Object.entries(JSON.parse(readFileSync(golden, 'utf8')) as Record<string, Golden>)
})

/** What TensorFlow.js lacks. */
const NOT_IN_TFJS =
  /reset before|zeroMasked|got subtract|got causal|of one group|got last|got sum|got \[\d,\d\]/

function expectOutputs(model: AnyModel, { x, y }: Golden, what: string): void {
  x.forEach((sequence, i) => {
    const { steps, output } = (model.predict as (input: unknown) => { steps: number[][]; output: number[] })(
      sequence,
    )
    expectClose((steps as number[][] | null)?.flat() ?? output, [y[i]].flat(9) as number[], 1e-6, what)
  })
}

function open(golden: Golden, kind: 'keras' | 'h5'): Promise<AnyModel> {
  const bytes = new Uint8Array(gunzipSync(Buffer.from(golden.files[kind], 'base64')))
  return openModel({ name: `m.${kind}`, bytes })
}

/** Without a time axis, an input is the last step of a sequence here; Keras has no layer for that, nor for a sum over steps. */
const NOT_WRITTEN = ['without_time', 'recipe_sum_any_length']

/** Written and read without the Latch document. */
async function roundTrip(model: AnyModel, to: ExportFormat): Promise<AnyModel> {
  const files = await writeModel(model.exportSource('m'), to)
  const [main, ...others] = files.map(({ name, chunks }) => ({ name, bytes: bytesOf(chunks) }))
  const beside = new Map(others.map(({ name, bytes }) => [name, bytes]))
  const read = await readModel(filesInMemory(main.name, main.bytes, beside))
  return modelFromImported({ ...read, document: null }, main.name)
}

it('a model whose layers move numbers takes the steps of its file only', async () => {
  const golden = cases.find(([name]) => name === 'shorter')![1]
  const model = await open(golden, 'keras')
  const rows = golden.x[0] as unknown as number[][]
  expect(() => (model.predict as (input: unknown) => unknown)(rows.slice(1))).toThrow(
    'input: expected 6 steps, got 5',
  )
})

describe.each(cases)('%s', (name, golden) => {
  it.each(['keras', 'h5'] as const)('from .%s, and back', async (kind) => {
    const model = await open(golden, kind)
    expectOutputs(model, golden, name)
    const written = await roundTrip(model, 'keras').catch((error: unknown) => error)
    if (written instanceof UnsupportedError && NOT_WRITTEN.includes(name)) return
    if (written instanceof Error) throw written
    expectOutputs(written as AnyModel, golden, `${name}, written`)
  })

  it('through TensorFlow.js, or refused with its reason', async () => {
    const model = await open(golden, 'keras')
    const written = await roundTrip(model, 'tfjs').catch((error: unknown) => error)
    if (written instanceof UnsupportedError && NOT_IN_TFJS.test(written.message)) return
    if (written instanceof Error) throw written
    expectOutputs(written as AnyModel, golden, name)
  })
})
