/** Small sequence-to-sequence tasks. */
import { Random } from '../../../src/core/random.ts'
import { sequenceToSequence } from '../../../src/node.ts'
import type { SequenceToSequence, SequenceToSequenceOptions } from '../../../src/node.ts'

export interface Row {
  source: string
  target: string
}

/** Words of a few letters, to be written backwards. */
export function backwards(count: number, seed = 1): Row[] {
  const random = new Random(seed, 'backwards')
  return Array.from({ length: count }, () => {
    const letters = Array.from({ length: 2 + random.integer(4) }, () => 'abcd'[random.integer(4)])
    return { source: letters.join(''), target: letters.toReversed().join('') }
  })
}

export const SMALL: SequenceToSequenceOptions = {
  units: 16,
  embedding: 8,
  dropout: 0,
  engine: 'reference',
}

export const BRIEF = { epochs: 2, batchSize: 8, validation: 0 }

/** A model that has hardly learned. */
export async function tiny(
  options: SequenceToSequenceOptions = {},
  rows = backwards(40),
): Promise<SequenceToSequence> {
  const model = sequenceToSequence({ ...SMALL, ...options })
  await model.fit(rows, BRIEF)
  return model
}
