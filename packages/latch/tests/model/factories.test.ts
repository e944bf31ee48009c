/** Networks by typed factories: misuse is a compile error, and says so at run time too. */
import { describe, expect, it } from 'vitest'
import * as latch from '../../src/index.ts'
import type { LayerSpec } from '../../src/index.ts'

const { dense, embedding, features, genericLstm, gru, lstm, network, networkFromConfig, pool, rnn } = latch

describe('misuse does not compile', () => {
  it('layers as JSON', () => {
    // @ts-expect-error JSON is for networkFromConfig
    expect(() => network([features(2), { type: 'activation' }])).toThrow(
      'network, layer 1: expected a layer made by its factory, such as dense(3), got an object. Build networks from JSON with networkFromConfig.',
    )
  })

  it('options of other cells, and forms that need the generic one', () => {
    // @ts-expect-error only a GRU has a reset gate
    expect(() => network([features(2), lstm(3, { reset: 'before' })])).toThrow(
      '[1].reset: expected a known field',
    )
    // @ts-expect-error peepholes are of `genericLstm`
    expect(() => network([features(2), lstm(3, { peepholes: true })])).toThrow('[1].peepholes')
    // @ts-expect-error as are other functions
    expect(() => network([features(2), gru(3, { activation: 'relu' })])).toThrow('[1].activation')
    // @ts-expect-error and activations that the engine does not compute
    expect(() => network([features(2), dense(3, { activation: 'gelu' })])).toThrow('[1].activation')
    // @ts-expect-error the sum is `sumPool()`
    expect(() => network([features(2), pool('sum')])).toThrow('[1].pooling')
    // @ts-expect-error masks are of `maskedEmbedding`
    expect(() => network([embedding({ vocabulary: 3, size: 2, maskZero: true })])).toThrow('[0].maskZero')
    expect(network([features(2), genericLstm(3, { peepholes: true, clip: 2 })]).parameterCount).toBe(93)
  })

  it('and values are checked', () => {
    expect(() => network([features(2), rnn(0)])).toThrow(
      'network.layers[1].units: expected a whole number from 1',
    )
    expect(() => network([gru(2)])).toThrow('an input (embedding, oneHot, features), got "recurrent"')
  })
})

it('every factory makes a layer that allLayers reads back', () => {
  const read = (layers: LayerSpec[]) => {
    const net = network(layers, { threads: 1 })
    const again = networkFromConfig(
      JSON.parse(JSON.stringify(net.config)) as typeof net.config,
      latch.allLayers,
    )
    expect(again.config).toEqual(net.config)
    expect(again.parameters.map(({ name }) => name)).toEqual(net.parameters.map(({ name }) => name))
  }
  const {
    activation,
    attentionPool,
    concat,
    dropout,
    firstPool,
    flatten,
    layerNorm,
    masking,
    merge,
    oneHot,
  } = latch
  const { genericDense, genericGru, genericRnn, maskedEmbedding, maskedFeatures, maskedOneHot } = latch
  const { permute, recurrent, repeat, reshape, reverse, sumPool, timeSoftmax, zeroMasked } = latch
  const { averagePool1d, batchNorm, conv1d, crf, maxPool1d, pairEmbedding, pairFeatures, wordCharacters } =
    latch
  read([
    features(2),
    conv1d({ filters: 3, kernelSize: 2, padding: 'causal' }),
    batchNorm({ momentum: 0.2 }),
    gru(2),
  ])
  read([features(2), maxPool1d({ kernelSize: 2 }), averagePool1d({ kernelSize: 2, padding: 1 }), gru(2)])
  read([embedding({ vocabulary: 4, size: 3 }), dropout(0.5), lstm(2), rnn(2, { activation: 'relu' })])
  read([features(2), masking({ value: -1 }), gru(3, { reset: 'before' }), zeroMasked(), pool('max')])
  read([
    oneHot({ vocabulary: 4 }),
    recurrent('gru', 3),
    layerNorm(),
    timeSoftmax(),
    attentionPool(),
    dense(2),
  ])
  read([maskedEmbedding({ vocabulary: 4, size: 3 }), reverse(), sumPool(), activation('softmax')])
  read([
    maskedFeatures(3),
    genericGru(2, { clip: 1 }),
    concat(['features.0', 'recurrent.0']),
    firstPool(),
    repeat(3),
  ])
  read([
    wordCharacters({
      vocabulary: 4,
      size: 3,
      characters: 5,
      characterSize: 2,
      cell: 'gru',
      units: 2,
      length: 6,
    }),
    gru(3),
    dense(2),
    crf(),
  ])
  read([
    pairEmbedding({ vocabulary: 4, size: 3 }),
    pool('max'),
    pairFeatures({ combine: 'symmetric' }),
    dense(2),
  ])
  read([features(2), permute(4), gru(6, { returnSequences: false }), reshape(2, 3), permute(2)])
  read([maskedOneHot({ vocabulary: 3 }), genericRnn(2, { activation: 'elu' })])
  read([
    features(2),
    genericLstm(2, { direction: 'bidirectional', merge: 'sum' }),
    merge('add', ['features.0', 'recurrent.0']),
    flatten(3),
    genericDense(2, { activation: 'mish' }),
  ])
})
