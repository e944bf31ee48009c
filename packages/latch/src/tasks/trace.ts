/**
 * A model's trace: the same type for every task. For numeric outputs, one number of the last row is differentiated,
 * and `probabilities` holds the numbers.
 */
import { likeliestClass } from '../inspection/trace/classScores.ts'
import { prefixOutputs } from '../inspection/trace/prefixes.ts'
import { traceSequence } from '../inspection/trace/trace.ts'
import { passLink } from '../inspection/trace/traceLink.ts'
import type { Trace, TraceStep } from '../inspection/trace/traceTypes.ts'
import type { Targets } from '../layers/loss.ts'
import { internalsOf, type Network } from '../model/network.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import { findLabel } from './labels.ts'
import type { EncodedSequence } from './model.ts'
import { countedText } from './counts/wordCounts.ts'
import { activate, byName, classProbabilities, countClasses, pickClass } from './prediction.ts'
import type { TraceParts, Trained } from './task.ts'

/** An encoded input, and the label whose loss is differentiated. */
export interface TraceRequest {
  encoded: EncodedSequence
  batch: PackedBatch
  /** The input as readable text. */
  text: string
  /** Null: the predicted label; for numbers the first. */
  label: string | number | null
}

/** Errors: see Model.trace. */
export function traceModel(
  trained: Trained,
  { encoded, batch, text, label }: TraceRequest,
  { traceSteps, numberTargets }: TraceParts,
): Trace {
  const { network, learned, names } = trained
  const { target, targets } = chooseTarget(trained, batch, label, encoded.tokens, 'label', numberTargets)
  const sequence = traceSequence(network, batch, targets)
  const { loss, layers, output } = sequence
  const { recurrent } = internalsOf(network)
  for (const layer of layers) {
    const { loops } = recurrent[layer.layer]
    const { cell } = loops.find(({ reversed }) => reversed === (layer.direction === 'backward'))!
    if (cell.generic) layer.functions = cell.functions
  }
  const top = layers.findLast((layer) => layer.direction === 'forward') ?? layers[layers.length - 1]
  const last = lastRow(network, output)
  const { tokens, ids, known, outputs, facts } = traceSteps?.({ network, batch, sequence, top, encoded }) ?? {
    ...encoded,
    outputs: prefixOutputs(network, batch),
    facts: null,
  }
  const counted = countedText(learned)
  const shares = counted ? [byName(counted.shares(), names)] : []
  const steps = top.steps.map((step, t) => {
    const token = tokens[t]
    if (counted) shares.push(byName(counted.read([token]).shares(), names))
    return {
      ...step,
      token,
      id: ids?.[t] ?? t,
      known: known[t],
      output: interpretRow(trained, counted?.mix(outputs[t]) ?? outputs[t]),
    }
  })
  const { cell } = recurrent[top.layer]
  const trace = {
    text,
    cell: cell.name,
    ...interpretRow(trained, counted?.mix(last) ?? last),
    target: names[target],
    loss,
    convention: cell.keepConvention,
    steps: steps as TraceStep[],
    layers,
    ...facts,
    ...(countClasses(network, learned.outputActivation) > 0 ? {} : { numbers: true }),
    ...(counted ? { counts: { network: interpretRow(trained, last), shares } } : {}),
  } as unknown as Trace
  passLink(sequence, trace, counted)
  return trace
}

function interpretRow(
  { network, learned: { outputActivation }, names }: Trained,
  row: ArrayLike<number>,
): TraceStep['output'] {
  if (countClasses(network, outputActivation) > 0) {
    return {
      label: names[pickClass(row, outputActivation)],
      probabilities: byName(classProbabilities(row, outputActivation), names),
    }
  }
  const values = activate(row, outputActivation)
  return {
    label: names[likeliestClass(values.length > 1 ? values : [0])],
    probabilities: byName(values, names),
  }
}

function lastRow({ output }: Network, values: Float64Array): Float64Array {
  return values.subarray(values.length - output.width)
}

/**
 * The targets of the loss: the given class (or the most likely one) of the sequence, or of its last step if there is an
 * output at every step; for numbers, targets for which the gradient is that of one number of the last row.
 * @param numbers of a task whose outputs may be no logits of classes
 * @throws DataError for an unknown name
 */
export function chooseTarget(
  { network, learned, names }: Trained,
  batch: PackedBatch,
  label: string | number | null,
  tokens: readonly string[] | null,
  where: string | undefined,
  numbers?: TraceParts['numberTargets'],
): { target: number; targets: Targets } {
  const { steps } = network.forward(batch)
  const out = network.readOutput(batch)
  const { width, per } = network.output
  const given = label === null ? null : findLabel(label, names, where)
  const other = numbers?.(network, learned.outputActivation, out, given)
  if (other) return other
  const last = lastRow(network, out)
  const target = given ?? likeliestClass((tokens && countedText(learned)?.read(tokens).mix(last)) ?? last)
  if (per === 'sequence') return { target, targets: { classes: [target] } }
  const stepClasses = Array.from({ length: steps }, (_, t) => {
    if (t === steps - 1) return target
    // A softmax ignores negative classes; a sigmoid cannot.
    return width > 1 ? -1 : likeliestClass(out.subarray(t, t + 1))
  })
  return { target, targets: { stepClasses: [stepClasses] } }
}
