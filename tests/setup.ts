/** Engines in tests as the Node door sets them up; with LATCH_THREADS, even the smallest work is shared. */
import { useHost } from '../src/engine/host.ts'
import { nodeHost } from '../src/engine/hostNode.ts'
import { sharing } from '../src/engine/team.ts'

useHost(nodeHost())
if (process.env.LATCH_THREADS) Object.assign(sharing, { minimumWork: 0, startAtOnce: true })
