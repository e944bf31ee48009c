// What the page of `npm run bench:browser` does: runs the job of its address, posts the rows to /result.
import { workloads } from '../workloads.mjs'
import { measureLatch } from '../engines/latchSteps.mjs'
import { measureOnnx } from '../engines/onnxSteps.mjs'
import { measureTfjs } from '../engines/tfjsSteps.mjs'

const MODULES = '/bench/node_modules'

const job = JSON.parse(decodeURIComponent(location.search.slice(1)))
const rows = []
try {
  const measure = await open(job)
  for (const workload of job.workloads) {
    const { threads = null } = workloads[workload]
    if (threads && !threads.includes(job.threads)) continue
    try {
      for (const { ms } of await measure({ ...job, workload })) rows.push({ workload, ms })
    } catch (error) {
      rows.push({ workload, unsupported: String(error?.message ?? error) })
    }
  }
  await post({ rows, agent: navigator.userAgent, isolated: globalThis.crossOriginIsolated })
} catch (error) {
  await post({ error: String(error?.stack ?? error) })
}

/** The library of the job, ready to measure. */
async function open({ library, threads }) {
  if (library === 'latch') {
    const latch = {
      ...(await import('/packages/latch/dist/index.js')),
      ...(await import('/packages/latch/dist/training.js')),
    }
    return (one) => measureLatch(latch, one)
  }
  if (library === 'onnxruntime-web') {
    const ort = await import(`${MODULES}/onnxruntime-web/dist/ort.wasm.min.mjs`)
    ort.env.wasm.numThreads = threads
    return (one) => measureOnnx(ort, { executionProviders: ['wasm'] }, one)
  }
  await script(`${MODULES}/@tensorflow/tfjs/dist/tf.min.js`)
  await script(`${MODULES}/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js`)
  const { tf } = globalThis
  tf.wasm.setWasmPaths(`${MODULES}/@tensorflow/tfjs-backend-wasm/dist/`)
  tf.wasm.setThreadsCount(threads)
  await tf.setBackend('wasm')
  await tf.ready()
  return (one) => measureTfjs(tf, one)
}

function script(source) {
  const tag = document.createElement('script')
  tag.src = source
  document.head.append(tag)
  return new Promise((resolve, reject) => {
    tag.addEventListener('load', resolve)
    tag.addEventListener('error', () => reject(new Error(`not served: ${source}`)))
  })
}

function post(body) {
  return fetch('/result', { method: 'POST', body: JSON.stringify(body) })
}
