/** One reader under attack in a thread of its own, which is stopped when it hangs, and started anew after what broke it. */
import { Worker } from 'node:worker_threads'

/** As many failures of a reader, and it is left alone. */
const MOST_FAILURES = 50

/**
 * Runs cases `from` … `end` − 1 of a worker.
 * @param worker its file; it posts `{ done }` or failures, and keeps in `progress`: case, start, tried, read, bytes
 * @param timeFor milliseconds that a case of so many bytes may take
 * @returns `{ failures: [{ index, what, verdict }], tried, read }`
 */
export async function attacked(worker, data, { from, end, timeFor }) {
  const result = { failures: [], tried: 0, read: 0 }
  let next = from
  while (next < end && result.failures.length < MOST_FAILURES)
    next = await attackOnce(worker, { ...data, from: next, to: end }, timeFor, result)
  return result
}

/** Gives the number after the last case tried. */
function attackOnce(file, data, timeFor, result) {
  const progress = new SharedArrayBuffer(40)
  const state = new Float64Array(progress)
  const worker = new Worker(file, {
    workerData: { ...data, progress },
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  })
  return new Promise((resolve) => {
    let settled = false
    const finish = (next) => {
      if (settled) return
      settled = true
      clearInterval(watching)
      result.tried += state[2]
      result.read += state[3]
      void worker.terminate()
      resolve(next)
    }
    const watching = setInterval(() => {
      // Read once: the thread sets it back to 0 at any moment.
      const since = state[1]
      const limit = timeFor(state[4])
      if (since === 0 || Date.now() - since < limit) return
      result.failures.push({ index: state[0], what: '', verdict: `no answer within ${Math.round(limit)} ms` })
      finish(state[0] + 1)
    }, 100)
    worker.on('message', (message) => {
      if (message.done) finish(data.to)
      else result.failures.push(message)
    })
    worker.on('error', (error) => {
      result.failures.push({ index: state[0], what: '', verdict: `the thread died: ${error.message}` })
      finish(state[0] + 1)
    })
  })
}
