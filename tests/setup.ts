/** Engines in tests as the Node entry point sets them up; with LATCH_THREADS, even the smallest work is divided. */
import { useHost } from '../packages/latch/src/engine/host.ts'
import { nodeHost } from '../packages/latch/src/engine/hostNode.ts'
import { parallelism } from '../packages/latch/src/engine/threads/executor.ts'

useHost(nodeHost())
if (process.env.LATCH_THREADS) Object.assign(parallelism, { minWork: 0, eager: true })
