/** What inspection says of a sequence-to-sequence model: it has no steps of one sequence, but attention. */
import { beforeAll, describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { gradientFlow, influence, intervene } from '../../../src/inspection.ts'
import type { SequenceToSequence } from '../../../src/node.ts'
import { tiny } from './helpers.ts'

describe('the inspection of a sequence-to-sequence model', () => {
  let model: SequenceToSequence
  beforeAll(async () => {
    model = await tiny()
  })
  const calls: Readonly<Record<string, (model: never) => unknown>> = {
    trace: (own: SequenceToSequence) => own.trace(),
    gradientFlow: (own) => gradientFlow(own, 'ab' as never),
    influence: (own) => influence(own, 'ab' as never),
    intervene: (own) => intervene(own, 'ab' as never, []),
  }

  it.each(Object.keys(calls))('%s is refused by name, with what there is', (name) => {
    expect(() => calls[name](model as never)).toThrow(UnsupportedError)
    const said = /^(\w+): .*(sequence-to-sequence model|encoderDecoder\.0).*attention/
    expect(() => calls[name](model as never)).toThrow(said)
    expect(() => calls[name](model as never)).toThrow(new RegExp(`^${name}: `))
  })
})
