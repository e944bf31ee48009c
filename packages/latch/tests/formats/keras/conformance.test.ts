/** Keras 3: 51 layer cases, Keras 2: 39, TensorFlow.js: 20, all equal; every case is one test. */
import { describe, expect, it } from 'vitest'
import { kerasCasesAreHere } from '../conformance/keras.ts'
import { runKeras2 } from '../conformance/keras2.ts'
import { runKeras3 } from '../conformance/keras3.ts'
import { runTfjsLayers } from '../conformance/kerasTfjs.ts'

describe.skipIf(!kerasCasesAreHere)('Keras 3 layers', () => {
  const results = runKeras3()
  it('are 51', () => expect(results).toHaveLength(51))
  for (const { name, status, worst } of results)
    it(name, () => expect({ status, worst }).toMatchObject({ status: 'equal' }))
})

describe.skipIf(!kerasCasesAreHere)('Keras 2 layers', () => {
  const results = runKeras2()
  it('are 39', () => expect(results).toHaveLength(39))
  for (const { name, status, worst } of results)
    it(name, () => expect({ status, worst }).toMatchObject({ status: 'equal' }))
})

describe.skipIf(!kerasCasesAreHere)('TensorFlow.js layers', () => {
  const results = runTfjsLayers()
  it('are 20', () => expect(results).toHaveLength(20))
  for (const { name, status, worst } of results)
    it(name, () => expect({ status, worst }).toMatchObject({ status: 'equal' }))
})
