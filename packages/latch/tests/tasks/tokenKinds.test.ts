/** The kind of tokens has one spelling: in options, summaries, Latch files and exports. */
import { describe, expect, test } from 'vitest'
import { gru, sequenceModel, textClassifier, TOKEN_KINDS } from '../../src/index.ts'
import { exporters, openModel, type AnyModel } from '../../src/formats.ts'

const rows = ['a b a', 'b a b', 'a a', 'b b'].map((text) => ({ text, label: text[0] }))

describe.each(TOKEN_KINDS)('%s', (tokens) => {
  const models: [string, () => Promise<AnyModel>][] = [
    [
      'a text classifier',
      async () => {
        const model = textClassifier({ tokens, cell: 'gru', units: 3, embedding: 2, minimumCount: 1 })
        await model.fit(rows, { text: 'text', label: 'label', epochs: 1, validation: 0 })
        return model
      },
    ],
    [
      'a sequence model',
      async () =>
        sequenceModel({
          input: { vocabulary: ['', 'a', 'b', ' '], tokens },
          layers: [gru(3, { returnSequences: false })],
          output: { classes: ['a', 'b'] },
        }),
    ],
  ]

  test.each(models)('in the summary and the files of %s', async (_, build) => {
    const model = await build()
    expect(model.summary().tokens).toBe(tokens)
    const bytes = model.toBytes()
    const written = new TextDecoder().decode(bytes.slice(0, 6000))
    expect(written).toContain(`\\"tokens\\":\\"${tokens}\\"`)
    const reopened = await openModel({ name: 'model.safetensors', bytes })
    expect(reopened.summary().tokens).toBe(tokens)

    const [file] = await model.exportTo(exporters.onnx, 'model')
    const chunks = [...file.chunks]
    const exported = await openModel({ name: file.name, bytes: Buffer.concat(chunks) })
    expect(exported.summary().tokens).toBe(tokens)
    for (const each of [model, reopened, exported]) each.dispose()
  })
})
