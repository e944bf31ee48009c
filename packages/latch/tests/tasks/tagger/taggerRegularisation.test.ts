/** The options that regularise a tagger: in its network, in its file, in training that resumes, and refused by name. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { Tagger, tagger } from '../../../src/tasks/tagger/tagger.ts'
import type { TaggerOptions } from '../../../src/tasks/tagger/options.ts'
import { NAMES, tinyTagger, WORDS } from './taggerHelpers.ts'

const ALL: TaggerOptions = {
  layers: 2,
  dropout: 0.3,
  lockedDropout: true,
  weightDropout: 0.4,
  zoneout: { hidden: 0.05, cell: 0.1 },
  activationPenalty: { alpha: 2, beta: 1 },
}

it('have their places in the network', async () => {
  const model = await tinyTagger(ALL, WORDS, { epochs: 1 })
  const drop = { type: 'dropout', rate: 0.3, locked: true }
  const recurrent = {
    type: 'recurrent',
    cell: 'lstm',
    units: 6,
    direction: 'bidirectional',
    weightDropout: 0.4,
    zoneout: { hidden: 0.05, cell: 0.1 },
  }
  expect(model.network.config.layers.slice(1)).toEqual([
    drop,
    recurrent,
    drop,
    recurrent,
    { type: 'activationPenalty', beta: 1 },
    drop,
    { type: 'activationPenalty', alpha: 2 },
    { type: 'dense', units: 5 },
  ])
  const words = await tinyTagger({ characters: false, embeddingDropout: 0.2 }, WORDS, { epochs: 1 })
  expect(words.network.config.layers[0]).toMatchObject({ type: 'embedding', rowDropout: 0.2 })
})

it('train to the same bits on 1, 2 and 3 threads, resume exactly, and are in the file', async () => {
  const saved: Uint8Array[] = []
  const checkpoint = { everySteps: 1, write: (bytes: Uint8Array) => void saved.push(bytes.slice()) }
  const model = await tinyTagger(ALL, NAMES, { epochs: 2, checkpoint })
  for (const threads of [2, 3]) {
    const other = await tinyTagger({ ...ALL, threads }, NAMES, { epochs: 2 })
    expect(other.predict('Ada sings')).toEqual(model.predict('Ada sings'))
    other.dispose()
  }
  const { model: resumed, fitOptions } = await Tagger.fromCheckpoint(saved[1])
  await resumed.fit(NAMES, { ...fitOptions, resume: saved[1] })
  expect(resumed.predict('Ada sings')).toEqual(model.predict('Ada sings'))
  const read = Tagger.fromBytes(model.toBytes(), 'saved', { engine: 'simd', threads: 1 })
  expect(read.settings).toEqual(model.settings)
  expect(read.predict('Ada sings')).toEqual(model.predict('Ada sings'))
  const plain = await tinyTagger({}, NAMES, { epochs: 2 })
  expect(plain.predict('Ada sings')).not.toEqual(model.predict('Ada sings'))
})

it('are off in files of before the options', async () => {
  const plain = await tinyTagger({}, WORDS, { epochs: 1 })
  const { document, tensors } = decodeModel(plain.toBytes(), 'plain')
  const settings = document.settings as Record<string, unknown>
  for (const name of ['lockedDropout', 'embeddingDropout', 'weightDropout', 'zoneout', 'activationPenalty'])
    delete settings[name]
  expect(Tagger.fromBytes(encodeModel(document, tensors.values())).settings).toEqual(plain.settings)
})

describe('are refused by name', () => {
  it.each([
    [{ weightDropout: 1 }, /option weightDropout: expected a rate from 0 to below 1/],
    [{ lockedDropout: 1 }, /option lockedDropout: expected true or false/],
    [{ zoneout: { cell: 0.1 }, cell: 'gru' }, /option zoneout\.cell: expected no value for cell gru/],
    [{ activationPenalty: { gamma: 1 } }, /activationPenalty: expected numbers named alpha, beta, got gamma/],
    [{ embeddingDropout: 0.1 }, /embeddingDropout: expected 0 where characters are read: `wordDropout`/],
  ])('%o', (options, message) => {
    expect(() => tagger(options as never)).toThrow(UsageError)
    expect(() => tagger(options as never)).toThrow(message)
  })
})
