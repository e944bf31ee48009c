/**
 * A model's trace: the same type for every task. For numeric outputs, one number of the last row is differentiated,
 * and `probabilities` holds the numbers.
 */
import { classCount, likeliestClass } from '../inspection/trace/classScores.ts'
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
import type { Trained } from './task.ts'

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
export function traceModel(trained: Trained, { encoded, batch, text, label }: TraceRequest): Trace {
  const { network, learned, names } = trained
  const { target, targets } = chooseTarget(trained, batch, label, encoded.tokens)
  const sequence = traceSequence(network, batch, targets)
  const { loss, layers, output } = sequence
  for (const layer of layers) {
    const { loops } = internalsOf(network).recurrent[layer.layer]
    const { cell } = loops.find(({ reversed }) => reversed === (layer.direction === 'backward'))!
    if (cell.generic) layer.functions = cell.functions
  }
  const top = layers.findLast((layer) => layer.direction === 'forward') ?? layers[layers.length - 1]
  const outputs = prefixOutputs(network, batch)
  const counted = countedText(learned)
  const shares = counted ? [byName(counted.shares(), names)] : []
  const steps = top.steps.map((step, t) => {
    const token = encoded.tokens[t]
    if (counted) shares.push(byName(counted.read([token]).shares(), names))
    return {
      ...step,
      token,
      id: encoded.ids?.[t] ?? t,
      known: encoded.known[t],
      output: interpretRow(trained, counted?.mix(outputs[t]) ?? outputs[t]),
    }
  })
  const last = lastRow(network, output)
  const { cell } = internalsOf(network).recurrent[top.layer]
  const trace = {
    text,
    cell: cell.name,
    ...interpretRow(trained, counted?.mix(last) ?? last),
    target: names[target],
    loss,
    convention: cell.keepConvention,
    steps: steps as TraceStep[],
    layers,
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
 * @throws DataError for an unknown name
 */
export function chooseTarget(
  { network, learned, names }: Trained,
  batch: PackedBatch,
  label: string | number | null,
  tokens: readonly string[] | null,
  where = 'label',
): { target: number; targets: Targets } {
  const { outputActivation } = learned
  network.forward(batch)
  const out = network.readOutput(batch)
  const { width, per } = network.output
  const given = label === null ? null : findLabel(label, names, where)
  if (outputActivation === 'probabilities') {
    const target = given ?? pickClass(lastRow(network, out), outputActivation)
    return { target, targets: { values: withLastRow(out, classTargets(target, width)) } }
  }
  if (classCount(network) === 0) {
    const target = given ?? 0
    return { target, targets: { values: numbersToward(network, out, target) } }
  }
  const last = lastRow(network, out)
  const target = given ?? likeliestClass((tokens && countedText(learned)?.read(tokens).mix(last)) ?? last)
  if (per === 'sequence') return { target, targets: { classes: [target] } }
  const stepClasses = Array.from({ length: batch.steps }, (_, t) => {
    if (t === batch.steps - 1) return target
    // A softmax ignores negative classes; a sigmoid cannot.
    return width > 1 ? -1 : likeliestClass(out.subarray(t, t + 1))
  })
  return { target, targets: { stepClasses: [stepClasses] } }
}

/** One-hot probabilities of a class; a single one is that of class 1. */
export function classTargets(target: number, width: number): number[] {
  return width === 1 ? [target] : Array.from({ length: width }, (_, c) => Number(c === target))
}

/** The output with another last row, so that only that row has a loss. */
function withLastRow(out: Float64Array, row: readonly number[]): Float64Array {
  const values = out.slice()
  values.set(row, values.length - row.length)
  return values
}

/** Targets (R, C) for which the gradient of the loss is 1 at one number of the last row and 0 elsewhere. */
function numbersToward({ config, output }: Network, out: Float64Array, target: number): Float64Array {
  if (config.loss!.type === 'binaryCrossEntropy') return out.map((x) => (x > 0 ? 1 : 0))
  const values = out.slice()
  // ∂ mean((y − t)²) / ∂y = 2(y − t) / n.
  values[out.length - output.width + target] -= config.loss!.type === 'meanSquaredError' ? out.length / 2 : 1
  return values
}
