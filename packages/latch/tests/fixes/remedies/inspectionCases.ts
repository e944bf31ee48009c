/** Remedies of traces, explanations and interventions. */
import { UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { explain } from '../../../src/inspection/explain/explain.ts'
import { gradientFlow } from '../../../src/inspection/gradients/gradientFlow.ts'
import { memory } from '../../../src/inspection/gradients/memory.ts'
import { intervene } from '../../../src/inspection/interventions/intervene.ts'
import { traceSequence } from '../../../src/inspection/trace/trace.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import {
  dense,
  embedding,
  exact,
  idsOf,
  randomNetwork,
  recurrent,
} from '../../inspection/inspectionHelpers.ts'
import { network } from '../../networks.ts'
import { trained } from '../../tasks/textClassifier/classifierHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const ids = idsOf(5)
const classes = () => randomNetwork([embedding, recurrent({}), dense])
const everyStep = () => randomNetwork([embedding, recurrent({ returnSequences: true }), dense])
const values = () => randomNetwork([embedding, recurrent({}), dense], { loss: { type: 'meanSquaredError' } })
const model = () => trained({ engine: 'reference' }, { epochs: 1 })
const CLASS = { classes: [0] }
const VALUES = { values: [0, 0, 1] }

const SUBJECTS: readonly RemedyCase[] = [
  {
    name: 'a text for a bare network',
    kind: UnsupportedError,
    remedy: 'A bare network has no vocabulary: pass token ids, or the model that reads texts.',
    raise: () => gradientFlow(classes(), 'great soup' as never),
    follow: async () => {
      gradientFlow(classes(), ids)
      gradientFlow(await model(), 'great soup')
    },
  },
  {
    name: 'a class for a network of every step',
    kind: UsageError,
    remedy: 'This network does not end in one class: give { stepClasses } or { values }.',
    raise: () => gradientFlow(everyStep(), ids, 1),
    follow: () => gradientFlow(everyStep(), ids, { stepClasses: [ids.map(() => 1)] }),
  },
  {
    name: 'a class for a network of numbers',
    kind: UsageError,
    remedy: 'This network does not end in one class: give { stepClasses } or { values }.',
    raise: () => gradientFlow(values(), ids, 1),
    follow: () => gradientFlow(values(), ids, VALUES),
  },
  {
    name: 'gradients without a loss',
    kind: UsageError,
    remedy: 'Gradients are of a loss: build the network with one.',
    raise: () => gradientFlow(network([embedding, recurrent({}), dense], exact), ids),
    follow: () =>
      gradientFlow(
        network([embedding, recurrent({}), dense], { ...exact, loss: { type: 'softmaxCrossEntropy' } }),
        ids,
      ),
  },
  {
    name: 'a label for a bare network',
    kind: UsageError,
    remedy: 'A bare network has no labels: pass a class number, or the model.',
    raise: () => gradientFlow(classes(), ids, 'good'),
    follow: async () => {
      gradientFlow(classes(), ids, 1)
      gradientFlow(await model(), 'great soup', 'good')
    },
  },
  {
    name: 'a loss of numbers without targets',
    kind: UsageError,
    remedy: 'Pass the values that the output should have: { values }.',
    raise: () => gradientFlow(values(), ids),
    follow: () => gradientFlow(values(), ids, VALUES),
  },
  {
    name: 'a trace of layers without steps',
    kind: UnsupportedError,
    remedy: 'A feed-forward net has no steps to follow; train with a recurrent cell.',
    raise: () => traceSequence(network([embedding, { type: 'pool', pooling: 'mean' }, dense]), ids, CLASS),
    follow: () => traceSequence(classes(), ids, CLASS),
  },
]

const softmax: LayerOptions = { type: 'activation', activation: 'softmax' }
const traced = (layers: readonly LayerOptions[]) =>
  traceSequence(randomNetwork(layers, { loss: { type: 'meanSquaredError' } }), ids, VALUES)
const HIDDEN = 'Explain the hidden states below it instead.'

const EXPLANATIONS: readonly RemedyCase[] = [
  {
    name: 'an explanation of a copy',
    kind: UsageError,
    remedy: 'Weights are not in a trace: the trace must come from this process, and be no copy.',
    raise: () => explain(structuredClone(traceSequence(classes(), ids, CLASS)), 0, 'hidden', 0),
    follow: () => explain(traceSequence(classes(), ids, CLASS), 0, 'hidden', 0),
  },
  {
    name: 'an explanation with other weights',
    kind: UsageError,
    remedy: 'Trace again.',
    raise: () => {
      const net = classes()
      const trace = traceSequence(net, ids, CLASS)
      const [{ name }] = net.parameters
      net.writeParameter(name, net.readParameter(name))
      explain(trace, 0, 'hidden', 0)
    },
    follow: () => {
      const net = classes()
      const [{ name }] = net.parameters
      net.writeParameter(name, net.readParameter(name))
      explain(traceSequence(net, ids, CLASS), 0, 'hidden', 0)
    },
  },
  {
    name: 'a retention of too many steps',
    kind: UsageError,
    remedy: 'Pass `retention: false`, or layers with fewer steps.',
    raise: () => memory(traceSequence(classes(), idsOf(2049), CLASS)),
    follow: () => {
      const trace = traceSequence(classes(), idsOf(2049), CLASS)
      memory(trace, { retention: false })
      memory(trace.layers.map((layer) => ({ ...layer, steps: layer.steps.slice(0, 100) })))
    },
  },
  {
    name: 'a logit above a softmax',
    kind: UnsupportedError,
    remedy: HIDDEN,
    raise: () => explain(traced([embedding, recurrent({}), dense, softmax]), 4, 'logit', 1),
    follow: () => explain(traced([embedding, recurrent({}), dense, softmax]), 4, 'hidden', 1),
  },
  {
    name: 'a logit above a sum of directions',
    kind: UnsupportedError,
    remedy: HIDDEN,
    raise: () => explain(traced([embedding, bothWays, dense]), 4, 'logit', 1),
    follow: () => explain(traced([embedding, bothWays, dense]), 4, 'hidden', 1),
  },
  {
    name: 'a probability of numbers',
    kind: UnsupportedError,
    remedy: 'Explain the logit instead.',
    raise: () => explain(traced([embedding, recurrent({}), dense]), 4, 'probability', 1),
    follow: () => explain(traced([embedding, recurrent({}), dense]), 4, 'logit', 1),
  },
  {
    name: 'an input that another layer computed',
    kind: UnsupportedError,
    remedy: 'Its values are not in a trace: explain a gate or the hidden state instead.',
    raise: () => explain(traced([embedding, { type: 'layerNorm' }, recurrent({}), dense]), 0, 'x', 1),
    follow: () => {
      const trace = traced([embedding, { type: 'layerNorm' }, recurrent({}), dense])
      explain(trace, 0, 'forget', 1)
      explain(trace, 0, 'hidden', 1)
    },
  },
]

const bothWays = recurrent({ direction: 'bidirectional', merge: 'sum' })
const ofFeatures = () => randomNetwork([{ type: 'features', width: 2 }, recurrent({}), dense])
const coupled = () => randomNetwork([embedding, recurrent({ coupled: true }), dense])
const pooled = () => randomNetwork([embedding, { type: 'maxPool1d', kernelSize: 2 }, recurrent({}), dense])
const closed = { type: 'gate', gate: 'input', value: 0, to: 1 } as const
const replaced = (token: string | number) => [{ type: 'replace', step: 0, token }] as const

const EDITS: readonly RemedyCase[] = [
  {
    name: 'a replaced step of features',
    kind: UsageError,
    remedy: 'Features cannot be replaced. Pass another batch instead.',
    raise: () => intervene(ofFeatures(), PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2]), replaced(1)),
    follow: () => traceSequence(ofFeatures(), PackedBatch.ofFeatures([9, 9, 3, 4], [1, 2, 2]), CLASS),
  },
  {
    name: 'a word for a bare network',
    kind: UsageError,
    remedy: 'A network has no vocabulary. Pass the model instead.',
    raise: () => intervene(classes(), ids, replaced('soup')),
    follow: async () => intervene(await model(), 'great soup', replaced('stale')),
  },
  {
    name: 'a dropped token below steps that cover several',
    kind: UsageError,
    remedy: 'Replace tokens in place of dropping them, or edit gates and states by themselves.',
    raise: () => intervene(pooled(), ids, [{ type: 'drop', step: 0 }, closed]),
    follow: () => {
      intervene(pooled(), ids, [...replaced(1), closed])
      intervene(pooled(), ids, [closed])
    },
  },
  {
    name: 'a gate that another one gives',
    kind: UsageError,
    remedy: 'Set `input` to 1 − the value.',
    raise: () => intervene(coupled(), ids, [{ type: 'gate', gate: 'forget', value: 0.75 }]),
    follow: () => {
      const { after } = intervene(coupled(), ids, [{ type: 'gate', gate: 'input', value: 0.25 }])
      const { forget } = after.layers[0].steps[1].gates as { forget: Float64Array }
      if (forget.some((value) => value !== 0.75)) throw new Error(`forget is ${forget.join()}`)
    },
  },
]

export const INSPECTION_CASES: readonly RemedyCase[] = [...SUBJECTS, ...EXPLANATIONS, ...EDITS]
