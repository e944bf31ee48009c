/**
 * What holds for every network that can be written down, on random ones: gradients against float64 finite differences
 * (masked, ragged, held), streams against whole sequences, and bits that company, plans, gradient checkpointing and threads never change.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { Overrides, type Override } from '../../src/layers/recurrent/overrides.ts'
import type { Pass } from '../../src/layers/layer.ts'
import type { Targets } from '../../src/layers/loss.ts'
import type { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { allLayers } from '../../src/model/allLayers.ts'
import { readNetworkConfig } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { outputBatch } from '../../src/model/outputBatch.ts'
import { supportedEngines } from '../../src/node.ts'
import { UnsupportedError } from '../../src/core/errors.ts'
import { rootField } from '../../src/core/validation.ts'
import { Random } from '../../src/core/random.ts'
import { anyCase, batchOf, build, larger, SHAPES, TAGS, WINDOWS, type Case } from './anyNetworkHelpers.ts'

const FIRST = Number(process.env.ANY_FIRST ?? 0)
const COUNT = Number(process.env.ANY_COUNT ?? 200)
/** The last ones were found wrong once. */
const seeds = [...Array.from({ length: COUNT }, (_, i) => FIRST + i), 1689, 2017, 3674]
for (let i = 0; i < COUNT / 2; i++) seeds.push(WINDOWS + FIRST + i)
for (let i = 0; i < COUNT / 4; i++) seeds.push(SHAPES + FIRST + i)
for (let i = 0; i < COUNT / 4; i++) seeds.push(TAGS + FIRST + i)
const plain: Pass = { training: true, record: false, key: 11 }
const double: EngineOptions = { engine: 'reference', precision: 'float64' }
const single: EngineOptions = { engine: 'reference', precision: 'float32' }
const fast: EngineOptions = supportedEngines().includes('simd') ? { engine: 'simd', threads: 1 } : single

/** Runs a check for every seed (ANY_FIRST and ANY_COUNT choose others); an error names the network. */
function each(check: (at: Case, seed: number) => void): void {
  for (const seed of seeds) {
    const at = anyCase(seed)
    try {
      check(at, seed)
    } catch (error) {
      const mask = at.masked ? 'with a mask of the batch' : 'without'
      const words = `network ${seed}, ${mask}: ${JSON.stringify(at.layers)}`
      throw new Error(`${words}\n${(error as Error).stack}`, { cause: error })
    }
  }
}

function targetsOf(net: Network, batch: PackedBatch): Targets {
  const rows = net.output.per === 'step' ? outputBatch(net, batch).rows : batch.sequences
  const random = new Random(9, 'targets')
  return { values: Float64Array.from({ length: rows * net.output.width }, () => random.between(-1, 1)) }
}

/** Something of some layer held, in a third of the cases. */
function anyHolds(net: Network, seed: number): Overrides | undefined {
  const random = new Random(seed, 'holds')
  const layers = internalsOf(net).recurrent
  if (!layers.length || random.uniform() < 0.6) return undefined
  const holds: Override[] = []
  for (const { name, loops } of layers) {
    const direction = random.integer(loops.length)
    const { cell, units } = loops[direction]
    const gates = cell.gateNames.filter((gate) => !(cell.functions?.coupled && gate === 'forget'))
    const place = { layer: name, direction, units: [random.integer(units)], from: 1, to: 2, value: 0.3 }
    if (random.uniform() < 0.5) holds.push({ ...place, what: { gate: gates[random.integer(gates.length)] } })
    else
      holds.push({
        ...place,
        what: { state: cell.stateNames.includes('cell') && random.uniform() < 0.5 ? 'cell' : 'hidden' },
      })
  }
  return new Overrides(holds)
}

/** All gradients of a pass, and the output. */
function passOf(net: Network, batch: PackedBatch, pass: Pass = plain): Float64Array[] {
  net.prepareTraining()
  net.forward(batch, pass)
  const output = net.readOutput(batch)
  net.zeroGradients()
  net.backward(batch, targetsOf(net, batch), pass)
  return [
    output,
    ...net.parameters.map((p) => Float64Array.from(internalsOf(net).store.read(p, 'gradients'))),
  ]
}

function expectSame(found: readonly Float64Array[], wanted: readonly Float64Array[], what: string): void {
  found.forEach((values, k) => {
    const other = values.findIndex((x, i) => !Object.is(x, wanted[k][i]))
    if (other >= 0)
      throw new Error(`${what}: list ${k}, number ${other}: ${values[other]}, not ${wanted[k][other]}`)
  })
}

/** An analytic derivative against central differences: close ones where a corner is near, one-sided ones on a corner. */
function expectSlope(analytic: number, lossAt: (h: number) => number, what: string): void {
  const central = [1e-4, 1e-5, 1e-6].map((h) => (lossAt(h) - lossAt(-h)) / (2 * h))
  const is = (share: number) => (numeric: number) =>
    Math.abs(numeric - analytic) <= share * Math.max(0.01, Math.abs(analytic), Math.abs(numeric))
  if (central.some(is(2e-6))) return
  const sides = [1e-6, -1e-6].map((h) => (lossAt(h) - lossAt(0)) / h)
  if (!sides.some(is(2e-5)))
    throw new Error(`${what}: ${analytic} against ${[...central, ...sides].join(', ')}`)
}

function checkSlopes(at: Case, seed: number): void {
  const net = build(at, double)
  const pass = { ...plain, holds: anyHolds(net, seed) }
  const batch = batchOf(at)
  const targets = targetsOf(net, batch)
  const [, ...gradients] = passOf(net, batch, pass)
  const input = at.layers[0].type === 'features' ? net.readInputGradient(batch) : null
  const lossOf = (given: PackedBatch) => (net.forward(given, pass), net.loss(given, targets).mean)
  const random = new Random(seed, 'which')
  net.parameters.forEach((parameter, k) => {
    if (/running_/.test(parameter.name)) return
    const values = internalsOf(net).store.read(parameter)
    for (let n = 0; n < 2; n++) {
      const i = random.integer(values.length)
      const lossAt = (h: number) => {
        internalsOf(net).store.write(
          parameter,
          Float64Array.from(values, (x, j) => (j === i ? x + h : x)),
        )
        return lossOf(batch)
      }
      expectSlope(gradients[k][i], lossAt, `${parameter.name}[${i}]`)
    }
    internalsOf(net).store.write(parameter, values)
  })
  if (input) checkInput(at, input, random, lossOf)
  net.dispose()
}

/** Features of steps that count: others jump when they change, or change nothing. */
function checkInput(at: Case, input: Float64Array, random: Random, lossOf: (at: PackedBatch) => number) {
  const T = Math.max(...at.sequences.map(({ ids }) => ids.length))
  const width = input.length / at.sequences.length / T
  for (let n = 0; n < 3; n++) {
    const s = random.integer(at.sequences.length)
    const i = random.integer(at.sequences[s].features.length)
    if (at.sequences[s].features[i] === 0) continue
    const lossAt = (h: number) => {
      const change = (x: number, j: number) => (j === i ? x + h : x)
      const changed = at.sequences.map((sequence, k) =>
        k === s ? { ...sequence, features: sequence.features.map(change) } : sequence,
      )
      return lossOf(batchOf({ ...at, sequences: changed }))
    }
    expectSlope(input[s * T * width + i], lossAt, `feature ${i} of sequence ${s}`)
  }
}

/** A unit of a layer's direction. */
interface UnitPlace {
  layer: number
  direction: number
  unit: number
}

/** Layers begin at 0.3, where no function has a corner; one unit `h` beside it. */
function begin(net: Network, batch: PackedBatch, at: UnitPlace | null, h: number): void {
  internalsOf(net).recurrent.forEach(({ loops, units }, layer) => {
    loops.forEach((_, direction) => {
      const own = at?.layer === layer && at.direction === direction
      const values = Array.from({ length: units }, (_x, j) => (own && j === at.unit ? 0.3 + h : 0.3))
      net.writeInitialState(batch, values, { layer, direction })
    })
  })
}

/** Of one unit of each layer: ∂L/∂(state before the first step), and ∂L/∂h_t as a recording pass has it. */
function checkStates(at: Case, seed: number): void {
  const net = build(at, double)
  const batch = batchOf({ ...at, sequences: at.sequences.slice(0, 1) })
  const [targets, random] = [targetsOf(net, batch), new Random(seed, 'states')]
  const lossAt = (place: UnitPlace | null, h: number, holds?: Overrides) => {
    begin(net, batch, place, h)
    const held: Pass = { ...plain, record: true, overrides: holds }
    net.forward(batch, held)
    return net.loss(batch, targets).mean
  }
  net.prepareTraining()
  lossAt(null, 0)
  net.backward(batch, targets, { ...plain, record: true })
  const found = internalsOf(net).recurrent.map((layer, l) => {
    const place = {
      layer: l,
      direction: random.integer(layer.loops.length),
      unit: random.integer(layer.units),
    }
    const { layers } = internalsOf(net)
    const below = layers.slice(0, layers.indexOf(layer))
    const { steps } = below.reduce((seen, { timeline }) => timeline?.of(seen) ?? seen, batch)
    const t = random.integer(steps)
    const { tape, stride, reversed } = layer.loops[place.direction]
    const number = (reversed ? steps - 1 - t : t) * stride + place.unit
    const view = (list: number) => internalsOf(net).engine.memory.viewFloats(list, (steps + 1) * stride)
    const initial = layer.readInitialGradient(batch, 'hidden', place.direction)[place.unit]
    return { place, t, value: view(tape.hidden)[number + stride], total: view(tape.dHidden)[number], initial }
  })
  for (const { place, t, value, total, initial } of found) {
    const { layer, direction, unit } = place
    const hold: Override = {
      layer: `recurrent.${layer}`,
      direction,
      what: { state: 'hidden' },
      units: [unit],
      from: t,
      to: t,
      value,
    }
    const held = (h: number) => new Overrides([{ ...hold, value: value + h }])
    expectSlope(total, (h) => lossAt(null, 0, held(h)), `layer ${layer}, h after step ${t}`)
    expectSlope(initial, (h) => lossAt(place, h), `layer ${layer}, h at first`)
  }
  net.dispose()
}

/** Each sequence of a batch has the same output as in a batch of its own. Steps: (T, C) of each. */
function checkBatching(at: Case, options: EngineOptions): void {
  const net = build(at, options)
  const batch = batchOf(at)
  net.forward(batch)
  const all = net.readOutput(batch)
  net.forward(batchOf(larger(at)))
  net.forward(batch)
  expectSame([net.readOutput(batch)], [all], 'after a larger batch')
  const size = all.length / batch.sequences
  at.sequences.forEach((sequence, s) => {
    const alone = batchOf({ ...at, sequences: [sequence] })
    net.forward(alone)
    const own = net.readOutput(alone)
    expectSame([own], [all.slice(s * size, s * size + own.length)], `sequence ${s} alone`)
  })
  net.dispose()
}

/** Steps one by one give what the sequence so far gives. False for networks that have no streams. */
function checkStream(at: Case, options: EngineOptions): boolean {
  const net = build({ ...at }, options)
  try {
    net.stream()
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    return false
  }
  const stream = net.stream()
  for (const sequence of at.sequences) {
    stream.reset()
    const steps = sequence.ids.length
    for (let t = 0; t < steps; t++) {
      const width = sequence.features.length / steps
      const features = sequence.features.slice(t * width, (t + 1) * width)
      const found = Float64Array.from(
        stream.push(at.layers[0].type === 'features' ? features : sequence.ids[t]),
      )
      if (t > 1 && t < steps - 1) continue
      const soFar = {
        ...sequence,
        ids: sequence.ids.slice(0, t + 1),
        features: sequence.features.slice(0, (t + 1) * width),
      }
      const batch = batchOf({ ...at, masked: false, sequences: [soFar] })
      net.forward(batch)
      expectSame([found], [net.readOutput(batch).slice(-found.length)], `stream at step ${t}`)
    }
  }
  net.dispose()
  return true
}

/** Leaves numbers that spoil whatever reads them where plans will lie. */
function spoil(network: Network): void {
  const { memory } = internalsOf(network).engine
  const mark = memory.mark()
  const count = 2 ** 17
  memory.viewFloats(memory.floats(count, 'spoiled'), count).fill(NaN)
  memory.release(mark)
}

/** The same gradients after another plan, with gradient checkpointing, recorded, and on a network beside it. */
function checkPlans(at: Case, options: EngineOptions): void {
  const [net, other] = [build(at, options), build(at, options)]
  const batch = batchOf(at)
  const wanted = passOf(net, batch)
  other.prepareTraining()
  spoil(other)
  expectSame(passOf(other, batch), wanted, 'over spoiled memory')
  const large = batchOf(larger(at))
  const wantedOfLarge = passOf(other, large)
  expectSame(passOf(other, batch), wanted, 'after a larger batch')
  other.checkpointSteps = 1
  expectSame(passOf(other, large), wantedOfLarge, 'with gradient checkpointing')
  other.checkpointSteps = null
  expectSame(passOf(other, batch, { ...plain, record: true }), wanted, 'recorded')
  net.forward(batch, plain)
  passOf(other, large)
  net.zeroGradients()
  net.backward(batch, targetsOf(net, batch), plain)
  const after = net.parameters.map((p) => Float64Array.from(internalsOf(net).store.read(p, 'gradients')))
  expectSame(after, wanted.slice(1), 'beside another network')
  for (const made of [net, other]) made.dispose()
}

describe('any network', () => {
  it('is the configuration that it was read from', () => {
    each(({ layers }) => {
      const read = readNetworkConfig(
        rootField(JSON.parse(JSON.stringify({ layers })), 'test', 'config'),
        allLayers,
      )
      expect(read).toEqual({ layers })
    })
  })

  it('has the gradients that differences show', () => each(checkSlopes))

  it('says what each state means to the loss', () => each(checkStates))

  it('answers each sequence as if it were alone', () => {
    each((at) => {
      checkBatching(at, fast)
      checkBatching(at, single)
    })
  })

  it('streams what whole sequences give', () => {
    let streamed = 0
    each((at) => {
      if (checkStream(at, fast)) streamed++
      checkStream(at, single)
    })
    expect(streamed).toBeGreaterThan(COUNT / 5)
  })

  it('has the same bits in any plan', () => {
    each((at, seed) => checkPlans(at, seed % 2 ? fast : double))
  })
})

describe.runIf(fast.engine === 'simd')('any network on three threads', () => {
  const before = { ...parallelism }
  beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
  afterAll(() => void Object.assign(parallelism, before))

  it('has the bits of one', () => {
    each((at, seed) => {
      if (seed % 3) return
      const [one, three] = [build(at, fast), build(at, { ...fast, threads: 3 })]
      const batch = batchOf(seed % 2 ? larger(at) : at)
      three.checkpointSteps = seed % 2 ? 2 : null
      expectSame(passOf(three, batch), passOf(one, batch), 'three threads')
      for (const net of [one, three]) net.dispose()
    })
  })
})
