// Who runs: every engine with its threads and settings, and how its process is started for one workload.
import { fileURLToPath } from 'node:url'
import { findTorch, versionOf } from './peers.mjs'
import { batches, classes, uniformLengths, workloads } from './workloads.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const ONNX = ['W5', 'W6-32', 'W6-64', 'W6-128', 'W6-512', 'W7']
const TFJS_WASM = ['W1', 'W2', 'W3', 'W5', 'W6-32', 'W6-64', 'W6-128', 'W6-512', 'W7']
const TFJS_CPU = ['W1', 'W2', 'W3', 'W5']
const ALL = Object.keys(workloads)

/**
 * All contestants: { name, mode, threads, workloads, once, warm, command(job), env }. `once`: so slow that one
 * round has to do. Absent peers are reported by `absent(name, why)`.
 */
export function contestants(threadCounts, absent) {
  const torch = findTorch(absent)
  const npm = [...onnx(threadCounts), ...tfjs(), brain()].filter(({ package: name }) => versionOf(name))
  for (const name of ['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs-backend-wasm', 'brain.js'])
    if (!versionOf(name)) absent(name, 'not installed')
  const all = [...latch(threadCounts), ...(torch ? pytorch(torch.python, threadCounts) : []), ...npm]
  return { all, torch }
}

/** What contestant and workload together are run with. */
export function runs(contestant, workload, explicit) {
  const { threads = null } = workloads[workload]
  if (threads && !threads.includes(contestant.threads)) return false
  // The slowest are left out of what they would need minutes for, unless they are asked for by name.
  return (
    contestant.workloads.includes(workload) || (explicit && contestant.could?.includes(workload)) || false
  )
}

function script(file) {
  return (job) => [process.execPath, here(file), JSON.stringify(job)]
}

function latch(threadCounts) {
  return ['relaxed', 'simd'].flatMap((engine) =>
    threadCounts.map((threads) => {
      const side = engine === 'simd' && threads > 1
      const some = ALL.filter((name) => name !== 'brain-1' && name !== 'brain-32' && name !== 'lengths')
      const names = side ? ['W1'] : engine === 'simd' ? some : ALL
      const job = { engine, warm: 0.5 }
      return {
        name: `latch ${engine}`,
        mode: '',
        threads,
        workloads: names,
        could: ALL,
        job,
        command: script('engines/latch.mjs'),
      }
    }),
  )
}

/** `set_num_threads(1)` leaves OpenBLAS on all cores, so one thread and both modes of more are set here. */
function pytorch(python, threadCounts) {
  const settings = threadCounts.flatMap((threads) => {
    const n = String(threads)
    if (threads === 1)
      return [{ mode: '', threads, elementwise: 1, env: { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' } }]
    return [
      { mode: 'OpenBLAS', threads, elementwise: 1, env: { OPENBLAS_NUM_THREADS: n } },
      {
        mode: 'OpenMP, passive',
        threads,
        elementwise: threads,
        env: { OMP_WAIT_POLICY: 'PASSIVE', OPENBLAS_NUM_THREADS: n, OMP_NUM_THREADS: n },
      },
    ]
  })
  return settings.map(({ mode, threads, elementwise, env }) => ({
    name: 'pytorch',
    mode,
    threads,
    env,
    could: ALL,
    job: { elementwise, batches, classes, warm: 0.4 },
    workloads: ALL.filter((name) => !name.startsWith('brain') && (threads === 1 || name !== 'lengths')),
    command: (job) => [python, here('engines/pytorch.py'), JSON.stringify(forPython(job))],
  }))
}

/** Python gets the sizes and the lengths with the job: there is one list of workloads. */
function forPython(job) {
  const size = workloads[job.workload]
  const lengths = size.ragged
    ? Array.from({ length: batches }, (_, i) => uniformLengths(size.B, size.T, i + 1))
    : null
  return { ...job, size, lengths }
}

function onnx(threadCounts) {
  return ['onnxruntime-node', 'onnxruntime-web'].flatMap((name) =>
    threadCounts.map((threads) => ({
      name,
      package: name,
      mode: '',
      threads,
      workloads: ONNX,
      // Its 12 MB of WebAssembly take that long until they run optimised.
      job: { engine: name, warm: name === 'onnxruntime-web' ? 1.5 : 0.4 },
      command: script('engines/onnx.mjs'),
    })),
  )
}

function tfjs() {
  const common = { mode: '', threads: 1, once: true, command: script('engines/tfjs.mjs') }
  const [wasm, cpu] = ['tfjs-wasm', 'tfjs-cpu'].map((name) => ({ name, job: { engine: name, warm: 1 } }))
  return [
    { ...common, ...wasm, package: '@tensorflow/tfjs-backend-wasm', workloads: TFJS_WASM, could: ALL },
    { ...common, ...cpu, package: '@tensorflow/tfjs', workloads: TFJS_CPU, could: ALL },
  ]
}

function brain() {
  const job = { engine: 'brain.js', warm: 1 }
  const common = { mode: '', threads: 1, once: true, command: script('engines/brain.mjs') }
  return { ...common, name: 'brain.js', package: 'brain.js', workloads: ['brain-1'], job }
}
