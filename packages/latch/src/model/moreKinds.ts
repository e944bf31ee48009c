/** The layers beyond the core, as the catalogue wants them: how each is read, built and streamed. */
import { ActivationLayer, type ActivationOptions } from '../layers/activation.ts'
import { ConcatLayer, layerNames, type ConcatOptions } from '../layers/concat.ts'
import { ACTIVATIONS, type DenseOptions } from '../layers/dense.ts'
import { DenseAnyLayer } from '../layers/denseAny.ts'
import { LAYER_NORM_EPSILON, LayerNormLayer, type LayerNormOptions } from '../layers/layerNorm.ts'
import { AttentionPool, FirstPool, MORE_POOLS, SumPool } from '../layers/pooling.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { ReverseLayer, type ReverseOptions } from '../layers/reverse.ts'
import { readActivation } from '../cells/activations.ts'
import type { PoolOptions } from '../layers/shape.ts'
import { UnsupportedError } from '../core/errors.ts'
import { fieldError, readBoolean, readNumber, readList, readString, type Field } from '../core/validation.ts'
import type { LayerKind, StreamPlace } from './catalogue.ts'
import { maybe, readOptions } from './config.ts'
import { MaskedMeanStep, maskOf, type StreamMask } from './maskedStreams.ts'
import { readDense, readPool } from './moreReaders.ts'
import { AttentionStep, ConcatStep, FirstStep, FunctionStep, NormStep, SumStep } from './moreStreams.ts'
import { DenseStep, type LayerStep } from './streamSteps.ts'
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
  build(context, name, { pooling: over }, input) {
    if (over === 'first') return new FirstPool(context, name, input)
    if (over === 'sum') return new SumPool(context, name, input)
    return over === 'attention' ? new AttentionPool(context, name, input) : null
  },
  stream(place, { parameters }, { pooling: over }) {
    const mask = maskOf(place)
    const masked = over === 'mean' && mask !== null
    if (!masked && !MORE_POOLS.includes(over)) return null
    const x = place.value
    const y = place.rows(x.width, x.stride)
    place.steps.push(masked ? meanStep(place, y, mask) : poolStep(place, y, over, parameters[0]))
    return y
  },
}

function poolStep(place: StreamPlace, y: Rows, over: PoolOptions['pooling'], weight: Parameter): LayerStep {
  const { value: x, source } = place
  const mask = maskOf(place)
  const running = keep(place, over, x.width)
  if (over === 'first') return new FirstStep(y, x, running, keep(place, 'seen', 1))
  if (over === 'sum') return new SumStep(y, x, running, mask)
  const [state, column] = [keep(place, 'scores', 2), place.rows(x.width)]
  const parts = { kernels: source.engine.kernels, column, weight: source.store.at(weight) }
  return new AttentionStep(y, x, { ...parts, state, sums: running, mask })
}

function meanStep(place: StreamPlace, y: Rows, mask: StreamMask): LayerStep {
  const { value: x, source } = place
  return new MaskedMeanStep(y, x, mask, {
    sums: keep(place, 'mean', x.width),
    counts: keep(place, 'counts', 1),
    single: source.engine.name !== 'reference',
  })
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

export const concatKind: LayerKind<ConcatOptions> = {
  read(field, below) {
    const names = layerNames(below.map(({ type }) => type))
    const of = (f: Field) => readList(f, (item) => readName(item, names), { minLength: 1, maxLength: 1000 })
    return readOptions(field, { inputs: of })
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
