/**
 * A sequence model's trace: the same type as a text classifier's, so that pictures and the studio take it. Where
 * outputs are numbers, gradients are of one number of the last row itself, and the numbers stand for shares.
 */
import { classCount, likeliestClass } from '../../inspection/trace/classScores.ts'
import { prefixOutputs } from '../../inspection/trace/prefixes.ts'
import { KEEPS_CONVENTION, traceSequence } from '../../inspection/trace/trace.ts'
import { passLink } from '../../inspection/trace/traceLink.ts'
import type { Trace, TraceStep } from '../../inspection/trace/traceTypes.ts'
import type { Targets } from '../../layers/loss.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { classOf } from '../textClassifier/classes.ts'
import { answered, classesOf, likeliestOf, shareTargets, sharesOf } from './prediction.ts'
import type { SequenceParts } from './parts.ts'
import type { ReadSequence } from './reader.ts'

/** A sequence read, and what is asked of it. */
export interface TraceRequest {
  parts: SequenceParts
  names: readonly string[]
  read: ReadSequence
  batch: PackedBatch
  /** What was typed, for people. */
  text: string
  /** Whose loss the gradients are of; null: what the model says (numbers: the first). */
  label: string | number | null
}

/** Errors: see SequenceModel.trace. */
export function traceRead(request: TraceRequest): Trace {
  const { parts, names, read, batch, text, label } = request
  const { network } = parts
  const { target, targets } = targetOf(parts, batch, names, label)
  const sequence = traceSequence(network, batch, targets)
  const { loss, levels, output } = sequence
  for (const level of levels) {
    const { loops } = network.recurrent[level.level]
    const { functions } = loops.find(({ reversed }) => reversed === (level.direction === 'backward'))!.cell
    if (functions) level.functions = functions
  }
  const top = levels.findLast((level) => level.direction === 'forward') ?? levels[levels.length - 1]
  const outputs = prefixOutputs(network, read.ids ?? batch)
  const said = (row: ArrayLike<number>) => saidOf(parts, names, row)
  const steps = top.steps.map((step, t) => ({
    ...step,
    token: read.tokens[t],
    id: read.ids?.[t] ?? t,
    known: read.known[t],
    output: said(outputs[t]),
  }))
  const { cell } = network.recurrent[top.level]
  const trace = {
    text,
    cell: cell.name,
    ...said(lastRow(network, output)),
    target: names[target],
    loss,
    convention: KEEPS_CONVENTION[cell.name],
    steps: steps as TraceStep[],
    levels,
    ...(classesOf(network, parts.answer) > 0 ? {} : { numbers: true }),
  } as unknown as Trace
  passLink(sequence, trace)
  return trace
}

function saidOf(
  { network, answer }: SequenceParts,
  names: readonly string[],
  row: ArrayLike<number>,
): TraceStep['output'] {
  if (classesOf(network, answer) > 0)
    return { label: names[likeliestOf(row, answer)], probabilities: sharesOf(row, answer, names) }
  const values = answered(row, answer)
  const probabilities = Object.fromEntries(names.map((name, i) => [name, values[i]]))
  return { label: names[likeliestClass(values.length > 1 ? values : [0])], probabilities }
}

function lastRow({ output }: Network, values: Float64Array): Float64Array {
  return values.subarray(values.length - output.width)
}

/**
 * What the loss compares with: the asked class (or the likeliest) of the sequence, of its last step where every
 * step is answered; for numbers, targets that make the gradient that of one number of the last row.
 * @throws DataError for a name that there is not
 */
export function targetOf(
  { network, answer }: Pick<SequenceParts, 'network' | 'answer'>,
  batch: PackedBatch,
  names: readonly string[],
  label: string | number | null,
): { target: number; targets: Targets } {
  network.forward(batch)
  const out = network.readOutput(batch)
  const { width, per } = network.output
  const asked = label === null ? null : classOf(label, names)
  if (answer === 'probabilities') {
    const row = lastRow(network, out)
    const target = asked ?? likeliestOf(row, answer)
    return { target, targets: { values: withLastRow(out, shareTargets(target, width)) } }
  }
  if (classCount(network) === 0) {
    const target = asked ?? 0
    return { target, targets: { values: numbersToward(network, out, target) } }
  }
  const target = asked ?? likeliestClass(lastRow(network, out))
  if (per === 'sequence') return { target, targets: { classes: [target] } }
  const stepClasses = Array.from({ length: batch.steps }, (_, t) => {
    if (t === batch.steps - 1) return target
    // A softmax leaves negative classes out; a sigmoid has no such number.
    return width > 1 ? -1 : likeliestClass(out.subarray(t, t + 1))
  })
  return { target, targets: { stepClasses: [stepClasses] } }
}

/** The output itself with another last row: the loss of that row alone. */
function withLastRow(out: Float64Array, row: readonly number[]): Float64Array {
  const values = out.slice()
  values.set(row, values.length - row.length)
  return values
}

/** Targets (R, C) whose loss has the gradient 1 at one number of the last row and 0 elsewhere. */
function numbersToward({ config, output }: Network, out: Float64Array, target: number): Float64Array {
  if (config.loss!.type === 'binaryCrossEntropy') return out.map((x) => (x > 0 ? 1 : 0))
  const values = out.slice()
  // ∂ mean((y − t)²) / ∂y = 2(y − t) / n.
  values[out.length - output.width + target] -= config.loss!.type === 'meanSquaredError' ? out.length / 2 : 1
  return values
}
