/** The layers beyond the core, as the catalogue wants them: how each is read, built and streamed. */
import { ActivationLayer, type ActivationOptions } from '../layers/activate.ts'
import { ConcatLayer, layerNames, type ConcatOptions } from '../layers/concat.ts'
import { ACTIVATIONS, type DenseOptions } from '../layers/dense.ts'
import { DenseAnyLayer } from '../layers/denseAny.ts'
import { LAYER_NORM_EPSILON, LayerNormLayer, type LayerNormOptions } from '../layers/layerNorm.ts'
import { AttentionPool, FirstPool, MORE_POOLS, SumPool } from '../layers/morePools.ts'
import {
  MaskingLayer,
  ZeroMaskedLayer,
  type MaskingOptions,
  type ZeroMaskedOptions,
} from '../layers/masking.ts'
import { ReverseLayer, type ReverseOptions } from '../layers/reverse.ts'
import type { PoolOptions } from '../layers/shape.ts'
import { UnsupportedError } from '../tensor/errors.ts'
import {
  fieldAt,
  fieldError,
  readBoolean,
  readNumber,
  readList,
  readString,
  type Field,
} from '../tensor/fields.ts'
import type { LayerKind, StreamPlace } from './catalogue.ts'
import { maybe, readOptions } from './config.ts'
import { readActivation, readDense, readPool } from './moreReaders.ts'
import { AttentionStep, ConcatStep, FirstStep, FunctionStep, NormStep, SumStep } from './moreStreams.ts'
import { DenseStep } from './streamSteps.ts'
import { Kept, type Rows } from './streamRows.ts'

/** Numbers of a layer that go from step to step. */
function keep(place: StreamPlace, name: string, width: number): Kept {
  const kept = new Kept(`${place.name}.${name}`, place.capacity, width)
  place.carried.push(kept)
  return kept
}

const ROW_FUNCTIONS = ['softmax', 'logSoftmax'] as const

export const activationKind: LayerKind<ActivationOptions> = {
  read(field) {
    const activation = (f: Field) => ROW_FUNCTIONS.find((name) => name === f.value) ?? readActivation(f)
    return readOptions(field, { activation })
  },
  build: (context, name, options, input) => new ActivationLayer(context, name, options, input),
  stream(place, _, { activation }) {
    return applied(place, place.value, activation)
  },
}

function applied(place: StreamPlace, x: Rows, activation: ActivationOptions['activation']): Rows {
  const y = place.rows(x.width, x.stride)
  place.steps.push(new FunctionStep(place.source.engine, y, x, activation))
  return y
}

export const denseKind: LayerKind<DenseOptions> = {
  read: readDense,
  build: (context, name, options, input) =>
    isFast(options) ? null : new DenseAnyLayer(context, name, options, input),
  stream(place, { parameters: [weight, bias] }, options) {
    if (isFast(options)) return null
    const { engine, store } = place.source
    const y = place.rows(options.units)
    const at = { weight: store.at(weight), bias: bias ? store.at(bias) : 0 }
    place.steps.push(new DenseStep(engine.kernels, y, place.value, at, 0))
    return applied(place, y, options.activation!)
  },
}

function isFast({ activation = 'linear' }: DenseOptions): boolean {
  return (ACTIVATIONS as readonly unknown[]).includes(activation)
}

export const poolKind: LayerKind<PoolOptions> = {
  read: readPool,
  build(context, name, { over }, input) {
    if (over === 'first') return new FirstPool(context, name, input)
    if (over === 'sum') return new SumPool(context, name, input)
    return over === 'attention' ? new AttentionPool(context, name, input) : null
  },
  stream(place, { parameters: [weight] }, { over }) {
    if (!MORE_POOLS.includes(over)) return null
    const { value: x } = place
    const { engine, store } = place.source
    const [y, running] = [place.rows(x.width, x.stride), keep(place, over, x.width)]
    if (over === 'first') place.steps.push(new FirstStep(y, x, running, keep(place, 'seen', 1)))
    else if (over === 'sum') place.steps.push(new SumStep(y, x, running))
    else {
      const state = keep(place, 'scores', 2)
      const parts = { kernels: engine.kernels, column: place.rows(x.width), weight: store.at(weight) }
      place.steps.push(new AttentionStep(y, x, { ...parts, state, sums: running }))
    }
    return y
  },
}

export const layerNormKind: LayerKind<LayerNormOptions> = {
  read(field) {
    return readOptions(field, {
      epsilon: maybe(readEpsilon),
      scale: maybe(readBoolean),
      centre: maybe(readBoolean),
    })
  },
  build: (context, name, options, input) => new LayerNormLayer(context, name, options, input),
  stream(place, { parameters }, { epsilon = LAYER_NORM_EPSILON, scale = true, centre = true }) {
    const { value: x } = place
    const { engine, store } = place.source
    const y = place.rows(x.width, x.stride)
    const [first, second] = parameters.map((parameter) => store.at(parameter))
    const at = { weight: scale ? first : 0, bias: centre ? (scale ? second : first) : 0 }
    place.steps.push(new NormStep(engine, y, x, at, epsilon))
    return y
  },
}

function readEpsilon(field: Field): number {
  const epsilon = readNumber(field, { min: 0, max: 1 })
  if (epsilon > 0) return epsilon
  throw fieldError(field, 'a number above 0')
}

export const reverseKind: LayerKind<ReverseOptions> = {
  read(field) {
    return readOptions(field, {})
  },
  build: (context, name, options, input) => new ReverseLayer(context, name, options, input),
  stream: () => refuseStream('a reverse layer, whose first step is the last one'),
}

/** @throws UnsupportedError: a layer that needs what comes after a step */
function refuseStream(got: string): never {
  throw new UnsupportedError({
    where: 'network.stream',
    expected: 'layers that read forwards, step by step',
    got,
    remedy: 'Give whole sequences to forward.',
  })
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
  stream: () => refuseStream('a masking layer'),
}

export const zeroMaskedKind: LayerKind<ZeroMaskedOptions> = {
  read(field) {
    return readOptions(field, {})
  },
  build: (context, name, options, input) => new ZeroMaskedLayer(context, name, options, input),
  stream: () => refuseStream('a layer about masked steps'),
}

export const concatKind: LayerKind<ConcatOptions> = {
  read(field, below) {
    const names = layerNames(below.map(({ type }) => type))
    const of = (f: Field) => readList(f, (item) => readName(item, names), { minLength: 1, maxLength: 1000 })
    return readOptions(field, { of })
  },
  build: (context, name, options, input, below) => new ConcatLayer(context, name, options, input, below),
  stream(place, layer) {
    const y = place.rows(layer.output.width)
    const parts = (layer as ConcatLayer).sources.map(
      (source) => place.edges[place.source.layers.indexOf(source)],
    )
    place.steps.push(new ConcatStep(y, parts))
    return y
  },
}

function readName(field: Field, names: readonly string[]): string {
  const name = readString(field, { maxLength: 100 })
  if (names.includes(name)) return name
  throw fieldError(field, `the name of a layer below (${names.join(', ')})`)
}
