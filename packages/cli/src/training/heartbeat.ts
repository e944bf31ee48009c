/** A worker thread that dates a lock file anew each second, also while the main thread computes. */
import { utimesSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

export const HEARTBEAT_MS = 1000

function beat(): void {
  try {
    utimesSync(workerData as string, new Date(), new Date())
  } catch {
    // The run notices that it lost its lock when it saves.
  }
}

if (typeof workerData === 'string') {
  beat()
  setInterval(beat, HEARTBEAT_MS)
}
