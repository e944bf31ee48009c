/** Only files that Latch wrote count as its own, in every format; broken and foreign ones do not. */
import { describe, expect, it } from 'vitest'
import { writeSafetensors } from '../../src/formats/safetensors/safetensors.ts'
import { isWrittenByLatch } from '../../src/formats/writtenByLatch.ts'
import { EXPORT_FORMATS, exporters } from '../../src/formats/write.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { nextLetter } from '../tasks/sequenceModel/sequenceFixtures.ts'

const FORMATS = ['latch', ...EXPORT_FORMATS] as const

async function bytesOf(format: (typeof FORMATS)[number]): Promise<Uint8Array> {
  const model = SequenceModel.fromImported(nextLetter())
  if (format === 'latch') return model.toBytes()
  const [{ chunks }] = await model.exportTo(exporters[format])
  return Buffer.concat([...chunks])
}

describe.each(FORMATS)('a file of format %s', (format) => {
  it('written by Latch is its own, and of no other format', async () => {
    const bytes = await bytesOf(format)
    const own = await Promise.all(FORMATS.map((each) => isWrittenByLatch(bytes, each)))
    expect(FORMATS.filter((_, i) => own[i])).toEqual([format])
  })

  it('cut short, empty or of another program is not', async () => {
    const foreign = writeSafetensors([
      { name: 'w', shape: [2], dtype: 'F32', data: new Float32Array([1, 2]) },
    ])
    const json = new TextEncoder().encode('{"weightsManifest": [], "userDefinedMetadata": null}')
    for (const bytes of [new Uint8Array(0), (await bytesOf(format)).subarray(0, 20), foreign, json]) {
      expect(await isWrittenByLatch(bytes, format)).toBe(false)
    }
  })
})

it('a checkpoint is one of Latch; a model, or a file that only names training, is none', async () => {
  const model = textClassifier({ units: 2, embedding: 2, minimumCount: 1 })
  const rows = ['a b', 'c d', 'a d', 'c b'].map((text, i) => ({ text, label: i % 2 ? 'x' : 'y' }))
  const saved: Uint8Array[] = []
  await model.fit(rows, {
    text: 'text',
    label: 'label',
    epochs: 1,
    checkpoint: { everySteps: 1, write: async (bytes) => void saved.push(bytes) },
  })
  const both = (bytes: Uint8Array) =>
    Promise.all((['latch', 'checkpoint'] as const).map((format) => isWrittenByLatch(bytes, format)))
  expect(await both(saved[0])).toEqual([true, true])
  expect(await both(model.toBytes())).toEqual([true, false])
  const broken = writeSafetensors([], { latch: '{"training":' })
  expect(await isWrittenByLatch(broken, 'checkpoint')).toBe(false)
})
