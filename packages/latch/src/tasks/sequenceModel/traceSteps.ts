/** Traces of networks whose layers have other steps than the input, or that take sequences of one length only. */
import { prefixOutputs } from '../../inspection/trace/prefixes.ts'
import { stepTokens } from '../../layers/windows/receptiveFields.ts'
import { internalsOf } from '../../model/network.ts'
import type { TraceParts } from '../task.ts'

export const traceSteps: NonNullable<TraceParts['traceSteps']> = ({
  network,
  batch,
  sequence,
  top,
  encoded,
}) => {
  const { receptiveFields, steps } = top
  const whole = internalsOf(network).layers.some(({ takesOneLength }) => takesOneLength)
  if (!receptiveFields && !whole) return null
  const { tokens, ids, known } = encoded
  const fields = receptiveFields ?? tokens.map((_, t) => [t, t] as const)
  const lasts = fields.map((field) => field?.[1] ?? 0)
  const { output, outputs } = sequence
  const last = output.subarray(output.length - network.output.width)
  return {
    tokens: stepTokens(tokens, receptiveFields),
    ids: ids && lasts.map((at) => ids[at]),
    known: fields.map((field) => !field || known.slice(field[0], field[1] + 1).every(Boolean)),
    outputs: whole
      ? steps.map((_, t) => (outputs?.length === steps.length ? outputs[t] : last))
      : prefixOutputs(
          network,
          batch,
          lasts.map((at) => at + 1),
        ),
    facts: {
      ...(receptiveFields && {
        inputs: tokens.map((token, t) => ({ token, id: ids?.[t] ?? t, known: known[t] })),
      }),
      ...(whole && { whole }),
    },
  }
}
