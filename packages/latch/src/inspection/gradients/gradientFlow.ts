/**
 * Gradient flow through one sequence: norms from the recorded pass, Jacobians through the layer's own kernels, each
 * step's contribution to the weights' gradients, and a verdict.
 */
import { cells, findCell } from '../../cells/registry.ts'
import type { Network } from '../../model/network.ts'
import type { FlowLayer, FlowStep, GradientFlow } from './flowTypes.ts'
import { chainNorms, isExact, stepJacobians } from './jacobians.ts'
import { layerClone, type ReadSteps } from './layerClone.ts'
import { computeContributions } from './contributions.ts'
import { traceEncoderDecoder } from '../trace/encoderDecoder.ts'
import { encoderDecoderOf, recurrentParts } from '../trace/recurrentParts.ts'
import { resolveSubject, type Subject, type SubjectInput, type SubjectTarget } from '../trace/subject.ts'
import { traceBatch } from '../trace/traceBatch.ts'
import type { CellStep, TraceLayer } from '../trace/traceTypes.ts'
import { verdictOf } from './verdict.ts'

/**
 * How the gradient changes on its way back through time (Pascanu, Mikolov & Bengio 2013): for every step of
 * every layer and direction ‖∂L/∂h_t‖ and ‖∂L/∂c_t‖, the Jacobian by the step before, the chain of Jacobians
 * to the last step, and the step's contribution to the gradients of the weights. The loss has no label smoothing
 * and no class weights; nothing is trained. Up to 128 units (and T·H² ≤ 8 million) Jacobians are exact; beyond,
 * norms are estimates from at most 32 seeded random directions: Frobenius unbiased, spectral from below.
 * @param subject a network, or a model
 * @param input one sequence: token ids, a batch of one, or any input that the model reads
 * @param target a label, a class number or targets; of a model that writes, the text; default what the subject predicts
 * @throws UnsupportedError for a network without recurrent layers, or a text without a model; DataError for an
 * empty text or an unknown label; UsageError for a network without a loss; ShapeError for several sequences
 */
export function gradientFlow<Input = never>(
  subject: Subject<Input>,
  input: SubjectInput<NoInfer<Input>>,
  target?: SubjectTarget,
): GradientFlow {
  const resolved = resolveSubject('gradientFlow', subject, input, target, { sides: true })
  const { network, batch, targets } = resolved
  const pair = encoderDecoderOf(network)
  const trace = pair ? traceEncoderDecoder(network, batch, targets) : traceBatch(network, batch, targets)[0]
  const layers = trace.layers.map((layer) => flowOf(network, layer))
  const top = layers.findLast(({ direction }) => direction === 'forward') ?? layers[layers.length - 1]
  const found = { loss: trace.loss, target: resolved.target, layers, verdict: top.verdict }
  const { tokens } = resolved
  if (!pair) return { tokens, ...found }
  const { steps } = pair.timeline.split(batch).source
  return { tokens: tokens && tokens.slice(steps), sourceTokens: tokens && tokens.slice(0, steps), ...found }
}

function flowOf(network: Network, layer: TraceLayer): FlowLayer {
  const { cell, loops } = recurrentParts(network)[layer.layer].layer
  const T = layer.steps.length
  const backward = layer.direction === 'backward'
  const inOrder = <X>(list: readonly X[]) => (backward ? list.toReversed() : list)
  const read = inOrder(layer.steps)
  const loop = loops.findIndex(({ reversed }) => reversed === backward)
  const clone = layerClone(network, layer.layer, loop)
  const given = readSteps(read, layer.initial ?? null)
  const [jacobians, products] = [stepJacobians(clone, given), chainNorms(clone, given)]
  const [input, hidden] = [
    computeContributions(cell, layer, 'input'),
    computeContributions(cell, layer, 'hidden'),
  ]
  const steps = layer.steps.map(({ gradient }, t): FlowStep => {
    const at = backward ? T - 1 - t : t
    return {
      hidden: gradient.hidden,
      cell: gradient.cell,
      jacobian: jacobians[at]?.hidden ?? null,
      stateJacobian: jacobians[at]?.state ?? null,
      product: products[at],
      contributions: { input: input[t], hidden: hidden[t] },
    }
  })
  const norms = read.map(({ gradient }) => Math.hypot(gradient.hidden, gradient.cell ?? 0))
  return {
    layer: layer.layer,
    direction: layer.direction,
    ...(layer.side && { side: layer.side }),
    cell: findCell(cells, cell.name).name,
    units: layer.units,
    ...(layer.receptiveFields && { receptiveFields: layer.receptiveFields }),
    steps,
    verdict: verdictOf(norms),
    exact: isExact(layer.units, T),
  }
}

function readSteps(steps: readonly CellStep[], initial: ReadSteps['initial']): ReadSteps {
  const hot = steps[0].input.length === 0
  return {
    inputs: steps.map(({ input }) => input),
    ids: hot ? steps.map(({ inputId }) => inputId!) : null,
    hidden: steps.map(({ hidden }) => hidden),
    cell: steps[0].cell && steps.map(({ cell }) => cell!),
    masked: steps.some(({ masked }) => masked) ? steps.map(({ masked }) => masked === true) : null,
    initial,
  }
}
