/** Traces of networks whose layers have other steps than the input, or that take sequences of one length only. */
import { answersPrefixes, prefixOutputs } from '../../inspection/trace/prefixes.ts'
import { stepTokens } from '../../layers/windows/receptiveFields.ts'
import type { TraceParts } from '../task.ts'

export const traceSteps: NonNullable<TraceParts['traceSteps']> = ({
  network,
  batch,
  sequence,
  top,
  encoded,
}) => {
  const { receptiveFields, steps } = top
  const { tokens, ids, known } = encoded
  const fields = receptiveFields ?? tokens.map((_, t) => [t, t] as const)
  const lasts = fields.map((field) => field?.[1] ?? 0)
  const ends = lasts.map((at) => at + 1)
  const whole = !answersPrefixes(network, ends)
  if (!receptiveFields && !whole) return null
  const { output, outputs } = sequence
  const last = output.subarray(output.length - network.output.width)
  return {
    tokens: stepTokens(tokens, receptiveFields),
    ids: ids && lasts.map((at) => ids[at]),
    known: fields.map((field) => !field || known.slice(field[0], field[1] + 1).every(Boolean)),
    outputs: whole
      ? steps.map((_, t) => (outputs?.length === steps.length ? outputs[t] : last))
      : prefixOutputs(network, batch, ends),
    facts: {
      ...(receptiveFields && {
        inputs: tokens.map((token, t) => ({ token, id: ids?.[t] ?? t, known: known[t] })),
      }),
      ...(whole && { whole }),
    },
  }
}
