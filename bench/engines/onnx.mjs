// ONNX Runtime in a process of its own: its native library (node) or its WebAssembly (web), one LSTM node.
import { answer } from '../measure.mjs'
import { measureOnnx } from './onnxSteps.mjs'

await answer(async (job) => {
  const native = job.engine === 'onnxruntime-node'
  const ort = (await import(job.engine)).default ?? (await import(job.engine))
  if (!native) ort.env.wasm.numThreads = job.threads
  const session = native
    ? { intraOpNumThreads: job.threads, interOpNumThreads: 1 }
    : { executionProviders: ['wasm'] }
  return measureOnnx(ort, session, job)
})
