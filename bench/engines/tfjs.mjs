// TensorFlow.js in a process of its own, on its cpu or wasm backend. Node gives the wasm backend no threads.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { answer } from '../measure.mjs'
import { measureTfjs } from './tfjsSteps.mjs'

const require = createRequire(import.meta.url)

await answer(async (job) => {
  const tf = require('@tensorflow/tfjs')
  const backend = job.engine.replace('tfjs-', '')
  if (backend === 'wasm') {
    const wasm = '@tensorflow/tfjs-backend-wasm'
    require(wasm).setWasmPaths(`${join(dirname(require.resolve(`${wasm}/package.json`)), 'dist')}/`)
  }
  await tf.setBackend(backend)
  await tf.ready()
  return measureTfjs(tf, job)
})
