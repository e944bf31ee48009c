/** Masked steps: goldens of Keras 3 for loops that are unrolled or not. TensorFlow.js' are in tfjs/peers.test.ts. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { importKerasConfig, type KerasArray } from '../../../src/formats/keras/read/model.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { expectClose } from '../../closeTo.ts'

type Nested = number | Nested[]
interface Golden {
  name: string
  config: object
  arrays: Record<string, Nested[][]>
  output: Nested[]
}

const GOLDEN = new URL('../../golden/formats/kerasMasks.json', import.meta.url)
const { ids, cases } = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { ids: number[][]; cases: Golden[] }

function array(values: Nested[], i: number): KerasArray {
  const shape: number[] = []
  for (let at: Nested = values; Array.isArray(at); at = at[0]) shape.push(at.length)
  return { name: `vars/${i}`, shape, data: Float32Array.from([values].flat(9) as number[]) }
}

it.each(cases.map((one) => [one.name, one] as const))('%s', (name, { config, arrays, output }) => {
  const about = { source: 'm.keras', format: 'keras', producer: 'Keras 3.15.1', options: {} } as const
  const read = importKerasConfig(config, (layer) => (arrays[layer] ?? []).map(array), about)
  const model = SequenceModel.fromImported(read)
  ids.forEach((sequence, i) => {
    const said = model.predict(sequence)
    expectClose(
      said.steps?.flat() ?? said.output,
      [output[i]].flat(9) as number[],
      1e-5,
      `${name}, ${sequence}`,
    )
  })
  const isTold =
    /unroll True/.test(name) && /zero_output_for_mask True|directions.*return_sequences True/.test(name)
  expect(model.warnings.join().includes('repeat the last one')).toBe(isTold)
})
