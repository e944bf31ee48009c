/** Every push of every stream returns a result of its own: later pushes leave it, and changing it changes no stream. */
import { describe, expect, it } from 'vitest'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { everyStep, nextLetter, oneNumber } from '../../tasks/sequenceModel/sequenceFixtures.ts'
import { trained } from '../../tasks/textClassifier/classifierHelpers.ts'
import { network } from '../../networks.ts'

const net = network(
  [
    { type: 'features', width: 2 },
    { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false },
    { type: 'dense', units: 2 },
  ],
  { engine: 'simd', threads: 1 },
)
const steps = [
  [1, 0],
  [-1, 0.5],
  [0.25, 2],
]
const classifier = await trained({}, { epochs: 1 })
const letter = nextLetter()
const padding = { side: 'pre', truncating: 'pre', length: 4, id: 0 } as const
const padded = { ...letter, textInput: { ...letter.textInput, padding } }
const ids = [1, 3, 2]
const letters = ['a', 'b', 'c']

/** Each stream: what is pushed, in turn. */
const STREAMS: readonly (readonly [name: string, start: () => (turn: number) => unknown])[] = [
  ['network.stream()', () => over(net.stream(), (s, t) => s.push(steps[t]))],
  ['network.streams(n), all', () => over(net.streams(2), (s, t) => s.push([...steps[t], ...steps[t]]))],
  [
    'network.streams(n), some',
    () => over(net.streams(2), (s, t) => s.push([...steps[t], ...steps[t]], [t % 2, true])),
  ],
  [
    'network.streams(n), none at times',
    () => over(net.streams(2), (s, t) => s.push([...steps[t], ...steps[t]], [t !== 1, t !== 1])),
  ],
  ['a text classifier', () => over(classifier.stream(), (s, t) => s.push(['the', 'soup', 'great'][t]))],
  [
    'a text classifier, texts',
    () => over(classifier.stream(), (s, t) => s.pushText(['the', '', 'great'][t])),
  ],
  ['numbers', () => over(SequenceModel.fromImported(oneNumber()).stream(), (s, t) => s.push([t, 1, 2]))],
  [
    'an output per step',
    () => over(SequenceModel.fromImported(everyStep()).stream(), (s, t) => s.push(ids[t])),
  ],
  ['letters', () => over(SequenceModel.fromImported(nextLetter()).stream(), (s, t) => s.push(letters[t]))],
  ['padded texts', () => over(SequenceModel.fromImported(padded).stream(), (s, t) => s.push(letters[t]))],
]

function over<S>(stream: S, push: (stream: S, turn: number) => unknown): (turn: number) => unknown {
  return (turn) => push(stream, turn)
}

/** Overwrites every number in a result. */
function spoil(result: unknown): void {
  if (ArrayBuffer.isView(result)) (result as Float32Array).fill(7)
  else if (typeof result === 'object' && result !== null) {
    for (const [name, value] of Object.entries(result)) {
      if (typeof value === 'number') Object.assign(result, { [name]: 7 })
      else spoil(value)
    }
  }
}

describe.each(STREAMS)('%s', (_, start) => {
  const copies = () => {
    const push = start()
    return [0, 1, 2].map((turn) => structuredClone(push(turn)))
  }

  it('leaves the results of earlier pushes', () => {
    const push = start()
    const results = [0, 1, 2].map((turn) => push(turn))
    expect(results).toEqual(copies())
    expect(new Set(results).size).toBe(3)
  })

  it('goes on the same after a result was changed', () => {
    const push = start()
    const results = [0, 1, 2].map((turn) => {
      const result = push(turn)
      const copy = structuredClone(result)
      spoil(result)
      expect(result).not.toEqual(copy)
      return copy
    })
    expect(results).toEqual(copies())
  })
})
