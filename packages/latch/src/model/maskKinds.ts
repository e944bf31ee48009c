/** Masked steps, as the catalogue wants them: embeddings and layers that mask, and layers that keep their states. */
import type { EmbeddingOptions } from '../layers/input.ts'
import {
  MaskingLayer,
  ZeroMaskedLayer,
  type MaskingOptions,
  type ZeroMaskedOptions,
} from '../layers/masks/masking.ts'
import { MergedLayer } from '../layers/recurrent/merge.ts'
import type { RecurrentLayer, RecurrentOptions } from '../layers/recurrent/recurrent.ts'
import { fieldAt, fieldError, readNumber } from '../core/validation.ts'
import type { LayerKind, StreamPlace } from './catalogue.ts'
import { maybe, readOptions } from './config.ts'
import { IdMaskStep, MaskedRecurrentStep, maskOf, openMask, ZeroStep } from './maskedStreams.ts'
import { readEmbedding, readRecurrent } from './moreReaders.ts'
import { RecurrentStep } from './streamRecurrent.ts'
import type { Rows } from './streamRows.ts'
import { append } from '../core/lists.ts'

export const embeddingKind: LayerKind<EmbeddingOptions> = {
  read: readEmbedding,
  stream(place, _, { maskZero }) {
    if (maskZero)
      place.steps.push(new IdMaskStep(place.source.engine.memory, place.input.ids, openMask(place)))
    return null
  },
}

export const maskingKind: LayerKind<MaskingOptions> = {
  read(field, below) {
    if (below.length !== 1 || below[0].type !== 'features') {
      const got = below[below.length - 1].type
      throw fieldError(fieldAt(field, 'type'), 'masking right after a features input only', got)
    }
    return readOptions(field, { value: maybe(readNumber) })
  },
  build: (context, name, options, input) => new MaskingLayer(context, name, options, input),
  stream(place, _, { value = 0 }) {
    const single = place.source.engine.precision === 'float32'
    return zeroed(place, openMask(place), single ? Math.fround(value) : value)
  },
}

export const zeroMaskedKind: LayerKind<ZeroMaskedOptions> = {
  read: (field) => readOptions(field, {}),
  build: (context, name, options, input) => new ZeroMaskedLayer(context, name, options, input),
  stream(place) {
    const mask = maskOf(place)
    return mask ? zeroed(place, mask, null) : place.value
  },
}

function zeroed(place: StreamPlace, mask: Uint8Array, value: number | null): Rows {
  const x = place.value
  const y = place.rows(x.width, x.stride)
  place.steps.push(new ZeroStep(y, x, mask, value))
  return y
}

export const recurrentKind: LayerKind<RecurrentOptions> = {
  read: readRecurrent,
  build(context, name, options, input) {
    const { merge = 'concat' } = options
    // The core refuses what lies on no steps.
    if (merge === 'concat' || input.per !== 'step') return null
    return new MergedLayer(context, name, { ...options, merge }, input)
  },
  stream(place, layer) {
    const mask = maskOf(place)
    return mask && maskedRecurrent(place, layer as RecurrentLayer, mask)
  },
}

function maskedRecurrent(place: StreamPlace, layer: RecurrentLayer, mask: Uint8Array): Rows {
  const { engine, store } = place.source
  const rows = (width: number, stride?: number) => place.rows(width, stride)
  const recurrentLayer = new RecurrentStep(
    { kernels: engine.kernels, store, rows, x: place.value, ids: 0 },
    layer,
  )
  const states = layer.cell.stateNames.map((name) => {
    const state = name === 'cell' ? recurrentLayer.cell! : recurrentLayer.hidden
    state.name = `${layer.name}.${name}`
    return state
  })
  append(place.carried, states)
  place.steps.push(new MaskedRecurrentStep(recurrentLayer, states, mask))
  return recurrentLayer.hidden
}
