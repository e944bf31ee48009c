// brain.js in a process of its own: LSTMTimeStep on one sequence, which learns to predict each next step.
import { createRequire } from 'node:module'
import { answer, oneByOne, sample } from '../measure.mjs'
import { workloads } from '../workloads.mjs'

const ITERATIONS = 2

await answer(async ({ workload, seconds, warm }) => {
  const { T, F, H, B, next } = workloads[workload]
  if (!next || B !== 1) throw new Error('brain.js trains one sequence after the other')
  const { recurrent } = createRequire(import.meta.url)('brain.js')
  const net = new recurrent.LSTMTimeStep({ inputSize: F, hiddenLayers: [H], outputSize: F })
  const sequence = Array.from({ length: T }, () => Float32Array.from({ length: F }, () => Math.random()))
  const options = { iterations: ITERATIONS, errorThresh: 0, log: false }
  const step = oneByOne(async () => {
    const { error } = net.train([sequence], options)
    if (!Number.isFinite(error)) throw new Error(`the error became ${error}`)
  })
  const ms = await sample(step, { calls: 1, seconds, warm })
  return [{ ms: ms.map((x) => x / ITERATIONS) }]
})
