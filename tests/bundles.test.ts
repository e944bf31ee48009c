/** What a page carries: the layers and cells that it uses, and no others. Needs the built library (scripts/setup.mjs). */
import { describe, expect, test } from 'vitest'
import { bundlePage, modulesOf } from '../scripts/bundlePage.mjs'
import { withoutComments } from '../scripts/packages/stripComments.mjs'

const modules = async (layers: string, imports: string) =>
  modulesOf(
    await bundlePage(`import { network, ${imports} } from 'latch'\nexport const net = network([${layers}])`),
  )

/** Code that only imports and masked batches need, and what trains or inspects. */
const FOREIGN =
  /masks\/|generic|merge|attention|sumPool|firstPool|layerNorm|batchNorm|windows\/|concat|registry|^(training|inspection|tasks|formats)\//

describe('a page', { timeout: 60_000 }, () => {
  test('of embedding, gru and dense carries no other cell, no masks, no attention and no generic code', async () => {
    const found = await modules(
      'embedding({ vocabulary: 50, size: 16 }), gru(96), dense(50)',
      'embedding, gru, dense',
    )
    expect(found).toContain('cells/gru/gru.js')
    expect(found.filter((id) => FOREIGN.test(id))).toEqual([])
    expect(found.filter((id) => /^cells\/(lstm|rnn)\//.test(id))).toEqual([])
    expect(
      found.filter((id) => /^layers\/(oneHot|features|dropout|flatten|activation)|pool/.test(id)),
    ).toEqual(['engine/reference/pool.js'])
  })

  test('without a recurrent layer carries no time loop', async () => {
    const found = await modules("features(3), pool('mean'), dense(2)", 'features, pool, dense')
    expect(found).toContain('layers/pooling/pool.js')
    expect(found.filter((id) => /recurrent|^cells\/\w+\//.test(id))).toEqual([])
  })

  test('carries masks, generic cells and attention where it names them', async () => {
    const found = await modules(
      'maskedEmbedding({ vocabulary: 5, size: 2 }), genericLstm(3, { clip: 1 }), attentionPool()',
      'maskedEmbedding, genericLstm, attentionPool',
    )
    for (const id of ['layers/masks/masks.js', 'cells/lstm/generic.js', 'layers/pooling/attentionPool.js'])
      expect(found).toContain(id)
    expect(found.filter((id) => /^cells\/(gru|rnn)\//.test(id))).toEqual([])
  })
})

test('a built module loses the comments for readers alone', () => {
  const text = [
    '#!/usr/bin/env node',
    '/** Text. */',
    'const a = `/** no */',
    '// no` // yes',
    'await import(/* webpackIgnore: true */ a) /** yes */',
    'class A {',
    '    // yes',
    '    b = /* @__PURE__ */ f(/\\/\\/ no/)',
    '}',
    '// yes',
  ]
  const kept = [
    '#!/usr/bin/env node',
    'const a = `/** no */',
    '// no` ',
    'await import(/* webpackIgnore: true */ a) ',
    'class A {',
    '    b = /* @__PURE__ */ f(/\\/\\/ no/)',
    '}',
    '',
  ]
  expect(withoutComments(text.join('\n'))).toBe(kept.join('\n'))
})
