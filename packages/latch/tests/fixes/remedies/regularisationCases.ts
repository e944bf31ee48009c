/** Remedies of tied embeddings and of what regularises recurrent layers. */
import { ShapeError, UnsupportedError } from '../../../src/core/errors.ts'
import { writeModel } from '../../../src/formats/write.ts'
import { explain } from '../../../src/inspection/explain/explain.ts'
import { traceSequence } from '../../../src/inspection/trace/trace.ts'
import type { PassOptions } from '../../../src/layers/layer.ts'
import { Overrides } from '../../../src/layers/recurrent/overrides.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { network } from '../../networks.ts'
import type { RemedyCase } from './remedyCase.ts'

const EMBEDDING: LayerOptions = { type: 'embedding', vocabulary: 6, size: 4 }
const TIED: LayerOptions = { type: 'dense', units: 6, tied: true }
const lstm = (options: object = {}): LayerOptions =>
  ({ type: 'recurrent', cell: 'lstm', units: 4, ...options }) as LayerOptions
const POOL: LayerOptions = { type: 'pool', pooling: 'max' }
const PENALTY: LayerOptions = { type: 'activationPenalty', beta: 1 }

const exported = (options: object) =>
  writeModel(
    {
      network: network([EMBEDDING, lstm(options), { type: 'dense', units: 6 }]),
      outputActivation: 'linear',
      input: { kind: 'ids', width: 6, steps: null },
      labels: null,
      vocabulary: null,
      tokens: null,
      document: null,
      name: 'm',
    },
    'onnx',
  )

const explained = (value: string) => {
  const layers = [EMBEDDING, lstm({ zoneout: 0.2 }), { type: 'dense', units: 6 } as const]
  const net = network(layers, { loss: { type: 'softmaxCrossEntropy' } })
  const traced = traceSequence(net, [1, 2], { stepClasses: [[2, 3]] })
  return explain(traced, { layer: 0, direction: 'forward', step: 1, value, unit: 0 })
}

const normed = (options: object = {}) =>
  network([EMBEDDING, lstm({ layerNorm: true, ...options }), { type: 'dense', units: 6 }], {
    loss: { type: 'softmaxCrossEntropy' },
  })
const explainedNorm = (value: 'input' | 'logit') => {
  const traced = traceSequence(normed(), [1, 2], { stepClasses: [[2, 3]] })
  return explain(traced, { layer: 0, direction: 'forward', step: 1, value, unit: 0 })
}
const overridden = (what: { gate: string } | { state: 'hidden' }) => {
  const all = [{ layer: 'recurrent.0', direction: 0, what, units: [0], from: 0, to: 1, value: 0.5 }]
  const pass = { training: false, record: false, key: 0, overrides: new Overrides(all) }
  normed().forward(PackedBatch.ofIds([[1, 2]]), pass as PassOptions)
}

export const REGULARISATION_CASES: readonly RemedyCase[] = [
  {
    name: 'layerNorm with functions of its own',
    kind: UnsupportedError,
    remedy: 'Omit these options, or `layerNorm`.',
    raise: () => normed({ peepholes: true }),
    follow: () => normed(),
  },
  {
    name: 'layerNorm in another format',
    kind: UnsupportedError,
    remedy: 'Train without it to export, or with layers `layerNorm` between the recurrent ones.',
    raise: () => exported({ layerNorm: true }),
    follow: () => exported({}),
  },
  {
    name: 'an explanation of a normalised gate',
    kind: UnsupportedError,
    remedy: 'Explain a logit or a probability instead.',
    raise: () => explainedNorm('input'),
    follow: () => explainedNorm('logit'),
  },
  {
    name: 'a normalised gate that is set',
    kind: UnsupportedError,
    remedy: 'Set states in place of gates.',
    raise: () => overridden({ gate: 'forget' }),
    follow: () => overridden({ state: 'hidden' }),
  },
  {
    name: 'a tied layer whose input is not as wide as the embedding',
    kind: ShapeError,
    remedy: 'Put `dense(4)` below it as a projection, or give the embedding size 5.',
    raise: () => network([EMBEDDING, lstm({ units: 5 }), TIED]),
    follow: () => network([EMBEDDING, lstm({ units: 5 }), { type: 'dense', units: 4 }, TIED]),
  },
  {
    name: 'a tied table with a row for padding',
    kind: UnsupportedError,
    remedy: 'Batches are packed and need no padding: leave `paddingIdx` out.',
    raise: () => network([{ ...EMBEDDING, paddingIdx: 0 } as LayerOptions, lstm(), TIED]),
    follow: () => network([EMBEDDING, lstm(), TIED]),
  },
  {
    name: 'a penalty on differences of steps above the pooling',
    kind: ShapeError,
    remedy: 'Put it below the pooling, or give `alpha` alone.',
    raise: () => network([EMBEDDING, POOL, PENALTY]),
    follow: () => network([EMBEDDING, PENALTY, POOL]),
  },
  {
    name: 'an export with zoneout',
    kind: UnsupportedError,
    remedy: 'Train without zoneout to export; weight dropout and locked dropout change training alone.',
    raise: () => exported({ zoneout: 0.1 }),
    follow: () => exported({ weightDropout: 0.1 }),
  },
  {
    name: 'an explanation of a state with zoneout',
    kind: UnsupportedError,
    remedy: 'Explain a gate or the candidate instead.',
    raise: () => explained('cell'),
    follow: () => explained('candidate'),
  },
]
